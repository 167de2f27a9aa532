"""Properties that are kept from a user, and what a permission set lets a token do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from conftest import SameQueriesFor
from crm.access import Level
from crm.models import Property, PropertyAccess
from crm.tests.api_world import Api, new_api
from crm.tests.people import Person, person, three
from crm.tests.writing import contacts

pytestmark = pytest.mark.django_db

RECORDS = "/crm/v3/objects/contacts"
EVERYTHING = {"": {"view": "ALL", "edit": "ALL", "delete": "ALL", "create": "ALL"}}


@pytest.fixture
def ada(db: None) -> Person:
    return three(EVERYTHING).ada


@pytest.fixture
def api(ada: Person) -> Api:
    """May do everything, but does not see phones and does not write cities."""
    for name, level in (("phone", Level.NONE), ("city", Level.VIEW)):
        definition = Property.objects.get(object_type="0-1", name=name)
        PropertyAccess.objects.create(definition=definition, level=level)
    return new_api(user=ada.user)


def search(api: Api, **body: Any) -> Any:
    return api.post(f"{RECORDS}/search", body)


def test_a_hidden_property_is_absent_and_a_seen_one_is_there(api: Api) -> None:
    (key,) = contacts({"phone": "555123", "city": "Oslo", "email": "ana@example.com"})
    asked = "properties=phone,city&propertiesWithHistory=phone,city"
    body = api.get(f"{RECORDS}/{key}?{asked}").body
    assert body["properties"]["city"] == "Oslo"
    assert set(body["propertiesWithHistory"]) == {"city"}
    assert "555123" not in json.dumps(body)
    page = api.get(f"{RECORDS}?properties=phone&propertiesWithHistory=phone")
    assert "555123" not in json.dumps(page.body)


def test_a_hidden_property_does_not_exist_for_who_writes_it(api: Api) -> None:
    for method, path in (("POST", RECORDS), ("PATCH", f"{RECORDS}/{contacts({})[0]}")):
        answer = api(method, path, {"properties": {"phone": "1"}})
        assert answer.status == 400
        assert answer.body["errors"][0]["code"] == "PROPERTY_DOESNT_EXIST"


def test_a_property_that_is_only_seen_is_refused(api: Api) -> None:
    for method, path in (("POST", RECORDS), ("PATCH", f"{RECORDS}/{contacts({})[0]}")):
        answer = api(method, path, {"properties": {"city": "Oslo", "firstname": "Ana"}})
        assert answer.status == 403
        assert answer.body["context"] == {"propertyName": ["city"]}


def test_a_batch_says_which_input_may_not_be_written(api: Api) -> None:
    inputs = [
        {"properties": {"firstname": "Ana"}, "objectWriteTraceId": "a"},
        {"properties": {"city": "Oslo"}, "objectWriteTraceId": "b"},
    ]
    answer = api.post(f"{RECORDS}/batch/create", {"inputs": inputs})
    assert answer.status == 207
    (error,) = answer.body["errors"]
    assert error["category"] == "FORBIDDEN"
    assert error["context"]["objectWriteTraceId"] == ["b"]
    assert len(answer.body["results"]) == 1


def test_a_search_neither_asks_nor_sorts_nor_finds_by_a_hidden_property(api: Api) -> None:
    contacts({"phone": "555123", "firstname": "Ana"})
    line = {"propertyName": "phone", "operator": "EQ", "value": "555123"}
    assert search(api, filters=[line]).status == 400
    assert search(api, sorts=["phone"]).status == 400
    assert search(api, query="ana").body["total"] == 1
    assert search(api, query="555123").body["total"] == 0
    assert search(new_api(name="chief"), query="555123").body["total"] == 1


def test_a_record_is_not_named_by_a_hidden_property(api: Api) -> None:
    contacts({"email": "ana@example.com"})
    email = Property.objects.get(object_type="0-1", name="email")
    PropertyAccess.objects.create(definition=email, level=Level.NONE)
    api = new_api(user=person_again(api), name="again")
    assert api.get(f"{RECORDS}/ana@example.com?idProperty=email").status == 400


def person_again(api: Api) -> Any:
    """The user read anew, as the next request has it."""
    user = api.token.user
    return type(user).objects.get(pk=user.pk)


def test_definitions_of_hidden_properties_are_absent(api: Api, ada: Person) -> None:
    path = "/crm/v3/properties/contacts"
    names = {item["name"] for item in api.get(path).body["results"]}
    assert "city" in names
    assert "phone" not in names
    assert api.get(f"{path}/phone").status == 404
    ada.user.access.permission_set.switches = ["edit_properties"]
    ada.user.access.permission_set.save()
    assert api("PATCH", f"{path}/phone", {"label": "x"}).status == 404
    assert api("DELETE", f"{path}/phone").status == 404
    assert api("PATCH", f"{path}/city", {"label": "Town"}).status == 200


def test_who_may_not_create_does_not() -> None:
    ada = person("ada")
    api = new_api(user=ada.user)
    assert api.post(RECORDS, {"properties": {"firstname": "Ana"}}).status == 403
    one = {"idProperty": "email", "id": "a@example.com", "properties": {}}
    assert api.post(f"{RECORDS}/batch/upsert", {"inputs": [one]}).status == 403


def test_what_is_hidden_costs_no_query_per_record(same_queries_for: SameQueriesFor) -> None:
    people = three()
    api = new_api(user=people.bea.user)

    def make(size: int) -> list[int]:
        mine = {"hubspot_owner_id": str(people.ada.owner.pk)}
        return contacts(*[mine] * size)

    def run(ids: list[int]) -> None:
        inputs = [{"id": str(key)} for key in ids[:100]]
        answer = api.post(f"{RECORDS}/batch/read", {"inputs": inputs})
        assert len(answer.body["results"]) == len(inputs)
        assert search(api, limit=100).body["total"] >= len(ids)
        assert api.get(f"{RECORDS}?limit=100").status == 200

    same_queries_for(make, run)
