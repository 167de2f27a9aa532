"""Time points of the filter grammar: a fixed local time, or one counted from now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from crm import timezones
from crm.filters import moments
from crm.filters.fields import Fields

MONTHS = [
    "JANUARY",
    "FEBRUARY",
    "MARCH",
    "APRIL",
    "MAY",
    "JUNE",
    "JULY",
    "AUGUST",
    "SEPTEMBER",
    "OCTOBER",
    "NOVEMBER",
    "DECEMBER",
]
WEEKDAYS = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
#: References that are counted from the start of the account's fiscal year, and what they are like.
FISCAL = {"FISCAL_QUARTER": "QUARTER", "FISCAL_YEAR": "YEAR"}
MONTHS_IN = {"QUARTER": 3, "YEAR": 12}
UNITS_OF_DAYS = {"weeks": 7, "days": 1}
UNITS_OF_MONTHS = {"years": 12, "quarters": 3, "months": 1}
UNITS_OF_TIME = ("hours", "minutes", "seconds", "milliseconds")
#: Of any unit; this many hours still fit into a timedelta.
MOST_UNITS = 20_000_000_000


@dataclass(frozen=True)
class Fixed:
    """A local time in a zone; None is the account's zone."""

    local: datetime
    zone: ZoneInfo | None

    is_relative = False

    def at(self, now: datetime, account: ZoneInfo) -> datetime:
        return timezones.to_utc(self.local, self.zone or account)

    def words(self) -> str:
        day = moments.show_day(self.local.date())
        return day if self.local.time() == time() else f"{day}, {self.local:%H:%M}"


@dataclass(frozen=True)
class Indexed:
    """A reference such as today, moved by an offset."""

    reference: str
    #: Which weekday (0-6), month (1-12, in a quarter 1-3) and day of the reference.
    weekday: int
    month: int
    day: int
    #: The month that the year begins with.
    first_month: int
    clock: time
    offset: tuple[tuple[str, int], ...]
    zone: ZoneInfo | None

    is_relative = True

    def at(self, now: datetime, account: ZoneInfo) -> datetime:
        """The moment in UTC: years, months and days move the local time, hours the moment."""
        zone = self.zone or account
        local = now.astimezone(zone).replace(tzinfo=None)
        offset = dict(self.offset)
        moment = now
        if self.reference != "NOW":
            local = datetime.combine(self._day(local.date()), self.clock)
        if self.reference != "NOW" or offset.keys() - set(UNITS_OF_TIME):
            moment = timezones.to_utc(_moved(local, offset), zone)
        times = {unit: number for unit, number in offset.items() if unit in UNITS_OF_TIME}
        return moments.add_time(moment, timedelta(**times))

    def _day(self, today: date) -> date:
        if self.reference == "WEEK":
            return moments.add_days(today, self.weekday - today.weekday())
        if self.reference == "MONTH":
            return moments.day_in_month(today.year, today.month, self.day)
        if self.reference in MONTHS_IN:
            passed = (today.month - self.first_month) % MONTHS_IN[self.reference]
            month = moments.add_months(today.replace(day=1), self.month - 1 - passed)
            return moments.day_in_month(month.year, month.month, self.day)
        return today

    def words(self) -> str:
        fiscal = "fiscal " if self.first_month > 1 else ""
        day = f"{self.day} {MONTHS[self.month - 1].title()}"
        if fiscal:
            day = f"day {self.day} of month {self.month}"
        start = {
            "NOW": "now",
            "TODAY": "today",
            "WEEK": f"{WEEKDAYS[self.weekday].title()} of this week",
            "MONTH": f"day {self.day} of this month",
            "QUARTER": f"day {self.day} of month {self.month} of this {fiscal}quarter",
            "YEAR": f"{day} of this {fiscal}year",
        }[self.reference]
        if self.clock != time():
            start = f"{start} at {self.clock:%H:%M}"
        steps = [_step(unit, number) for unit, number in self.offset]
        return f"{' and '.join(steps)} {start}" if steps else start


TimePoint = Fixed | Indexed


@dataclass(frozen=True)
class End:
    """One end of a window, and whether it belongs to the window itself."""

    point: TimePoint
    is_included: bool

    @classmethod
    def parse(cls, fields: Fields, name: str, behavior: str, default: str) -> End:
        """The time point in a field, and in another field whether it is included."""
        included = fields.choice(behavior, ["INCLUSIVE", "EXCLUSIVE"], default) == "INCLUSIVE"
        return cls(read(fields.object(name)), included)


