from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from django.db import connection, transaction

from conftest import SameQueriesFor
from crm import changes, clock, events
from crm.models import Event
from crm.sql import SQL, sql
from crm.tests.writing import people, take_changes

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def happened(ids: list[int]) -> SQL:
    return sql(
        """SELECT i AS record_id, jsonb_build_object('link', 'https://example.com/' || n)
        AS properties, 'mail:7'::text AS source_id
        FROM unnest({ids}::bigint[]) WITH ORDINALITY AS u(i, n)""",
        ids=ids,
    )


def test_an_event_is_logged_and_queued() -> None:
    first, second = people(2)
    take_changes()
    with clock.at(MOMENT):
        count = events.record(
            "email.clicked", happened([first, second]), "0-1", source_kind="EMAIL", hops=1
        )
    assert count == 2
    event = Event.objects.get(type="email.clicked", record_id=second)
    assert event.properties == {"link": "https://example.com/2"}
    assert (event.object_type, event.source, event.source_id, event.at) == (
        "0-1", "EMAIL", "mail:7", MOMENT,
    )  # fmt: skip
    assert take_changes() == [
        {
            "object_type": "0-1",
            "record_ids": [first, second],
            "property_names": [],
            "list_ids": [],
            "event_types": ["email.clicked"],
            "hops": 1,
        }
    ]


def test_nothing_that_happened_leaves_no_queue_row() -> None:
    assert events.record("email.clicked", happened([]), "0-1", source_kind="EMAIL") == 0
    assert take_changes() == []


@pytest.mark.parametrize(("count", "sizes"), [(5000, [5000]), (5001, [5000, 1])])
def test_a_queue_row_names_five_thousand_records_at_most(count: int, sizes: list[int]) -> None:
    people(count)
    rows = take_changes()
    assert sorted((len(row["record_ids"]) for row in rows), reverse=True) == sizes


def test_logging_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    same_queries_for(
        lambda size: people(size, start=size * 10),
        lambda ids: events.record("email.opened", happened(ids), "0-1", source_kind="EMAIL"),
    )


def test_events_of_far_months_have_a_place() -> None:
    (pk,) = people(1)
    for year in (1999, 2099):
        with clock.at(MOMENT.replace(year=year)):
            events.record("email.opened", happened([pk]), "0-1", source_kind="EMAIL")
    opened = Event.objects.filter(record_id=pk, type="email.opened").order_by("at")
    assert [event.at.year for event in opened] == [1999, 2099]


@pytest.mark.django_db(transaction=True)
def test_the_ticker_hears_of_a_change_when_it_is_committed_and_not_before() -> None:
    parameters = connection.get_connection_params()
    with psycopg.connect(**parameters, autocommit=True) as listening:
        listening.execute(f"LISTEN {events.CHANNEL}")
        with transaction.atomic():
            (pk,) = people(1)
            changes.update(
                "0-1", {pk: {"city": "Oslo"}}, changes.Source(kind=changes.SourceKind.API)
            )
            assert list(listening.notifies(timeout=0.1)) == []
        heard = list(listening.notifies(timeout=5, stop_after=1))
        assert [notice.payload for notice in heard] == ["match"]
        with transaction.atomic():
            people(1, start=1)
            transaction.set_rollback(True)
        assert list(listening.notifies(timeout=0.1)) == []
