"""Which values two records have once they are one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import MERGED_IDS, MergeRule, ObjectType
from crm.properties import Definitions
from crm.property_types.base import Definition

Values = Mapping[str, Any]
#: Contacts carry the time of each merge as well.
MERGED_VIDS = "hs_calculated_merged_vids"


def merged(
    kind: type[ObjectType], definitions: Definitions, primary: Values, secondary: Values
) -> dict[str, Any]:
    """What changes in the primary record's values: empty ones are filled from the secondary.

    Exceptions are declared by the object type. What is worked out from other records is left to
    those who work it out.
    """
    bound = _bound(kind)
    collected = {*kind.additional_values.values(), MERGED_IDS, MERGED_VIDS}
    changes: dict[str, Any] = {}
    for name, value in secondary.items():
        definition = definitions.get(name)
        if definition is None or definition.column or definition.is_calculated:
            continue
        if name in collected:
            continue
        rule = kind.merge_rules.get(name)
        mine = primary.get(name)
        if mine is None and not any(other in primary for other in bound.get(name, ())):
            changes[name] = value
        elif mine is not None and rule is not None:
            changes[name] = _ruled(rule, definition, mine, value)
    changes = {name: value for name, value in changes.items() if value != primary.get(name)}
    return changes | _additional(kind, primary, secondary, changes)


def _bound(kind: type[ObjectType]) -> dict[str, tuple[str, ...]]:
    """Property -> the ones that come from the same record as it."""
    groups = list(kind.merged_together)
    if kind.pipelines is not None:
        groups.append((kind.pipelines.property_name, kind.pipelines.stage_property_name))
    return {name: group for group in groups for name in group}


def _ruled(rule: MergeRule, definition: Definition, mine: Any, other: Any) -> Any:
    if rule is MergeRule.EITHER:
        return mine or other
    if rule is MergeRule.SUM:
        return mine + other
    if rule is MergeRule.FURTHEST:
        order = {option.value: place for place, option in enumerate(definition.options)}
        return max(mine, other, key=lambda value: order.get(value, -1))
    return min(mine, other) if rule is MergeRule.LEAST else max(mine, other)


def _additional(
    kind: type[ObjectType], primary: Values, secondary: Values, changes: Values
) -> dict[str, str]:
    """Further values of properties such as the email: all that either record had."""
    found = {}
    for name, further in kind.additional_values.items():
        kept = changes.get(name, primary.get(name))
        given = [
            *split(primary.get(further)), secondary.get(name), *split(secondary.get(further)),
        ]  # fmt: skip
        values = ";".join(dict.fromkeys(value for value in given if value and value != kept))
        if values and values != primary.get(further):
            found[further] = values
    return found


def split(text: str | None) -> list[str]:
    """A list in one text, as further values are stored."""
    return [part for part in (text or "").split(";") if part]


def traces(
    definitions: Definitions, primary: Values, secondary: Values, secondary_id: int, at_ms: int
) -> dict[str, str]:
    """The properties that say which records were merged into the primary one, and when."""
    own = {MERGED_IDS: str(secondary_id), MERGED_VIDS: f"{secondary_id}:{at_ms}"}
    return {
        name: ";".join(
            dict.fromkeys([*split(primary.get(name)), value, *split(secondary.get(name))])
        )
        for name, value in own.items()
        if name in definitions
    }