def _moved(local: datetime, offset: dict[str, int]) -> datetime:
    """`local` moved by the calendar units of the offset, the largest first."""
    day = local.date()
    for unit, months in UNITS_OF_MONTHS.items():
        day = moments.add_months(day, offset.get(unit, 0) * months)
    for unit, days in UNITS_OF_DAYS.items():
        day = moments.add_days(day, offset.get(unit, 0) * days)
    return datetime.combine(day, local.time())


def _step(unit: str, number: int) -> str:
    shown = f"{abs(number):,} {unit if abs(number) != 1 else unit.removesuffix('s')}"
    return f"{shown} {'before' if number < 0 else 'after'}"


def read(fields: Fields) -> TimePoint:
    """A `timePoint` object of the grammar that stands for itself."""
    kind = fields.choice("timeType", ["DATE", "INDEXED"])
    zone = read_zone(fields)
    if kind == "DATE":
        return Fixed(datetime.combine(read_day(fields), _clock(fields)), zone)
    return _indexed(fields, fields.object("indexReference"), zone)


def _indexed(fields: Fields, index: Fields, zone: ZoneInfo | None) -> Indexed:
    references = ["NOW", "TODAY", "WEEK", "MONTH", "QUARTER", "YEAR", *FISCAL]
    given = index.choice("referenceType", references)
    reference = FISCAL.get(given, given)
    return Indexed(
        reference=reference,
        weekday=WEEKDAYS.index(index.choice("dayOfWeek", WEEKDAYS, "MONDAY")),
        month=read_month(index, "month", 1, most=MONTHS_IN.get(reference, 12)),
        day=index.integer("day", 1, 31, 1),
        first_month=fiscal_year_start() if given in FISCAL else 1,
        clock=time() if reference == "NOW" else _clock(index),
        offset=_offset(fields),
        zone=zone,
    )


def fiscal_year_start() -> int:
    """The month, 1 to 12, that the account's fiscal year begins with."""
    return int(settings.ACCOUNT_FISCAL_YEAR_START)


def _offset(fields: Fields) -> tuple[tuple[str, int], ...]:
    if not fields.has("offset"):
        return ()
    offset = fields.object("offset")
    units = [*UNITS_OF_MONTHS, *UNITS_OF_DAYS, *UNITS_OF_TIME]
    unknown = [name for name in offset.json if name not in units]
    if unknown:
        raise offset.error(str(unknown[0])[:60], f"is not one of {', '.join(units)}")
    numbers = {unit: offset.integer(unit, -MOST_UNITS, MOST_UNITS, 0) for unit in units}
    return tuple((unit, number) for unit, number in numbers.items() if number)


def read_zone(fields: Fields) -> ZoneInfo | None:
    """The zone that a time point names; None for the account's."""
    if fields.json.get("timezoneSource") == "PORTAL" or not fields.has("zoneId"):
        return None
    name = fields.text("zoneId")
    try:
        return timezones.zone(name)
    except (ImproperlyConfigured, OSError):
        raise fields.error("zoneId", f"there is no time zone {name[:60]!r}") from None


def _clock(fields: Fields) -> time:
    return time(
        fields.integer("hour", 0, 23, 0),
        fields.integer("minute", 0, 59, 0),
        fields.integer("second", 0, 59, 0),
        fields.integer("millisecond", 0, 999, 0) * 1000,
    )


def read_day(fields: Fields) -> date:
    """A calendar day in the fields year, month (by name or number) and day."""
    least, most = moments.FIRST_DAY.year, moments.LAST_DAY.year
    year = fields.integer("year", least, most)
    month = read_month(fields, "month")
    try:
        return date(year, month, fields.integer("day", 1, 31))
    except ValueError:
        raise fields.error("day", "this month has no such day") from None


def read_month(fields: Fields, name: str, default: int | None = None, *, most: int = 12) -> int:
    value = fields.json.get(name)
    if isinstance(value, str) and value.upper() in MONTHS[:most]:
        return MONTHS.index(value.upper()) + 1
    return fields.integer(name, 1, most, default)


def read_timestamp(fields: Fields, name: str) -> datetime:
    """Milliseconds since 1970 as a moment in UTC."""
    least = datetime.combine(moments.FIRST_DAY, time(), UTC)
    most = datetime.combine(moments.LAST_DAY, time(), UTC)
    epoch = datetime.fromtimestamp(0, UTC)
    one = timedelta(milliseconds=1)
    milliseconds = fields.integer(name, (least - epoch) // one, (most - epoch) // one)
    return epoch + milliseconds * one
