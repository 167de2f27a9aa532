"""Comparing two properties of one record. Without a value to compare with, nothing holds (W-118)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from crm import properties
from crm.filters import instants
from crm.filters.fields import Fields
from crm.filters.instants import Form, Instant
from crm.filters.operations import (
    Column,
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
    operator,
)
from crm.property_types.base import Definition, InvalidValue, type_of
from crm.sql import SQL, sql

ANY_TYPE = frozenset({"string", "number", "bool", "enumeration", "date", "datetime"})


@dataclass(frozen=True)
class Other:
    """The property that is compared with, and what counts where it is empty."""

    definition: Definition
    #: In its stored form; None for nothing.
    default: Any = None


class Comparative(OperationType):
    """The name of another property of the same record."""

    value_fields = frozenset({"comparisonPropertyName"})

    @classmethod
    def read(cls, fields: Fields, target: Target) -> Other:
        other = target.sibling(fields, "comparisonPropertyName", cls.property_types)
        if not fields.has("defaultComparisonValue"):
            return Other(other)
        return Other(other, cls.read_default(fields, other))

    @classmethod
    def read_default(cls, fields: Fields, other: Definition) -> Any:
        name = "defaultComparisonValue"
        if other.type == "number":
            return fields.number(name)
        try:
            return type_of(other).clean(fields.text(name), other)
        except InvalidValue as error:
            raise fields.error(name, str(error)) from None

    @classmethod
    def others(cls, operand: Other) -> tuple[Definition, ...]:
        return (operand.definition,)

    @classmethod
    def operand_text(cls, operand: Other, definition: Definition) -> str:
        if operand.default is None:
            return operand.definition.label
        default = operand.default
        shown = f"{default:,f}" if isinstance(default, Decimal) else _shown(operand)
        return f"{operand.definition.label} ({shown} where that is empty)"


def _shown(operand: Other) -> str:
    return properties.display(operand.definition, operand.default)


@operation_types.register
class ComparativeDate(Comparative):
    """Another date or moment; where one of the two is a date, days are compared."""

    name = "COMPARATIVE_DATE"
    property_types = frozenset({"date", "datetime"})


@operation_types.register
class ComparativeString(Comparative):
    """Another text, compared without regard to case."""

    name = "COMPARATIVE_STRING"
    property_types = frozenset({"string"})


@operation_types.register
class ComparativeNumber(Comparative):
    """Another number."""

    name = "COMPARATIVE_NUMBER"
    property_types = frozenset({"number"})


@operation_types.register
class ComparativeBool(Comparative):
    """Another yes or no."""

    name = "COMPARATIVE_BOOL"
    property_types = frozenset({"bool"})


@operation_types.register
class ComparativePropertyUpdated(Comparative):
    """The times at which this and another property last changed."""

    name = "COMPARATIVE_PROPERTY_UPDATED"
    property_types = ANY_TYPE

    @classmethod
    def needs_history(cls, operand: Other) -> bool:
        return True

    @classmethod
    def read_default(cls, fields: Fields, other: Definition) -> Any:
        raise fields.error("defaultComparisonValue", "has no meaning for the time of a change")

    @classmethod
    def operand_text(cls, operand: Other, definition: Definition) -> str:
        return operand.definition.label


def other_text(operation: Operation, column: Column) -> SQL:
    """The value of the other property as text, or what counts instead of it."""
    other: Other = operation.operand
    text = column.beside(other.definition).text
    if other.default is None:
        return text
    default = str(other.default).lower() if other.definition.type == "bool" else other.default
    return sql("coalesce({text}, {default}::text)", text=text, default=default)


class OfTexts(Operator):
    """A condition on two texts, both in lower case."""

    operation_types = frozenset({"COMPARATIVE_STRING"})
    #: SQL over {a}, the value, and {b}, the other one.
    template: ClassVar[str]

    def where(self, operation: Operation, column: Column) -> SQL:
        return sql(
            self.template,
            a=sql("lower({text})", text=column.text),
            b=sql("lower({text})", text=other_text(operation, column)),
        )


@operator
class SameText(OfTexts):
    name = "IS_EQUAL_TO"
    label = "is equal to"
    template = "{a} = {b}"


@operator
class OtherText(OfTexts):
    name = "IS_NOT_EQUAL_TO"
    label = "is not equal to"
    template = "{a} <> {b}"


@operator
class ContainsText(OfTexts):
    name = "CONTAINS"
    label = "contains"
    template = "position({b} IN {a}) > 0"


@operator
class LacksText(OfTexts):
    name = "DOES_NOT_CONTAIN"
    label = "does not contain"
    template = "position({b} IN {a}) = 0"


@operator
class StartsWithText(OfTexts):
    name = "STARTS_WITH"
    label = "starts with"
    template = "starts_with({a}, {b})"


@operator
class EndsWithText(OfTexts):
    name = "ENDS_WITH"
    label = "ends with"
    template = "right({a}, length({b})) = {b}"


class OfNumbers(Operator):
    """A comparison of two numbers."""

    operation_types = frozenset({"COMPARATIVE_NUMBER"})
    sign: ClassVar[str]

    def where(self, operation: Operation, column: Column) -> SQL:
        other: Other = operation.operand
        right = column.beside(other.definition).json
        if other.default is not None:
            right = sql(
                "coalesce({right}, to_jsonb({default}::numeric))",
                right=right,
                default=other.default,
            )
        # Any object, array or boolean is larger than any number in the order of jsonb.
        return sql(
            "(jsonb_typeof({left}) = 'number' AND jsonb_typeof({right}) = 'number'"
            " AND {left} {sign} {right})",
            left=column.json,
            right=right,
            sign=SQL(self.sign),
        )


@operator
class SameNumber(OfNumbers):
    name = "IS_EQUAL_TO"
    label = "is equal to"
    sign = "="


@operator
class OtherNumber(OfNumbers):
    name = "IS_NOT_EQUAL_TO"
    label = "is not equal to"
    sign = "<>"


@operator
class GreaterNumber(OfNumbers):
    name = "IS_GREATER_THAN"
    label = "is greater than"
    sign = ">"


@operator
class GreaterOrSameNumber(OfNumbers):
    name = "IS_GREATER_THAN_OR_EQUAL_TO"
    label = "is greater than or equal to"
    sign = ">="


@operator
class SmallerNumber(OfNumbers):
    name = "IS_LESS_THAN"
    label = "is less than"
    sign = "<"


@operator
class SmallerOrSameNumber(OfNumbers):
    name = "IS_LESS_THAN_OR_EQUAL_TO"
    label = "is less than or equal to"
    sign = "<="


class OfFlags(Operator):
    """A comparison of yes and no."""

    operation_types = frozenset({"COMPARATIVE_BOOL"})
    sign: ClassVar[str]

    def where(self, operation: Operation, column: Column) -> SQL:
        other = other_text(operation, column)
        return sql("{text} {sign} {other}", text=column.text, sign=SQL(self.sign), other=other)


@operator
class SameFlag(OfFlags):
    name = "IS_EQUAL_TO"
    label = "is the same as"
    sign = "="


@operator
class OtherFlag(OfFlags):
    name = "IS_NOT_EQUAL_TO"
    label = "is not the same as"
    sign = "<>"


class OfDates(Operator):
    """A comparison of two dates or moments."""

    operation_types = frozenset({"COMPARATIVE_DATE"})
    sign: ClassVar[str]

    def where(self, operation: Operation, column: Column) -> SQL:
        left = instants.of(column, "VALUE", operation.now, operation.zone)
        is_day = operation.operand.definition.type == "date"
        right = Instant(Form.DAY if is_day else Form.UTC, other_text(operation, column))
        if is_day and left.form is not Form.DAY:
            left = Instant(Form.DAY, left.as_day(operation.zone))
        return instants.compared(left, self.sign, right, operation.zone)


@operator
class Before(OfDates):
    name = "IS_BEFORE"
    label = "is before"
    sign = "<"


@operator
class After(OfDates):
    name = "IS_AFTER"
    label = "is after"
    sign = ">"


class OfChanges(Operator):
    """A comparison of the times of the last changes."""

    operation_types = frozenset({"COMPARATIVE_PROPERTY_UPDATED"})
    implies_value = False
    needs_history = True
    sign: ClassVar[str]

    def where(self, operation: Operation, column: Column) -> SQL:
        other = column.beside(operation.operand.definition)
        return sql(
            "{mine} {sign} {theirs}",
            mine=column.changed_at(),
            sign=SQL(self.sign),
            theirs=other.changed_at(),
        )


@operator
class ChangedBefore(OfChanges):
    name = "IS_BEFORE"
    label = "was updated before"
    sign = "<"


@operator
class ChangedAfter(OfChanges):
    name = "IS_AFTER"
    label = "was updated after"
    sign = ">"
