from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from crm import changes, clock, event_editing, events
from crm.models import CustomEvent, CustomEventProperty, Event
from crm.sql import SQL, sql
from crm.tests.api_world import Api, new_api
from crm.tracking import visitors

pytestmark = pytest.mark.django_db

SOURCE = changes.Source(kind=changes.SourceKind.API)
SEND, BATCH = "/events/v3/send", "/events/v3/send/batch"
TOKEN = UUID("00112233445566778899aabbccddeeff")
EVENTS = "/events/v3/events"
MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def api() -> Api:
    return new_api()


@pytest.fixture
def contact() -> int:
    event_editing.create(
        CustomEvent(name="order_paid", label="Order paid"),
        [CustomEventProperty(name="amount", label="Amount", type="number")],
    )
    (pk,) = changes.create("0-1", [{"email": "liv@example.com"}], SOURCE)
    return pk


def paid(**more: Any) -> dict[str, Any]:
    return {"eventName": "pe1_order_paid"} | more


def visit(contact: int, *paths: str) -> None:
    """One page view a second, each at its own moment."""
    for second, path in enumerate(paths):
        select = sql(
            "SELECT {id}::bigint AS record_id, jsonb_build_object('hs_url', {url}::text,"
            " 'fields', jsonb_build_object('note', 'x')) AS properties,"
            " ''::text AS source_id, {at}::timestamptz AS happened_at",
            id=contact,
            url=path,
            at=MOMENT.replace(second=second),
        )
        events.record("page.visited", select, "0-1", source_kind="ANALYTICS", at=SQL("happened_at"))


def test_the_good_ones_of_a_batch_are_recorded_and_the_others_told(api: Api, contact: int) -> None:
    inputs = [
        paid(objectId=contact, properties={"amount": 5.0}),
        paid(objectId=str(contact), properties={"amount": "much"}),
        paid(email="nobody@example.com"),
        paid(objectId="x"),
    ]
    answer = api.post(BATCH, {"inputs": inputs})
    assert answer.status == 207
    assert (answer.body["numErrors"], answer.body["results"]) == (3, [])
    assert [error["context"]["index"] for error in answer.body["errors"]] == [["1"], ["2"], ["3"]]
    assert Event.objects.get(type="pe1_order_paid").properties == {"amount": 5}


def test_a_batch_without_a_good_one_is_no_success(api: Api, contact: int) -> None:
    answer = api.post(BATCH, {"inputs": [paid(), paid(email="nobody@example.com")]})
    assert answer.status == 400
    assert [error["context"]["index"] for error in answer.body["errors"]] == [["0"], ["1"]]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({}, 400),
        ({"eventName": 7}, 404),
        ({"eventName": "e_visited_page", "objectId": "1"}, 404),
        (paid(utk="x"), 400),
        (paid(occurredAt="soon", objectId="1"), 400),
        (paid(occurredAt="2999-01-01T00:00:00Z", email="liv@example.com"), 400),
        (paid(properties=[], objectId="1"), 400),
        (paid(objectId=10**17), 404),
    ],
)
def test_what_cannot_be_sent(api: Api, contact: int, wrong: Any, status: int) -> None:
    answer = api.post(SEND, wrong)
    assert (answer.status, answer.body["status"]) == (status, "error")
    assert not Event.objects.filter(type="pe1_order_paid").exists()


def test_a_batch_has_five_hundred_events_at_most(api: Api, contact: int) -> None:
    one = paid(objectId=contact)
    assert api.post(BATCH, {"inputs": [one] * 501}).status == 400
    assert api.post(BATCH, {"inputs": [one] * 500}).status == 204
    assert api.post(BATCH, {"inputs": []}).status == 204
    assert Event.objects.filter(type="pe1_order_paid").count() == 500


def test_epoch_milliseconds_and_visitors_are_taken(api: Api, contact: int) -> None:
    moment = int(MOMENT.timestamp() * 1000)
    assert api.post(SEND, paid(objectId=contact, occurredAt=moment)).status == 204
    assert Event.objects.get(type="pe1_order_paid").at == MOMENT
    assert api.post(SEND, paid(utk="00112233445566778899aabbccddeeff")).status == 204


def test_each_call_needs_its_scope(contact: int) -> None:
    api = new_api("crm.objects.contacts.read", name="reader")
    assert api.post(SEND, paid(objectId=contact)).status == 403
    assert api.get("/events/v3/event-definitions").status == 403
    assert api.get(f"{EVENTS}/?objectType=contact&objectId={contact}").status == 200
    assert api.get(f"{EVENTS}/?objectType=company&objectId=1").status == 403


