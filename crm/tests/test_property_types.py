from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from crm.property_types.base import Definition, InvalidValue, Option, property_types, type_of

#: No deadline: the first example may wait for a module to load.
quick = hypothesis.settings(deadline=None, database=None)

COLORS = tuple(Option(value=word, label=word.title()) for word in ("red", "green", "blue"))


def definition(kind: str, field_type: str = "", name: str = "p") -> Definition:
    return Definition(
        name=name, label="P", type=kind, field_type=field_type, group="g",
        options=COLORS if kind == "enumeration" else (),
    )  # fmt: skip


TEXT = definition("string")
EMAIL = definition("string", name="email")
NUMBER = definition("number")
DATE = definition("date")
MOMENT = definition("datetime")
COLOR = definition("enumeration", "select")
COLOR_SET = definition("enumeration", "checkbox")
YES_NO = definition("bool")
ALL = [TEXT, EMAIL, NUMBER, DATE, MOMENT, COLOR, COLOR_SET, YES_NO]
MIN, MAX = datetime(2, 1, 1), datetime(9998, 1, 1)  # noqa: DTZ001
EAST = timezone(timedelta(hours=14))


def clean(kind: Definition, value: Any) -> Any:
    return type_of(kind).clean(value, kind)


@pytest.mark.parametrize(
    ("kind", "value", "stored"),
    [
        (TEXT, "  two words\n", "two words"),
        (TEXT, 12, "12"),
        (TEXT, True, "true"),
        # A letter and its accent become one character, so that equal words are equal.
        (TEXT, "Zu\u0308rich", "Zürich"),
        (TEXT, "=1+1", "=1+1"),
        (EMAIL, " Ana.Lima+x@Example.COM ", "ana.lima+x@example.com"),
        (EMAIL, "jörg@example.com", "jörg@example.com"),
        (EMAIL, "a@münchen.example.com", "a@münchen.example.com"),
        (EMAIL, "o'neil@example.com", "o'neil@example.com"),
        (NUMBER, "12", 12),
        (NUMBER, " -0.50 ", -0.5),
        (NUMBER, 3.0, 3),
        (NUMBER, "1e3", 1000),
        (NUMBER, "123456789012345", 123456789012345),
        (DATE, "2026-12-31", "2026-12-31"),
        (DATE, date(2026, 12, 31), "2026-12-31"),
        # The day it is in UTC.
        (DATE, "2026-12-31T23:30:00-05:00", "2027-01-01"),
        (DATE, datetime(2026, 12, 31, 23, 30, tzinfo=EAST), "2026-12-31"),
        (DATE, "1798675200000", "2026-12-31"),
        (MOMENT, "2026-12-31T14:05:33.5678Z", "2026-12-31T14:05:33.567Z"),
        (MOMENT, "2026-12-31T14:05:00+02:00", "2026-12-31T12:05:00.000Z"),
        (MOMENT, 1798675200123, "2026-12-31T00:00:00.123Z"),
        (MOMENT, date(2026, 12, 31), "2026-12-31T00:00:00.000Z"),
        (MOMENT, datetime(1, 1, 1, tzinfo=UTC), "0001-01-01T00:00:00.000Z"),
        (COLOR, "red", "red"),
        (COLOR, " Red ", "red"),
        (COLOR, "GREEN", "green"),
        (COLOR_SET, "blue;Red;blue", ["red", "blue"]),
        (COLOR_SET, ["green"], ["green"]),
        (COLOR_SET, "red; ;", ["red"]),
        (COLOR_SET, ";", []),
        (YES_NO, "TRUE", True),
        (YES_NO, "no", False),
        (YES_NO, 0, False),
    ],
)
def test_a_value_is_stored_as(kind: Definition, value: Any, stored: Any) -> None:
    found = clean(kind, value)
    assert found == stored
    assert type(found) is type(stored)
    # A stored value is clean already.
    assert clean(kind, found) == found


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        (TEXT, "x" * 65_537, "is longer than 65,536 characters"),
        (TEXT, "a\x00b", "contains characters that cannot be stored"),
        (TEXT, "a\ud800b", "contains characters that cannot be stored"),
        (TEXT, ["a"], "is not text"),
        (EMAIL, "nobody", "'nobody' is not an email address"),
        (EMAIL, "a@b@example.com", "'a@b@example.com' is not an email address"),
        (EMAIL, "a@example", "'a@example' is not an email address"),
        (EMAIL, "a..b@example.com", "'a..b@example.com' is not an email address"),
        (EMAIL, "a@-example.com", "'a@-example.com' is not an email address"),
        (EMAIL, "a b@example.com", "'a b@example.com' is not an email address"),
        (EMAIL, "Ana <a@example.com>", "'Ana <a@example.com>' is not an email address"),
        (NUMBER, "many", "'many' is not a number"),
        (NUMBER, True, "is not a number"),
        (NUMBER, "1_000", "'1_000' is not a number"),
        (NUMBER, "NaN", "'NaN' is not a number that can be stored"),
        (NUMBER, "1e19", "'1e19' is not a number that can be stored"),
        (NUMBER, "0.12345678901234567890", "'0.12345678901234567890' has too many digits"),
        (DATE, "31.12.2026", "'31.12.2026' is not a date such as 2026-12-31"),
        (DATE, "2026-02-30", "'2026-02-30' is not a date such as 2026-12-31"),
        (DATE, "0001-01-01T00:00+14:00", "'0001-01-01 00:00:00+14:00' is not a date such"),
        (MOMENT, datetime(1, 1, 1, tzinfo=EAST), "'0001-01-01 00:00:00+14:00' is not a date such"),
        (MOMENT, datetime(2026, 1, 1), "has no time zone"),  # noqa: DTZ001
        (COLOR, "pink", "'pink' is not an option (red, green, blue)"),
        (COLOR_SET, "red;pink", "'pink' is not an option (red, green, blue)"),
        (YES_NO, "perhaps", "'perhaps' is neither true nor false"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind: Definition, value: Any, message: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        clean(kind, value)
    assert str(caught.value).startswith(message)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: f"{kind.type}-{kind.name}-{kind.field_type}")
