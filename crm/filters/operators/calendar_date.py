"""Comparing with whole weeks, months, quarters and years around today, in the account's zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from crm.filters import moments, time_points
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Choice, Heading, Input, Values
from crm.filters.moments import Days, Moments, Window
from crm.filters.operations import (
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
    operator,
)
from crm.filters.windows import InWindow, is_date
from crm.property_types.base import Definition

UNITS = ["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]
MONTHS_IN = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
MOST_UNITS = 10_000


@dataclass(frozen=True)
class Units:
    """A number of calendar units; quarters and years may start with a month of their own."""

    unit: str
    count: int
    first_month: int

    def start(self, day: date) -> date:
        """The first day of the unit that `day` belongs to. Weeks start on Monday."""
        if self.unit == "DAY":
            return day
        if self.unit == "WEEK":
            return moments.add_days(day, -day.weekday())
        months = (day.month - self.first_month) % MONTHS_IN[self.unit]
        return moments.add_months(day.replace(day=1), -months)

    def later(self, day: date, count: int) -> date:
        """`day`, the first of a unit, that many units later."""
        if self.unit in MONTHS_IN:
            return moments.add_months(day, count * MONTHS_IN[self.unit])
        return moments.add_days(day, count * (7 if self.unit == "WEEK" else 1))


@operation_types.register
class CalendarDate(OperationType):
    """Some calendar units."""

    name = "CALENDAR_DATE"
    property_types = frozenset({"date", "datetime"})
    value_fields = frozenset({"timeUnit"})
    heading = Heading.MOVING

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        plural = "s" if issubclass(kind, SomeUnits) else ""
        choices = tuple(Choice(value=unit, label=f"{unit.lower()}{plural}") for unit in UNITS)
        unit = Input(
            name="timeUnit", ask=Ask.CHOICE, label="Unit", choices=choices, default="MONTH"
        )
        if not plural:
            return (unit,)
        return (Input(name="timeUnitCount", ask=Ask.WHOLE, label="Number", default="1"), unit)

    @classmethod
    def read(cls, fields: Fields, target: Target) -> Units:
        unit = fields.choice("timeUnit", UNITS)
        count = fields.integer("timeUnitCount", 1, MOST_UNITS, 1)
        is_fiscal = fields.flag("useFiscalYear", default=False) and unit in ("QUARTER", "YEAR")
        account = time_points.fiscal_year_start()
        first_month = time_points.read_month(fields, "fiscalYearStart", account) if is_fiscal else 1
        return Units(unit, count, first_month)

    @classmethod
    def operand_text(cls, operand: Units, definition: Definition) -> str:
        unit = f"{'fiscal ' if operand.first_month > 1 else ''}{operand.unit.lower()}"
        return unit if operand.count == 1 else f"{operand.count:,} {unit}s"


class InUnits(InWindow):
    """Whether a date lies in calendar units around today."""

    operation_types = frozenset({"CALENDAR_DATE"})
    time_sensitive = True

    def window(self, operation: Operation) -> Window:
        return self.days(operation.operand, moments.day_of(operation.now, operation.zone))

    def days(self, units: Units, today: date) -> Days:
        raise NotImplementedError

    def phrase(self, operand_text: str) -> str:
        return self.label.replace("X", operand_text)


@operator
class InThisUnit(InUnits):
    name = "IN_THIS_TIME_UNIT"
    label = "is in this X"

    def days(self, units: Units, today: date) -> Days:
        start = units.start(today)
        return Days(start, moments.add_days(units.later(start, 1), -1))


@operator
class InThisUnitSoFar(InUnits):
    name = "IN_THIS_TIME_UNIT_SO_FAR"
    label = "is in this X so far"

    def days(self, units: Units, today: date) -> Days:
        return Days(units.start(today), today)

    def window(self, operation: Operation) -> Window:
        days = super().window(operation)
        if is_date(operation) or isinstance(days, Moments):
            return days
        return Moments(days.moments(operation.zone).least, operation.now)


class SomeUnits(InUnits):
    """Whole units before or after the one of today."""


@operator
class InLastUnits(SomeUnits):
    name = "IN_LAST_TIME_UNIT"
    label = "is in the last X"

    def days(self, units: Units, today: date) -> Days:
        start = units.start(today)
        return Days(units.later(start, -units.count), moments.add_days(start, -1))


@operator
class InNextUnits(SomeUnits):
    name = "IN_NEXT_TIME_UNIT"
    label = "is in the next X"

    def days(self, units: Units, today: date) -> Days:
        start = units.later(units.start(today), 1)
        return Days(start, moments.add_days(units.later(start, units.count), -1))
