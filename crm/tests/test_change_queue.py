from __future__ import annotations

import pytest
from django.db import transaction

from crm import change_queue, events
from crm.models import Change
from crm.sql import SQL, execute, rows
from crm.tests.writing import people, select, take_changes

pytestmark = pytest.mark.django_db


def changed() -> list[tuple[int, int]]:
    return rows(SQL("SELECT record_id, hops FROM changed ORDER BY record_id, hops"))


def put(ids: list[int], **what: object) -> None:
    execute(events.queue("0-1", select(ids), **what))  # type: ignore[arg-type]


def test_what_changed_is_taken_with_its_records() -> None:
    one, two = people(2)
    take_changes()
    put([one, two], property_names=["city"], hops=2)
    put([two], list_ids=[7], event_types=["form.submitted"])
    first, second = change_queue.take(10)
    assert (first.object_type, first.property_names) == ("0-1", frozenset({"city"}))
    assert (second.list_ids, second.event_types) == (frozenset({7}), frozenset({"form.submitted"}))
    assert changed() == [(one, 2), (two, 0), (two, 2)]
    assert not Change.objects.exists()


def test_the_oldest_are_taken_first_and_the_table_holds_only_these() -> None:
    one, two = people(2)
    take_changes()
    put([one])
    put([two])
    assert len(change_queue.take(1)) == 1
    assert changed() == [(one, 0)]
    assert len(change_queue.take(1)) == 1
    assert changed() == [(two, 0)]
    assert change_queue.take(1) == []
    assert changed() == []


def test_rows_that_are_rolled_back_are_in_the_queue_again() -> None:
    [one] = people(1)
    take_changes()
    put([one])
    with transaction.atomic():
        assert len(change_queue.take(1)) == 1
        transaction.set_rollback(True)
    assert Change.objects.get().record_ids == [one]
