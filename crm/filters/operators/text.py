"""Comparing text: without regard to case, white space around it or ways to compose an accent.

Stored text is trimmed and composed (NFC) when written and the filter's values when read, so that
only the case is left to be folded here; an index on `lower(properties->>'name')` can serve.
"""

from __future__ import annotations

from collections.abc import Iterable

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
from crm.sql import SQL, join, sql


@operation_types.register
class String(OperationType):
    """One text."""

    name = "STRING"
    property_types = frozenset({"string"})
    value_fields = frozenset({"value"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (Input(name="value", ask=Ask.TEXT, label="Text"),)

    @classmethod
    def offered(cls, definition: Definition) -> list[type[Operator]]:
        # Forms ask for several texts wherever there may be several.
        return [
            kind for kind in super().offered(definition) if kind.name not in MultiString.operators
        ]

    @classmethod
    def read(cls, fields: Fields, target: Target) -> tuple[str, ...]:
        return (fields.text("value"),)

    @classmethod
    def operand_text(cls, operand: tuple[str, ...], definition: Definition) -> str:
        return operand[0]


@operation_types.register
class MultiString(OperationType):
    """Some texts; any of them will do."""

    name = "MULTISTRING"
    property_types = frozenset({"string"})
    value_fields = frozenset({"values"})

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...]:
        return (Input(name="values", ask=Ask.TEXTS, label="Texts"),)

    @classmethod
    def read(cls, fields: Fields, target: Target) -> tuple[str, ...]:
        return fields.texts()

    @classmethod
    def operand_text(cls, operand: tuple[str, ...], definition: Definition) -> str:
        return operand[0] if len(operand) == 1 else f"any of {', '.join(operand)}"


def folded(column: Column) -> SQL:
    return sql("lower({text})", text=column.text)


def any_of(parts: Iterable[SQL]) -> SQL:
    return sql("({parts})", parts=join(" OR ", parts))


def like(column: Column, before: str, text: str, after: str) -> SQL:
    """Whether the value is `text` with `before` and `after` (wildcards) around it."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    pattern = f"{before}{escaped}{after}"
    return sql("{text} LIKE lower({pattern}::text)", text=folded(column), pattern=pattern)


@operator
class IsEqualTo(Operator):
    name = "IS_EQUAL_TO"
    label = "is equal to"
    operation_types = frozenset({"STRING", "MULTISTRING"})

    def where(self, operation: Operation, column: Column) -> SQL:
        # The server folds the constants too: its lower() and Python's differ for some letters.
        constants = [sql("lower({text}::text)", text=text) for text in operation.operand]
        return sql("{text} IN ({texts})", text=folded(column), texts=join(", ", constants))


@operator
class IsNotEqualTo(IsEqualTo):
    name = "IS_NOT_EQUAL_TO"
    label = "is not equal to"
    is_negative = True


@operator
class HasEverBeenEqualTo(Ever, IsEqualTo):
    name = "HAS_EVER_BEEN_EQUAL_TO"
    label = "has ever been equal to"
    operation_types = frozenset({"STRING"})


@operator
class HasNeverBeenEqualTo(HasEverBeenEqualTo):
    name = "HAS_NEVER_BEEN_EQUAL_TO"
    label = "has never been equal to"
    is_negative = True


class HasPhrase(Operator):
    """The text occurs somewhere in the value as it is written."""

    def where(self, operation: Operation, column: Column) -> SQL:
        return any_of(like(column, "%", text, "%") for text in operation.operand)


@operator
class Contains(HasPhrase):
    name = "CONTAINS"
    label = "contains"
    operation_types = frozenset({"STRING"})


@operator
class DoesNotContain(Contains):
    name = "DOES_NOT_CONTAIN"
    label = "does not contain"
    is_negative = True


@operator
class HasEverContained(Ever, Contains):
    name = "HAS_EVER_CONTAINED"
    label = "has ever contained"


@operator
class HasNeverContained(HasEverContained):
    name = "HAS_NEVER_CONTAINED"
    label = "has never contained"
    is_negative = True


@operator
class ContainsExactly(HasPhrase):
    name = "CONTAINS_EXACTLY"
    label = "contains exactly"
    operation_types = frozenset({"MULTISTRING"})


@operator
class DoesNotContainExactly(ContainsExactly):
    name = "DOES_NOT_CONTAIN_EXACTLY"
    label = "does not contain exactly"
    is_negative = True


@operator
class ContainsWords(Operator):
    """All words of one of the texts occur, in any order."""

    name = "CONTAINS"
    label = "contains"
    operation_types = frozenset({"MULTISTRING"})

    def where(self, operation: Operation, column: Column) -> SQL:
        return any_of(
            sql("({words})", words=join(" AND ", [like(column, "%", w, "%") for w in text.split()]))
            for text in operation.operand
        )


@operator
class DoesNotContainWords(ContainsWords):
    name = "DOES_NOT_CONTAIN"
    label = "does not contain"
    is_negative = True


@operator
class StartsWith(Operator):
    name = "STARTS_WITH"
    label = "starts with"
    operation_types = frozenset({"STRING", "MULTISTRING"})

    def where(self, operation: Operation, column: Column) -> SQL:
        return any_of(like(column, "", text, "%") for text in operation.operand)


@operator
class EndsWith(Operator):
    name = "ENDS_WITH"
    label = "ends with"
    operation_types = frozenset({"STRING", "MULTISTRING"})

    def where(self, operation: Operation, column: Column) -> SQL:
        return any_of(like(column, "%", text, "") for text in operation.operand)
