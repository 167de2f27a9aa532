"""Comparing choices. The value and the filter's values are sets; a single choice is a set of one."""

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
from crm.filters.operators.boolean import is_yes_or_no
from crm.property_types.base import Definition
from crm.sql import SQL, sql

#: What stands for whoever looks at a list; filters here are asked with nobody looking (W-128).
VIEWER = {"me", "__hs__me__"}


@operation_types.register
class Enumeration(OperationType):
    """Some options of the property."""

    name = "ENUMERATION"
    property_types = frozenset({"enumeration", "bool"})
    value_fields = frozenset({"values"})

    @classmethod
    def read(cls, fields: Fields, target: Target) -> tuple[str, ...]:
        values = fields.texts()
        if fields.json["operator"] == "IS_EQUAL_TO" and len(values) > 1:
            raise fields.error("values", "IS_EQUAL_TO takes one value; use IS_ANY_OF")
        if target.definition.external_options == "OWNER" and VIEWER & {v.lower() for v in values}:
            raise fields.error("values", "there is no viewer whom this value could mean")
        return values

    @classmethod
    def offered(cls, definition: Definition) -> list[type[Operator]]:
        # Of a single checkbox one asks whether it is ticked.
        return [] if is_yes_or_no(definition) else super().offered(definition)

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        choices = tuple(
            Choice(value=option.value, label=option.label)
            for option in definition.options
            if not option.hidden
        )
        return (Input(name="values", ask=Ask.CHOICES, label="Values", choices=choices),)

    @classmethod
    def warning(cls, operand: tuple[str, ...], definition: Definition) -> str:
        # Owners that are gone stay meaningful: their records keep them (W-128, W-129).
        if definition.external_options not in ("STAGE", "PIPELINE"):
            return ""
        known = {option.value for option in definition.options}
        gone = [value for value in operand if value not in known]
        return f"{definition.label} has no option {gone[0]!r} any more" if gone else ""

    @classmethod
    def operand_text(cls, operand: tuple[str, ...], definition: Definition) -> str:
        labels = {option.value: option.label for option in definition.options}
        return ", ".join(labels.get(value, value) for value in operand)


def is_only(column: Column, values: list[str]) -> SQL:
    """Whether a single choice has all of the values: it cannot have two."""
    if len(values) > 1:
        return SQL("FALSE")
    return sql("{text} = {value}", text=column.text, value=values[0])


@operator
class IsAnyOf(Operator):
    name = "IS_ANY_OF"
    label = "is any of"
    operation_types = frozenset({"ENUMERATION"})

    def where(self, operation: Operation, column: Column) -> SQL:
        values = list(operation.operand)
        if column.is_multiple:
            return sql("{json} ?| {values}::text[]", json=column.json, values=values)
        return sql("{text} = ANY ({values}::text[])", text=column.text, values=values)


@operator
class IsEqualTo(IsAnyOf):
    """Seen in hand-written filters with one value."""

    name = "IS_EQUAL_TO"
    label = "is"

    @classmethod
    def is_offered(cls, definition: Definition) -> bool:
        return False


@operator
class IsNoneOf(IsAnyOf):
    name = "IS_NONE_OF"
    label = "is none of"
    is_negative = True


@operator
class HasEverBeenAnyOf(Ever, IsAnyOf):
    name = "HAS_EVER_BEEN_ANY_OF"
    label = "has ever been any of"


@operator
class HasNeverBeenAnyOf(HasEverBeenAnyOf):
    name = "HAS_NEVER_BEEN_ANY_OF"
    label = "has never been any of"
    is_negative = True


class OfSet(Operator):
    """Compares whole sets: of use where a record may have several of the options."""

    @classmethod
    def is_offered(cls, definition: Definition) -> bool:
        return definition.is_multiple


@operator
class ContainsAll(OfSet):
    name = "CONTAINS_ALL"
    label = "contains all of"
    operation_types = frozenset({"ENUMERATION"})

    def where(self, operation: Operation, column: Column) -> SQL:
        values = list(operation.operand)
        if column.is_multiple:
            return sql("{json} ?& {values}::text[]", json=column.json, values=values)
        return is_only(column, values)


@operator
class DoesNotContainAll(ContainsAll):
    name = "DOES_NOT_CONTAIN_ALL"
    label = "does not contain all of"
    is_negative = True


@operator
class HasEverContainedAll(Ever, ContainsAll):
    name = "HAS_EVER_CONTAINED_ALL"
    label = "has ever contained all of"


@operator
class HasNeverContainedAll(HasEverContainedAll):
    name = "HAS_NEVER_CONTAINED_ALL"
    label = "has never contained all of"
    is_negative = True


@operator
class IsExactly(OfSet):
    """The same set: every value is there and nothing else is."""

    name = "IS_EXACTLY"
    label = "is exactly"
    operation_types = frozenset({"ENUMERATION"})

    def where(self, operation: Operation, column: Column) -> SQL:
        values = list(operation.operand)
        if not column.is_multiple:
            return is_only(column, values)
        return sql(
            "({json} ?& {values}::text[] AND {json} <@ to_jsonb({values}::text[]))",
            json=column.json,
            values=values,
        )


@operator
class IsNotExactly(IsExactly):
    name = "IS_NOT_EXACTLY"
    label = "is not exactly"
    is_negative = True


@operator
class HasEverBeenExactly(Ever, IsExactly):
    name = "HAS_EVER_BEEN_EXACTLY"
    label = "has ever been exactly"


@operator
class HasNeverBeenExactly(HasEverBeenExactly):
    name = "HAS_NEVER_BEEN_EXACTLY"
    label = "has never been exactly"
    is_negative = True
