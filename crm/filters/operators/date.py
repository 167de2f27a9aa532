from __future__ import annotations

from datetime import date

from crm.filters import moments, time_points
from crm.filters.fields import Fields
from crm.filters.moments import Days, Window
from crm.filters.operations import Operation, OperationType, operation_types, operator
from crm.filters.windows import InWindow
from crm.property_types.base import Definition


@operation_types.register
class Date(OperationType):
    """A calendar day; of a moment its day in the account's time zone."""

    name = "DATE"
    property_types = frozenset({"date", "datetime"})
    value_fields = frozenset({"year", "month", "day"})

    @classmethod
    def read(cls, fields: Fields, definition: Definition) -> date:
        return time_points.read_day(fields)

    @classmethod
    def operand_text(cls, operand: date, definition: Definition) -> str:
        return moments.show_day(operand)


@operator
class IsOnDay(InWindow):
    name = "IS_EQUAL_TO"
    label = "is"
    operation_types = frozenset({"DATE"})

    def window(self, operation: Operation) -> Window:
        return Days(operation.operand, operation.operand)


@operator
class IsBeforeDay(InWindow):
    name = "IS_BEFORE"
    label = "is before"
    operation_types = frozenset({"DATE"})

    def window(self, operation: Operation) -> Window:
        return Days(last=moments.add_days(operation.operand, -1))


@operator
class IsAfterDay(InWindow):
    name = "IS_AFTER"
    label = "is after"
    operation_types = frozenset({"DATE"})

    def window(self, operation: Operation) -> Window:
        return Days(first=moments.add_days(operation.operand, 1))
