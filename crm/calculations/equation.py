from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from crm.calculations.base import Calculation, Place
from crm.calculations.formula import Call, FormulaError, Node, Value, walk
from crm.calculations.reading import read
from crm.property_types.base import Definition
from crm.sql import SQL, sql

DATES = ("date", "datetime")


@dataclass(frozen=True)
class Equation(Calculation):
    """A number that follows from other properties by a formula (A-099)."""

    node: Node

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset(part.name for part in walk(self.node) if isinstance(part, Value))

    def value(self, place: Place) -> SQL:
        number = self.node.sql(place)
        # As precise as a stored number is, and never larger than one may be.
        return sql(
            "(SELECT CASE WHEN abs(n) <= 1e18 THEN to_jsonb(trim_scale(round(n, 6))) END"
            " FROM (SELECT {number} AS n) calculated)",
            number=number,
        )


@lru_cache(maxsize=500)
def equation(formula: str) -> Equation:
    """The equation of a formula; raises FormulaError."""
    return Equation(read(formula))


def check(name: str, formula: str, definitions: Mapping[str, Definition]) -> None:
    """Raise FormulaError unless the property `name` can be calculated so."""
    made = equation(formula)
    for read_name in sorted(made.reads):
        definition = definitions.get(read_name)
        if definition is None:
            raise FormulaError(f"names {read_name}, which is no property")
        if definition.column:
            raise FormulaError(f"names {read_name}, which cannot be calculated with")
    _check_types(made.node, definitions)
    _check_circle(name, made, definitions)


def _check_types(node: Node, definitions: Mapping[str, Definition]) -> None:
    """Dates are only for days_between, and nothing but dates."""
    for part in walk(node):
        if not isinstance(part, Call):
            continue
        for argument in part.arguments:
            if not isinstance(argument, Value) or part.name == "is_known":
                continue
            is_date = definitions[argument.name].type in DATES
            if is_date != (part.name == "days_between"):
                wanted = "a date" if part.name == "days_between" else "a number"
                raise FormulaError(f"{part.name} takes {wanted}, and {argument.name} is none")


def _check_circle(name: str, made: Equation, definitions: Mapping[str, Definition]) -> None:
    """A property may not follow from itself, not even through others."""
    seen: set[str] = set()
    waiting = set(made.reads)
    while waiting:
        one = waiting.pop()
        if one == name:
            raise FormulaError("follows from itself")
        if one not in seen:
            seen.add(one)
            calculation = definitions[one].calculation if one in definitions else None
            waiting |= calculation.reads if calculation else frozenset()