@quick
@given(value=JSON)
def test_anything_is_cleaned_or_refused(kind: Definition, value: Any) -> None:
    try:
        stored = clean(kind, value)
    except InvalidValue:
        return
    assert json.loads(json.dumps(stored, allow_nan=False)) == stored
    assert clean(kind, stored) == stored
    assert isinstance(type_of(kind).display(stored, kind), str) or stored in ("", [])


@quick
@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9
    )
)
def test_numbers_keep_their_value(number: Any) -> None:
    assert clean(NUMBER, str(number)) == pytest.approx(float(number), abs=0, rel=0)


@quick
@given(st.datetimes(MIN, MAX, timezones=st.timezones()))
def test_the_order_of_stored_moments_is_that_of_time(moment: datetime) -> None:
    stored = clean(MOMENT, moment)
    assert len(stored) == 24
    later = moment.astimezone(UTC) + timedelta(milliseconds=1)
    assert stored < clean(MOMENT, later)


@pytest.mark.parametrize(
    ("kind", "stored", "shown"),
    [
        (TEXT, "Oslo", "Oslo"),
        (NUMBER, 1234567, "1,234,567"),
        (NUMBER, -0.5, "-0.5"),
        (DATE, "2026-01-02", "2 Jan 2026"),
        (MOMENT, "2026-07-01T12:05:00.000Z", "1 Jul 2026, 14:05"),
        (COLOR, "red", "Red"),
        (COLOR_SET, ["red", "blue"], "Red, Blue"),
        # An option that was removed later.
        (COLOR, "pink", "pink"),
        (YES_NO, True, "Yes"),
        (YES_NO, False, "No"),
    ],
)
def test_people_read_a_value_as(
    settings: Settings, kind: Definition, stored: Any, shown: str
) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    assert type_of(kind).display(stored, kind) == shown


def test_the_types_are_hubspots() -> None:
    assert sorted(kind.name for kind in property_types) == [
        "bool", "date", "datetime", "enumeration", "number", "string",
    ]  # fmt: skip
