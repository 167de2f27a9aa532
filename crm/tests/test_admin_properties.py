from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm import properties
from crm.models import List, Property, PropertyGroup
from crm.property_types.base import Option
from crm.tests.browsing import main_text, text_of
from subscriptions.features import Limit, LimitReached

ADD = "/admin/crm/property/add/"

pytestmark = pytest.mark.django_db


def group(object_type: str = "0-1") -> PropertyGroup:
    found = PropertyGroup.objects.filter(object_type=object_type).first()
    assert found is not None
    return found


def add(client: Client, **more: Any) -> Any:
    data = {
        "object_type": "0-1",
        "label": "Favourite colour",
        "name": "",
        "group": group().pk,
        "field_kind": "string:text",
        "choices": "",
    }
    return client.post(ADD, data | more, follow=True)


def errors(response: Any) -> str:
    return text_of(response)


def custom() -> Property:
    return Property.objects.get(is_standard=False)


def test_a_custom_property_gets_its_internal_name_from_the_label(admin_client: Client) -> None:
    add(admin_client)
    definition = properties.load("0-1")["favourite_colour"]
    assert (definition.label, definition.type, definition.field_type) == (
        "Favourite colour",
        "string",
        "text",
    )


def test_options_are_read_line_by_line(admin_client: Client) -> None:
    add(admin_client, field_kind="enumeration:checkbox", choices="Red\n\nblue = Sky = blue\n")
    definition = properties.load("0-1")["favourite_colour"]
    assert definition.options == (
        Option(value="Red", label="Red"),
        Option(value="blue = Sky", label="blue"),
    )
    assert definition.is_multiple


@pytest.mark.parametrize(
    ("_case", "given", "message"),
    [
        ("bad name", {"name": "Größe"}, "Use lower-case letters, digits and _"),
        ("SQL", {"name": "a'; DROP"}, "Use lower-case letters, digits and _"),
        ("taken", {"name": "email"}, "already exists"),
        ("no options", {"field_kind": "enumeration:select"}, "needs at least one option"),
        ("options of a text", {"choices": "Red"}, "Only choices have options."),
        (
            "options twice",
            {"field_kind": "enumeration:select", "choices": "Red\nRed"},
            "same internal value",
        ),
        ("no label", {"label": ""}, "This field is required."),
    ],
)
def test_a_bad_definition_is_refused(
    admin_client: Client, _case: str, given: dict[str, Any], message: str
) -> None:
    assert message in errors(add(admin_client, **given))
    assert not Property.objects.filter(is_standard=False).exists()


def test_the_group_has_to_be_one_of_the_object(admin_client: Client) -> None:
    response = add(admin_client, group=group("0-2").pk)
    assert "Choose a group of the contact." in errors(response)


def test_standard_properties_keep_what_the_code_relies_on(admin_client: Client) -> None:
    row = Property.objects.get(object_type="0-1", name="lifecyclestage")
    url = f"/admin/crm/property/{row.pk}/change/"
    data = {
        "label": "Stage",
        "group": row.group_id,
        "name": "stage",
        "type": "string",
        "is_unique": "on",
        "choices": "lead = A lead\ncustomer = A customer",
    }
    admin_client.post(url, data)
    row.refresh_from_db()
    assert (row.label, row.name, row.type, row.is_unique) == (
        "Stage",
        "lifecyclestage",
        "enumeration",
        False,
    )
    assert [option["label"] for option in row.options] == ["A lead", "A customer"]
    assert admin_client.get(f"/admin/crm/property/{row.pk}/delete/").status_code == 403


def test_a_custom_property_is_archived_not_deleted(admin_client: Client) -> None:
    add(admin_client)
    row = custom()
    url = f"/admin/crm/property/{row.pk}/delete/"
    assert "Archive Favourite colour?" in main_text(admin_client.get(url))
    assert "favourite_colour" in properties.load("0-1")
    admin_client.post(url)
    assert "favourite_colour" not in properties.load("0-1")
    row.refresh_from_db()
    assert row.archived_at is not None


def test_a_custom_property_is_in_forms_lists_and_on_the_record_at_once(
    admin_client: Client,
) -> None:
    add(admin_client)
    admin_client.post(
        "/admin/crm/contact/add/", {"email": "a@example.com", "favourite_colour": "Blue"}
    )
    from crm.models import Record

    record = Record.objects.get()
    page = main_text(admin_client.get(f"/admin/crm/contact/{record.pk}/?tab=properties"))
    assert "Favourite colour Blue" in page


def test_a_list_is_made_for_one_object_and_keeps_it(admin_client: Client) -> None:
    given = {"name": "Big ones", "object_type": "0-2", "processing_type": "MANUAL"}
    admin_client.post("/admin/crm/list/add/", given)
    made = List.objects.get()
    url = f"/admin/crm/list/{made.pk}/edit/"
    assert "Save" in main_text(admin_client.post(url, {"name": ""}))
    admin_client.post(url, {"name": "Bigger"})
    made.refresh_from_db()
    assert made.name == "Bigger"
    admin_client.post(url, {"name": "Bigger", "object_type": "0-1"})
    made.refresh_from_db()
    assert (made.name, made.object_type) == ("Bigger", "0-2")


def test_no_list_is_made_beyond_the_plan(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(limit: Limit) -> None:
        raise LimitReached(limit, 26, 25)

    monkeypatch.setattr(Limit, "require_room", refuse)
    response = admin_client.get("/admin/crm/list/add/", follow=True)
    assert "Static lists: 26 is more than the 25 of your plan." in text_of(response)
    given = {"name": "One more", "object_type": "0-1", "processing_type": "MANUAL"}
    assert "26 is more than the 25" in text_of(admin_client.post("/admin/crm/list/add/", given))
    assert not List.objects.exists()


def test_a_list_is_archived_not_deleted(admin_client: Client) -> None:
    made = List.objects.create(name="Old", object_type="0-1", created_at="2026-01-01T00:00Z")
    admin_client.post(f"/admin/crm/list/{made.pk}/delete/", follow=True)
    made.refresh_from_db()
    assert made.archived_at is not None
    assert "Old" not in main_text(admin_client.get("/admin/crm/list/"))
