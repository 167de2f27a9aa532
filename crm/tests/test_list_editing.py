from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.contrib.auth.models import User

from crm import clock
from crm.features import ACTIVE_LISTS, LIST_FILTERS, STATIC_LISTS
from crm.lists import conversion, editing, folders, membership
from crm.lists.conversion import Inactivity
from crm.models import List, ListFolder, ListMembership
from crm.tests.listing import active, any_of, build, city, follow, in_list, members, prop, static
from crm.tests.writing import people, select
from subscriptions.features import Limit, LimitReached

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def allow(monkeypatch: pytest.MonkeyPatch, limit: Limit, most: int) -> None:
    """The plan allows so many, for this test."""
    monkeypatch.setattr(type(limit), "value", lambda self: most if self is limit else None)


def test_a_list_knows_who_made_and_changed_it_and_when() -> None:
    maker, changer = User.objects.create_user("maker"), User.objects.create_user("changer")
    with clock.at(MOMENT):
        made = editing.create(
            "  Guests  of \n honour ", "0-1", "DYNAMIC",
            filter_branch=any_of(city("Oslo")), user=maker,
        )  # fmt: skip
    assert (made.name, made.version, made.filters_updated_at) == ("Guests of honour", 1, MOMENT)
    with clock.at(MOMENT + timedelta(hours=1)):
        renamed = editing.rename(made, "Guests", changer)
    assert (renamed.created_by, renamed.updated_by) == (maker, changer)
    assert (renamed.created_at, renamed.updated_at) == (MOMENT, MOMENT + timedelta(hours=1))
    assert renamed.filters_updated_at == MOMENT


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_names_are_neither_empty_nor_too_long(name: str) -> None:
    with pytest.raises(editing.InvalidList, match="1 to 200"):
        editing.create(name, "0-1", "MANUAL")


def test_names_are_unique_in_the_account_whatever_the_case() -> None:
    """A-116: over all object types; a deleted list gives its name free."""
    guests = static("Guests")
    with pytest.raises(editing.InvalidList, match="already"):
        editing.create("gUESTS", "0-2", "MANUAL")
    other = static("Others")
    with pytest.raises(editing.InvalidList, match="already"):
        editing.rename(other, "guests")
    editing.rename(guests, "GUESTS")
    editing.delete(guests)
    static("guests")
    with pytest.raises(editing.InvalidList, match="already"):
        editing.restore(guests)


