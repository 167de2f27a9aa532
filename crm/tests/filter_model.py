"""What filters mean, once more: record by record in plain Python, without the compiler's code.

Only for tests. Where the compiler counts in days and texts, this goes the long way over moments.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(days=1)
PRESENCE = {"IS_KNOWN": True, "IS_NOT_BLANK": True, "IS_UNKNOWN": False, "IS_BLANK": False}
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


@dataclass
class Person:
    properties: Mapping[str, Any]
    history: list[tuple[str, Any, datetime]] = field(default_factory=list)
    lists: set[int] = field(default_factory=set)


@dataclass
class Model:
    """Answers for one moment, in one time zone, with these lists."""

    now: datetime
    zone: ZoneInfo
    types: Mapping[str, str]
    lists: set[int]

    def passes(self, node: Mapping[str, Any], person: Person, *, negated: bool = False) -> bool:
        if "filterBranchType" not in node:
            return self.filter(node, person, negated=negated)
        name = node["filterBranchType"]
        turned = negated != name.startswith("NOT_")
        children = [*node.get("filters", []), *node.get("filterBranches", [])]
        answers = [self.passes(child, person, negated=turned) for child in children]
        wants_all = (name in ("AND", "NOT_ALL")) != turned
        return all(answers) if wants_all else any(answers)

    def filter(self, node: Mapping[str, Any], person: Person, *, negated: bool) -> bool:
        if node["filterType"] == "CONSTANT":
            return bool(node["shouldAccept"]) != negated
        if node["filterType"] == "IN_LIST":
            if node["listId"] not in self.lists:
                return False
            is_member = node["listId"] in person.lists
            wants_member: bool = node["operator"] == "IN_LIST"
            return (is_member == wants_member) != negated
        if node["filterType"] != "PROPERTY":
            return False
        return self.property(node["property"], node["operation"], person) != negated

    def property(self, name: str, operation: Mapping[str, Any], person: Person) -> bool:
        operator: str = operation["operator"]
        value = person.properties.get(name)
        if operator in PRESENCE:
            return (value is not None) == PRESENCE[operator]
        if value is None:
            return bool(operation.get("includeObjectsWithNoValueSet"))
        changes = [(then, at) for other, then, at in person.history if other == name]
        if "UPDATED" in operator or operation.get("propertyParser") == "UPDATED_AT":
            return self.changed([at for _, at in changes], operation)
        test = self.test(self.types[name], operation)
        if not operator.startswith("HAS_"):
            return test(value)
        values = [value, *(then for then, _ in changes if then is not None)]
        return any(map(test, values)) != operator.startswith("HAS_NEVER")

    def changed(self, moments: list[datetime], operation: Mapping[str, Any]) -> bool:
        operator: str = operation["operator"]
        if "UPDATED" in operator:
            since = self.now - operation["numberOfDays"] * ONE_DAY
            return any(moment > since for moment in moments) != operator.startswith("NOT_")
        if not moments:
            return operator == "IS_NOT_BETWEEN"
        return self.window("datetime", operation)(max(moments))

    def test(self, kind: str, operation: Mapping[str, Any]) -> Callable[[Any], bool]:
        if kind == "string":
            return texts(operation)
        if kind == "number":
            return numbers(operation)
        if kind == "bool":
            wanted = operation["value"]
            return lambda value: (value is wanted) != (operation["operator"] == "IS_NOT_EQUAL_TO")
        if kind == "enumeration":
            return sets(operation)
        window = self.window(kind, operation)
        return lambda value: window(parse(kind, value))

    def window(self, kind: str, operation: Mapping[str, Any]) -> Callable[[Any], bool]:
        operator = operation["operator"]
        if operator == "IS_NOT_BETWEEN":
            inside = self.window(kind, {**operation, "operator": "IS_BETWEEN"})
            return lambda value: not inside(value)
        if "numberOfDays" in operation:
            return self.rolling(kind, operator, operation["numberOfDays"])
        if "timeUnit" in operation:
            first, after = self.units(operation)
            until_now = operator.endswith("SO_FAR")
            return lambda value: (
                first <= self.day(value) < after and not (until_now and self.is_later(value))
            )
        return self.points(kind, operation)

    def rolling(self, kind: str, operator: str, count: int) -> Callable[[Any], bool]:
        days = count * ONE_DAY
        now: Any = self.now if kind == "datetime" else self.day(self.now)
        return {
            "IS_LESS_THAN_X_DAYS_AGO": lambda value: now - days < value <= now,
            "IS_MORE_THAN_X_DAYS_AGO": lambda value: value < now - days,
            "IS_LESS_THAN_X_DAYS_FROM_NOW": lambda value: now <= value < now + days,
            "IS_MORE_THAN_X_DAYS_FROM_NOW": lambda value: value > now + days,
        }[operator]

    def units(self, operation: Mapping[str, Any]) -> tuple[date, date]:
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
        year = self.day(self.now).year
        first = date(year - 6, 1, 1)
        days = [first + number * ONE_DAY for number in range(13 * 366)]
        if unit == "DAY":
            return days
        if unit == "WEEK":
            return [day for day in days if day.isoweekday() == 1]
        return [day for day in days if day.day == 1 and (day.month - 1) % MONTHS[unit] == 0]

    def points(self, kind: str, operation: Mapping[str, Any]) -> Callable[[Any], bool]:
        if "timePoint" in operation:
            included = operation.get("endpointBehavior") == "INCLUSIVE"
            point = self.point(kind, operation["timePoint"])
            if operation["operator"] == "IS_BEFORE":
                return lambda value: value < point or (included and value == point)
            return lambda value: value > point or (included and value == point)
        lower = self.point(kind, operation["lowerBoundTimePoint"])
        upper = self.point(kind, operation["upperBoundTimePoint"])
        open_below = operation.get("lowerBoundEndpointBehavior") == "EXCLUSIVE"
        open_above = operation.get("upperBoundEndpointBehavior") == "EXCLUSIVE"
        return lambda value: (
            lower <= value <= upper
            and not (open_below and value == lower)
            and not (open_above and value == upper)
        )

    def point(self, kind: str, json: Mapping[str, Any]) -> Any:
        zone = ZoneInfo(json["zoneId"])
        if json["timeType"] == "DATE":
            moment = datetime(json["year"], json["month"], json["day"], tzinfo=zone)
        else:
            moment = self.now.astimezone(zone)
            if json["indexReference"]["referenceType"] == "TODAY":
                moment = datetime.combine(moment.date(), time(), zone)
            offset = json.get("offset", {})
            day = later(moment.date(), offset.get("months", 0)) + offset.get("days", 0) * ONE_DAY
            # Python adds hours to the clock time; over UTC they are hours that pass.
            moment = datetime.combine(day, moment.time(), zone).astimezone(UTC)
            moment += timedelta(hours=offset.get("hours", 0))
        return moment if kind == "datetime" else moment.astimezone(zone).date()

    def day(self, value: date | datetime) -> date:
        return value.astimezone(self.zone).date() if isinstance(value, datetime) else value

    def is_later(self, value: date | datetime) -> bool:
        return value > self.now if isinstance(value, datetime) else value > self.day(self.now)


def later(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def parse(kind: str, value: str) -> date | datetime:
    return date.fromisoformat(value) if kind == "date" else datetime.fromisoformat(value)


def texts(operation: Mapping[str, Any]) -> Callable[[Any], bool]:
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


def numbers(operation: Mapping[str, Any]) -> Callable[[Any], bool]:
    operator = operation["operator"]
    is_not = operator in ("IS_NOT_EQUAL_TO", "IS_NOT_BETWEEN")

    def holds(value: Any) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
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


def sets(operation: Mapping[str, Any]) -> Callable[[Any], bool]:
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
