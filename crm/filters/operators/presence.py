from __future__ import annotations

from crm.filters.inputs import Heading, Input, Values
from crm.filters.operations import (
    Column,
    Operation,
    OperationType,
    Operator,
    operation_types,
    operator,
)
from crm.property_types.base import Definition
from crm.sql import SQL, sql


@operation_types.register
class AllProperty(OperationType):
    """Asks whether there is a value at all."""

    name = "ALL_PROPERTY"
    property_types = frozenset({"string", "number", "bool", "enumeration", "date", "datetime"})
    heading = Heading.PRESENCE

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return ()


@operator
class IsKnown(Operator):
    name = "IS_KNOWN"
    label = "is known"
    operation_types = frozenset({"ALL_PROPERTY"})
    decides_empty = True

    def where(self, operation: Operation, column: Column) -> SQL:
        return sql("{text} IS NOT NULL", text=column.text)


@operator
class IsUnknown(IsKnown):
    name = "IS_UNKNOWN"
    label = "is unknown"
    is_negative = True


@operator
class IsNotBlank(Operator):
    """Known, and more than white space."""

    name = "IS_NOT_BLANK"
    label = "is not blank"
    operation_types = frozenset({"ALL_PROPERTY"})
    decides_empty = True

    def where(self, operation: Operation, column: Column) -> SQL:
        return sql(r"{text} ~ '\S'", text=column.text)


@operator
class IsBlank(IsNotBlank):
    name = "IS_BLANK"
    label = "is blank"
    is_negative = True
