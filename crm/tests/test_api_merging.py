"""Merging and erasing records over the API."""

from __future__ import annotations

import pytest

from crm import changes
from crm.api import scopes, tokens
from crm.models import ErasedAddress, Erasure, Record
from crm.tests.api_world import Answer, Api, new_api
from crm.tests.people import three
from crm.tests.writing import SYSTEM, contacts, history, people

pytestmark = pytest.mark.django_db

CONTACTS = "/crm/v3/objects/contacts"
GDPR = f"{CONTACTS}/gdpr-delete"


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def merge(api: Api, primary: object, other: object, kind: str = "contacts") -> Answer:
    body = {"primaryObjectId": primary, "objectIdToMerge": other}
    return api.post(f"/crm/v3/objects/{kind}/merge", body)


@pytest.mark.parametrize("kind", ["contacts", "companies", "deals", "tickets", "products"])
def test_the_answer_is_the_record_that_is_left(api: Api, kind: str) -> None:
    first, second = (api.made(f"/crm/v3/objects/{kind}", {})["id"] for _ in range(2))
    answer = merge(api, first, int(second), kind)
    assert (answer.status, answer.body["id"], answer.body["archived"]) == (200, first, False)
    read = api.get(f"/crm/v3/objects/{kind}/{second}?properties=hs_merged_object_ids")
    assert (read.status, read.body["id"]) == (200, first)
    assert read.body["properties"]["hs_merged_object_ids"] == second


def test_values_say_that_they_come_from_a_merge(api: Api) -> None:
    first, second = contacts({"email": "a@example.com"}, {"city": "Oslo"})
    merge(api, str(first), str(second))
    read = api.get(f"{CONTACTS}/{first}?propertiesWithHistory=city")
    line = read.body["propertiesWithHistory"]["city"][0]
    assert (line["value"], line["sourceType"], line["sourceId"]) == (
        "Oslo", "MERGE_OBJECTS", "Zapier",
    )  # fmt: skip
    assert ("city", "Oslo") in history(first)


def test_the_old_id_and_the_old_address_mean_the_record_that_is_left(api: Api) -> None:
    first, second = people(2)
    merge(api, first, second)
    assert api.get(f"{CONTACTS}/p1@example.com?idProperty=email").body["id"] == str(first)
    written = api("PATCH", f"{CONTACTS}/{second}", {"properties": {"city": "Oslo"}})
    assert (written.status, written.body["id"]) == (200, str(first))
    batch = api.post(f"{CONTACTS}/batch/read", {"inputs": [{"id": second}, {"id": first}]})
    assert [row["id"] for row in batch.body["results"]] == [str(first)]
    taken = api.post(CONTACTS, {"properties": {"email": "p1@example.com"}})
    assert (taken.status, taken.body["message"]) == (
        409, f"Contact already exists. Existing ID: {first}",
    )  # fmt: skip
    # Among the archived it is what it was.
    assert api.get(f"{CONTACTS}/{second}?archived=true").body["id"] == str(second)


def test_a_merge_with_an_old_id_goes_to_the_record_that_is_left(api: Api) -> None:
    a, b, c = people(3)
    merge(api, a, b)
    assert merge(api, b, c).body["id"] == str(a)
    again = merge(api, a, c)
    assert (again.status, again.body["message"]) == (400, "A record cannot be merged with itself.")


def test_what_cannot_be_merged_is_told(api: Api) -> None:
    (first,) = people(1)
    (company,) = changes.create("0-2", [{}], SYSTEM)
    for other in ("x", str(company), "999999"):
        answer = merge(api, first, other)
        assert (answer.status, answer.body["context"]["ids"]) == (404, [other])
    for body in ({}, {"primaryObjectId": str(first)}, {"primaryObjectId": [1]}):
        assert api.post(f"{CONTACTS}/merge", body).status == 400


def test_merging_and_erasing_need_the_right_to_write(api: Api) -> None:
    reader = new_api("crm.objects.contacts.read", name="reader")
    first, second = people(2)
    assert merge(reader, first, second).status == 403
    assert reader.post(GDPR, {"objectId": str(first)}).status == 403
    assert Record.objects.filter(archived_at=None).count() == 2


def test_a_contact_is_erased_by_id(api: Api) -> None:
    first, second = people(2)
    answer = api.post(GDPR, {"objectId": str(first)})
    assert (answer.status, answer.body) == (204, None)
    assert list(Record.objects.values_list("pk", flat=True)) == [second]
    proof = Erasure.objects.get()
    assert (proof.record_id, proof.source, proof.source_id) == (first, "INTEGRATION", "Zapier")
    for key in (str(first), "x", str(2**40)):
        assert api.post(GDPR, {"objectId": key}).status == 404


def test_an_old_id_erases_the_record_it_leads_to(api: Api) -> None:
    first, second = people(2)
    merge(api, first, second)
    assert api.post(GDPR, {"objectId": str(second)}).status == 204
    assert not Record.objects.exists()
    assert Erasure.objects.count() == 2


def test_a_contact_is_erased_by_address_and_an_unknown_address_is_blocked(api: Api) -> None:
    first, second = people(2)
    merge(api, first, second)
    by_email = {"objectId": "P1@example.com", "idProperty": "email"}
    assert api.post(GDPR, by_email).status == 204
    assert not Record.objects.exists()
    assert ErasedAddress.objects.count() == 2
    assert api.post(GDPR, {"objectId": "x@example.com", "idProperty": "email"}).status == 204
    assert ErasedAddress.objects.count() == 3


def test_only_contacts_are_erased_and_only_by_id_or_address(api: Api) -> None:
    (first,) = people(1)
    assert api.post("/crm/v3/objects/deals/gdpr-delete", {"objectId": "1"}).status == 404
    for body in (
        {},
        {"objectId": str(first), "idProperty": "city"},
        {"objectId": "nobody", "idProperty": "email"},
    ):
        assert api.post(GDPR, body).status == 400
    assert Record.objects.exists()


def test_a_user_merges_only_what_is_theirs_and_erases_nothing() -> None:
    found = three()
    _, secret = tokens.issue("ada", found.ada.user, scopes.known())
    token = tokens.find(secret)
    assert token is not None
    ada = Api(token, secret)
    own = {"hubspot_owner_id": str(found.ada.owner.pk)}
    first, second, mates, hidden = contacts(
        own, own, {"hubspot_owner_id": str(found.bea.owner.pk)},
        {"hubspot_owner_id": str(found.cy.owner.pk)},
    )  # fmt: skip
    assert merge(ada, first, second).status == 200
    assert merge(ada, first, mates).status == 403
    assert merge(ada, first, hidden).status == 404
    assert ada.post(GDPR, {"objectId": str(first)}).status == 403
    assert Record.objects.filter(archived_at=None).count() == 3
