from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from conftest import SameQueriesFor
from crm import change_queue, changes, clock, events
from crm.lists import building, editing, membership, sizes
from crm.models import Change, List
from crm.tests.listing import active, any_of, build, city, follow, in_list, members, prop, static
from crm.tests.writing import SYSTEM, people, select, take_changes

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
AGO = prop(
    "closedate", "ROLLING_DATE_RANGE", "IS_MORE_THAN_X_DAYS_AGO",
    numberOfDays=7, requiresTimeZoneConversion=False,
)  # fmt: skip


def fresh(target: List) -> List:
    return List.objects.get(pk=target.pk)


def test_a_new_list_is_filled_slice_by_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE", 2)
    ids = people(5, city="Oslo")
    people(2, start=100)
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    assert (made.processing_status, members(made)) == ("PROCESSING", [])
    assert building.build()
    assert (fresh(made).processing_status, members(made)) == ("PROCESSING", ids[:2])
    build()
    assert (fresh(made).processing_status, members(made)) == ("COMPLETE", ids)
    assert not building.is_unfinished()
    assert sizes.of([made.pk])[made.pk].count == 5


def test_a_slice_that_fails_is_done_again_and_nothing_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(building, "SLICE", 2)
    ids = people(4, city="Oslo")
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    building.build()
    with monkeypatch.context() as broken:
        broken.setattr(events, "QUEUE_CHUNK", 0)
        with pytest.raises(DatabaseError, match="division by zero"), transaction.atomic():
            building.build()
    assert members(made) == ids[:2]
    build()
    assert members(made) == ids
    assert sizes.of([made.pk])[made.pk].count == 4


def test_new_filters_take_out_who_does_not_meet_them() -> None:
    people(2, city="Oslo")
    bergen = people(2, start=10, city="Bergen")
    made = active("Town", city("Oslo"))
    changed = editing.change_filters(made, any_of(city("Bergen")))
    assert (changed.version, changed.processing_status) == (2, "PROCESSING")
    build()
    assert members(made) == bergen


def test_a_change_during_the_build_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE", 2)
    one, two, three, four = people(4, city="Oslo")
    take_changes()
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    building.build()
    changes.update("0-1", {one: {"city": "Bergen"}, four: {"city": "Bergen"}}, SYSTEM)
    follow()
    assert members(made) == [two]
    build()
    assert members(made) == [two, three]


def test_a_snapshot_is_filled_once_and_then_belongs_to_people() -> None:
    first, second, other = people(3)
    changes.update("0-1", {first: {"city": "Oslo"}}, SYSTEM)
    made = editing.create("Then", "0-1", "SNAPSHOT", filter_branch=any_of(city("Oslo")))
    membership.add(made, select([other]))
    build()
    assert members(made) == [first, other]
    changes.update("0-1", {first: {"city": ""}, second: {"city": "Oslo"}}, SYSTEM)
    follow()
    assert members(made) == [first, other]
    membership.remove(made, select([first]))
    assert members(made) == [other]


def test_time_alone_changes_who_is_in_a_list() -> None:
    with clock.at(MOMENT):
        [deal] = changes.create(
            "0-3", [{"dealname": "D", "closedate": "2026-03-01T00:00:00.000Z"}], SYSTEM
        )
        stale = active("Stale", AGO, object_type="0-3")
        plain = active("Plain", city("Oslo"))
        assert members(stale) == []
    with clock.at(MOMENT + timedelta(days=10)):
        assert building.sweep() == 1
        assert fresh(plain).build_cursor is None
        # It is not shown as being built: its filters are the same.
        assert fresh(stale).processing_status == "COMPLETE"
        assert building.sweep() == 0
        build()
        assert members(stale) == [deal]


def test_records_that_enter_quietly_are_marked_in_the_queue() -> None:
    """W-199"""
    made = active("Town", city("Oslo"))
    ids = people(2, city="Bergen")
    take_changes()
    editing.change_filters(made, any_of(city("Bergen")), starts_workflows=False)
    build()
    [change] = take_changes()
    assert (change["record_ids"], change["event_types"]) == (ids, [change_queue.QUIET])
    editing.change_filters(made, any_of(city("Oslo")))
    build()
    assert [row["event_types"] for row in take_changes()] == [[]]


def test_lists_built_together_share_each_slice() -> None:
    people(3, city="Oslo")
    first = editing.create("A", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    second = editing.create("B", "0-1", "DYNAMIC", filter_branch=any_of(city("Bergen")))
    company = editing.create("C", "0-2", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    assert building.build()
    assert [fresh(row).is_processing for row in (first, second, company)] == [False, False, True]
    assert building.build()
    assert not building.build()


def test_building_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    made = active("Oslo", city("Oslo"))
    starts = iter(range(0, 10**6, 10_000))

    def make(size: int) -> None:
        people(size, start=next(starts), city="Oslo")
        building.begin([made.pk])

    same_queries_for(make, lambda _: building.build(), sizes=(10, 4000))


def test_deleting_and_restoring_reaches_lists_that_refer_to_it() -> None:
    guests = static("Guests")
    invited = active("Invited", in_list(guests))
    [one] = people(1)
    membership.add(guests, select([one]))
    follow()
    editing.delete(guests)
    build()
    assert members(invited) == []
    take_changes()
    editing.restore(guests)
    build()
    assert members(invited) == [one]
    assert {tuple(row["event_types"]) for row in take_changes()} == {(change_queue.QUIET,)}


@pytest.mark.django_db(transaction=True)
def test_a_slice_waits_for_the_matcher_and_sees_what_it_did() -> None:
    """Two that judge at once would leave a record in the list that no longer belongs there."""
    [one] = people(1, city="Oslo")
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    Change.objects.all().delete()
    finished = threading.Event()

    def elsewhere() -> None:
        try:
            build()
        finally:
            finished.set()
            connection.close()

    worker = threading.Thread(target=elsewhere)
    with transaction.atomic():
        change_queue.lock()
        worker.start()
        assert not finished.wait(0.5)
        changes.update("0-1", {one: {"city": "Bergen"}}, SYSTEM)
    worker.join(10)
    follow()
    assert members(made) == []


@pytest.mark.django_db(transaction=True)
def test_two_builders_judge_each_slice_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "SLICE", 20)
    ids = people(100, city="Oslo")
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))

    def work() -> None:
        try:
            build()
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
    assert members(made) == ids
    assert sizes.of([made.pk])[made.pk].count == 100
