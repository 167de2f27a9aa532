"""Batches of records over the API: all or nothing, or each by its trace; and always set by set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from conftest import SameQueriesFor
from crm import changes
from crm.models import Association, Record
from crm.tests.api_world import Answer, Api, new_api
from crm.tests.writing import SYSTEM, contacts, people, unique_values

BATCH = "/crm/v3/objects/contacts/batch"
pytestmark = pytest.mark.django_db


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def made(values: dict[str, Any], trace: str = "") -> dict[str, Any]:
    return {"properties": values} | ({"objectWriteTraceId": trace} if trace else {})


def cities() -> dict[int, Any]:
    return {record.pk: record.properties.get("city") for record in Record.objects.all()}


def test_a_batch_is_created_in_order(api: Api) -> None:
    inputs = [made({"email": f"p{n}@example.com"}, f"t{n}") for n in range(3)]
    answer = api.post(f"{BATCH}/create", {"inputs": inputs})
    assert (answer.status, answer.body["status"]) == (201, "COMPLETE")
    assert "errors" not in answer.body
    shown = [
        (row["properties"]["email"], row["objectWriteTraceId"]) for row in answer.body["results"]
    ]
    assert shown == [(f"p{n}@example.com", f"t{n}") for n in range(3)]


@pytest.mark.parametrize("kind", ["create", "read", "update", "upsert"])
def test_a_batch_of_nothing_is_no_mistake(api: Api, kind: str) -> None:
    answer = api.post(f"{BATCH}/{kind}", {"inputs": []})
    assert (answer.status, answer.body["results"]) == (201 if kind == "create" else 200, [])


@pytest.mark.parametrize("kind", ["create", "read", "update", "upsert", "archive"])
def test_a_batch_has_100_inputs_at_most(api: Api, kind: str) -> None:
    inputs = [{"id": str(n), "idProperty": "email", "properties": {}} for n in range(101)]
    answer = api.post(f"{BATCH}/{kind}", {"inputs": inputs})
    assert (answer.status, answer.body["message"]) == (
        400, "A batch may have 100 inputs, this one has 101.",
    )  # fmt: skip
    assert not Record.objects.exists()


@pytest.mark.parametrize("kind", ["create", "read", "update", "upsert", "archive"])
@pytest.mark.parametrize("inputs", [5, "x", [5], [None], [[]], {"a": 1}])
def test_inputs_that_are_none_are_refused(api: Api, kind: str, inputs: Any) -> None:
    assert api.post(f"{BATCH}/{kind}", {"inputs": inputs}).status == 400


def test_one_mistake_refuses_a_batch_without_traces(api: Api) -> None:
    inputs = [made({"email": "a@example.com"}), made({"email": "nobody"})]
    answer = api.post(f"{BATCH}/create", {"inputs": inputs})
    assert (answer.status, answer.body["errors"][0]["code"]) == (400, "INVALID_EMAIL")
    assert not Record.objects.exists()


def test_with_traces_the_others_are_created(api: Api) -> None:
    (pk,) = contacts({"email": "taken@example.com"})
    inputs = [
        made({"email": "a@example.com"}, "one"),
        made({"nope": "x"}, "two"),
        made({"email": "taken@example.com"}, "three"),
        made({"email": "A@example.com"}, "four"),
        made({}, "five") | {"associations": [{"to": {"id": "999"}, "types": [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}]},
    ]  # fmt: skip
    answer = api.post(f"{BATCH}/create", {"inputs": inputs})
    assert (answer.status, answer.body["numErrors"]) == (207, 4)
    assert [row["objectWriteTraceId"] for row in answer.body["results"]] == ["one"]
    errors = {
        item["context"]["objectWriteTraceId"][0]: item["category"] for item in answer.body["errors"]
    }
    assert errors == {
        "two": "VALIDATION_ERROR",
        "three": "CONFLICT",
        "four": "VALIDATION_ERROR",
        "five": "OBJECT_NOT_FOUND",
    }
    assert f"Existing ID: {pk}" in answer.body["errors"][1]["message"]
    assert Record.objects.count() == 2


def test_a_batch_is_read_in_order_and_what_is_missing_is_told(api: Api) -> None:
    first, second = people(2)
    inputs = [{"id": str(key)} for key in (second, 999, first, second, "x")]
    answer = api.post(f"{BATCH}/read", {"inputs": inputs, "properties": ["email"]})
    assert answer.status == 207
    assert [row["id"] for row in answer.body["results"]] == [str(second), str(first)]
    (error,) = answer.body["errors"]
    assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["999", "x"]})
    assert error["message"].startswith("Could not get some CONTACT objects")


def test_a_batch_is_read_by_a_unique_property(api: Api) -> None:
    first, _ = people(2)
    body = {"inputs": [{"id": " P0@example.com"}], "idProperty": "email", "properties": []}
    answer = api.post(f"{BATCH}/read", body)
    assert (answer.status, [row["id"] for row in answer.body["results"]]) == (200, [str(first)])


def test_a_batch_updates_and_tells_what_is_missing(api: Api) -> None:
    first, second = people(2)
    inputs = [
        {"id": str(first), "properties": {"city": "Oslo"}},
        {"id": "p1@example.com", "idProperty": "email", "properties": {"city": "Bergen"}},
        {"id": "999", "properties": {"city": "x"}},
    ]
    answer = api.post(f"{BATCH}/update", {"inputs": inputs})
    assert (answer.status, answer.body["errors"][0]["context"]) == (207, {"ids": ["999"]})
    assert [row["properties"]["city"] for row in answer.body["results"]] == ["Oslo", "Bergen"]
    assert cities() == {first: "Oslo", second: "Bergen"}


def test_one_record_twice_in_a_batch_is_refused(api: Api) -> None:
    (pk,) = people(1)
    inputs = [
        {"id": str(pk), "properties": {"city": "Oslo"}},
        {"id": "p0@example.com", "idProperty": "email", "properties": {"city": "Bergen"}},
    ]
    answer = api.post(f"{BATCH}/update", {"inputs": inputs})
    assert answer.status == 400
    assert answer.body["message"].startswith(f"Duplicate IDs found in batch input: {pk}")
    assert cities() == {pk: None}


def test_two_records_swap_their_addresses_in_a_batch(api: Api) -> None:
    first, second = people(2)
    inputs = [
        {"id": str(first), "properties": {"email": "p1@example.com"}},
        {"id": str(second), "properties": {"email": "p0@example.com"}},
    ]
    assert api.post(f"{BATCH}/update", {"inputs": inputs}).status == 200
    assert unique_values() == {"p0@example.com": second, "p1@example.com": first}


def test_an_upsert_updates_and_creates(api: Api) -> None:
    (pk,) = people(1)
    inputs = [
        {"id": "P0@example.com", "idProperty": "email", "properties": {"city": "Oslo"}},
        {"id": "new@example.com", "idProperty": "email", "properties": {"city": "Bergen"}},
    ]
    answer = api.post(f"{BATCH}/upsert", {"inputs": inputs})
    assert answer.status == 200
    found = [(row["new"], row["properties"]["email"]) for row in answer.body["results"]]
    assert found == [(False, "p0@example.com"), (True, "new@example.com")]
    assert cities() == {pk: "Oslo", int(answer.body["results"][1]["id"]): "Bergen"}
    again = api.post(f"{BATCH}/upsert", {"inputs": inputs})
    assert [row["new"] for row in again.body["results"]] == [False, False]


@pytest.mark.parametrize(
    "inputs",
    [
        [{"id": "1", "properties": {}}],
        [{"id": "1", "idProperty": "city", "properties": {}}],
        [{"id": "1", "idProperty": "hs_object_id", "properties": {}}],
        [
            {"id": "new@example.com", "idProperty": "email"},
            {"id": "NEW@example.com", "idProperty": "email"},
        ],
        [{"id": "nobody", "idProperty": "email"}],
    ],
    ids=["no idProperty", "not unique", "the id", "twice", "no address"],
)
def test_an_upsert_that_cannot_be_is_refused(api: Api, inputs: Any) -> None:
    assert api.post(f"{BATCH}/upsert", {"inputs": inputs}).status == 400
    assert not Record.objects.exists()


def test_a_batch_is_archived_whatever_it_names(api: Api) -> None:
    first, second, third = people(3)
    inputs = [{"id": str(first)}, {"id": str(second)}, {"id": "999"}, {"id": "x"}]
    assert api.post(f"{BATCH}/archive", {"inputs": inputs}).status == 204
    assert list(Record.objects.filter(archived_at=None).values_list("pk", flat=True)) == [third]


def test_batches_cost_the_same_queries_for_10_and_100(
    api: Api, same_queries_for: SameQueriesFor
) -> None:
    turn = iter(range(100))

    def make(size: int) -> list[tuple[str, Any]]:
        start = next(turn) * 1000
        ids = people(size, start=start)
        here = range(start, start + size)
        company = changes.create("0-2", [{}], SYSTEM)[0]
        link = {
            "to": {"id": company},
            "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}],
        }
        emails = [f"p{n if n % 2 else n + 500}@example.com" for n in here]
        return [
            (
                "create",
                [made({"email": f"c{n}@example.com"}) | {"associations": [link]} for n in here],
            ),
            ("read", [{"id": str(pk)} for pk in ids]),
            ("update", [{"id": str(pk), "properties": {"city": str(pk)}} for pk in ids]),
            (
                "upsert",
                [{"id": e, "idProperty": "email", "properties": {"city": e}} for e in emails],
            ),
            ("archive", [{"id": str(pk)} for pk in ids]),
        ]

    def run(batches: list[tuple[str, Any]]) -> None:
        for kind, inputs in batches:
            assert api.post(f"{BATCH}/{kind}", {"inputs": inputs}).status in (200, 201, 204)

    same_queries_for(make, run, (10, 100))
    assert Association.objects.filter(type__type_id=279).count() == 110


@pytest.mark.django_db(transaction=True)
def test_upserts_at_the_same_time_make_every_record_once(api: Api) -> None:
    def upsert(turn: int) -> Answer:
        try:
            numbers = range(30) if turn % 2 else reversed(range(30))
            inputs = [
                {
                    "id": f"p{n}@example.com",
                    "idProperty": "email",
                    "properties": {"city": str(turn)},
                }
                for n in numbers
            ]
            return api.post(f"{BATCH}/upsert", {"inputs": inputs})
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(upsert, range(8)))
    assert {answer.status for answer in answers} == {200}
    assert Record.objects.count() == 30
    assert sum(row["new"] for answer in answers for row in answer.body["results"]) == 30
