from __future__ import annotations

from dataclasses import dataclass

from crm.filters import patterns
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Heading, Input, Values
from crm.filters.operations import (
    Column,
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
    operator,
)
from crm.filters.patterns import BadPattern, Pattern
from crm.property_types.base import Definition
from crm.sql import SQL, sql


@dataclass(frozen=True)
class Written:
    """A regular expression as it was written, and as the server takes it."""

    source: str
    pattern: Pattern


@operation_types.register
class Regex(OperationType):
    """A regular expression of RE2's kind: no back-references, no looking around (W-106).

    It is looked for anywhere in the text; ^ and $ tie it to the ends.
    """

    name = "REGEX"
    property_types = frozenset({"string"})
    value_fields = frozenset({"value"})
    heading = Heading.EXPRESSION

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (Input(name="value", ask=Ask.TEXT, label="Expression"),)

    @classmethod
    def read(cls, fields: Fields, target: Target) -> Written:
        source = fields.text("value")
        try:
            return Written(source, patterns.translate(source))
        except BadPattern as error:
            raise fields.error("value", f"the regular expression {error}") from None

    @classmethod
    def operand_text(cls, operand: Written, definition: Definition) -> str:
        return operand.source


@operator
class MatchesRegex(Operator):
    name = "MATCHES_REGEX"
    label = "matches the expression"
    operation_types = frozenset({"REGEX"})

    def where(self, operation: Operation, column: Column) -> SQL:
        pattern: Pattern = operation.operand.pattern
        return sql(
            "{text} {sign} {pattern}::text",
            text=column.text,
            sign=SQL("~*" if pattern.ignores_case else "~"),
            pattern=pattern.text,
        )


@operator
class DoesNotMatchRegex(MatchesRegex):
    name = "DOES_NOT_MATCH_REGEX"
    label = "does not match the expression"
    is_negative = True