def test_events_are_asked_for_in_many_ways(api: Api, contact: int) -> None:
    visit(contact, "/", "/pricing", "/pricing")
    mine = f"{EVENTS}/?objectType=contacts&objectId={contact}"

    def urls(query: str) -> list[str]:
        answer = api.get(query)
        assert answer.status == 200, answer.body
        return [one["properties"]["hs_url"] for one in answer.body["results"]]

    visits = f"{mine}&eventType=e_visited_page"
    assert urls(visits) == ["/pricing", "/pricing", "/"]
    assert urls(f"{visits}&sort=occurredAt&limit=1") == ["/"]
    assert urls(f"{visits}&property.hs_url=%2Fpricing") == ["/pricing", "/pricing"]
    assert urls(f"{visits}&occurredAfter=2026-03-01T12:30:01Z") == ["/pricing"]
    assert urls(f"{visits}&occurredAfter=2026-03-01T13:30:01+01:00") == ["/pricing"]
    assert urls(f"{visits}&occurredBefore=2026-03-01T12:30:01Z") == ["/"]
    assert urls(f"{EVENTS}?eventType=4-96000") == ["/pricing", "/pricing", "/"]
    by_email = f"{EVENTS}?objectType=contact&objectProperty.email=LIV@example.com"
    assert urls(f"{by_email}&eventType=page.visited&limit=2") == ["/pricing", "/pricing"]
    (created,) = api.get(f"{mine}&eventType=e_created_object").body["results"]
    assert created["eventType"] == "e_created_object"


def test_fields_of_forms_stand_beside_the_rest(api: Api, contact: int) -> None:
    visit(contact, "/")
    answer = api.get(f"{EVENTS}?objectType=contact&objectId={contact}&eventType=page.visited")
    assert answer.body["results"][0]["properties"] == {"hs_url": "/", "note": "x"}


@pytest.mark.parametrize(
    "query",
    [
        "", "objectType=contact", "objectId=1", "objectType=contact&objectId=1&sort=name",
        "objectType=contact&objectId=1&after=x", "objectType=contact&objectId=1&limit=101",
        "objectType=contact&objectId=1&occurredAfter=soon", "id=1-2", "id=1-999999999999999999-3",
        "objectType=nothing&objectId=1", "objectType=contact&objectProperty.city=Oslo",
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_an_error(api: Api, query: str) -> None:
    answer = api.get(f"{EVENTS}?{query}")
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")


def test_nobody_has_no_events(api: Api) -> None:
    for query in ("objectId=12345", "objectId=x", "objectProperty.email=nobody@example.com"):
        answer = api.get(f"{EVENTS}?objectType=contact&{query}")
        assert (answer.status, answer.body) == (200, {"results": []})
    assert api.get(f"{EVENTS}?eventType=e_unheard_of").status == 404


def test_definitions_refuse_what_cannot_be(api: Api, contact: int) -> None:
    path = "/events/v3/event-definitions"
    assert api.post(path, {"label": "Order paid"}).status == 409
    for wrong in (
        {}, {"label": ""}, {"label": "!!"}, {"label": "A", "name": "Bad Name"},
        {"label": "A", "primaryObject": "THING"},
        {"label": "A", "propertyDefinitions": [{"label": "B", "type": "money"}]},
        {"label": "A", "propertyDefinitions": [{"label": "B", "type": "enumeration"}]},
    ):  # fmt: skip
        assert api.post(path, wrong).status == 400, wrong
    assert api("PATCH", f"{path}/nothing", {"label": "A"}).status == 404
    assert api("DELETE", f"{path}/nothing").status == 204
    assert api("PATCH", f"{path}/order_paid/property/nothing", {"label": "A"}).status == 404
    assert api("PATCH", f"{path}/order_paid/property/amount", {"options": [{}]}).status == 400
    assert CustomEvent.objects.count() == 1


def test_definitions_are_paged(api: Api) -> None:
    for number in range(3):
        event_editing.create(CustomEvent(name=f"event{number}", label=f"Event {number}"))
    first = api.get("/events/v3/event-definitions?limit=2&includeProperties=false").body
    assert (first["total"], len(first["results"])) == (3, 2)
    assert first["results"][0]["properties"] == []
    after = first["paging"]["next"]["after"]
    rest = api.get(f"/events/v3/event-definitions?limit=2&after={after}").body
    assert [one["name"] for one in rest["results"]] == ["event2"]
    assert "paging" not in rest
    assert len(rest["results"][0]["properties"]) > 10
    assert clock.now().year == int(rest["results"][0]["createdAt"][:4])


def test_what_the_user_may_not_see_is_not_there(contact: int) -> None:
    visit(contact, "/")
    stranger = User.objects.create(username="bo", is_staff=True)
    api = new_api(name="bo's", user=stranger)
    for query in (f"objectType=contact&objectId={contact}", "eventType=page.visited"):
        assert api.get(f"{EVENTS}?{query}").body == {"results": []}
    (one,) = new_api().get(f"{EVENTS}?eventType=page.visited").body["results"]
    assert api.get(f"{EVENTS}?id={one['id']}").body == {"results": []}
    for way in ({"objectId": contact}, {"email": "liv@example.com"}):
        assert api.post(SEND, paid(**way)).status == 404
    visitors.see({TOKEN: clock.now()})
    visitors.identify({TOKEN: contact})
    assert api.post(SEND, paid(utk=str(TOKEN))).status == 404
    assert not Event.objects.filter(type="pe1_order_paid").exists()
    assert api.post("/events/v3/event-definitions", {"label": "Mine"}).status == 403
    assert api.get("/events/v3/event-definitions").status == 200
