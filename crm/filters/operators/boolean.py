from __future__ import annotations

from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Choice, Input, Values
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
class Bool(OperationType):
    """Yes or no. No value is neither of them."""

    name = "BOOL"
    property_types = frozenset({"bool"})
    value_fields = frozenset({"value"})

    @classmethod
    def fits(cls, definition: Definition, fields: Fields) -> bool:
        return is_yes_or_no(definition)

    @classmethod
    def offered(cls, definition: Definition) -> list[type[Operator]]:
        return list(cls.operators) if is_yes_or_no(definition) else []

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        choices = (Choice(value="true", label="yes"), Choice(value="false", label="no"))
        return (Input(name="value", ask=Ask.FLAG, label="Value", choices=choices, default="true"),)

    @classmethod
    def read(cls, fields: Fields, target: Target) -> bool:
        return fields.flag("value")

    @classmethod
    def operand_text(cls, operand: bool, definition: Definition) -> str:
        return "yes" if operand else "no"


def is_yes_or_no(definition: Definition) -> bool:
    """Whether a property is a single checkbox, whatever its type."""
    is_checkbox = definition.type == "enumeration" and definition.field_type == "booleancheckbox"
    return is_checkbox or definition.type == "bool"


@operator
class IsEqualTo(Operator):
    name = "IS_EQUAL_TO"
    label = "is"
    operation_types = frozenset({"BOOL"})

    def where(self, operation: Operation, column: Column) -> SQL:
        # A JSON boolean and a checkbox's text have the same text.
        return sql(
            "{text} = {value}", text=column.text, value="true" if operation.operand else "false"
        )


@operator
class IsNotEqualTo(IsEqualTo):
    name = "IS_NOT_EQUAL_TO"
    label = "is not"
    is_negative = True


@operator
class HasEverBeenEqualTo(Ever, IsEqualTo):
    name = "HAS_EVER_BEEN_EQUAL_TO"
    label = "has ever been"


@operator
class HasNeverBeenEqualTo(HasEverBeenEqualTo):
    name = "HAS_NEVER_BEEN_EQUAL_TO"
    label = "has never been"
    is_negative = True
