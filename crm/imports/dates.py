"""Dates as people and spreadsheets write them; day or month first is decided per column."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from datetime import time as time_of_day

from crm import timezones
from crm.property_types.base import InvalidValue

TIME = re.compile(
    r"[T ,]*(?:at )?(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,6})\d*)?)?"
    r"\s*(?:([ap])\.?m\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2})?",
    re.IGNORECASE,
)
YEAR_FIRST = re.compile(r"(\d{4})([./-])(\d{1,2})\2(\d{1,2})(?!\d)")
YEAR_LAST = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?!\d)")
COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?!\d)")
DAY_WORD = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|\.)?[ -]([a-z]{3,9})\.?,?[ -](\d{4}|\d{2})(?!\d)", re.IGNORECASE
)
WORD_DAY = re.compile(r"([a-z]{3,9})\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})(?!\d)", re.IGNORECASE)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass
class DayOrder:
    """What the values of one column say about which of 3/4/2026's numbers is the day."""

    day_first: int = 0
    month_first: int = 0
    unclear: int = 0
    example: str = ""

    def see(self, text: str) -> None:
        found = YEAR_LAST.match(text.strip())
        if found is None or found[2] == ".":
            return
        if int(found[1]) > 12:
            self.day_first += 1
        elif int(found[3]) > 12:
            self.month_first += 1
        else:
            self.unclear += 1
            self.example = self.example or found[0]

    @property
    def is_decided(self) -> bool:
        return self.day_first != self.month_first

    def is_day_first(self, otherwise: bool) -> bool:
        """Whether the day comes first; `otherwise` where no value of the column tells."""
        return self.day_first > self.month_first if self.is_decided else otherwise


def parse(text: str, *, is_day_first: bool) -> date | datetime:
    """A day, or an aware moment where the text has a time; raises InvalidValue.

    A time without a zone is one in the account's time zone.
    """
    found = _day(text.strip(), is_day_first=is_day_first)
    if found is None:
        raise InvalidValue(f"{text[:40]!r} is not a date such as 2026-12-31")
    day, rest = found
    if not rest:
        return day
    time = TIME.fullmatch(rest)
    if time is None:
        raise InvalidValue(f"{text[:40]!r} is not a date and time such as 2026-12-31 14:05")
    return _moment(text, day, time)


def _day(text: str, *, is_day_first: bool) -> tuple[date, str] | None:
    """The day at the beginning of `text` and what follows it."""
    if found := YEAR_FIRST.match(text):
        parts = int(found[1]), int(found[3]), int(found[4])
    elif found := YEAR_LAST.match(text):
        first, second = int(found[1]), int(found[3])
        day_first = is_day_first or found[2] == "."
        parts = (_year(found[4]), *((second, first) if day_first else (first, second)))
    elif found := COMPACT.match(text):
        parts = int(found[1]), int(found[2]), int(found[3])
    elif found := DAY_WORD.match(text):
        parts = _year(found[3]), _month(found[2]), int(found[1])
    elif found := WORD_DAY.match(text):
        parts = int(found[3]), _month(found[1]), int(found[2])
    else:
        return None
    try:
        return date(*parts), text[found.end() :]
    except ValueError:
        order = "day first" if is_day_first else "month first"
        raise InvalidValue(f"{text[:40]!r} is not a date, read {order}") from None


def _year(text: str) -> int:
    """Two digits mean 1969 to 2068, as in spreadsheets."""
    year = int(text)
    if len(text) == 4:
        return year
    return year + (1900 if year >= 69 else 2000)


def _month(word: str) -> int:
    """The number of a month by its English name, 0 for another word."""
    short = word[:3].lower()
    return MONTHS.index(short) + 1 if short in MONTHS else 0


def _moment(text: str, day: date, time: re.Match[str]) -> datetime:
    hours, minutes, seconds, fraction, half, zone = time.groups()
    hour = int(hours)
    if half:
        if not 1 <= hour <= 12:
            raise InvalidValue(f"{text[:40]!r} is not a time of day")
        hour = hour % 12 + (12 if half.lower() == "p" else 0)
    try:
        clock = time_of_day(
            hour, int(minutes), int(seconds or 0), int((fraction or "0").ljust(6, "0"))
        )
        local = datetime.combine(day, clock)
        return local.replace(tzinfo=_zone(zone)) if zone else in_account_zone(local)
    except (ValueError, OverflowError):
        raise InvalidValue(f"{text[:40]!r} is not a time of day") from None


def in_account_zone(local: datetime) -> datetime:
    """The moment at which the account's clocks show `local`."""
    return timezones.to_utc(local, timezones.account_zone())


def _zone(text: str) -> timezone:
    if text[0] not in "+-":
        return UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[-2:]))
    return timezone(offset if text[0] == "+" else -offset)
