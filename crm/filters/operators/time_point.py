"""Comparing dates and moments with time points: timestamps, local times, "30 days from today"."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm.filters import instants, moments, point_forms, time_points
from crm.filters.ends import AnyEnd, Bounds, Ends, Referenced, ReferencedEnd
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Heading, Input, Values, text_of
from crm.filters.instants import Instant
from crm.filters.kinds import FALSE
from crm.filters.moments import Days, Moments, Window
from crm.filters.operations import (
    Column,
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
    operator,
)
from crm.filters.time_points import End, Fixed
from crm.filters.windows import InWindow, changed_within, is_date
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


class PointType(OperationType):
    """Compares with one time point or lies between two."""

    property_types = DATE_TYPES

    @classmethod
    def is_relative(cls, operand: Ends) -> bool:
        return operand.is_relative

    @classmethod
    def others(cls, operand: Ends) -> tuple[Definition, ...]:
        return tuple(end.point.definition for end in operand.ends if isinstance(end, ReferencedEnd))

    @classmethod
    def needs_history(cls, operand: Ends) -> bool:
        return operand.is_change or any(
            end.point.parser == "UPDATED_AT"
            for end in operand.ends
            if isinstance(end, ReferencedEnd)
        )

    @classmethod
    def operand_text(cls, operand: Ends, definition: Definition) -> str:
        words = " and ".join(end.point.words() for end in operand.ends)
        parser = instants.PARSERS[operand.parser]
        return f"{words} ({parser})" if parser else words


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
    def read(cls, fields: Fields, target: Target) -> Ends:
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
    def read(cls, fields: Fields, target: Target) -> Ends:
        lower, upper = timestamp(fields, "lowerBound"), timestamp(fields, "upperBound")
        return Ends((End(lower, is_included=True), End(upper, is_included=True)))


class PointWithParser(PointType):
    """Compares the value, or with UPDATED_AT the time at which any property last changed."""

    @classmethod
    def fits(cls, definition: Definition, fields: Fields) -> bool:
        is_change = fields.json.get("propertyParser") == "UPDATED_AT"
        return is_change or super().fits(definition, fields)

    @classmethod
    def read_parser(cls, fields: Fields) -> str:
        return fields.choice("propertyParser", instants.PARSERS, "VALUE")

    @classmethod
    def read_end(
        cls, fields: Fields, target: Target, point: str, behavior: str, default: str
    ) -> AnyEnd:
        json = fields.object(point)
        if json.json.get("timeType") != "PROPERTY_REFERENCED":
            return End.parse(fields, point, behavior, default)
        parser = json.choice("referenceType", instants.PARSERS, "VALUE")
        types = DATE_TYPES if parser != "UPDATED_AT" else {*DATE_TYPES, target.definition.type}
        referenced = Referenced(
            target.sibling(json, "property", types), parser, time_points.read_zone(json)
        )
        is_included = fields.choice(behavior, ["INCLUSIVE", "EXCLUSIVE"], default) == "INCLUSIVE"
        return ReferencedEnd(referenced, is_included)


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
    def read(cls, fields: Fields, target: Target) -> Ends:
        end = cls.read_end(fields, target, "timePoint", "endpointBehavior", "EXCLUSIVE")
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
    def read(cls, fields: Fields, target: Target) -> Ends:
        ends = tuple(
            cls.read_end(fields, target, f"{side}TimePoint", f"{side}EndpointBehavior", "INCLUSIVE")
            for side in ("lowerBound", "upperBound")
        )
        return Ends(ends, cls.read_parser(fields))


class AgainstPoints(InWindow):
    """Whether the value, or its last change, lies on one side of a point or between two."""

    #: The last change of a value may be its removal.
    implies_value = False

    def bounds(self, operation: Operation) -> Bounds:
        """Where the window begins and ends; None is open."""
        raise NotImplementedError

    def where(self, operation: Operation, column: Column) -> SQL:
        if not operation.operand.is_window:
            return self.compared(operation, column)
        window = self.window(operation)
        if operation.operand.is_change and isinstance(window, Moments):
            return changed_within(column, window)
        return super().where(operation, column)

    def compared(self, operation: Operation, column: Column) -> SQL:
        """The same with ends or values that have to be worked out record by record."""
        lower, upper = self.bounds(operation)
        parts = [
            _compared(operation, column, end, sign)
            for end, sign in ((lower, ">"), (upper, "<"))
            if end is not None
        ]
        return sql("({parts})", parts=join(" AND ", parts))

    def window(self, operation: Operation) -> Window:
        least, most = self.bounds(operation)
        if is_date(operation) and not operation.operand.is_change:
            return Days(_day(operation, least, 1), _day(operation, most, -1))
        return Moments(
            _moment(operation, least),
            _moment(operation, most),
            includes_least=least is not None and least.is_included,
            includes_most=most is not None and most.is_included,
        )

    def note(self, operation: Operation) -> str:
        return super().note(operation) if operation.operand.is_window else ""


def _compared(operation: Operation, column: Column, end: AnyEnd, sign: str) -> SQL:
    zone = end.point.zone or operation.zone
    left = instants.of(column, operation.operand.parser, operation.now, zone)
    right = _right(operation, column, end)
    return instants.compared(left, f"{sign}=" if end.is_included else sign, right, zone)


def _right(operation: Operation, column: Column, end: AnyEnd) -> Instant:
    if not isinstance(end, ReferencedEnd):
        return instants.constant(end.point.at(operation.now, operation.zone))
    other = column.beside(end.point.definition)
    zone = end.point.zone or operation.zone
    return instants.of(other, end.point.parser, operation.now, zone)


def _is_missing(operation: Operation, column: Column, end: AnyEnd) -> SQL:
    """Whether an end stands in a property that has no value."""
    if not isinstance(end, ReferencedEnd):
        return FALSE
    return sql("{text} IS NULL", text=_right(operation, column, end).text)


def _moment(operation: Operation, end: AnyEnd | None) -> datetime | None:
    if end is None or isinstance(end, ReferencedEnd):
        return None
    return end.point.at(operation.now, operation.zone)


def _day(operation: Operation, end: AnyEnd | None, inwards: int) -> date | None:
    """The last day that an end lets in; a day is in or out as a whole."""
    moment = _moment(operation, end)
    if end is None or moment is None:
        return None
    day = moments.day_of(moment, end.point.zone or operation.zone)
    return day if end.is_included else moments.add_days(day, inwards)


@operator
class IsAt(AgainstPoints):
    name = "IS_EQUAL_TO"
    label = "is"
    operation_types = frozenset({"DATETIME"})

    def bounds(self, operation: Operation) -> Bounds:
        point = End(operation.operand.ends[0].point, is_included=True)
        return point, point


@operator
class IsBefore(AgainstPoints):
    name = "IS_BEFORE"
    label = "is before"
    operation_types = frozenset({"DATETIME", "TIME_POINT"})

    def bounds(self, operation: Operation) -> Bounds:
        return None, operation.operand.ends[0]


@operator
class IsAfter(AgainstPoints):
    name = "IS_AFTER"
    label = "is after"
    operation_types = frozenset({"DATETIME", "TIME_POINT"})

    def bounds(self, operation: Operation) -> Bounds:
        return operation.operand.ends[0], None


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

    def bounds(self, operation: Operation) -> Bounds:
        return (operation.operand.ends[0], operation.operand.ends[1])


@operator
class IsNotBetween(IsBetween):
    name = "IS_NOT_BETWEEN"
    label = "is not between"
    is_negative = True

    def compared(self, operation: Operation, column: Column) -> SQL:
        # Without something to compare with, a value is neither between nor not between.
        missing = [_is_missing(operation, column, end) for end in operation.operand.ends]
        between = super().compared(operation, column)
        return sql("({parts})", parts=join(" OR ", [between, *missing]))
