"""Formulas from text: a small grammar, read by recursive descent.

number     = product { ("+" | "-") product }
product    = sign { ("*" | "/") sign }
sign       = "-" sign | atom
atom       = 12.5 | property | function "(" arguments ")" | "(" number ")"
condition  = conjunct { "or" conjunct },  conjunct = negation { "and" negation }
negation   = "not" negation | "(" condition ")" | comparison | a function that gives a condition
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from crm.calculations.formula import (
    COMPARISONS,
    CONDITION,
    DEEPEST,
    FUNCTIONS,
    LONGEST,
    NUMBER,
    PROPERTY,
    TEXT,
    TOKEN,
    Arithmetic,
    Call,
    Comparison,
    Constant,
    FormulaError,
    Function,
    Junction,
    Node,
    Not,
    Value,
    Words,
)

RESERVED = {"and", "or", "not"}


@dataclass(frozen=True)
class Token:
    kind: str
    text: str


END = Token("end", "")


def read(text: str) -> Node:
    """The formula in a text; raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"is longer than {LONGEST:,} characters")
    reader = Reader(_tokens(text))
    node = reader.number()
    if reader.next is not END:
        raise FormulaError(f"goes on with {reader.next.text!r} where it should end")
    return node


def _tokens(text: str) -> list[Token]:
    found = []
    place = 0
    text = text.rstrip()
    while place < len(text):
        match = TOKEN.match(text, place)
        if match is None:
            raise FormulaError(f"cannot be read from {text[place:].strip()[:20]!r} on")
        place = match.end()
        kind = match.lastgroup or ""
        found.append(Token(kind, match[kind]))
    if not found:
        raise FormulaError("is empty")
    return found


@dataclass
class Reader:
    tokens: list[Token]
    place: int = 0
    depth: int = field(default=0)

    @property
    def next(self) -> Token:
        return self.tokens[self.place] if self.place < len(self.tokens) else END

    def takes(self, *texts: str) -> str:
        """The next token if it is one of these, else ""."""
        token = self.next
        if token.kind in ("sign", "name") and token.text in texts:
            self.place += 1
            return token.text
        return ""

    def wants(self, text: str) -> None:
        if not self.takes(text):
            raise FormulaError(f"lacks a {text!r}" + self._before())

    def _before(self) -> str:
        return f" before {self.next.text!r}" if self.next is not END else " at its end"

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise FormulaError(f"is nested deeper than {DEEPEST} levels")

    def number(self) -> Node:
        self.deeper()
        node = self.product()
        while sign := self.takes("+", "-"):
            node = Arithmetic(sign, _numeric(node), _numeric(self.product()))
        self.depth -= 1
        return node

    def product(self) -> Node:
        node = self.sign()
        while sign := self.takes("*", "/"):
            node = Arithmetic(sign, _numeric(node), _numeric(self.sign()))
        return node

    def sign(self) -> Node:
        self.deeper()
        negative = self.takes("-")
        node = (
            Arithmetic("-", Constant(Decimal(0)), _numeric(self.sign()))
            if negative
            else self.atom()
        )
        self.depth -= 1
        return node

    def atom(self) -> Node:
        if self.takes("("):
            node = self.number()
            self.wants(")")
            return node
        token = self.next
        self.place += 1
        if token.kind == "number":
            return Constant(Decimal(token.text))
        if token.kind == "text":
            return Words(token.text[1:-1])
        if token.kind == "bracketed":
            return Value(token.text)
        if token.kind == "name" and token.text not in RESERVED:
            return self.call(token.text) if self.takes("(") else Value(token.text)
        self.place -= 1
        raise FormulaError("lacks a number or a property" + self._before())

    def call(self, name: str) -> Node:
        function = FUNCTIONS.get(name)
        if function is None:
            known = ", ".join(sorted(FUNCTIONS))
            raise FormulaError(f"calls {name}, which is none of {known}")
        arguments: list[Node] = []
        while not arguments or self.takes(","):
            kinds = function.takes
            kind = kinds[min(len(arguments), len(kinds) - 1)]
            arguments.append(self.condition() if kind == CONDITION else self.number())
            _check(name, kind, arguments[-1])
        self.wants(")")
        _check_count(name, function, len(arguments))
        return Call(name, tuple(arguments))

    def condition(self) -> Node:
        self.deeper()
        node = self.conjunct()
        while self.takes("or"):
            node = Junction("or", node, self.conjunct())
        self.depth -= 1
        return node

    def conjunct(self) -> Node:
        node = self.negation()
        while self.takes("and"):
            node = Junction("and", node, self.negation())
        return node

    def negation(self) -> Node:
        if self.takes("not"):
            self.deeper()
            node: Node = Not(self.negation())
            self.depth -= 1
            return node
        return self.grouped() or self.comparison()

    def grouped(self) -> Node | None:
        """A condition in brackets; None where the brackets hold a number."""
        start, depth = self.place, self.depth
        if not self.takes("("):
            return None
        try:
            node = self.condition()
            self.wants(")")
        except FormulaError:
            self.place, self.depth = start, depth
            return None
        return node

    def comparison(self) -> Node:
        left = self.number()
        if left.kind == CONDITION:
            return left
        sign = self.takes(*COMPARISONS)
        if not sign:
            raise FormulaError("lacks a comparison such as amount > 0" + self._before())
        right = self.number()
        for one, other in ((left, right), (right, left)):
            if one.kind == TEXT and not isinstance(other, Value | Words):
                raise FormulaError("compares a text with a number")
        return Comparison(COMPARISONS[sign], left, right)


def _numeric(node: Node) -> Node:
    if node.kind != NUMBER:
        raise FormulaError("calculates with something that is no number")
    return node


def _check(name: str, kind: str, argument: Node) -> None:
    if kind == PROPERTY:
        if not isinstance(argument, Value):
            raise FormulaError(f"{name} takes the name of a property")
    elif argument.kind != kind:
        raise FormulaError(f"{name} takes a {kind}")


def _check_count(name: str, function: Function, count: int) -> None:
    least = len(function.takes)
    if count < least or (count > least and not function.repeats):
        raise FormulaError(f"{name} takes {least} argument{'s' * (least > 1)}")
