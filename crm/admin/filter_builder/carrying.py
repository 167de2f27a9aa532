"""What stays in a row when another operator is chosen."""

from __future__ import annotations

from dataclasses import replace

from crm.admin.filter_builder.drawing import MANY, Row
from crm.filters.inputs import Given, Input, texts_of
from crm.filters.scopes import Scope

#: Inputs of different operators that mean the same thing of the same property.
ALIKE = ({"value", "values", "lowerBound"}, {"day"})


def carried(row: Row, changed: str, scope: Scope) -> Row:
    """The row after its input `changed` got another value: what still fits is kept.

    Inputs that follow the changed one go back to their default.
    """
    form = row.form(scope)
    if form is None:
        return row
    kept = [item for item in form.inputs if item.follows != changed]
    asked = {item.name for item in form.inputs}
    spare = {name: texts_of(row.values, name) for name in row.values if name not in asked}
    values: dict[str, Given] = {}
    for item in kept:
        if item.name in row.values:
            values[item.name] = _fitting(item, texts_of(row.values, item.name))
        elif texts := _take(spare, item):
            values[item.name] = _fitting(item, texts)
    return replace(row, values=values)


def _take(spare: dict[str, list[str]], item: Input) -> list[str]:
    """What was given where something like `item` was asked before."""
    last = _last(item.name)
    family = next((names for names in ALIKE if last in names), set())
    name = next((name for name in spare if _last(name) in family), "")
    return spare.pop(name, [])


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _fitting(item: Input, texts: list[str]) -> Given:
    if item.ask in MANY:
        return texts
    return texts[0] if texts else ""
