from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any

from crm import timezones
from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types

MILLISECONDS = re.compile(r"-?\d{5,15}")


@property_types.register
class Date(PropertyType):
    """A calendar day without a time (W-028)."""

    name = "date"
    label = "Date"
    field_types = ("date",)

    def clean(self, value: Any, definition: Definition) -> str:
        if isinstance(value, datetime):
            return (_in_utc(value) if value.tzinfo else value).date().isoformat()
        if isinstance(value, date):
            return value.isoformat()
        moment = parse_moment(value)
        return moment.date().isoformat()

    def display(self, value: Any, definition: Definition) -> str:
        day = date.fromisoformat(value)
        return f"{day.day} {day:%b %Y}"


@property_types.register
class DateTime(PropertyType):
    """A moment, stored in UTC with milliseconds and shown in the account's time zone."""

    name = "datetime"
    label = "Date and time"
    field_types = ("date",)

    def clean(self, value: Any, definition: Definition) -> str:
        if isinstance(value, datetime):
            if value.tzinfo is None:
                raise InvalidValue("has no time zone")
            return store_moment(value)
        if isinstance(value, date):
            return store_moment(datetime(value.year, value.month, value.day, tzinfo=UTC))
        return store_moment(parse_moment(value))

    def display(self, value: Any, definition: Definition) -> str:
        local = datetime.fromisoformat(value).astimezone(timezones.account_zone())
        return f"{local.day} {local:%b %Y, %H:%M}"


def parse_moment(value: Any) -> datetime:
    """An ISO 8601 text or a number of milliseconds since 1970, as a moment in UTC."""
    text = str(value).strip()
    try:
        if MILLISECONDS.fullmatch(text):
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        raise _not_a_date(text) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else _in_utc(moment)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # In UTC it would lie before the year 1 or after 9999.
        raise _not_a_date(str(moment)) from None


def _not_a_date(text: str) -> InvalidValue:
    return InvalidValue(f"{text[:40]!r} is not a date such as 2026-12-31")


def store_moment(moment: datetime) -> str:
    """A moment in its stored form, of fixed width, so that the order of texts is that of time."""
    utc = _in_utc(moment)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond // 1000:03d}Z".rjust(24, "0")
