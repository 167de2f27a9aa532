"""Filters on emails and on consent."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.types.json import Jsonb

from crm import event_definitions, properties
from crm.event_types.base import EventType, event_types
from crm.filters import base
from crm.objects.base import number
from crm.sql import execute, rows, sql
from crm.tests.filter_world import CONTACT, NOW, ago
from crm.tests.writing import contacts
from emails.filter_types import COMPOSITES, EVENTS
from emails.models import AddressState, Email

pytestmark = pytest.mark.django_db

NAMES = ("ann", "bob", "cid", "dan")


class Opened(EventType):
    """An email was looked at."""

    event_type_id = "4-999002"
    name = "email.opened"
    api_name = "e_test_opened"
    label = "Email opened"
    properties = (number("email_id", "Email ID", ""),)


@pytest.fixture
def opens() -> Any:
    """Opens of emails are recorded, as they will be one day."""
    if "email.opened" in {kind.name for kind in event_types}:
        yield
        return
    event_types.register(Opened)
    yield
    del event_types._kinds[Opened.event_type_id]


@pytest.fixture
def ids() -> dict[str, int]:
    made = contacts(*({"email": f"{name}@example.com"} for name in NAMES))
    return dict(zip(NAMES, made, strict=True))


def happened(name: str, event_type: str, email_id: int, ids: dict[str, int], days: int = 1) -> None:
    execute(
        sql(
            "INSERT INTO crm_event (type, record_id, object_type, properties, source, source_id,"
            " at) VALUES ({type}, {id}, '0-1', {values}, 'EMAIL', '', {at})",
            type=event_type,
            id=ids[name],
            values=Jsonb({"email_id": email_id}),
            at=ago(days=days),
        )
    )


def ask(ids: dict[str, int], filter_: dict[str, Any], name: str = "AND") -> set[str]:
    predicate = base.compile({"filterBranchType": name, "filters": [filter_]}, CONTACT, NOW)
    assert predicate.problems == ()
    found = {row[0] for row in rows(base.match(predicate, CONTACT))}
    return {name for name, record in ids.items() if record in found}


def event(operator: str, **more: Any) -> dict[str, Any]:
    return {
        "filterType": "EMAIL_EVENT",
        "operator": operator,
        "appId": "1",
        "level": "EMAIL",
    } | more


def test_what_happened_to_an_email(ids: dict[str, int]) -> None:
    for name, email in (("ann", 1), ("ann", 2), ("bob", 2)):
        happened(name, "email.sent", email, ids)
    happened("cid", "email.unsubscribed", 1, ids, days=9)
    assert ask(ids, event("SENT")) == {"ann", "bob"}
    assert ask(ids, event("SENT", emailId="1")) == {"ann"}
    assert ask(ids, event("SENT", emailId=1), "NOT_ANY") == {"bob", "cid", "dan"}
    assert ask(ids, event("UNSUBSCRIBED")) == {"cid"}
    offset = {"amount": 2, "timeUnit": "DAYS", "offsetDirection": "PAST"}
    window = {"type": "RELATIVE_COMPARATIVE", "comparison": "AFTER", "timeOffset": offset}
    assert ask(ids, event("UNSUBSCRIBED", pruningRefineBy=window)) == set()


@pytest.mark.usefixtures("opens")
def test_one_thing_without_another_counts_for_each_email_of_its_own(ids: dict[str, int]) -> None:
    kind = "SENT_BUT_NOT_OPENED"
    COMPOSITES[kind] = ("SENT", "OPENED")
    try:
        for name, email in (("ann", 1), ("ann", 2), ("bob", 2), ("cid", 1)):
            happened(name, "email.sent", email, ids)
        happened("ann", "email.opened", 1, ids)
        happened("bob", "email.opened", 2, ids)
        # Cid opened another email.
        happened("cid", "email.opened", 2, ids)
        assert ask(ids, event(kind)) == {"ann", "cid"}
        assert ask(ids, event(kind, emailId=1)) == {"cid"}
        assert ask(ids, event(kind, emailId=2)) == {"ann"}
        assert ask(ids, event(kind, emailId=1), "NOT_ANY") == {"ann", "bob", "dan"}
    finally:
        del COMPOSITES[kind]


def problems(filter_: dict[str, Any]) -> list[str]:
    branch = {"filterBranchType": "AND", "filters": [filter_]}
    tree = base.parse(branch, properties.load(CONTACT))
    return [problem.message for problem in base.problems(tree)]


def test_what_nobody_records_says_so() -> None:
    for operator in [*EVENTS, *COMPOSITES]:
        names = [EVENTS[one] for one in COMPOSITES.get(operator, (operator,))]
        lacking = [name for name in names if event_definitions.find(name) is None]
        expected = (
            [f"integration not connected: no {lacking[0]} events are recorded"] if lacking else []
        )
        assert problems(event(operator)) == expected


def test_an_email_that_is_not_there_is_a_problem() -> None:
    email = Email.objects.create(name="Hello", created_at=NOW, updated_at=NOW)
    assert problems(event("SENT", emailId=email.pk)) == []
    assert problems(event("SENT", emailId=email.pk + 1)) == [f"there is no email {email.pk + 1}"]
    branch = {"filterBranchType": "AND", "filters": [event("SENT", emailId=email.pk)]}
    (line,) = base.summary(branch, CONTACT)
    assert line.sentence == 'Email sent has happened with this: (email "Hello")'


def consent(kind: str | None, *states: str) -> dict[str, Any]:
    return {
        "filterType": "EMAIL_SUBSCRIPTION",
        "subscriptionType": kind,
        "subscriptionIds": [],
        "acceptedStatuses": list(states),
    }


def test_consent_to_email(ids: dict[str, int]) -> None:
    AddressState.objects.create(address="bob@example.com", unsubscribed_at=NOW)
    AddressState.objects.create(address="cid@example.com", hard_bounced_at=NOW)
    AddressState.objects.create(address="dan@example.com", complained_at=NOW)
    ids["eve"], ids["fay"] = contacts(
        {"email": "eve@example.com", "hs_email_optout": True}, {"firstname": "Fay"}
    )
    everyone = set(ids)
    for kind in ("PORTAL", None):
        assert ask(ids, consent(kind, "OPT_OUT")) == {"bob", "eve"}
        assert ask(ids, consent(kind, "NOT_OPTED")) == everyone - {"bob", "eve"}
        assert ask(ids, consent(kind, "OPT_OUT"), "NOT_ANY") == everyone - {"bob", "eve"}
    assert ask(ids, consent("HARDBOUNCE", "OPT_OUT")) == {"cid"}
    assert ask(ids, consent("SPAMREPORT", "OPT_OUT")) == {"dan"}
    assert ask(ids, consent("PORTAL", "OPT_IN")) == set()
    assert ask(ids, consent("PORTAL", "OPT_OUT", "NOT_OPTED")) == everyone
    channel = {
        "filterType": "COMMUNICATION_SUBSCRIPTION",
        "channel": "EMAIL",
        "subscriptionType": "PORTAL_WIDE",
        "acceptedOptStates": ["OPT_OUT"],
    }
    assert ask(ids, channel) == {"bob", "eve"}
    assert problems({**channel, "channel": "SMS"}) == [
        "integration not connected: messages by SMS are not kept"
    ]
    assert problems(consent("SUBSCRIPTION", "OPT_IN")) == [
        "integration not connected: types of subscriptions are not kept"
    ]


def test_only_contacts_subscribe() -> None:
    branch = {"filterBranchType": "AND", "filters": [consent("PORTAL", "OPT_OUT")]}
    with pytest.raises(base.FilterError, match="only contacts subscribe to email"):
        base.parse(branch, properties.load("0-2"), object_type="0-2")
