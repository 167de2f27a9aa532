from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm import association_labels, associations, changes
from crm.features import LABELS_PER_PAIR
from crm.models import Association, AssociationType
from crm.objects import base as objects
from crm.tests.api_world import agree
from crm.tests.browsing import main_text, text_of, viewer
from crm.tests.custom_world import make_car
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db

LIST = "/admin/crm/associationtype/"
ADD = f"{LIST}add/"
OWNED = AssociationType.Category.USER_DEFINED


def add(client: Client, **more: Any) -> Any:
    given = {"start": "0-1", "end": "0-2", "label": "Manager", "inverse_label": "", "name": ""}
    return client.post(ADD, given | more, follow=True)


def own() -> list[AssociationType]:
    return list(AssociationType.objects.filter(category=OWNED).order_by("type_id"))


def test_a_single_label_is_the_same_from_both_sides(admin_client: Client) -> None:
    add(admin_client)
    there, back = own()
    assert (there.label, there.name, back.label) == ("Manager", "manager", "Manager")
    assert (there.from_object_type, back.from_object_type) == ("0-1", "0-2")
    listed = main_text(admin_client.get(LIST))
    assert "Manager Manager Contact and Company manager" in listed
    assert "1 association label" in listed


def test_a_pair_of_labels_has_one_for_each_side(admin_client: Client) -> None:
    add(admin_client, end="0-1", inverse_label="Employee")
    there, back = own()
    assert (there.label, back.label, there.inverse) == ("Manager", "Employee", back)
    page = admin_client.get(f"{LIST}{there.pk}/change/")
    assert "Contact and Contact" in main_text(page)
    admin_client.post(
        f"{LIST}{there.pk}/change/", {"label": "Boss", "inverse_label": "Report", "name": "x"}
    )
    assert [(row.label, row.name) for row in own()] == [
        ("Boss", "manager"), ("Report", "manager_inverse"),
    ]  # fmt: skip


def test_custom_objects_have_labels_too(admin_client: Client) -> None:
    kind = make_car()
    add(admin_client, end=kind.type_id, label="Driver")
    found = association_labels.between(objects.get("0-1"), kind)
    assert "Driver" in [row.label for row in found]
    # Relations without a label are none.
    assert "1 association label" in main_text(admin_client.get(LIST))


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"label": ""}, "label", "This field is required."),
        ({"label": "Primary"}, "label", "is a standard one"),
        ({"label": "x" * 201}, "label", "1 to 200 characters"),
        ({"label": "Chefin", "name": "1st"}, "name", "is no name of a label"),
        ({"label": "責任者"}, "name", "is no name of a label"),
        ({"start": "0-999"}, "start", "Select a valid choice."),
        ({"end": ""}, "end", "This field is required."),
    ],
)
def test_what_cannot_be_is_said_beside_the_field(
    admin_client: Client, given: dict[str, Any], field: str, message: str
) -> None:
    page = add(admin_client, **given)
    assert message in " ".join(page.context["adminform"].form.errors[field])
    assert own() == []


def test_a_label_is_taken_once_and_the_plan_says_how_many(admin_client: Client) -> None:
    add(admin_client)
    assert "There is a label" in main_text(add(admin_client, label="MANAGER"))
    agree(LABELS_PER_PAIR, 1)
    assert "more than the 1 of your plan" in main_text(add(admin_client, label="Other"))
    assert len(own()) == 2


def test_a_label_goes_and_the_association_stays(admin_client: Client) -> None:
    add(admin_client)
    there, _ = own()
    (person,) = changes.create("0-1", [{"email": "a@example.com"}], SYSTEM)
    (company,) = changes.create("0-2", [{"name": "Acme"}], SYSTEM)
    associations.associate(there, associations.pairs([(person, company)]))
    delete = f"{LIST}{there.pk}/delete/"
    assert "1 pair of records carries it." in main_text(admin_client.get(delete))
    assert "Manager removed." in text_of(admin_client.post(delete, follow=True))
    assert own() == []
    labels = set(Association.objects.values_list("type__label", flat=True))
    assert labels == {"", "Primary"}


def test_standard_types_and_ways_back_have_no_page(admin_client: Client) -> None:
    add(admin_client)
    there, back = own()
    standard = AssociationType.objects.exclude(category=OWNED)[0]
    assert admin_client.get(f"{LIST}{there.pk}/change/").status_code == 200
    for row in (back, standard):
        assert admin_client.get(f"{LIST}{row.pk}/change/").status_code == 302
        assert admin_client.post(f"{LIST}{row.pk}/delete/").status_code == 404


def test_who_may_only_look_changes_nothing() -> None:
    there, _ = association_labels.create(
        objects.get("0-1"), objects.get("0-2"), "Manager", name="manager", inverse_label="Employer"
    )
    client = viewer("view_associationtype")
    assert client.get(LIST).status_code == 200
    assert client.get(f"{LIST}{there.pk}/change/").status_code == 200
    assert client.get(ADD).status_code == 403
    assert client.post(f"{LIST}{there.pk}/delete/").status_code == 403
    assert len(own()) == 2
