from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm import associations, changes, schemas
from crm.features import CUSTOM_OBJECT_TYPES
from crm.models import AssociationType, ObjectSchema
from crm.objects import base as objects
from crm.objects import custom
from crm.properties import load
from crm.tests.api_world import agree
from crm.tests.browsing import main_text, text_of, viewer
from crm.tests.custom_world import make_car
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/objectschema/"
ADD = f"{LIST}add/"
ROOM = {
    "singular_label": "Meeting room",
    "plural_label": "Meeting rooms",
    "name": "",
    "description": "Where we meet",
    "icon": "apartment",
    "title_label": "Room number",
    "title_kind": "string:text",
    "title_required": "on",
    "title_unique": "on",
    "related": ["0-1", "0-2"],
}


def add(client: Client, **more: Any) -> Any:
    return client.post(ADD, ROOM | more, follow=True)


def change_page(kind: type[custom.CustomObject]) -> str:
    return f"{LIST}{kind.schema_id}/change/"


def test_a_custom_object_is_added_with_its_first_property(admin_client: Client) -> None:
    page = add(admin_client)
    assert "Meeting rooms added. Now give them their properties." in text_of(page)
    kind = objects.get("p1_meeting_room")
    assert (kind.label, kind.icon, kind.required_properties) == (
        "Meeting room", "apartment", ("room_number",),
    )  # fmt: skip
    title = load(kind.type_id)["room_number"]
    assert (title.is_unique, title.is_searchable, title.label) == (True, True, "Room number")
    assert associations.between(kind.type_id, "0-2").label == ""
    assert "Meeting rooms" in text_of(admin_client.get("/admin/"))
    admin_client.post("/admin/crm/p1_meeting_room/add/", {"room_number": "A 7"})
    assert "A 7" in main_text(admin_client.get("/admin/crm/p1_meeting_room/"))
    assert "Meeting rooms p1_meeting_room" in main_text(admin_client.get(LIST))


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"singular_label": ""}, "singular_label", "This field is required."),
        (
            {"plural_label": "Contacts"},
            "plural_label",
            "Another object is called Contacts already.",
        ),
        ({"name": "no good"}, "name", "Use letters, digits and _"),
        ({"name": "contact"}, "name", "The name contact is reserved."),
        ({"singular_label": "会議室"}, "name", "Use letters, digits and _"),
        ({"title_label": "会議室"}, "title_label", "Use lower-case letters, digits and _"),
        ({"title_label": "hs thing"}, "title_label", "Names that begin with hs_ are reserved."),
        ({"icon": "<script>"}, "icon", "Select a valid choice."),
        ({"title_kind": "bool:booleancheckbox"}, "title_kind", "Select a valid choice."),
        ({"related": ["2-99"]}, "related", "Select a valid choice."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    admin_client: Client, given: dict[str, Any], field: str, message: str
) -> None:
    page = add(admin_client, **given)
    assert page.status_code == 200
    assert message in main_text(page)
    form = page.context["adminform"].form
    assert message in " ".join(form.errors[field])
    assert not ObjectSchema.objects.exists()


def test_beyond_the_plan_none_is_added(admin_client: Client) -> None:
    agree(CUSTOM_OBJECT_TYPES, 1)
    make_car()
    page = admin_client.get(ADD, follow=True)
    assert "Custom objects: 2 is more than the 1 of your plan." in text_of(page)
    add(admin_client)
    assert ObjectSchema.objects.count() == 1


def test_labels_and_the_work_of_properties_are_changed(admin_client: Client) -> None:
    kind = make_car()
    page = admin_client.get(change_page(kind))
    assert "p1_Car" in main_text(page)
    given = {
        "singular_label": "Vehicle",
        "plural_label": "Vehicles",
        "description": "",
        "icon": "star",
        "primary": "model",
        "secondary": ["vin", "seats"],
        "required": ["vin", "model"],
        "searchable": ["model"],
    }
    admin_client.post(change_page(kind), given)
    changed = objects.get("p1_car")
    assert issubclass(changed, custom.CustomObject)
    assert (changed.label, changed.plural_label, changed.icon, changed.title_property) == (
        "Vehicle", "Vehicles", "star", "model",
    )  # fmt: skip
    assert changed.secondary_properties == ("vin", "seats")
    assert changed.required_properties == ("vin", "model")
    assert not load(kind.type_id)["vin"].is_searchable
    refused = admin_client.post(change_page(kind), given | {"plural_label": "Deals"})
    assert "Another object is called Deals already." in main_text(refused)
    assert objects.get("p1_car").plural_label == "Vehicles"


def test_relations_are_added_and_removed(admin_client: Client) -> None:
    kind = make_car()
    relate = f"{LIST}{kind.schema_id}/relations/"
    page = admin_client.post(relate, {"object_type": "0-3"}, follow=True)
    assert "Cars and deals can be related now." in text_of(page)
    there = associations.between(kind.type_id, "0-3")
    again = admin_client.post(relate, {"object_type": "0-3"}, follow=True)
    assert "Choose an object that they are not related to yet." in text_of(again)
    itself = admin_client.post(relate, {"object_type": kind.type_id}, follow=True)
    assert "Cars and cars can be related now." in text_of(itself)
    remove = f"{relate}{there.type_id}/delete/"
    asked = main_text(admin_client.get(remove))
    assert "Remove the relation of cars and deals?" in asked
    assert "They cannot be brought back" in asked
    admin_client.post(remove)
    assert not AssociationType.objects.filter(to_object_type="0-3", pk=there.pk).exists()
    assert admin_client.get(remove).status_code == 404


def test_it_is_archived_when_there_are_no_records(admin_client: Client) -> None:
    kind = make_car()
    delete = f"{LIST}{kind.schema_id}/delete/"
    (car,) = changes.create(kind.type_id, [{"vin": "W1"}], SYSTEM)
    page = admin_client.get(delete)
    assert "There is 1 car. Archive them first." in main_text(page)
    assert 'class="co-button co-danger"' not in page.content.decode()
    refused = admin_client.post(delete, follow=True)
    assert "There is 1 car. Archive them first." in text_of(refused)
    changes.archive(kind.type_id, changes.these([car]), SYSTEM)
    assert "Archive Cars?" in main_text(admin_client.get(delete))
    assert "Cars archived." in text_of(admin_client.post(delete, follow=True))
    assert objects.find("p1_car") is None
    assert admin_client.get(change_page(kind)).status_code == 302


def test_who_may_only_look_changes_nothing() -> None:
    kind = make_car()
    client = viewer("view_objectschema")
    assert client.get(LIST).status_code == 200
    page = client.get(change_page(kind))
    assert "Can be related to Object" in main_text(page)
    assert "Add relation" not in main_text(page)
    assert "Remove" not in main_text(page)
    assert client.get(ADD).status_code == 403
    assert client.post(f"{LIST}{kind.schema_id}/relations/", {}).status_code == 403
    assert client.get(f"{LIST}{kind.schema_id}/delete/").status_code == 403
    assert len(schemas.relations(kind)) == 14


def test_what_its_records_are_shown_by_stays(admin_client: Client) -> None:
    from crm.models import Property

    kind = make_car()
    vin = Property.objects.get(object_type=kind.type_id, name="vin")
    page = admin_client.post(f"/admin/crm/property/{vin.pk}/delete/", follow=True)
    assert "The custom object Car requires or shows vin." in text_of(page)
    assert "vin" in load(kind.type_id)
