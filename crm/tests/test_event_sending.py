from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from conftest import SameQueriesFor
from crm import changes, clock, event_editing, event_sending, events
from crm.event_sending import Given, InvalidEvent, Refused, UnknownEvent, UnknownRecord
from crm.models import CustomEvent, CustomEventProperty, Event, Visitor, VisitorEvent
from crm.tests.writing import people, take_changes
from crm.tracking import visitors

pytestmark = pytest.mark.django_db

SOURCE = changes.Source(kind=changes.SourceKind.API, id="shop")
PAID = "pe1_order_paid"
TOKEN = UUID("00112233445566778899aabbccddeeff")


@pytest.fixture(autouse=True)
def order_paid() -> CustomEvent:
    return event_editing.create(
        CustomEvent(name="order_paid", label="Order paid"),
        [
            CustomEventProperty(name="amount", label="Amount", type="number"),
            CustomEventProperty(
                name="plan", label="Plan", type="enumeration",
                options=[{"label": "Basic", "value": "basic"}],
            ),
        ],
    )  # fmt: skip


def contact(email: str = "liv@example.com") -> int:
    (pk,) = changes.create("0-1", [{"email": email}], SOURCE)
    return pk


def paid() -> list[Event]:
    return list(Event.objects.filter(type=PAID).order_by("id"))


def test_an_event_is_recorded_with_typed_properties_at_its_own_time() -> None:
    pk = contact()
    take_changes()
    long_ago = datetime(2019, 5, 4, 3, 2, 1, tzinfo=UTC)
    given = Given(
        name=PAID, record_id=pk, at=long_ago, properties={"amount": "12.50", "plan": "Basic"}
    )
    assert event_sending.send([given], SOURCE) == {}
    (event,) = paid()
    assert (event.record_id, event.properties, event.at, event.source_id) == (
        pk, {"amount": 12.5, "plan": "basic"}, long_ago, "shop",
    )  # fmt: skip
    assert [row["event_types"] for row in take_changes()] == [[PAID]]


def test_a_contact_is_named_by_id_email_or_visitor() -> None:
    pk = contact()
    visitors.see({TOKEN: clock.now()})
    visitors.identify({TOKEN: pk})
    given = [
        Given(name=PAID, record_id=pk),
        Given(name=PAID, email=" Liv@Example.com"),
        Given(name=PAID, visitor=TOKEN),
    ]
    assert event_sending.send(given, SOURCE) == {}
    assert [event.record_id for event in paid()] == [pk, pk, pk]


def test_what_a_stranger_did_is_kept_until_it_is_known_who_it_is() -> None:
    given = Given(name=PAID, visitor=TOKEN, properties={"amount": 3})
    assert event_sending.send([given], SOURCE) == {}
    assert paid() == []
    (kept,) = VisitorEvent.objects.all()
    assert (kept.visitor_id, kept.type, kept.properties) == (TOKEN, PAID, {"amount": 3})
    pk = contact()
    assert visitors.identify({TOKEN: pk}) == 1
    (event,) = paid()
    assert (event.record_id, event.properties, event.source) == (pk, {"amount": 3}, "VISITOR")
    assert not VisitorEvent.objects.exists()


def test_everything_wrong_with_an_event_is_reported_at_once_and_the_others_are_recorded() -> None:
    pk = contact()
    given = [
        Given(name=PAID, record_id=pk, properties={"amount": "much", "plan": "x", "colour": 1}),
        Given(name=PAID, record_id=pk, properties={"amount": 1}),
    ]
    errors = event_sending.send(given, SOURCE)
    assert list(errors) == [0]
    wrong = errors[0]
    assert isinstance(wrong, InvalidEvent)
    assert sorted(wrong.errors) == ["amount", "colour", "plan"]
    assert [event.properties for event in paid()] == [{"amount": 1}]


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        (Given(name="pe1_unknown", record_id=1), UnknownEvent, "no event definition"),
        (Given(name="page.visited", record_id=1), UnknownEvent, "no event definition"),
        (Given(name=PAID, record_id=10**17), UnknownRecord, "no record"),
        (Given(name=PAID, email="nobody@example.com"), UnknownRecord, "no contact"),
        (Given(name=PAID, email="nobody"), UnknownRecord, "not an email address"),
        (Given(name=PAID), UnknownRecord, "objectId, the email or the utk"),
        (Given(name=PAID, visitor=TOKEN, key="k" * 101), Refused, "100 characters"),
        (
            Given(name=PAID, visitor=TOKEN, at=datetime(2999, 1, 1, tzinfo=UTC)),
            Refused,
            "in the future",
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused(given: Given, kind: type[Refused], words: str) -> None:
    errors = event_sending.send([given], SOURCE)
    assert type(errors[0]) is kind
    assert words in str(errors[0])
    assert (paid(), VisitorEvent.objects.count(), Visitor.objects.count()) == ([], 0, 0)


def test_an_event_happens_to_records_of_its_object_only() -> None:
    event_editing.create(CustomEvent(name="renewed", label="Renewed", object_type="0-2"))
    (company,) = changes.create("0-2", [{"name": "Fjord"}], SOURCE)
    given = [
        Given(name="pe1_renewed", record_id=contact()),
        Given(name="pe1_renewed", email="liv@example.com"),
        Given(name="pe1_renewed", record_id=company),
    ]
    errors = event_sending.send(given, SOURCE)
    assert sorted(errors) == [0, 1]
    assert Event.objects.get(type="pe1_renewed").record_id == company


def test_archived_records_and_archived_events_take_no_more() -> None:
    pk = contact()
    changes.archive("0-1", changes.these([pk]), SOURCE)
    given = Given(name=PAID, record_id=pk)
    assert type(event_sending.send([given], SOURCE)[0]) is UnknownRecord
    event_editing.archive(CustomEvent.objects.get())
    given = Given(name=PAID, record_id=contact("ole@example.com"))
    assert type(event_sending.send([given], SOURCE)[0]) is UnknownEvent


def test_an_event_sent_again_has_no_effect() -> None:
    pk = contact()
    given = Given(name=PAID, record_id=pk, key="order-7")
    assert event_sending.send([given, given], SOURCE) == {}
    assert event_sending.send([given], SOURCE) == {}
    assert len(paid()) == 1


def test_a_refused_event_may_be_sent_again() -> None:
    pk = contact()
    wrong = Given(name=PAID, record_id=pk, key="order-7", properties={"amount": "much"})
    assert list(event_sending.send([wrong], SOURCE)) == [0]
    right = Given(name=PAID, record_id=pk, key="order-7", properties={"amount": 5})
    assert event_sending.send([right], SOURCE) == {}
    assert [event.properties for event in paid()] == [{"amount": 5}]


def test_keys_are_let_go_after_a_while() -> None:
    pk = contact()
    given = Given(name=PAID, record_id=pk, key="order-7")
    event_sending.send([given], SOURCE)
    assert events.forget_keys() == 0
    with clock.at(clock.now() + timedelta(days=31)):
        assert events.forget_keys() == 1
        event_sending.send([given], SOURCE)
    assert len(paid()) == 2


def test_sending_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    same_queries_for(
        lambda size: people(size, start=size * 10),
        lambda ids: event_sending.send(
            [
                Given(name=PAID, record_id=pk, key=str(uuid4()), properties={"amount": place})
                if place % 2
                else Given(name=PAID, visitor=uuid4())
                for place, pk in enumerate(ids)
            ],
            SOURCE,
        ),
    )
