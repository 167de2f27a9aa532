from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from conftest import SameQueriesFor
from crm import associations, change_queue, changes, clock
from crm.lists import editing, evaluation, listening, membership, sizes
from crm.models import List, ListMembership, ListTally, Property, PropertyGroup
from crm.tests.listing import active, any_of, build, city, follow, in_list, members, prop, static
from crm.tests.writing import SYSTEM, people, select, take_changes

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def set_city(ids: list[int], name: str | None) -> None:
    changes.update("0-1", {key: {"city": name} for key in ids}, SYSTEM)


def test_who_meets_the_filters_enters_and_who_does_not_leaves() -> None:
    oslo = active("Oslo", city("Oslo"))
    first, second = people(2)
    set_city([first], "Oslo")
    with clock.at(MOMENT):
        follow()
    assert members(oslo) == [first]
    assert ListMembership.objects.get().since == MOMENT
    set_city([first], None)
    set_city([second], "Oslo")
    follow()
    assert members(oslo) == [second]


def test_a_new_record_and_one_that_is_restored_enter() -> None:
    oslo = active("Oslo", city("Oslo"))
    [one] = people(1, city="Oslo")
    follow()
    assert members(oslo) == [one]
    changes.archive("0-1", select([one]), SYSTEM)
    follow()
    assert members(oslo) == []
    changes.restore("0-1", select([one]), SYSTEM)
    follow()
    assert members(oslo) == [one]


def test_an_archived_record_leaves_static_lists_for_good() -> None:
    """A-069"""
    guests = static("Guests")
    one, two = people(2)
    membership.add(guests, select([one, two]))
    changes.archive("0-1", select([one]), SYSTEM)
    follow()
    assert members(guests) == [two]
    changes.restore("0-1", select([one]), SYSTEM)
    follow()
    assert members(guests) == [two]
    assert sizes.of([guests.pk])[guests.pk].count == 1


def test_what_the_filters_do_not_ask_changes_nothing() -> None:
    oslo = active("Oslo", city("Oslo"))
    [one] = people(1, city="Oslo")
    follow()
    since = ListMembership.objects.get().since
    changes.update("0-1", {one: {"jobtitle": "Cook"}}, SYSTEM)
    follow()
    assert members(oslo) == [one]
    assert ListMembership.objects.get().since == since


def test_members_that_come_and_go_are_queued_once_per_list() -> None:
    oslo, other = active("Oslo", city("Oslo")), active("Bergen", city("Bergen"))
    [one, two] = people(2, city="Bergen")
    follow()
    changes.update("0-1", {one: {"city": "Oslo"}, two: {"city": "Oslo"}}, SYSTEM)
    with transaction.atomic():
        taken = change_queue.take(20)
        assert evaluation.judge(taken) == 4
    queued = [(row["list_ids"], row["record_ids"], row["hops"]) for row in take_changes()]
    assert sorted(queued) == sorted([([oslo.pk], [one, two], 0), ([other.pk], [one, two], 0)])


def test_the_hops_of_a_change_go_on() -> None:
    active("Oslo", city("Oslo"))
    [one] = people(1)
    follow()
    changes.update("0-1", {one: {"city": "Oslo"}}, changes.Source(kind=SYSTEM.kind, hops=3))
    with transaction.atomic():
        evaluation.judge(change_queue.take(20))
    assert [row["hops"] for row in take_changes()] == [3]


def test_lists_follow_the_lists_they_refer_to() -> None:
    guests = static("Guests")
    invited = active("Invited", in_list(guests))
    stay = active("Stay", [in_list(invited), city("Oslo")])
    away = active("Away", in_list(invited, "NOT_IN_LIST"))
    one, two = people(2, city="Oslo")
    membership.add(guests, select([one]))
    follow()
    assert (members(invited), members(stay), members(away)) == ([one], [one], [two])
    membership.remove(guests, select([one]))
    follow()
    assert (members(invited), members(stay), members(away)) == ([], [], [one, two])


def test_nobody_is_put_into_or_taken_out_of_a_dynamic_list_by_hand() -> None:
    oslo = active("Oslo", city("Oslo"))
    [one] = people(1, city="Oslo")
    follow()
    with pytest.raises(membership.NotStatic, match="active list"):
        membership.remove(oslo, select([one]))
    with pytest.raises(membership.NotStatic):
        membership.add(oslo, select([one]))
    assert members(oslo) == [one]


