"""A filter and the number of its records in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm import access
from crm.access import Verb
from crm.admin.filter_builder.checking import Findings
from crm.admin.filter_builder.drawing import Groups, Row, tree_of, write
from crm.filters import base
from crm.filters.estimate import Estimate, estimate
from crm.filters.explanation import Line
from crm.filters.scopes import Scope
from crm.objects import base as objects
from crm.objects.base import ObjectType
from crm.sql import SQL, sql

NOBODY = "No filters yet"


@dataclass(frozen=True)
class Asking:
    """Who asks, and when."""

    user: Any
    now: datetime


def uses_hidden(predicate: base.Predicate, user: Any) -> bool:
    """Whether the filter asks for records or values that the user may not see."""
    rights = access.of(user)
    return any(
        not rights.may(part.object_type, Verb.VIEW)
        or part.property_names & set(rights.hidden(part.object_type))
        for part in predicate.dependencies
        if part.object_type
    )


def _visible(user: Any, object_type: str) -> SQL | None:
    condition = access.visible(user, object_type)
    if condition is None:
        return None
    return sql("SELECT r.id AS record_id FROM crm_record r WHERE {condition}", condition=condition)


def in_sentences(groups: Groups, scope: Scope, findings: Findings) -> list[Line]:
    """What the filter asks for, without what is not finished yet."""
    finished = [_finished(rows, scope, findings, str(place)) for place, rows in enumerate(groups)]
    shown = tuple(rows for rows in finished if rows)
    if not shown:
        return []
    tree = tree_of(write(shown, scope), scope, lenient=True)
    return base.summary(tree, scope.object_type)


def _finished(
    rows: tuple[Row, ...], scope: Scope, findings: Findings, place: str
) -> tuple[Row, ...]:
    kept = []
    for number, row in enumerate(rows):
        here = f"{place}.{number}"
        form = row.form(scope)
        inner = form.inner if form else None
        if here in findings and findings[here].is_unfinished:
            continue
        kept.append(replace(row, rows=_finished(row.rows, inner, findings, here)) if inner else row)
    return tuple(kept)


def count_in_words(groups: Groups, scope: Scope, findings: Findings, asking: Asking) -> str:
    """How many of the records that the user may see match: "412 contacts match now"."""
    reason = _why_not(groups, findings)
    if reason:
        return reason
    tree = tree_of(write(groups, scope), scope, lenient=True)
    predicate = base.compile(tree, scope.object_type, asking.now)
    if uses_hidden(predicate, asking.user):
        return "Not counted: it asks for what you may not see"
    found = estimate(predicate, scope.object_type, _visible(asking.user, scope.object_type))
    return _number_in_words(found, objects.get(scope.object_type))


def _why_not(groups: Groups, findings: Findings) -> str:
    """Why there is nothing to count, "" when there is."""
    errors = [found for found in findings.values() if found.error]
    if any(not found.is_unfinished for found in errors):
        return "Mend the filters marked red to see how many match"
    if errors:
        return "Finish the filters to see how many match"
    return "" if groups else NOBODY


def _number_in_words(found: Estimate, kind: type[ObjectType]) -> str:
    if found.count is None:
        return "Too slow to estimate now"
    label = (kind.label if found.count == 1 else kind.plural_label).lower()
    about = "" if found.is_exact else "≈ "
    return f"{about}{found.count:,} {label} {'matches' if found.count == 1 else 'match'} now"
