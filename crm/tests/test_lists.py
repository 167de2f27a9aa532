from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from conftest import SameQueriesFor
from crm import changes, clock
from crm.lists import membership
from crm.models import List, ListMembership
from crm.tests.writing import SYSTEM, people, select, take_changes

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def guests() -> List:
    return List.objects.create(name="Guests", object_type="0-1", created_at=MOMENT)


def members(target: List) -> list[int]:
    return list(target.memberships.order_by("record_id").values_list("record_id", flat=True))


def test_records_are_put_into_a_list_once(guests: List) -> None:
    first, second = people(2)
    take_changes()
    with clock.at(MOMENT):
        assert membership.add(guests, select([first]), hops=2) == 1
    assert take_changes() == [
        {
            "object_type": "0-1",
            "record_ids": [first],
            "property_names": [],
            "list_ids": [guests.pk],
            "event_types": [],
            "hops": 2,
        }
    ]
    with clock.at(MOMENT + timedelta(days=1)):
        assert membership.add(guests, select([first, second, second])) == 1
    assert members(guests) == [first, second]
    assert ListMembership.objects.get(record_id=first).since == MOMENT
    # Only the new one is news.
    assert [row["record_ids"] for row in take_changes()] == [[second]]
    assert membership.add(guests, select([first])) == 0
    assert take_changes() == []


def test_only_live_records_of_the_type_of_the_list_come_in(guests: List) -> None:
    here, archived = people(2)
    changes.archive("0-1", select([archived]), SYSTEM)
    (deal,) = changes.create("0-3", [{"dealname": "x"}], SYSTEM)
    assert membership.add(guests, select([here, archived, deal, 999_999_999])) == 1
    assert members(guests) == [here]


def test_records_leave_a_list(guests: List) -> None:
    first, second, third = people(3)
    other = List.objects.create(name="Others", object_type="0-1", created_at=MOMENT)
    membership.add(guests, select([first, second]))
    membership.add(other, select([first]))
    take_changes()
    assert membership.remove(guests, select([first, third]), hops=1) == 1
    assert (members(guests), members(other)) == ([second], [first])
    (change,) = take_changes()
    assert (change["record_ids"], change["list_ids"], change["hops"]) == ([first], [guests.pk], 1)
    assert membership.remove(guests, select([first])) == 0
    assert take_changes() == []


@pytest.mark.parametrize("is_in", [False, True])
def test_membership_costs_the_same_queries_for_any_number(
    same_queries_for: SameQueriesFor, guests: List, is_in: bool
) -> None:
    def make(size: int) -> list[int]:
        ids = people(size, start=size * 10)
        if is_in:
            membership.add(guests, select(ids))
        return ids

    change = membership.remove if is_in else membership.add
    same_queries_for(make, lambda ids: change(guests, select(ids)))
