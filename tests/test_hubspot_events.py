"""HubSpot's own Python libraries against a live server: events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hubspot import HubSpot
from hubspot.crm import contacts
from hubspot.events import send
from hubspot_sdk import HubSpot as HubSpotSdk
from hubspot_sdk import NotFoundError
from pytest_django.live_server_helper import LiveServer

from crm.api import scopes, tokens
from crm.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@dataclass(frozen=True)
class Clients:
    python: Any
    sdk: HubSpotSdk


@pytest.fixture
def clients(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Clients:
    # The libraries keep their sockets, hence the server its threads: they must not keep the
    # database.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    user = User.objects.create(username="ines", is_staff=True, is_superuser=True)
    _, secret = tokens.issue("contract tests", user, scopes.known())
    url = live_server.url
    return Clients(
        python=HubSpot(access_token=secret, host=url, base_url=url),
        sdk=HubSpotSdk(access_token=secret, base_url=url, max_retries=0),
    )


def define(clients: Clients) -> Any:
    return clients.sdk.events.definitions.create(
        name="order_paid",
        label="Order paid",
        description="The shop got its money.",
        include_default_properties=False,
        property_definitions=[
            {"name": "amount", "label": "Amount", "type": "number"},
            {
                "name": "plan",
                "label": "Plan",
                "type": "enumeration",
                "options": [
                    {"label": "Basic", "value": "basic", "display_order": 0, "hidden": False}
                ],
            },
        ],
    )


def liv(clients: Clients) -> str:
    given = contacts.SimplePublicObjectInputForCreate(properties={"email": "liv@example.com"})
    return str(clients.python.crm.contacts.basic_api.create(given).id)


def paid(**more: Any) -> Any:
    return send.BehavioralEventHttpCompletionRequest(event_name="pe1_order_paid", **more)


def test_definitions_come_and_go(clients: Clients) -> None:
    made = define(clients)
    assert (made.fully_qualified_name, made.labels.singular, made.archived) == (
        "pe1_order_paid", "Order paid", False,
    )  # fmt: skip
    assert made.object_type_id == f"6-{made.id}"
    assert [(item.name, item.type) for item in made.properties] == [
        ("amount", "number"), ("plan", "enumeration"),
    ]  # fmt: skip
    definitions = clients.sdk.events.definitions
    changed = definitions.update("pe1_order_paid", label="Paid")
    assert changed.labels.singular == "Paid"
    added = definitions.create_property("order_paid", label="Coupon code", type="string")
    assert added.name == "coupon_code"
    renamed = definitions.update_property("coupon_code", event_name="order_paid", label="Coupon")
    assert renamed.label == "Coupon"
    definitions.delete_property("coupon_code", event_name="order_paid")
    assert [item.name for item in definitions.get("order_paid").properties] == ["amount", "plan"]
    listed = definitions.list(search_string="pai")
    assert [item.name for item in listed.results] == ["order_paid"]
    definitions.delete("order_paid")
    with pytest.raises(NotFoundError):
        definitions.get("order_paid")


def test_one_event_is_sent_and_read(clients: Clients) -> None:
    define(clients)
    contact = liv(clients)
    request = paid(
        object_id=contact, properties={"amount": "12.50", "plan": "basic"}, occurred_at=MOMENT
    )
    assert clients.python.events.send.basic_api.send(request) is None
    found = clients.python.events.events_api.get_page(
        object_type="contact", object_id=int(contact), event_type="pe1_order_paid"
    )
    (event,) = found.results
    assert (event.event_type, event.object_type, event.object_id, event.occurred_at) == (
        "pe1_order_paid", "CONTACT", contact, MOMENT,
    )  # fmt: skip
    assert event.properties == {"amount": "12.5", "plan": "basic"}
    alone = clients.sdk.events.occurrences.list(id=[event.id])
    assert [item.id for item in alone.results] == [event.id]


def test_a_batch_is_sent_once_however_often_it_is_repeated(clients: Clients) -> None:
    define(clients)
    liv(clients)
    inputs = [
        paid(email="liv@example.com", uuid=f"order-{number}", properties={"amount": str(number)})
        for number in range(25)
    ]
    batch = send.BatchedBehavioralEventHttpCompletionRequest(inputs=inputs)
    for _ in range(2):
        assert clients.python.events.send.batch_api.send(batch) is None
    assert Event.objects.filter(type="pe1_order_paid").count() == 25


def test_pages_of_events_follow_on_each_other(clients: Clients) -> None:
    define(clients)
    contact = int(liv(clients))
    for number in range(5):
        request = paid(object_id=str(contact), occurred_at=MOMENT.replace(day=number + 1))
        clients.python.events.send.basic_api.send(request)
    api = clients.python.events.events_api
    seen: list[int] = []
    more: dict[str, str] = {}
    while True:
        page = api.get_page(
            object_type="contact", object_id=contact, event_type="pe1_order_paid", limit=2,
            sort=["occurredAt"], **more,
        )  # fmt: skip
        seen += [event.occurred_at.day for event in page.results]
        if page.paging is None:
            break
        more = {"after": page.paging.next.after}
    assert seen == [1, 2, 3, 4, 5]
    page = api.get_page(
        object_type="contact", object_id=contact, occurred_after=MOMENT.replace(day=2),
        occurred_before=MOMENT.replace(day=5),
    )  # fmt: skip
    assert [event.occurred_at.day for event in page.results] == [4, 3]


def test_the_names_of_events(clients: Clients) -> None:
    define(clients)
    names = clients.python.events.events_api.get_types().event_types
    assert {"pe1_order_paid", "e_visited_page", "e_submitted_form", "e_sent_email"} <= set(names)


def test_errors_arrive_as_such(clients: Clients) -> None:
    api = clients.python.events.send.basic_api
    with pytest.raises(send.ApiException) as refused:
        api.send(paid(email="liv@example.com"))
    assert refused.value.status == 404
    define(clients)
    contact = liv(clients)
    with pytest.raises(send.ApiException) as refused:
        api.send(paid(object_id=contact, properties={"amount": "much", "colour": "red"}))
    assert refused.value.status == 400
    assert "PROPERTY_DOESNT_EXIST" in refused.value.body
    assert "INVALID_FLOAT" in refused.value.body
