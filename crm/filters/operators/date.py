from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from crm.filters import moments, point_forms, time_points
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Input, Values, text_of
from crm.filters.moments import Days, Window
from crm.filters.operations import (
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
    operator,
)
from crm.filters.windows import InWindow
from crm.property_types.base import Definition


@operation_types.register
class Date(OperationType):
    """A calendar day; of a moment its day in the account's time zone."""

    name = "DATE"
    property_types = frozenset({"date", "datetime"})
    value_fields = frozenset({"year", "month", "day"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (Input(name="day", ask=Ask.DAY, label="Day"),)

    @classmethod
    def to_form(cls, operation: Mapping[str, Any]) -> dict[str, Any]:
        return {"day": point_forms.day_to_form(operation)}

    @classmethod
    def from_form(cls, values: Values, inputs: tuple[Input, ...]) -> dict[str, Any]:
        return point_forms.day_from_form(text_of(values, "day"))

    @classmethod
    def read(cls, fields: Fields, target: Target) -> date:
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
