"""Comparing dates and moments with time points: timestamps, local times, "30 days from today"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from crm.filters import moments, point_forms, time_points
from crm.filters.errors import NotAvailable
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Heading, Input, Values, text_of
from crm.filters.moments import Days, Moments, Window
from crm.filters.operations import (
    Column,
    Operation,
    OperationType,
    Operator,
    operation_types,
    operator,
)
from crm.filters.time_points import Fixed, TimePoint
from crm.filters.windows import InWindow, is_date
from crm.property_types.base import Definition
from crm.sql import SQL, join, sql

UTC = ZoneInfo("UTC")
POINT = point_forms.Place("timePoint", "endpointBehavior", "Time", start="TODAY-")
LOWER = point_forms.Place(
    "lowerBoundTimePoint", "lowerBoundEndpointBehavior", "Begin", end="INCLUSIVE"
)
UPPER = point_forms.Place(
    "upperBoundTimePoint",
    "upperBoundEndpointBehavior",
    "End",
    end="INCLUSIVE",
    before="and",
    clock="23:59:59.999",
)
DATE_TYPES = frozenset({"date", "datetime"})
PARSERS = [
    "VALUE",
    "UPDATED_AT",
    "ANNIVERSARY",
    "VALUE_WITH_ZONE_SAME_LOCAL_CONVERSION",
    "ANNIVERSARY_WITH_ZONE_SAME_LOCAL_CONVERSION",
]


@dataclass(frozen=True)
class End:
    """One end of a window, and whether it belongs to the window itself."""

    point: TimePoint
    is_included: bool


@dataclass(frozen=True)
class Ends:
    """What an operation compares with: one end, or a lower and an upper one."""

    ends: tuple[End, ...]
    #: Compares when the value last changed, not the value.
    is_change: bool = False

    @property
    def is_relative(self) -> bool:
        return any(end.point.is_relative for end in self.ends)


class PointType(OperationType):
    """Compares with one time point or lies between two."""

    property_types = DATE_TYPES

    @classmethod
    def is_relative(cls, operand: Ends) -> bool:
        return operand.is_relative

    @classmethod
    def operand_text(cls, operand: Ends, definition: Definition) -> str:
        words = " and ".join(end.point.words() for end in operand.ends)
        return f"{words} (time of the last change)" if operand.is_change else words


def timestamp(fields: Fields, name: str) -> Fixed:
    """A timestamp; with requiresTimeZoneConversion its time in UTC means the account's time."""
    is_local = fields.flag("requiresTimeZoneConversion", default=False)
    moment = time_points.read_timestamp(fields, name)
    return Fixed(moment.replace(tzinfo=None), None if is_local else UTC)


class TimestampType(PointType):
    """Compares with moments. Forms propose days instead."""

    @classmethod
    def offered(cls, definition: Definition) -> list[type[Operator]]:
        return []

    @classmethod
    def to_form(cls, operation: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: point_forms.moment_to_form(operation[name])
            for name in cls.value_fields
            if name in operation
        }

    @classmethod
    def from_form(cls, values: Values, inputs: tuple[Input, ...]) -> dict[str, Any]:
        given = {item.name: text_of(values, item.name) for item in inputs}
        return {name: point_forms.moment_from_form(text) for name, text in given.items() if text}


