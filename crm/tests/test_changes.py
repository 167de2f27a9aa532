"""The only writer of records: what it writes, and that it writes all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection, transaction

from conftest import SameQueriesFor
from crm import changes, clock
from crm.changes import Delta, DuplicateValue
from crm.models import Event, Property, PropertyGroup, PropertyHistory, Record, SearchText
from crm.properties import InvalidProperties
from crm.sql import SQL, sql
from crm.tests.writing import (
    SYSTEM,
    contacts,
    events,
    history,
    people,
    select,
    take_changes,
    unique_values,
)

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
LATER = MOMENT + timedelta(hours=1)


def values(record: int) -> dict[str, Any]:
    return Record.objects.get(pk=record).properties


def nothing_was_written() -> bool:
    tables = (Record, PropertyHistory, Event, SearchText)
    return not any(table.objects.exists() for table in tables) and take_changes() == []


def test_a_record_is_created_with_history_event_and_queue_row() -> None:
    user = User.objects.create(username="ines")
    source = changes.Source(kind=changes.SourceKind.CRM_UI, id="form", user_id=user.pk, hops=2)
    with clock.at(MOMENT):
        first, second = changes.create(
            "0-1",
            [
                {"email": " Ana@Example.com", "firstname": "Ana", "city": ""},
                {"email": "ben@example.com", "hubspotscore": "12", "hs_email_optout": "no"},
            ],
            source,
        )
    ana = Record.objects.get(pk=first)
    assert (ana.object_type, ana.created_at, ana.updated_at) == ("0-1", MOMENT, MOMENT)
    assert ana.properties == {"email": "ana@example.com", "firstname": "Ana"}
    assert values(second) == {
        "email": "ben@example.com", "hubspotscore": 12, "hs_email_optout": False,
    }  # fmt: skip
    assert sorted(history(first)) == [("email", "ana@example.com"), ("firstname", "Ana")]
    written = PropertyHistory.objects.get(record_id=first, property_name="firstname")
    assert (written.source, written.source_id, written.user_id) == ("CRM_UI", "form", user.pk)
    assert written.at == MOMENT
    event = Event.objects.get(record_id=second)
    assert (event.type, event.object_type, event.properties) == ("record.created", "0-1", {})
    assert (event.source, event.source_id, event.at) == ("CRM_UI", "form", MOMENT)
    assert take_changes() == [
        {
            "object_type": "0-1",
            "record_ids": [first, second],
            "property_names": ["email", "firstname", "hs_email_optout", "hubspotscore"],
            "list_ids": [],
            "event_types": ["record.created"],
            "hops": 2,
        }
    ]
    assert unique_values() == {"ana@example.com": first, "ben@example.com": second}


def test_a_record_without_values_is_a_record() -> None:
    (pk,) = changes.create("0-3", [{}], SYSTEM)
    assert (values(pk), history(pk), events(pk)) == ({}, [], ["record.created"])
    assert [row["property_names"] for row in take_changes()] == [[]]


def test_nothing_is_created_when_one_row_does_not_fit() -> None:
    with pytest.raises(InvalidProperties):
        contacts({"email": "a@example.com"}, {"email": "nobody"})
    assert nothing_was_written()


def test_nothing_is_created_when_one_address_is_taken() -> None:
    with pytest.raises(DuplicateValue, match="Another record has this email already"):
        contacts({"email": "a@example.com"}, {"email": "A@example.com"})
    assert nothing_was_written()


def test_one_address_may_belong_to_records_of_two_types() -> None:
    group = PropertyGroup.objects.filter(object_type="0-2").first()
    assert group is not None
    Property.objects.create(
        object_type="0-2", name="email", label="Email", group=group, type="string",
        field_type="text", is_unique=True, created_at=clock.now(),
    )  # fmt: skip
    contacts({"email": "a@example.com"})
    changes.create("0-2", [{"email": "a@example.com"}], SYSTEM)
    assert Record.objects.count() == 2


@pytest.mark.parametrize("others", [{}, {"jobtitle": "Pilot"}], ids=["one property", "several"])
def test_a_change_leaves_history_and_a_queue_row(others: dict[str, str]) -> None:
    with clock.at(MOMENT):
        (pk,) = contacts({"email": "a@example.com", "city": "Oslo"})
    take_changes()
    source = changes.Source(kind=changes.SourceKind.AUTOMATION_PLATFORM, id="flow:1:2", hops=3)
    with clock.at(LATER):
        assert changes.update("0-1", {pk: {"city": " Bergen "} | others}, source) == 1
    record = Record.objects.get(pk=pk)
    assert record.properties == {"email": "a@example.com", "city": "Bergen"} | others
    assert (record.created_at, record.updated_at) == (MOMENT, LATER)
    assert sorted(history(pk)[2:]) == [("city", "Bergen"), *others.items()]
    written = PropertyHistory.objects.get(record_id=pk, value="Bergen")
    assert (written.source, written.source_id, written.at) == (
        "AUTOMATION_PLATFORM", "flow:1:2", LATER,
    )  # fmt: skip
    assert take_changes() == [
        {
            "object_type": "0-1",
            "record_ids": [pk],
            "property_names": ["city", *others],
            "list_ids": [],
            "event_types": [],
            "hops": 3,
        }
    ]
    assert events(pk) == ["record.created"]


@pytest.mark.parametrize("others", [{}, {"jobtitle": None}], ids=["one property", "several"])
def test_none_clears(others: dict[str, None]) -> None:
    (pk,) = contacts({"email": "a@example.com", "city": "Oslo"})
    assert changes.update("0-1", {pk: {"city": None} | others}, SYSTEM) == 1
    assert values(pk) == {"email": "a@example.com"}
    assert history(pk)[2:] == [("city", None)]
    # Clearing what is empty is no change.
    assert changes.update("0-1", {pk: {"city": ""} | others}, SYSTEM) == 0
    assert len(history(pk)) == 3


@pytest.mark.parametrize("others", [{}, {"hubspotscore": "12"}], ids=["one property", "several"])
def test_an_equal_value_leaves_no_trace(others: dict[str, str]) -> None:
    with clock.at(MOMENT):
        (pk,) = contacts({"email": "a@example.com", "city": "Oslo", "hubspotscore": 12})
    take_changes()
    before = history(pk)
    assert changes.update("0-1", {pk: {"city": "Oslo "} | others}, SYSTEM) == 0
    assert history(pk) == before
    assert Record.objects.get(pk=pk).updated_at == MOMENT
    assert take_changes() == []


def test_only_what_changed_stands_in_the_history() -> None:
    first, second = contacts({"email": "a@example.com", "city": "Oslo"}, {"email": "b@example.com"})
    both = {"city": "Oslo", "jobtitle": "Pilot"}
    assert changes.update("0-1", {first: both, second: both}, SYSTEM) == 2
    assert history(first)[2:] == [("jobtitle", "Pilot")]
    assert sorted(history(second)[1:]) == [("city", "Oslo"), ("jobtitle", "Pilot")]


@pytest.mark.parametrize("others", [{}, {"jobtitle": "Pilot"}], ids=["one property", "several"])
def test_records_that_are_not_there_are_left_out(others: dict[str, str]) -> None:
    here, archived = people(2)
    (deal,) = changes.create("0-3", [{"dealname": "x"}], SYSTEM)
    changes.archive("0-1", select([archived]), SYSTEM)
    change = {"city": "Oslo"} | others
    wanted = dict.fromkeys((here, archived, deal, 999999999), change)
    assert changes.update("0-1", wanted, SYSTEM) == 1
    assert values(deal) == {"dealname": "x"}
    assert values(archived) == {"email": "p1@example.com"}


def test_a_change_that_does_not_fit_changes_nothing() -> None:
    first, second = people(2)
    with pytest.raises(InvalidProperties) as caught:
        changes.update("0-1", {first: {"city": "Oslo"}, second: {"cities": "x"}}, SYSTEM)
    assert caught.value.errors == {"cities": "does not exist"}
    assert values(first) == {"email": "p0@example.com"}


def test_a_new_address_frees_the_old_one() -> None:
    first, second = people(2)
    changes.update("0-1", {first: {"email": "new@example.com"}}, SYSTEM)
    changes.update("0-1", {second: {"email": "p0@example.com"}}, SYSTEM)
    assert unique_values() == {"new@example.com": first, "p0@example.com": second}
    changes.update("0-1", {first: {"email": None}}, SYSTEM)
    assert unique_values() == {"p0@example.com": second}


def test_two_records_swap_their_addresses() -> None:
    first, second = people(2)
    swap = {first: {"email": "p1@example.com"}, second: {"email": "p0@example.com"}}
    assert changes.update("0-1", swap, SYSTEM) == 2
    assert unique_values() == {"p1@example.com": first, "p0@example.com": second}


def test_a_taken_address_changes_nothing() -> None:
    first, second = people(2)
    with pytest.raises(DuplicateValue) as caught:
        changes.update("0-1", {first: {"email": "P1@example.com", "city": "Oslo"}}, SYSTEM)
    assert caught.value.property_name == "email"
    assert values(first) == {"email": "p0@example.com"}
    assert len(history(first)) == 1
    assert unique_values() == {"p0@example.com": first, "p1@example.com": second}


def test_archived_records_give_their_address_free() -> None:
    first, second = people(2)
    take_changes()
    with clock.at(LATER):
        assert changes.archive("0-1", select([first, second]), SYSTEM) == 2
    assert Record.objects.get(pk=first).archived_at == LATER
    assert events(first) == ["record.created", "record.archived"]
    assert [row["event_types"] for row in take_changes()] == [["record.archived"]]
    assert unique_values() == {}
    assert changes.archive("0-1", select([first]), SYSTEM) == 0
    (third,) = people(1)
    with pytest.raises(DuplicateValue):
        changes.restore("0-1", select([first, second]), SYSTEM)
    assert Record.objects.filter(archived_at=None).get().pk == third
    assert changes.restore("0-1", select([second, third]), SYSTEM) == 1
    assert events(second) == ["record.created", "record.archived", "record.restored"]
    assert unique_values() == {"p0@example.com": third, "p1@example.com": second}


def test_archiving_asks_for_the_type() -> None:
    (deal,) = changes.create("0-3", [{"dealname": "x"}], SYSTEM)
    assert changes.archive("0-1", select([deal]), SYSTEM) == 0
    assert Record.objects.get(pk=deal).archived_at is None


def test_changes_are_made_of_selects() -> None:
    ids = people(3)
    source = changes.Source(kind=changes.SourceKind.AUTOMATION_PLATFORM)
    chosen = sql(
        "SELECT id AS record_id, jsonb_build_object('city', 'C' || id, 'jobtitle', NULL) AS delta,"
        " 'run:' || id AS source_id FROM crm_record WHERE id > {first}",
        first=ids[0],
    )
    assert changes.update_from("0-1", chosen, ["city", "jobtitle"], source) == 2
    assert [values(pk).get("city") for pk in ids] == [None, f"C{ids[1]}", f"C{ids[2]}"]
    written = PropertyHistory.objects.get(record_id=ids[2], property_name="city")
    assert written.source_id == f"run:{ids[2]}"


def test_a_select_of_no_names_is_no_change() -> None:
    assert changes.update_from("0-1", SQL("SELECT not run"), [], SYSTEM) == 0


def plus_one(*names: str) -> Delta:
    """Count up properties of the record as it is once locked."""
    pairs = ", ".join(
        f"'{name}', coalesce((r.properties->>'{name}')::int, 0) + 1" for name in names
    )
    return Delta(sql=SQL(f"jsonb_build_object({pairs})"), clears=False)


def in_threads(*work: Callable[[], object]) -> None:
    def alone(run: Callable[[], object]) -> None:
        try:
            run()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as threads:
        list(threads.map(alone, work))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("names", [["hubspotscore"], ["hubspotscore", "num_notes"]])
def test_two_writers_at_once_lose_nothing(names: list[str]) -> None:
    ids = people(20)
    chosen = sql("SELECT record_id, ''::text AS source_id FROM ({ids}) i", ids=select(ids))

    def count_up() -> None:
        for _ in range(25):
            with transaction.atomic():
                changes.update_from("0-1", chosen, names, SYSTEM, delta=plus_one(*names))

    in_threads(count_up, count_up)
    assert {tuple(values(pk).get(name) for name in names) for pk in ids} == {
        tuple(50 for _ in names)
    }
    assert PropertyHistory.objects.filter(property_name="hubspotscore").count() == 20 * 50


def by_hundreds(size: int) -> list[int]:
    return people(size, start=size * 10)


def test_creating_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    same_queries_for(lambda size: size, by_hundreds)


@pytest.mark.parametrize("change", [{"city": "Oslo"}, {"city": "Oslo", "jobtitle": "Pilot"}])
def test_updating_costs_the_same_queries_for_any_number(
    same_queries_for: SameQueriesFor, change: dict[str, str]
) -> None:
    same_queries_for(
        by_hundreds,
        lambda ids: changes.update("0-1", dict.fromkeys(ids, change), SYSTEM),
    )


def test_archiving_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    same_queries_for(by_hundreds, lambda ids: changes.archive("0-1", select(ids), SYSTEM))
