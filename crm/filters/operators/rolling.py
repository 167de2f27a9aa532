"""Comparing with a number of days counted from now.

A date property counts calendar days in the account's time zone, today included; a datetime property
counts 24 hours per day, to the millisecond.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from crm import timezones
from crm.filters import moments
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Heading, Input, Values
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
from crm.filters.windows import InWindow, is_date
from crm.property_types.base import Definition
from crm.sql import SQL, sql

#: A century.
MOST_DAYS = 36_525


class NumberOfDays(OperationType):
    """A number of days before or after now."""

    value_fields = frozenset({"numberOfDays"})
    heading = Heading.MOVING

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        days = Input(name="numberOfDays", ask=Ask.WHOLE, label="Number", after="days", default="30")
        return (days,)

    @classmethod
    def read(cls, fields: Fields, target: Target) -> int:
        return fields.integer("numberOfDays", 0, MOST_DAYS)

    @classmethod
    def operand_text(cls, operand: int, definition: Definition) -> str:
        return f"{operand:,} {'day' if operand == 1 else 'days'}"


@operation_types.register
class RollingDateRange(NumberOfDays):
    """Compares a date with a day some days before or after today."""

    name = "ROLLING_DATE_RANGE"
    property_types = frozenset({"date", "datetime"})


@operation_types.register
class RollingPropertyUpdated(NumberOfDays):
    """Compares the time of the last change with a moment some days ago."""

    name = "ROLLING_PROPERTY_UPDATED"
    property_types = frozenset({"string", "number", "bool", "enumeration", "date", "datetime"})
    heading = Heading.CHANGE


def day(operation: Operation, days: int) -> date:
    """The day some days after today in the account's time zone."""
    return moments.add_days(moments.day_of(operation.now, operation.zone), days)


def moment(operation: Operation, days: int) -> datetime:
    """The moment some times 24 hours after now."""
    return moments.add_time(operation.now, timedelta(days=days))


class DaysFromNow(InWindow):
    """Whether a date lies in a window that moves with time."""

    operation_types = frozenset({"ROLLING_DATE_RANGE"})
    time_sensitive = True

    def phrase(self, operand_text: str) -> str:
        return self.label.replace("X days", operand_text)


@operator
class IsLessThanDaysAgo(DaysFromNow):
    name = "IS_LESS_THAN_X_DAYS_AGO"
    label = "is less than X days ago"

    def window(self, operation: Operation) -> Window:
        count = operation.operand
        if is_date(operation):
            return Days(day(operation, 1 - count), day(operation, 0))
        return Moments(moment(operation, -count), operation.now, includes_least=False)


@operator
class IsMoreThanDaysAgo(DaysFromNow):
    name = "IS_MORE_THAN_X_DAYS_AGO"
    label = "is more than X days ago"

    def window(self, operation: Operation) -> Window:
        count = operation.operand
        if is_date(operation):
            return Days(last=day(operation, -count - 1))
        return Moments(most=moment(operation, -count), includes_most=False)


@operator
class IsLessThanDaysFromNow(DaysFromNow):
    name = "IS_LESS_THAN_X_DAYS_FROM_NOW"
    label = "is less than X days from now"

    def window(self, operation: Operation) -> Window:
        count = operation.operand
        if is_date(operation):
            return Days(day(operation, 0), day(operation, count - 1))
        return Moments(operation.now, moment(operation, count), includes_most=False)


@operator
class IsMoreThanDaysFromNow(DaysFromNow):
    name = "IS_MORE_THAN_X_DAYS_FROM_NOW"
    label = "is more than X days from now"

    def window(self, operation: Operation) -> Window:
        count = operation.operand
        if is_date(operation):
            return Days(first=day(operation, count + 1))
        return Moments(moment(operation, count), includes_least=False)


@operator
class UpdatedInLastDays(Operator):
    needs_history = True
    name = "UPDATED_IN_LAST_X_DAYS"
    label = "was updated in the last X days"
    operation_types = frozenset({"ROLLING_PROPERTY_UPDATED"})
    time_sensitive = True
    #: The last change of a value may be its removal.
    implies_value = False

    def where(self, operation: Operation, column: Column) -> SQL:
        return column.changed(">", moment(operation, -operation.operand))

    def phrase(self, operand_text: str) -> str:
        return self.label.replace("X days", operand_text)

    def note(self, operation: Operation) -> str:
        since = Moments(moment(operation, -operation.operand), includes_least=False)
        return since.words(operation.zone)

    def seen(self, column: Column) -> SQL:
        return sql("to_jsonb({changed_at})", changed_at=column.changed_at())

    def show(self, seen: Any, definition: Definition) -> str:
        shown = moments.show_moment(datetime.fromisoformat(seen), timezones.account_zone())
        return f"updated {shown}"


@operator
class NotUpdatedInLastDays(UpdatedInLastDays):
    name = "NOT_UPDATED_IN_LAST_X_DAYS"
    label = "was not updated in the last X days"
    is_negative = True