@operation_types.register
class DateTime(TimestampType):
    """A moment; a date property is compared with its day."""

    name = "DATETIME"
    value_fields = frozenset({"timestamp"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (Input(name="timestamp", ask=Ask.MOMENT, label="Time"),)

    @classmethod
    def read(cls, fields: Fields, definition: Definition) -> Ends:
        return Ends((End(timestamp(fields, "timestamp"), is_included=False),))


@operation_types.register
class DateRange(TimestampType):
    """Two moments, or for a date property their days; both are included."""

    name = "RANGED_DATE"
    value_fields = frozenset({"lowerBound", "upperBound"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (
            Input(name="lowerBound", ask=Ask.MOMENT, label="First time"),
            Input(name="upperBound", ask=Ask.MOMENT, label="Last time", before="and"),
        )

    @classmethod
    def read(cls, fields: Fields, definition: Definition) -> Ends:
        lower, upper = timestamp(fields, "lowerBound"), timestamp(fields, "upperBound")
        return Ends((End(lower, is_included=True), End(upper, is_included=True)))


class PointWithParser(PointType):
    """Compares the value, or with UPDATED_AT the time at which any property last changed."""

    @classmethod
    def fits(cls, definition: Definition, fields: Fields) -> bool:
        is_change = fields.json.get("propertyParser") == "UPDATED_AT"
        return is_change or super().fits(definition, fields)

    @classmethod
    def read_parser(cls, fields: Fields) -> bool:
        parser = fields.choice("propertyParser", PARSERS, "VALUE")
        if parser not in ("VALUE", "UPDATED_AT"):
            raise NotAvailable(fields.place("propertyParser"), f"{parser} of a date")
        return parser == "UPDATED_AT"

    @classmethod
    def read_end(cls, fields: Fields, point: str, behavior: str, default: str) -> End:
        included = fields.choice(behavior, ["INCLUSIVE", "EXCLUSIVE"], default) == "INCLUSIVE"
        return End(time_points.read(fields.object(point)), included)


@operation_types.register
class Point(PointWithParser):
    """One time point."""

    name = "TIME_POINT"
    value_fields = frozenset({"timePoint"})
    heading = Heading.MOVING

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return point_forms.inputs(POINT, values)

    @classmethod
    def to_form(cls, operation: Mapping[str, Any]) -> dict[str, Any]:
        return point_forms.to_form(POINT, operation)

    @classmethod
    def from_form(cls, values: Values, inputs: tuple[Input, ...]) -> dict[str, Any]:
        return {**point_forms.from_form(POINT, values), "type": cls.name, "propertyParser": "VALUE"}

    @classmethod
    def read(cls, fields: Fields, definition: Definition) -> Ends:
        end = cls.read_end(fields, "timePoint", "endpointBehavior", "EXCLUSIVE")
        return Ends((end,), cls.read_parser(fields))


@operation_types.register
class PointRange(PointWithParser):
    """Two time points."""

    name = "TIME_RANGED"
    value_fields = frozenset({"lowerBoundTimePoint", "upperBoundTimePoint"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return point_forms.inputs(LOWER, values) + point_forms.inputs(UPPER, values)

    @classmethod
    def to_form(cls, operation: Mapping[str, Any]) -> dict[str, Any]:
        return point_forms.to_form(LOWER, operation) | point_forms.to_form(UPPER, operation)

    @classmethod
    def from_form(cls, values: Values, inputs: tuple[Input, ...]) -> dict[str, Any]:
        ends = point_forms.from_form(LOWER, values) | point_forms.from_form(UPPER, values)
        return {**ends, "type": cls.name, "propertyParser": "VALUE"}

    @classmethod
    def read(cls, fields: Fields, definition: Definition) -> Ends:
        ends = tuple(
            cls.read_end(fields, f"{side}TimePoint", f"{side}EndpointBehavior", "INCLUSIVE")
            for side in ("lowerBound", "upperBound")
        )
        return Ends(ends, cls.read_parser(fields))


class AgainstPoints(InWindow):
    """Whether the value, or its last change, lies on one side of a point or between two."""

    #: The last change of a value may be its removal.
    implies_value = False

    def where(self, operation: Operation, column: Column) -> SQL:
        window = self.window(operation)
        if operation.operand.is_change and isinstance(window, Moments):
            return _changed_within(column, window)
        return super().where(operation, column)

    def between(self, operation: Operation, least: End | None, most: End | None) -> Window:
        if is_date(operation) and not operation.operand.is_change:
            return Days(_day(operation, least, 1), _day(operation, most, -1))
        return Moments(
            _moment(operation, least),
            _moment(operation, most),
            includes_least=least is not None and least.is_included,
            includes_most=most is not None and most.is_included,
        )


def _changed_within(column: Column, window: Moments) -> SQL:
    """Whether the last change lies in the window: one since its start, and none after its end.

    Ten times as fast as asking each record for the time of its last change.
    """
    parts = [sql("EXISTS ({history})", history=column.history(SQL("1")))]
    if window.least is not None:
        parts = [column.changed(">=" if window.includes_least else ">", window.least)]
    if window.most is not None:
        too_late = column.changed(">" if window.includes_most else ">=", window.most)
        parts.append(sql("NOT {too_late}", too_late=too_late))
    return sql("({parts})", parts=join(" AND ", parts))


def _moment(operation: Operation, end: End | None) -> Any:
    return None if end is None else end.point.at(operation.now, operation.zone)


def _day(operation: Operation, end: End | None, inwards: int) -> Any:
    """The last day that an end lets in; a day is in or out as a whole."""
    if end is None:
        return None
    moment = end.point.at(operation.now, operation.zone)
    day = moments.day_of(moment, end.point.zone or operation.zone)
    return day if end.is_included else moments.add_days(day, inwards)


@operator
class IsAt(AgainstPoints):
    name = "IS_EQUAL_TO"
    label = "is"
    operation_types = frozenset({"DATETIME"})

    def window(self, operation: Operation) -> Window:
        point = End(operation.operand.ends[0].point, is_included=True)
        return self.between(operation, point, point)


@operator
class IsBefore(AgainstPoints):
    name = "IS_BEFORE"
    label = "is before"
    operation_types = frozenset({"DATETIME", "TIME_POINT"})

    def window(self, operation: Operation) -> Window:
        return self.between(operation, None, operation.operand.ends[0])


@operator
class IsAfter(AgainstPoints):
    name = "IS_AFTER"
    label = "is after"
    operation_types = frozenset({"DATETIME", "TIME_POINT"})

    def window(self, operation: Operation) -> Window:
        return self.between(operation, operation.operand.ends[0], None)


class AgainstDay(InWindow):
    """Compares with the day of a timestamp in the account's time zone."""

    operation_types = frozenset({"DATETIME"})

    def day(self, operation: Operation) -> Any:
        point = operation.operand.ends[0].point
        zone = point.zone if is_date(operation) else None
        moment = point.at(operation.now, operation.zone)
        return moments.day_of(moment, zone or operation.zone)


@operator
class IsBeforeDayOf(AgainstDay):
    name = "IS_BEFORE_DATE"
    label = "is before the day of"

    def window(self, operation: Operation) -> Window:
        return Days(last=moments.add_days(self.day(operation), -1))


@operator
class IsAfterDayOf(AgainstDay):
    name = "IS_AFTER_DATE"
    label = "is after the day of"

    def window(self, operation: Operation) -> Window:
        return Days(first=moments.add_days(self.day(operation), 1))


@operator
class IsBetween(AgainstPoints):
    name = "IS_BETWEEN"
    label = "is between"
    operation_types = frozenset({"RANGED_DATE", "TIME_RANGED"})

    def window(self, operation: Operation) -> Window:
        lower, upper = operation.operand.ends
        return self.between(operation, lower, upper)


@operator
class IsNotBetween(IsBetween):
    name = "IS_NOT_BETWEEN"
    label = "is not between"
    is_negative = True
