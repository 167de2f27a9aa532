"""Comparing numbers, exactly and as jsonb: a cast would fail on a single stray value."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Input, Values
from crm.filters.operations import (
    Column,
    Ever,
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
    operator,
)
from crm.property_types.base import Definition
from crm.sql import SQL, sql


@operation_types.register
class Number(OperationType):
    """One number."""

    name = "NUMBER"
    property_types = frozenset({"number"})
    value_fields = frozenset({"value"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (Input(name="value", ask=Ask.NUMBER, label="Number"),)

    @classmethod
    def read(cls, fields: Fields, target: Target) -> Decimal:
        return fields.number("value")

    @classmethod
    def operand_text(cls, operand: Decimal, definition: Definition) -> str:
        return f"{operand:,f}"


@operation_types.register
class NumberRange(OperationType):
    """Two numbers, both included."""

    name = "NUMBER_RANGED"
    property_types = frozenset({"number"})
    value_fields = frozenset({"lowerBound", "upperBound"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (
            Input(name="lowerBound", ask=Ask.NUMBER, label="Least number"),
            Input(name="upperBound", ask=Ask.NUMBER, label="Most", before="and"),
        )

    @classmethod
    def read(cls, fields: Fields, target: Target) -> tuple[Decimal, Decimal]:
        return fields.number("lowerBound"), fields.number("upperBound")

    @classmethod
    def operand_text(cls, operand: tuple[Decimal, Decimal], definition: Definition) -> str:
        return f"{operand[0]:,f} and {operand[1]:,f}"


def constant(number: Decimal) -> SQL:
    return sql("to_jsonb({number}::numeric)", number=number)


def compared(column: Column, sign: str, number: Decimal) -> SQL:
    # Any object, array or boolean is larger than any number in the order of jsonb.
    return sql(
        "(jsonb_typeof({json}) = 'number' AND {json} {sign} {number})",
        json=column.json,
        sign=SQL(sign),
        number=constant(number),
    )


@operator
class IsEqualTo(Operator):
    name = "IS_EQUAL_TO"
    label = "is equal to"
    operation_types = frozenset({"NUMBER"})

    def where(self, operation: Operation, column: Column) -> SQL:
        return sql("{json} = {number}", json=column.json, number=constant(operation.operand))


@operator
class IsNotEqualTo(IsEqualTo):
    name = "IS_NOT_EQUAL_TO"
    label = "is not equal to"
    is_negative = True


@operator
class HasEverBeenEqualTo(Ever, IsEqualTo):
    name = "HAS_EVER_BEEN_EQUAL_TO"
    label = "has ever been equal to"


@operator
class HasNeverBeenEqualTo(HasEverBeenEqualTo):
    name = "HAS_NEVER_BEEN_EQUAL_TO"
    label = "has never been equal to"
    is_negative = True


class Comparison(Operator):
    """Larger or smaller than a number."""

    operation_types = frozenset({"NUMBER"})
    sign: ClassVar[str]

    def where(self, operation: Operation, column: Column) -> SQL:
        return compared(column, self.sign, operation.operand)


@operator
class IsGreaterThan(Comparison):
    name = "IS_GREATER_THAN"
    label = "is greater than"
    sign = ">"


@operator
class IsGreaterThanOrEqualTo(Comparison):
    name = "IS_GREATER_THAN_OR_EQUAL_TO"
    label = "is greater than or equal to"
    sign = ">="


@operator
class IsLessThan(Comparison):
    name = "IS_LESS_THAN"
    label = "is less than"
    sign = "<"


@operator
class IsLessThanOrEqualTo(Comparison):
    name = "IS_LESS_THAN_OR_EQUAL_TO"
    label = "is less than or equal to"
    sign = "<="


@operator
class IsBetween(Operator):
    name = "IS_BETWEEN"
    label = "is between"
    operation_types = frozenset({"NUMBER_RANGED"})

    def where(self, operation: Operation, column: Column) -> SQL:
        lower, upper = operation.operand
        return sql(
            "({least} AND {most})",
            least=compared(column, ">=", lower),
            most=compared(column, "<=", upper),
        )


@operator
class IsNotBetween(IsBetween):
    name = "IS_NOT_BETWEEN"
    label = "is not between"
    is_negative = True
