"""Formulas such as `round(amount * (1 - hs_discount / 100), 2)`: read, checked, turned into SQL.

A formula is arithmetic over properties of one record. What has no value makes the result have
none, and so does a division by zero; nothing a record holds can make it fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from crm.calculations.base import Place
from crm.sql import SQL, join, literal, sql

LONGEST = 1000
DEEPEST = 20

NUMBER, CONDITION, TEXT = "number", "condition", "text"
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)"
    r"|\[properties\.(?P<bracketed>[a-z][a-z0-9_]*)\]"
    r"|(?P<name>[a-z][a-z0-9_]*)"
    r"|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<sign><=|>=|!=|<>|==|[-+*/(),<>=]))"
)
COMPARISONS = {
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "=": "=",
    "==": "=",
    "!=": "<>",
    "<>": "<>",
}


class FormulaError(ValueError):
    """A formula cannot be so; the message is for the one who wrote it."""


@dataclass(frozen=True)
class Node:
    """A part of a formula."""

    kind: ClassVar[str]

    def sql(self, place: Place) -> SQL:
        raise NotImplementedError

    @property
    def parts(self) -> Sequence[Node]:
        return ()


@dataclass(frozen=True)
class Constant(Node):
    kind = NUMBER
    number: Decimal

    def sql(self, place: Place) -> SQL:
        return sql("{number}::numeric", number=self.number)


@dataclass(frozen=True)
class Words(Node):
    kind = TEXT
    text: str

    def sql(self, place: Place) -> SQL:
        return sql("{text}::text", text=self.text)


@dataclass(frozen=True)
class Value(Node):
    """A property; as a number unless it is compared with a text."""

    kind = NUMBER
    name: str

    def sql(self, place: Place) -> SQL:
        return sql(
            "(CASE jsonb_typeof({json}) WHEN 'number' THEN ({json} #>> '{{}}')::numeric END)",
            json=self.json(place),
        )

    def json(self, place: Place) -> SQL:
        return sql("({alias}.properties->{name})", alias=SQL(place.alias), name=literal(self.name))

    def text(self, place: Place) -> SQL:
        return sql("({json} #>> '{{}}')", json=self.json(place))

    def day(self, place: Place) -> SQL:
        return sql(
            "(CASE WHEN {text} ~ '^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}' THEN left({text}, 10)::date END)",
            text=self.text(place),
        )


@dataclass(frozen=True)
class Arithmetic(Node):
    kind = NUMBER
    sign: str
    left: Node
    right: Node

    @property
    def parts(self) -> Sequence[Node]:
        return self.left, self.right

    def sql(self, place: Place) -> SQL:
        right = self.right.sql(place)
        if self.sign == "/":
            right = sql("nullif({right}, 0)", right=right)
        return sql(
            "({left} {sign} {right})", left=self.left.sql(place), sign=SQL(self.sign), right=right
        )


@dataclass(frozen=True)
class Comparison(Node):
    kind = CONDITION
    sign: str
    left: Node
    right: Node

    @property
    def parts(self) -> Sequence[Node]:
        return self.left, self.right

    def sql(self, place: Place) -> SQL:
        is_text = TEXT in (self.left.kind, self.right.kind)
        left, right = (
            part.text(place) if is_text and isinstance(part, Value) else part.sql(place)
            for part in self.parts
        )
        return sql("({left} {sign} {right})", left=left, sign=SQL(self.sign), right=right)


@dataclass(frozen=True)
class Junction(Node):
    kind = CONDITION
    word: str
    left: Node
    right: Node

    @property
    def parts(self) -> Sequence[Node]:
        return self.left, self.right

    def sql(self, place: Place) -> SQL:
        return sql(
            "({left} {word} {right})",
            left=self.left.sql(place),
            word=SQL(self.word.upper()),
            right=self.right.sql(place),
        )


@dataclass(frozen=True)
class Not(Node):
    kind = CONDITION
    inner: Node

    @property
    def parts(self) -> Sequence[Node]:
        return (self.inner,)

    def sql(self, place: Place) -> SQL:
        return sql("(NOT {inner})", inner=self.inner.sql(place))


@dataclass(frozen=True)
class Call(Node):
    """A function with its arguments."""

    name: str
    arguments: tuple[Node, ...]

    @property
    def kind(self) -> str:  # type: ignore[override]
        return FUNCTIONS[self.name].kind

    @property
    def parts(self) -> Sequence[Node]:
        return self.arguments

    def sql(self, place: Place) -> SQL:
        return FUNCTIONS[self.name].sql(self.arguments, place)


@dataclass(frozen=True)
class Function:
    """What a formula may call: what it gives, what it takes, and its SQL."""

    kind: str
    #: The kinds of its arguments; "property" stands for a bare property.
    takes: tuple[str, ...]
    sql: Callable[[Sequence[Node], Place], SQL]
    #: The last kind may come again and again.
    repeats: bool = False


PROPERTY = "property"


def _plain(template: str) -> Callable[[Sequence[Node], Place], SQL]:
    def build(arguments: Sequence[Node], place: Place) -> SQL:
        listed = join(", ", [argument.sql(place) for argument in arguments])
        return sql(template, arguments=listed)

    return build


def _if(arguments: Sequence[Node], place: Place) -> SQL:
    condition, then, otherwise = (argument.sql(place) for argument in arguments)
    return sql(
        "(CASE WHEN {condition} THEN {then} ELSE {otherwise} END)",
        condition=condition,
        then=then,
        otherwise=otherwise,
    )


def _round(arguments: Sequence[Node], place: Place) -> SQL:
    # More than ten places nobody reads; a whole number of them, whatever stands there.
    return sql(
        "(SELECT round({number}, CASE WHEN d < 0 THEN 0 WHEN d > 10 THEN 10"
        " WHEN d IS NOT NULL THEN trunc(d)::int END) FROM (SELECT {digits} AS d) digits)",
        number=arguments[0].sql(place),
        digits=arguments[1].sql(place),
    )


def _days_between(arguments: Sequence[Node], place: Place) -> SQL:
    first, last = (argument.day(place) for argument in arguments if isinstance(argument, Value))
    return sql("(({last} - {first})::numeric)", first=first, last=last)


def _is_known(arguments: Sequence[Node], place: Place) -> SQL:
    (value,) = arguments
    assert isinstance(value, Value), "checked when the formula was read"
    return sql("({json} IS NOT NULL)", json=value.json(place))


FUNCTIONS: dict[str, Function] = {
    "abs": Function(NUMBER, (NUMBER,), _plain("abs({arguments})")),
    "min": Function(NUMBER, (NUMBER,), _plain("least({arguments})"), repeats=True),
    "max": Function(NUMBER, (NUMBER,), _plain("greatest({arguments})"), repeats=True),
    "round": Function(NUMBER, (NUMBER, NUMBER), _round),
    "if": Function(NUMBER, (CONDITION, NUMBER, NUMBER), _if),
    "days_between": Function(NUMBER, (PROPERTY, PROPERTY), _days_between),
    "is_known": Function(CONDITION, (PROPERTY,), _is_known),
}


def walk(node: Node) -> Iterator[Node]:
    yield node
    for part in node.parts:
        yield from walk(part)