@pytest.mark.parametrize(
    ("_case", "branch", "message"),
    [
        ("none", None, "needs filters"),
        ("AND at the root", {"filterBranchType": "AND"}, "has to be an OR"),
        ("filters in the root", {"filterBranchType": "OR", "filters": [city("Oslo")]}, "OR"),
        (
            "OR in the root",
            {"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "OR"}]},
            "AND branches only",
        ),
        ("no filter", {"filterBranchType": "OR", "filterBranches": []}, "at least one filter"),
        (
            "an empty group",
            {"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "AND"}]},
            "at least one filter",
        ),
        ("an unknown property", any_of(prop("nope", "ALL_PROPERTY", "IS_KNOWN")), "nope"),
        ("a list that does not exist", any_of(in_list(999_999)), "999999"),
    ],
)
def test_filters_that_cannot_be_are_refused(_case: str, branch: object, message: str) -> None:
    with pytest.raises(editing.InvalidList, match=message):
        editing.create("A", "0-1", "DYNAMIC", filter_branch=branch)
    assert not List.objects.exists()
    made = active("B", city("Oslo"))
    with pytest.raises(editing.InvalidList, match=message):
        editing.change_filters(made, branch)
    assert List.objects.get().version == 1


def test_lists_that_lead_back_to_themselves_are_refused() -> None:
    """W-155"""
    first = active("First", city("Oslo"))
    second = active("Second", in_list(first))
    third = active("Third", [city("Oslo"), in_list(second, "NOT_IN_LIST")])
    for target in (first, second, third):
        with pytest.raises(editing.InvalidList, match="lead back"):
            editing.change_filters(first, any_of(city("Bergen"), in_list(target)))
    # A list that is deleted can come back.
    editing.delete(second)
    with pytest.raises(editing.InvalidList):
        editing.change_filters(first, any_of(in_list(third)))
    assert List.objects.get(pk=first.pk).version == 1


def test_the_plan_limits_lists_and_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    active("A", city("Oslo"))
    guests = static("B")
    with monkeypatch.context() as limited:
        allow(limited, ACTIVE_LISTS, 1)
        with pytest.raises(LimitReached):
            active("C", city("Oslo"))
        static("D")
    with monkeypatch.context() as limited:
        allow(limited, STATIC_LISTS, 1)
        with pytest.raises(LimitReached):
            static("E")
        editing.delete(guests)
        with pytest.raises(LimitReached):
            editing.restore(guests)
    with monkeypatch.context() as limited:
        allow(limited, LIST_FILTERS, 2)
        with pytest.raises(LimitReached):
            active("F", [city("a"), city("b")], city("c"))
    assert sorted(List.objects.filter(archived_at=None).values_list("name", flat=True)) == [
        "A",
        "D",
    ]


def test_only_an_active_list_gets_other_filters() -> None:
    guests = static("Guests")
    with pytest.raises(editing.InvalidList, match="active list"):
        editing.change_filters(guests, any_of(city("Oslo")))


def test_a_deleted_list_can_be_restored_for_ninety_days() -> None:
    oslo = active("Oslo", city("Oslo"))
    [one] = people(1, city="Oslo")
    follow()
    with clock.at(MOMENT):
        editing.delete(oslo)
    [two] = people(1, start=5, city="Oslo")
    follow()
    assert members(oslo) == [one]
    oslo.refresh_from_db()
    with clock.at(MOMENT + timedelta(days=91)), pytest.raises(editing.InvalidList, match="late"):
        editing.restore(oslo)
    with clock.at(MOMENT + timedelta(days=89)):
        assert editing.purge() == 0
        editing.restore(oslo)
        build()
        assert members(oslo) == [one, two]


def test_after_that_it_is_gone_with_its_members() -> None:
    guests, others = static("Guests"), static("Others")
    ids = people(1)
    for target in (guests, others):
        membership.add(target, select(ids))
    with clock.at(MOMENT):
        editing.delete(guests)
    with clock.at(MOMENT + timedelta(days=91)):
        assert editing.purge() == 1
    assert list(List.objects.values_list("name", flat=True)) == ["Others"]
    assert ListMembership.objects.count() == 1


def test_a_clone_has_the_filters_or_the_members() -> None:
    oslo, guests = active("Oslo", city("Oslo")), static("Guests")
    ids = people(2)
    membership.add(guests, select(ids))
    again = editing.clone(oslo)
    assert (again.name, again.filter_branch) == ("Copy of Oslo", oslo.filter_branch)
    assert editing.clone(oslo).name == "Copy of Oslo (2)"
    assert members(editing.clone(guests)) == ids


def test_a_list_made_static_keeps_who_is_in_it() -> None:
    oslo = active("Oslo", city("Oslo"))
    [one] = people(1, city="Oslo")
    follow()
    made = editing.make_static(oslo)
    assert (made.processing_type, made.filter_branch) == ("SNAPSHOT", oslo.filter_branch)
    people(1, start=5, city="Oslo")
    follow()
    assert members(made) == [one]
    assert membership.remove(made, select([one])) == 1
    with pytest.raises(editing.InvalidList, match="already"):
        editing.make_static(made)


def test_a_list_that_is_being_built_is_not_made_static() -> None:
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    with pytest.raises(editing.InvalidList, match="being built"):
        editing.make_static(made)


def test_a_list_becomes_static_on_the_day_that_was_said() -> None:
    """A-121: on the first moment of that day where the account is."""
    oslo = active("Oslo", city("Oslo"))
    with clock.at(MOMENT):
        conversion.schedule(oslo, date(2026, 3, 3))
        with pytest.raises(editing.InvalidList, match="over"):
            conversion.schedule(oslo, date(2026, 2, 28))
        assert conversion.convert_due() == 0
    with clock.at(MOMENT + timedelta(days=2)):
        assert conversion.convert_due() == 1
        assert conversion.convert_due() == 0
    oslo.refresh_from_db()
    assert (oslo.processing_type, oslo.convert_on) == ("SNAPSHOT", date(2026, 3, 3))
    assert oslo.converted_at == MOMENT + timedelta(days=2)


def test_a_list_becomes_static_when_nobody_came_or_went_for_long_enough() -> None:
    oslo = active("Oslo", city("Oslo"))
    List.objects.filter(pk=oslo.pk).update(created_at=MOMENT - timedelta(days=100))
    conversion.schedule(oslo, Inactivity(count=2, unit="WEEK"))
    with clock.at(MOMENT):
        people(1, city="Oslo")
        follow()
    with clock.at(MOMENT + timedelta(days=13)):
        assert conversion.convert_due() == 0
    with clock.at(MOMENT + timedelta(days=14)):
        assert conversion.convert_due() == 1


def test_a_list_that_is_being_built_is_converted_afterwards() -> None:
    oslo = active("Oslo", city("Oslo"))
    conversion.schedule(oslo, conversion.today())
    editing.change_filters(oslo, any_of(city("Bergen")))
    assert conversion.convert_due() == 0
    build()
    assert conversion.convert_due() == 1


def test_a_planned_conversion_can_be_cancelled() -> None:
    oslo = active("Oslo", city("Oslo"))
    assert not conversion.cancel(oslo)
    conversion.schedule(oslo, conversion.today())
    assert conversion.cancel(oslo)
    assert conversion.convert_due() == 0


@pytest.mark.parametrize(
    "when", [Inactivity(count=0, unit="DAY"), Inactivity(count=1, unit="YEAR")]
)
def test_a_wait_that_cannot_be_is_refused(when: Inactivity) -> None:
    with pytest.raises(editing.InvalidList):
        conversion.schedule(active("Oslo", city("Oslo")), when)


def test_static_lists_are_not_converted() -> None:
    with pytest.raises(editing.InvalidList, match="active"):
        conversion.schedule(static("Guests"), conversion.today())


def test_folders_hold_folders_and_lists() -> None:
    top = folders.create("Events")
    inner = folders.create("2026", top)
    guests = static("Guests")
    folders.put(guests, inner)
    assert [folder.name for folder in folders.path(inner)] == ["Events", "2026"]
    assert list(inner.lists.all()) == [guests]
    for folder in (inner, top):
        with pytest.raises(folders.InvalidFolder, match="empty"):
            folders.delete(folder)
    folders.put(guests, None)
    folders.delete(inner)
    folders.delete(top)
    assert not ListFolder.objects.exists()


def test_folders_have_one_name_in_one_place() -> None:
    top = folders.create("Events")
    with pytest.raises(folders.InvalidFolder, match="already"):
        folders.create("events")
    inner = folders.create("Events", top)
    with pytest.raises(folders.InvalidFolder, match="already"):
        folders.move(inner, None)
    folders.rename(inner, "2026")
    assert folders.move(inner, None).parent is None


def test_a_folder_is_not_moved_into_itself_nor_too_deep() -> None:
    chain = [folders.create("1")]
    for number in range(2, 6):
        chain.append(folders.create(str(number), chain[-1]))
    with pytest.raises(folders.InvalidFolder, match="itself"):
        folders.move(chain[0], chain[2])
    with pytest.raises(folders.InvalidFolder, match="at most 5 deep"):
        folders.create("6", chain[-1])
    other = folders.create("other")
    folders.create("inside", other)
    with pytest.raises(folders.InvalidFolder, match="at most 5 deep"):
        folders.move(other, chain[3])