def test_a_deleted_property_takes_everybody_out_without_a_restart() -> None:
    group = PropertyGroup.objects.filter(object_type="0-1")[0]
    shade = Property.objects.create(
        object_type="0-1", name="shade", label="Shade", type="string", field_type="text",
        group=group, created_at=MOMENT,
    )  # fmt: skip
    red = active("Red", prop("shade", "MULTISTRING", "IS_EQUAL_TO", values=["red"]))
    one, two = people(2)
    changes.update("0-1", {one: {"shade": "red"}}, SYSTEM)
    follow()
    assert members(red) == [one]
    Property.objects.filter(pk=shade.pk).update(archived_at=MOMENT)
    changes.archive("0-1", select([two]), SYSTEM)
    changes.archive("0-1", select([one]), SYSTEM)
    changes.restore("0-1", select([one]), SYSTEM)
    follow()
    assert members(red) == []


def test_filters_are_read_once_per_version() -> None:
    oslo = active("Oslo", city("Oslo"))
    [known] = [item for item in listening.dynamic() if item.list_id == oslo.pk]
    [again] = [item for item in listening.dynamic() if item.list_id == oslo.pk]
    assert again is known
    editing.change_filters(oslo, any_of(city("Bergen")))
    [changed] = [item for item in listening.dynamic() if item.list_id == oslo.pk]
    assert changed.version == 2


def test_sizes_are_kept_with_every_change() -> None:
    oslo = active("Oslo", city("Oslo"))
    with clock.at(MOMENT - timedelta(days=2)):
        ids = people(3, city="Oslo")
        follow()
    with clock.at(MOMENT):
        set_city(ids[:1], "Bergen")
        follow()
        size = sizes.of([oslo.pk, 10**9])
        assert size[oslo.pk] == sizes.Size(
            count=2, added_at=MOMENT - timedelta(days=2), removed_at=MOMENT
        )
        assert size[10**9].count == 0
        assert [count for _, count in sizes.history(oslo.pk, 4)] == [0, 3, 3, 2]


def test_tallies_of_a_day_become_one_without_changing_a_size() -> None:
    guests = static("Guests")
    for day in (0, 1):
        for number in range(3):
            with clock.at(MOMENT + timedelta(days=day, hours=number)):
                membership.add(guests, select(people(1, start=day * 10 + number)))
    before = sizes.of([guests.pk])
    assert evaluation.fold_tallies() == 2
    assert ListTally.objects.count() == 2
    assert sizes.of([guests.pk]) == before
    assert evaluation.fold_tallies() == 0
    with clock.at(MOMENT + timedelta(days=2)):
        assert [count for _, count in sizes.history(guests.pk, 3)] == [3, 6, 6]


def test_a_change_of_an_associated_record_is_followed() -> None:
    to_company = associations.between("0-1", "0-2")
    branch = {
        "filterBranchType": "ASSOCIATION",
        "objectTypeId": "0-2",
        "operator": "IN_LIST",
        "associationTypeId": to_company.type_id,
        "associationCategory": to_company.category,
        "filters": [city("Oslo")],
    }
    root = {
        "filterBranchType": "OR",
        "filterBranches": [{"filterBranchType": "AND", "filterBranches": [branch]}],
    }
    made = editing.create("At a company in Oslo", "0-1", "DYNAMIC", filter_branch=root)
    build()
    [one] = people(1)
    [company] = changes.create("0-2", [{"name": "Acme"}], SYSTEM)
    associations.associate(to_company, associations.pairs([(one, company)]))
    follow()
    assert members(made) == []
    changes.update("0-2", {company: {"city": "Oslo"}}, SYSTEM)
    follow()
    assert members(made) == [one]


def test_judging_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    for number in range(5):
        active(f"List {number}", city(f"Town {number}"))
    starts = iter(range(0, 10**6, 10_000))

    def make(size: int) -> None:
        take_changes()
        people(size, start=next(starts), city="Town 3")

    def run(_: None) -> None:
        with transaction.atomic():
            evaluation.judge(change_queue.take(20))

    same_queries_for(make, run)


def test_a_list_whose_filters_are_broken_holds_nobody() -> None:
    oslo = active("Oslo", city("Oslo"))
    List.objects.filter(pk=oslo.pk).update(filter_branch={"filterBranchType": "?"}, version=2)
    people(1, city="Oslo")
    follow()
    assert members(oslo) == []
