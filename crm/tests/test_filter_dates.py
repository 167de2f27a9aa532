"""Operators on dates and moments; the account's clocks show 10:15 on Monday 30 March 2026."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pytest_django import Settings

from crm.filters import base
from crm.tests.filter_world import CONTACT, NOW, World, ago, milliseconds, on, stored

pytestmark = pytest.mark.django_db
OSLO = ZoneInfo("Europe/Oslo")
TODAY = date(2026, 3, 30)
DAYS = {f"d{number:+}": TODAY + timedelta(days=number) for number in range(-120, 121)}


@pytest.fixture
def world(settings: Settings) -> World:
    """A record per day around today: d-1 is yesterday."""
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    world = World()
    world.add({name: {"t_date": day.isoformat()} for name, day in DAYS.items()})
    world.add({"blank": {}})
    return world


def days(first: int, last: int) -> set[str]:
    return {f"d{number:+}" for number in range(first, last + 1)}


def indexed(reference: str = "TODAY", zone: str = "Europe/Oslo", **more: Any) -> dict[str, Any]:
    offset = more.pop("offset", None)
    return {
        "timeType": "INDEXED",
        "timezoneSource": "CUSTOM",
        "zoneId": zone,
        "indexReference": {"referenceType": reference, **more},
    } | ({"offset": offset} if offset else {})


DAY_26 = {"year": 2026, "month": "MARCH", "day": 26}


@pytest.mark.parametrize(
    ("operator", "fields", "expected"),
    [
        ("IS_EQUAL_TO", DAY_26, days(-4, -4)),
        ("IS_BEFORE", DAY_26, days(-120, -5)),
        ("IS_AFTER", DAY_26 | {"month": 3}, days(-3, 120)),
        # Half past midnight of the 26th in Oslo is still the 25th in UTC; dates go by UTC.
        (
            "IS_EQUAL_TO",
            {"timestamp": milliseconds(datetime(2026, 3, 25, 23, 30, tzinfo=UTC))},
            days(-5, -5),
        ),
        (
            "IS_BEFORE_DATE",
            {"timestamp": milliseconds(datetime(2026, 3, 25, 23, 30, tzinfo=UTC))},
            days(-120, -6),
        ),
        (
            "IS_BETWEEN",
            {
                "lowerBound": milliseconds(datetime(2026, 3, 25, 5, tzinfo=UTC)),
                "upperBound": str(milliseconds(datetime(2026, 3, 26, 7, tzinfo=UTC))),
            },
            days(-5, -4),
        ),
        ("IS_LESS_THAN_X_DAYS_AGO", {"numberOfDays": 3}, days(-2, 0)),
        ("IS_LESS_THAN_X_DAYS_AGO", {"numberOfDays": 0}, set()),
        ("IS_MORE_THAN_X_DAYS_AGO", {"numberOfDays": 3}, days(-120, -4)),
        ("IS_LESS_THAN_X_DAYS_FROM_NOW", {"numberOfDays": 3}, days(0, 2)),
        ("IS_MORE_THAN_X_DAYS_FROM_NOW", {"numberOfDays": "3"}, days(4, 120)),
        ("IN_THIS_TIME_UNIT", {"timeUnit": "DAY"}, days(0, 0)),
        ("IN_THIS_TIME_UNIT", {"timeUnit": "WEEK"}, days(0, 6)),
        ("IN_LAST_TIME_UNIT", {"timeUnit": "WEEK", "timeUnitCount": 2}, days(-14, -1)),
        ("IN_NEXT_TIME_UNIT", {"timeUnit": "WEEK"}, days(7, 13)),
        ("IN_THIS_TIME_UNIT", {"timeUnit": "MONTH"}, days(-29, 1)),
        ("IN_THIS_TIME_UNIT_SO_FAR", {"timeUnit": "MONTH"}, days(-29, 0)),
        ("IN_LAST_TIME_UNIT", {"timeUnit": "MONTH"}, days(-57, -30)),
        ("IN_NEXT_TIME_UNIT", {"timeUnit": "MONTH", "timeUnitCount": 2}, days(2, 62)),
        ("IN_THIS_TIME_UNIT", {"timeUnit": "QUARTER"}, days(-88, 1)),
        ("IN_THIS_TIME_UNIT_SO_FAR", {"timeUnit": "YEAR"}, days(-88, 0)),
        (
            "IN_THIS_TIME_UNIT",
            {"timeUnit": "QUARTER", "useFiscalYear": True, "fiscalYearStart": "FEBRUARY"},
            days(-57, 31),
        ),
        (
            "IN_NEXT_TIME_UNIT",
            {"timeUnit": "YEAR", "useFiscalYear": True, "fiscalYearStart": "APRIL"},
            days(2, 120),
        ),
        ("IS_BEFORE", {"timePoint": indexed()}, days(-120, -1)),
        ("IS_BEFORE", {"timePoint": indexed(), "endpointBehavior": "INCLUSIVE"}, days(-120, 0)),
        ("IS_AFTER", {"timePoint": indexed(offset={"days": -2})}, days(-1, 120)),
        ("IS_AFTER", {"timePoint": indexed("NOW", offset={"hours": 14})}, days(2, 120)),
        # 08:15 UTC is yesterday evening in Honolulu.
        ("IS_AFTER", {"timePoint": indexed(zone="Pacific/Honolulu")}, days(0, 120)),
        ("IS_BEFORE", {"timePoint": indexed("WEEK", dayOfWeek="THURSDAY")}, days(-120, 2)),
        ("IS_BEFORE", {"timePoint": indexed("MONTH", day=31)}, days(-120, 0)),
        ("IS_BEFORE", {"timePoint": indexed("QUARTER", month=2, day=30)}, days(-120, -31)),
        ("IS_BEFORE", {"timePoint": indexed("YEAR", month=3, day=1)}, days(-120, -30)),
        # One month before 30 March is the last of February.
        ("IS_BEFORE", {"timePoint": indexed(offset={"months": -1})}, days(-120, -31)),
        ("IS_BEFORE", {"timePoint": indexed(offset={"weeks": 1, "days": -1})}, days(-120, 5)),
        (
            "IS_BETWEEN",
            {
                "lowerBoundTimePoint": indexed("NOW"),
                "upperBoundTimePoint": indexed(offset={"days": 30}),
            },
            days(0, 30),
        ),
        (
            "IS_BETWEEN",
            {
                "lowerBoundTimePoint": indexed("NOW"),
                "upperBoundTimePoint": {"timeType": "DATE", "year": 2026, "month": 4, "day": 2},
                "lowerBoundEndpointBehavior": "EXCLUSIVE",
                "upperBoundEndpointBehavior": "EXCLUSIVE",
            },
            days(1, 2),
        ),
    ],
)
def test_dates_are_compared_by_the_day(
    world: World, operator: str, fields: dict[str, Any], expected: set[str]
) -> None:
    assert world.ask_value("t_date", operator, **fields) == expected


def test_not_between_is_the_opposite_for_records_with_a_date(world: World) -> None:
    bounds = {"lowerBoundTimePoint": indexed(), "upperBoundTimePoint": indexed(offset={"days": 3})}
    assert world.ask_value("t_date", "IS_NOT_BETWEEN", **bounds) == set(DAYS) - days(0, 3)


MIDNIGHT = datetime(2026, 3, 29, 22, tzinfo=UTC)
MOMENTS = {
    "long ago": ago(days=400),
    "3 days 1 ms ago": ago(days=3, milliseconds=1),
    "3 days ago": ago(days=3),
    "just before midnight": MIDNIGHT - timedelta(milliseconds=1),
    "midnight": MIDNIGHT,
    "now": NOW,
    "soon": NOW + timedelta(milliseconds=1),
    "tomorrow": MIDNIGHT + timedelta(days=1),
    "in 3 days": NOW + timedelta(days=3),
    "in 3 days 1 ms": NOW + timedelta(days=3, milliseconds=1),
}


def until(name: str) -> set[str]:
    """The names of MOMENTS up to and with `name`."""
    return {other for other, moment in MOMENTS.items() if moment <= MOMENTS[name]}


@pytest.mark.parametrize(
    ("operator", "fields", "expected"),
    [
        ("IS_EQUAL_TO", {"timestamp": milliseconds(NOW)}, {"now"}),
        ("IS_BEFORE", {"timestamp": milliseconds(NOW)}, until("midnight")),
        ("IS_AFTER", {"timestamp": milliseconds(NOW)}, set(MOMENTS) - until("now")),
        # The time in UTC is meant as the account's time: 10:15 in Oslo is now.
        (
            "IS_EQUAL_TO",
            {"timestamp": milliseconds(NOW) + 7_200_000, "requiresTimeZoneConversion": True},
            {"now"},
        ),
        ("IS_BEFORE_DATE", {"timestamp": milliseconds(NOW)}, until("just before midnight")),
        ("IS_AFTER_DATE", {"timestamp": milliseconds(NOW)}, set(MOMENTS) - until("soon")),
        ("IS_EQUAL_TO", {"year": 2026, "month": 3, "day": 30}, {"midnight", "now", "soon"}),
        ("IS_BEFORE", {"year": 2026, "month": 3, "day": 30}, until("just before midnight")),
        ("IS_AFTER", {"year": 2026, "month": 3, "day": 30}, set(MOMENTS) - until("soon")),
        (
            "IS_BETWEEN",
            {"lowerBound": milliseconds(MIDNIGHT), "upperBound": milliseconds(NOW)},
            {"midnight", "now"},
        ),
        (
            "IS_LESS_THAN_X_DAYS_AGO",
            {"numberOfDays": 3},
            {"just before midnight", "midnight", "now"},
        ),
        ("IS_MORE_THAN_X_DAYS_AGO", {"numberOfDays": 3}, until("3 days 1 ms ago")),
        ("IS_LESS_THAN_X_DAYS_FROM_NOW", {"numberOfDays": 3}, {"now", "soon", "tomorrow"}),
        ("IS_MORE_THAN_X_DAYS_FROM_NOW", {"numberOfDays": 3}, {"in 3 days 1 ms"}),
        ("IN_THIS_TIME_UNIT", {"timeUnit": "DAY"}, {"midnight", "now", "soon"}),
        ("IN_THIS_TIME_UNIT_SO_FAR", {"timeUnit": "DAY"}, {"midnight", "now"}),
        ("IN_NEXT_TIME_UNIT", {"timeUnit": "DAY"}, {"tomorrow"}),
        ("IS_BEFORE", {"timePoint": indexed()}, until("just before midnight")),
        (
            "IS_BEFORE",
            {"timePoint": indexed(), "endpointBehavior": "INCLUSIVE"},
            until("midnight"),
        ),
        ("IS_AFTER", {"timePoint": indexed("NOW")}, set(MOMENTS) - until("now")),
        (
            "IS_BETWEEN",
            {
                "lowerBoundTimePoint": indexed(hour=0),
                "upperBoundTimePoint": indexed(hour=23, minute=59, second=59, millisecond=999),
            },
            {"midnight", "now", "soon"},
        ),
    ],
)
def test_moments_are_compared_to_the_millisecond(
    world: World, operator: str, fields: dict[str, Any], expected: set[str]
) -> None:
    world.add({name: {"t_moment": stored(moment)} for name, moment in MOMENTS.items()})
    assert world.ask_value("t_moment", operator, **fields) == expected


@pytest.mark.parametrize(
    ("month", "day", "moment"),
    [
        # 02:30 does not exist on the 29th: the first moment after the gap is meant.
        (3, 29, datetime(2026, 3, 29, 1, 0, tzinfo=UTC)),
        # 02:30 comes twice on 25 October: the first is meant.
        (10, 25, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_local_times_that_are_missing_or_double_have_one_meaning(
    world: World, month: int, day: int, moment: datetime
) -> None:
    world.add(
        {
            "before": {"t_moment": stored(moment - timedelta(milliseconds=1))},
            "at": {"t_moment": stored(moment)},
        }
    )
    point = {
        "timeType": "DATE",
        "zoneId": "Europe/Oslo",
        "year": 2026,
        "month": month,
        "day": day,
        "hour": 2,
        "minute": 30,
    }
    assert world.ask_value("t_moment", "IS_BEFORE", timePoint=point) == {"before"}


def test_offsets_in_hours_count_real_hours_over_a_change_of_clocks(world: World) -> None:
    """One day before 10:15 is 10:15; 24 hours before it were 09:15 in winter time."""
    day_ago = datetime(2026, 3, 29, 10, 15, tzinfo=OSLO)
    world.add({"same clock": {"t_moment": stored(day_ago)}})
    now = NOW - timedelta(hours=10)  # 00:15 on the 30th
    point = indexed("TODAY", hour=10, minute=15, offset={"days": -1})
    before = on("t_moment", "IS_BEFORE", timePoint=point, endpointBehavior="INCLUSIVE")
    assert world.ask(before, now) == {"same clock"}
    winter = indexed("YEAR", month=3, day=29, hour=1, minute=0, offset={"hours": 8, "minutes": 15})
    before = on("t_moment", "IS_BEFORE", timePoint=winter, endpointBehavior="INCLUSIVE")
    assert world.ask(before, now) == {"same clock"}


def test_the_last_change_can_be_compared_for_a_property_of_any_type(world: World) -> None:
    world.add({"new": {"t_text": "x"}, "old": {"t_text": "x"}, "never": {"t_text": "x"}})
    world.had(
        [
            ("new", "t_text", "x", ago(days=1)),
            ("old", "t_text", "y", ago(days=9)),
            ("old", "t_text", "x", ago(days=5)),
            ("blank", "t_text", None, ago(days=1)),
        ]
    )
    point = {"timePoint": indexed(offset={"days": -3}), "propertyParser": "UPDATED_AT"}
    assert world.ask_value("t_text", "IS_AFTER", **point) == {"new"}
    assert world.ask_value("t_text", "IS_BEFORE", **point) == {"old"}


@pytest.mark.parametrize(
    ("fields", "is_time_sensitive"),
    [
        ({"operator": "IN_THIS_TIME_UNIT", "timeUnit": "DAY"}, True),
        ({"operator": "IS_LESS_THAN_X_DAYS_AGO", "numberOfDays": 1}, True),
        ({"operator": "UPDATED_IN_LAST_X_DAYS", "numberOfDays": 1}, True),
        ({"operator": "IS_BEFORE", "timePoint": indexed()}, True),
        ({"operator": "IS_BEFORE", "timePoint": {"timeType": "DATE"} | DAY_26}, False),
        ({"operator": "IS_BEFORE"} | DAY_26, False),
        ({"operator": "IS_KNOWN"}, False),
    ],
)
def test_a_predicate_knows_whether_time_alone_can_change_it(
    world: World, fields: dict[str, Any], is_time_sensitive: bool
) -> None:
    branch = {"filterBranchType": "AND", "filters": [on("t_date", **fields)]}
    predicate = base.compile(branch, CONTACT, NOW)
    assert predicate.problems == ()
    assert predicate.is_time_sensitive is is_time_sensitive


@pytest.mark.parametrize(
    "fields",
    [
        {"operator": "IS_BEFORE", "timePoint": indexed(offset={"years": -20_000})},
        {"operator": "IS_BEFORE", "timePoint": indexed(offset={"days": -20_000_000_000})},
        {"operator": "IS_BEFORE", "timePoint": indexed(offset={"hours": -20_000_000_000})},
        {"operator": "IS_AFTER", "timePoint": indexed(offset={"months": 20_000_000_000})},
        {"operator": "IN_LAST_TIME_UNIT", "timeUnit": "YEAR", "timeUnitCount": 10_000},
    ],
)
def test_offsets_beyond_the_calendar_stop_at_its_ends(world: World, fields: dict[str, Any]) -> None:
    in_the_past = days(-120, -89) if fields["operator"] == "IN_LAST_TIME_UNIT" else set()
    assert world.ask_value("t_date", **fields) == in_the_past
