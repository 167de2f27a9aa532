"""How the model of filters compares values. Where the compiler works on texts, this works on dates."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

Json = Mapping[str, Any]
Properties = Mapping[str, Any]
Test = Callable[[Any, Properties], bool]
ONE_DAY = timedelta(days=1)
PRESENCE = {"IS_KNOWN": True, "IS_NOT_BLANK": True, "IS_UNKNOWN": False, "IS_BLANK": False}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
#: From the properties and the times of the last changes.
TimeTest = Callable[[Properties, Callable[[str], datetime | None]], bool]
#: A day, a local time or a moment (with a zone).
Instant = date | datetime


def is_presence(operation: Json) -> bool:
    return str(operation["operator"]) in PRESENCE


def presence(operation: Json) -> Callable[[Any], bool]:
    operator = operation["operator"]
    if operator.endswith("BLANK"):
        return lambda value: (value is not None and bool(str(value).strip())) == PRESENCE[operator]
    return lambda value: (value is not None) == PRESENCE[operator]


def updated(moments: list[datetime], now: datetime, operation: Json) -> bool:
    since = now - operation["numberOfDays"] * ONE_DAY
    found = any(moment > since for moment in moments)
    return found != str(operation["operator"]).startswith("NOT_")


def values(kind: str, operation: Json) -> Test:
    """Comparing values that are no dates."""
    if operation["operationType"] == "REGEX":
        pattern = re.compile(operation["value"], re.ASCII)
        is_not = operation["operator"].startswith("DOES_NOT")
        return lambda value, _: bool(pattern.search(str(value))) != is_not
    if operation["operationType"].startswith("COMPARATIVE"):
        return compared(kind, operation)
    test = {"string": texts, "number": numbers, "bool": flags, "enumeration": sets}[kind](operation)
    return lambda value, _: test(value)


def compared(kind: str, operation: Json) -> Test:
    """Comparing with another property: the same as comparing with its value, if it has one."""
    name, default = operation["comparisonPropertyName"], operation.get("defaultComparisonValue")
    make = {"string": texts, "number": numbers, "bool": flags}[kind]

    def test(value: Any, properties: Properties) -> bool:
        other = properties.get(name)
        other = default if other is None else other
        if other is None or (kind == "number" and not (is_number(value) and is_number(other))):
            return False
        return make({"operator": operation["operator"], "value": other})(value)

    return test


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def texts(operation: Json) -> Callable[[Any], bool]:
    operator = operation["operator"]
    lone = "value" in operation
    wanted = [w.lower() for w in ([operation["value"]] if lone else operation["values"])]
    is_not = operator.startswith(("DOES_NOT", "IS_NOT"))

    def one(value: str, text: str) -> bool:
        if "EQUAL" in operator:
            return value == text
        if operator == "STARTS_WITH":
            return value.startswith(text)
        if operator == "ENDS_WITH":
            return value.endswith(text)
        if lone or "EXACTLY" in operator:
            return text in value
        return all(word in value for word in text.split())

    return lambda value: any(one(str(value).lower(), text) for text in wanted) != is_not


def flags(operation: Json) -> Callable[[Any], bool]:
    return lambda value: (
        (value is operation["value"]) != (operation["operator"] == "IS_NOT_EQUAL_TO")
    )


def numbers(operation: Json) -> Callable[[Any], bool]:
    operator = operation["operator"]
    is_not = operator in ("IS_NOT_EQUAL_TO", "IS_NOT_BETWEEN")

    def holds(value: Any) -> bool:
        if not is_number(value):
            return False
        number = Decimal(str(value))
        if "BETWEEN" in operator:
            lower, upper = (Decimal(str(operation[f"{side}Bound"])) for side in ("lower", "upper"))
            return lower <= number <= upper
        other = Decimal(str(operation["value"]))
        if operator.startswith("IS_GREATER"):
            return number > other or (operator.endswith("EQUAL_TO") and number == other)
        if operator.startswith("IS_LESS"):
            return number < other or (operator.endswith("EQUAL_TO") and number == other)
        return number == other

    return lambda value: holds(value) != is_not


def sets(operation: Json) -> Callable[[Any], bool]:
    operator, wanted = operation["operator"], set(operation["values"])
    is_not = operator in ("IS_NONE_OF", "IS_NOT_EXACTLY", "DOES_NOT_CONTAIN_ALL")

    def holds(value: Any) -> bool:
        found = set(value) if isinstance(value, list) else {value}
        if operator.endswith("EXACTLY"):
            return found == wanted
        if operator.endswith(("_ALL", "CONTAINED_ALL")):
            return wanted <= found
        return bool(found & wanted)

    return lambda value: holds(value) != is_not


@dataclass
class Times:
    """Comparing dates at one moment, in one time zone."""

    now: datetime
    zone: ZoneInfo

    def question(self, name: str, operation: Json, types: Mapping[str, str]) -> TimeTest:
        """Whether a date is as asked, from the properties and the times of the last changes."""
        kind = operation["operationType"]
        if kind in ("TIME_POINT", "TIME_RANGED"):
            return self.points(name, operation, types)
        if kind == "COMPARATIVE_DATE":
            return self.compared(name, operation, types)
        test = self.moving(types[name], operation)
        return lambda properties, _: test(parse(types[name], properties[name]))

    def moving(self, kind: str, operation: Json) -> Callable[[Any], bool]:
        operator = operation["operator"]
        if "numberOfDays" in operation:
            return self.rolling(kind, operator, operation["numberOfDays"])
        first, after = self.units(operation)
        until_now = operator.endswith("SO_FAR")
        return lambda value: (
            first <= self.day(value) < after and not (until_now and self.is_later(value))
        )

    def rolling(self, kind: str, operator: str, count: int) -> Callable[[Any], bool]:
        days = count * ONE_DAY
        now: Any = self.now if kind == "datetime" else self.day(self.now)
        return {
            "IS_LESS_THAN_X_DAYS_AGO": lambda value: now - days < value <= now,
            "IS_MORE_THAN_X_DAYS_AGO": lambda value: value < now - days,
            "IS_LESS_THAN_X_DAYS_FROM_NOW": lambda value: now <= value < now + days,
            "IS_MORE_THAN_X_DAYS_FROM_NOW": lambda value: value > now + days,
        }[operator]

    def units(self, operation: Json) -> tuple[date, date]:
        """The first day of the units and the first day after them, found by walking."""
        unit, count = operation["timeUnit"], operation.get("timeUnitCount", 1)
        starts = self.starts(unit)
        current = max(number for number, day in enumerate(starts) if day <= self.day(self.now))
        if operation["operator"] == "IN_LAST_TIME_UNIT":
            return starts[current - count], starts[current]
        if operation["operator"] == "IN_NEXT_TIME_UNIT":
            return starts[current + 1], starts[current + 1 + count]
        return starts[current], starts[current + 1]

    def starts(self, unit: str) -> list[date]:
        """Every first day of such a unit in the years around."""
        first = date(self.day(self.now).year - 6, 1, 1)
        days = [first + number * ONE_DAY for number in range(13 * 366)]
        if unit == "DAY":
            return days
        if unit == "WEEK":
            return [day for day in days if day.isoweekday() == 1]
        return [day for day in days if day.day == 1 and (day.month - 1) % MONTHS[unit] == 0]

    def points(self, name: str, operation: Json, types: Mapping[str, str]) -> TimeTest:
        """Whether a property lies on one side of a time point, or between two."""
        operator = operation["operator"]
        ends = {}
        if operator != "IS_BEFORE":
            ends["lower"] = end_of(operation, "lower")
        if operator != "IS_AFTER":
            ends["upper"] = end_of(operation, "upper")

        def test(properties: Properties, changed: Any) -> bool:
            is_inside = True
            for which, (point, is_included) in ends.items():
                zone = ZoneInfo(point["zoneId"])
                parser = operation["propertyParser"]
                left = self.instant(name, parser, properties, changed, zone, types)
                right = self.end(point, properties, changed, types)
                if right is None:
                    return False
                is_inside = (
                    is_inside
                    and left is not None
                    and (is_beyond(*alike(left, right, zone), which, is_included=is_included))
                )
            return bool(is_inside != (operator == "IS_NOT_BETWEEN"))

        return test

    def instant(
        self,
        name: str,
        parser: str,
        properties: Properties,
        changed: Any,
        zone: ZoneInfo,
        types: Any,
    ) -> Instant | None:
        """What a parser makes of a property: a day, a local time (naive) or a moment."""
        if parser == "UPDATED_AT":
            found: datetime | None = changed(name)
            return found
        if properties.get(name) is None:
            return None
        value = parse(types[name], properties[name])
        if isinstance(value, datetime) and parser != "VALUE":
            clock = UTC if parser.endswith("SAME_LOCAL_CONVERSION") else zone
            value = value.astimezone(clock).replace(tzinfo=None)
        if parser.startswith("ANNIVERSARY"):
            year = self.now.astimezone(zone).year
            day = (
                28
                if (value.month, value.day) == (2, 29) and not calendar.isleap(year)
                else value.day
            )
            value = value.replace(year=year, day=day)
        return value

    def end(self, point: Json, properties: Properties, changed: Any, types: Any) -> Instant | None:
        zone = ZoneInfo(point["zoneId"])
        if point["timeType"] == "PROPERTY_REFERENCED":
            parser = point["referenceType"]
            return self.instant(point["property"], parser, properties, changed, zone, types)
        return self.point(point)

    def compared(self, name: str, operation: Json, types: Mapping[str, str]) -> TimeTest:
        other, default = (
            operation["comparisonPropertyName"],
            operation.get("defaultComparisonValue"),
        )

        def test(properties: Properties, changed: Any) -> bool:
            found = properties.get(other)
            found = default if found is None else found
            if found is None:
                return False
            left, right = parse(types[name], properties[name]), parse(types[other], found)
            if "date" in (types[name], types[other]):
                left, right = self.day(left), self.day(right)
            return bool(left < right if operation["operator"] == "IS_BEFORE" else left > right)

        return test

    def point(self, json: Json) -> datetime:
        zone = ZoneInfo(json["zoneId"])
        if json["timeType"] == "DATE":
            return datetime(json["year"], json["month"], json["day"], tzinfo=zone)
        moment = self.now.astimezone(zone)
        reference = json["indexReference"]
        day = moment.date()
        if reference["referenceType"] != "NOW":
            moment = datetime.combine(first_day(reference, day), time(), zone)
        offset = json.get("offset", {})
        day = later(moment.date(), offset.get("months", 0)) + offset.get("days", 0) * ONE_DAY
        # Python adds hours to the clock time; over UTC they are hours that pass.
        moment = datetime.combine(day, moment.time(), zone).astimezone(UTC)
        return moment + timedelta(hours=offset.get("hours", 0))

    def window(self, json: Json | None) -> Callable[[datetime], bool]:
        """When an event has to have happened."""
        if json is None or json["type"] == "ALL_HISTORY":
            return lambda _: True
        kind: str = json["type"]
        if kind.startswith("TIME_"):
            test = self.points("at", {**json, "propertyParser": "UPDATED_AT"}, {})
            return lambda at: bool(test({}, lambda _: at))
        if kind.endswith("COMPARATIVE"):
            moment = self.edge(json.get("timestamp") or json["timeOffset"])
            is_before = json["comparison"] == "BEFORE"
            return lambda at: at < moment if is_before else at > moment
        names = ("lowerTimestamp", "upperTimestamp")
        if kind == "RELATIVE_RANGED":
            names = ("lowerBoundOffset", "upperBoundOffset")
        least, most = (self.edge(json[name]) for name in names)
        return lambda at: (least <= at <= most) == (json["rangeType"] == "BETWEEN")

    def edge(self, given: Any) -> datetime:
        if isinstance(given, int):
            return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=given)
        length = timedelta(**{given["timeUnit"].lower(): given["amount"]})
        return self.now - length if given["offsetDirection"] == "PAST" else self.now + length

    def day(self, value: date | datetime) -> date:
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def is_later(self, value: date | datetime) -> bool:
        return value > self.now if isinstance(value, datetime) else value > self.day(self.now)


def end_of(operation: Json, which: str) -> tuple[Json, bool]:
    """A time point of an operation, and whether it is inside the window itself."""
    if "timePoint" in operation:
        return operation["timePoint"], operation.get("endpointBehavior") == "INCLUSIVE"
    behavior = operation.get(f"{which}BoundEndpointBehavior")
    return operation[f"{which}BoundTimePoint"], behavior != "EXCLUSIVE"


def is_beyond(value: Any, end: Any, which: str, *, is_included: bool) -> bool:
    if value == end:
        return is_included
    return bool(value > end if which == "lower" else value < end)


def alike(left: Instant, right: Instant, zone: ZoneInfo) -> tuple[Any, Any]:
    """Two instants in a form in which they can be compared; a day on the left stays a day."""
    if not isinstance(left, datetime):
        return left, local(right, zone).date()
    if left.tzinfo is not None and isinstance(right, datetime) and right.tzinfo is not None:
        return left, right
    return local(left, zone), local(right, zone)


def local(value: Instant, zone: ZoneInfo) -> datetime:
    """What clocks in a zone show."""
    if not isinstance(value, datetime):
        return datetime.combine(value, time())
    return value if value.tzinfo is None else value.astimezone(zone).replace(tzinfo=None)


def first_day(reference: Json, today: date) -> date:
    kind = reference["referenceType"]
    if kind == "WEEK":
        return today - (today.isoweekday() - 1) * ONE_DAY
    if kind == "MONTH":
        last = calendar.monthrange(today.year, today.month)[1]
        return today.replace(day=min(reference.get("day", 1), last))
    return date(today.year, reference.get("month", 1), 1) if kind == "YEAR" else today


def later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def parse(kind: str, value: str) -> date | datetime:
    return date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value)
