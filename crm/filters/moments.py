"""Windows of time in filters: from dates, timestamps and relative words to constants in SQL.

A date property is compared by calendar days, a datetime property by moments. Both are stored as
text whose order is the order of time, so a window is at most two comparisons of text.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from crm import timezones
from crm.property_types.date_time import store_moment
from crm.sql import SQL, join, sql

#: A day away from the ends of Python's calendar, so that no time zone leads beyond them.
FIRST_DAY = date(2, 1, 1)
LAST_DAY = date(9998, 12, 31)
ONE_DAY = timedelta(days=1)
UTC_ZONE = ZoneInfo("UTC")


@dataclass(frozen=True)
class Days:
    """Whole calendar days, both ends included; None is an open end."""

    first: date | None = None
    last: date | None = None

    def moments(self, zone: ZoneInfo) -> Moments:
        """The same days as moments in `zone`."""
        least = None if self.first is None else start_of(self.first, zone)
        most = None if self.last is None else start_of(add_days(self.last, 1), zone)
        return Moments(least, most, includes_most=False)

    def where(self, text: SQL) -> SQL:
        least = None if self.first is None else self.first.isoformat()
        most = None if self.last is None else self.last.isoformat()
        return _between(text, least, most, ("<=", "<="))

    def words(self, zone: ZoneInfo) -> str:
        first = "" if self.first is None else show_day(self.first)
        last = "" if self.last is None else show_day(self.last)
        if first and last:
            return f"from {first} to {last} ({zone.key})"
        return f"from {first} on ({zone.key})" if first else f"until {last} ({zone.key})"


@dataclass(frozen=True)
class Moments:
    """A stretch of time; None is an open end."""

    least: datetime | None = None
    most: datetime | None = None
    includes_least: bool = True
    includes_most: bool = True

    def where(self, text: SQL) -> SQL:
        least = None if self.least is None else store_moment(self.least)
        most = None if self.most is None else store_moment(self.most)
        signs = ("<=" if self.includes_least else "<", "<=" if self.includes_most else "<")
        return _between(text, least, most, signs)

    def compared(self, at: SQL) -> SQL:
        """The same over a timestamp."""
        signs = ("<=" if self.includes_least else "<", "<=" if self.includes_most else "<")
        return _between(at, self.least, self.most, signs)

    def words(self, zone: ZoneInfo) -> str:
        words = []
        if self.least is not None:
            sign = "from" if self.includes_least else "after"
            words.append(f"{sign} {show_moment(self.least, zone)}")
        if self.most is not None:
            sign = "until" if self.includes_most else "before"
            words.append(f"{sign} {show_moment(self.most, zone)}")
        return f"{' '.join(words)} ({zone.key})"


Window = Days | Moments


def _between(
    text: SQL, least: str | datetime | None, most: str | datetime | None, signs: tuple[str, str]
) -> SQL:
    ends = []
    if least is not None:
        ends.append(sql("{least} {sign} {text}", least=least, sign=SQL(signs[0]), text=text))
    if most is not None:
        ends.append(sql("{text} {sign} {most}", text=text, sign=SQL(signs[1]), most=most))
    return sql("({ends})", ends=join(" AND ", ends))


def within(text: SQL, window: Window, *, is_date: bool, zone: ZoneInfo) -> SQL:
    """Whether the stored date or moment `text` lies in the window. Only days hold dates."""
    ordered = sql('{text} COLLATE "C"', text=text)
    if isinstance(window, Days) and not is_date:
        return window.moments(zone).where(ordered)
    return window.where(ordered)


def show_day(day: date) -> str:
    return f"{day.day} {day:%b %Y}"


def show_moment(moment: datetime, zone: ZoneInfo) -> str:
    local = moment.astimezone(zone)
    return f"{local.day} {local:%b %Y, %H:%M}"


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a day in `zone`."""
    return timezones.to_utc(datetime.combine(day, time()), zone)


def day_of(moment: datetime, zone: ZoneInfo) -> date:
    """The calendar day that `moment` belongs to in `zone`."""
    return moment.astimezone(zone).date()


def add_days(day: date, days: int) -> date:
    ordinal = day.toordinal() + days
    least, most = FIRST_DAY.toordinal(), LAST_DAY.toordinal()
    return date.fromordinal(min(max(ordinal, least), most))


def add_months(day: date, months: int) -> date:
    """The same day some months later, or the last day of that month if it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < FIRST_DAY.year:
        return FIRST_DAY
    if year > LAST_DAY.year:
        return LAST_DAY
    return day_in_month(year, month + 1, day.day)


def day_in_month(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def add_time(moment: datetime, length: timedelta) -> datetime:
    """`moment` and a length of time, kept inside the calendar."""
    least = datetime.combine(FIRST_DAY, time(), UTC)
    most = datetime.combine(LAST_DAY, time(), UTC)
    utc = moment.astimezone(UTC)
    return utc + min(max(length, least - utc), most - utc)
