"""Imports write what whoever brought the file may write, and no more."""

from __future__ import annotations

import pytest

from crm.access import Level
from crm.models import Property, PropertyAccess, Record
from crm.tests.importing import imported, numbers, rejects
from crm.tests.people import People, three
from crm.tests.writing import contacts

pytestmark = pytest.mark.django_db

FILE = "Email,City\nana@example.com,Oslo\nbo@example.com,Bergen\n"


@pytest.fixture
def people(db: None) -> People:
    """Of two contacts ada owns one, and cy the other."""
    found = three()
    contacts(
        {"email": "ana@example.com", "hubspot_owner_id": str(found.ada.owner.pk)},
        {"email": "bo@example.com", "hubspot_owner_id": str(found.cy.owner.pk)},
    )
    return found


def cities() -> dict[str, str | None]:
    found = Record.objects.filter(object_type="0-1").order_by("pk")
    return {row.properties["email"]: row.properties.get("city") for row in found}


def test_rows_about_records_of_others_come_back(people: People) -> None:
    job = imported(FILE, user_id=people.ada.user.pk)
    assert rejects(job) == [(3, "you may not change this contact")]
    assert numbers(job) == (2, 0, 1, 1)
    assert cities() == {"ana@example.com": "Oslo", "bo@example.com": None}


def test_who_may_not_create_adds_nobody(people: People) -> None:
    people.permission_set.records = {"": {"view": "ALL", "edit": "ALL"}}
    people.permission_set.save()
    job = imported(FILE + "new@example.com,Moss\n", user_id=people.ada.user.pk)
    assert rejects(job) == [(4, "you may not create a contact")]
    assert cities() == {"ana@example.com": "Oslo", "bo@example.com": "Bergen"}


def test_a_property_that_may_not_be_written_refuses_the_row(people: People) -> None:
    city = Property.objects.get(object_type="0-1", name="city")
    PropertyAccess.objects.create(definition=city, level=Level.VIEW)
    job = imported(
        "Email,City\nana@example.com,Oslo\nnew@example.com,\n", user_id=people.ada.user.pk
    )
    assert rejects(job) == [(2, "you may not write city")]
    assert numbers(job) == (2, 1, 0, 1)


def test_a_file_of_the_account_itself_writes_everything(people: People) -> None:
    assert rejects(imported(FILE)) == []
    assert cities() == {"ana@example.com": "Oslo", "bo@example.com": "Bergen"}
