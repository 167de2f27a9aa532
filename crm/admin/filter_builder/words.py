"""A filter and the number of its records in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from crm.admin.filter_builder.checking import Findings
from crm.admin.filter_builder.drawing import Groups, Row, tree_of, write
from crm.filters import base
from crm.filters.estimate import estimate
from crm.filters.explanation import Line
from crm.filters.scopes import Scope
from crm.objects import base as objects

NOBODY = "No filters yet"


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


def count_in_words(groups: Groups, scope: Scope, findings: Findings, now: datetime) -> str:
    """How many records match: "412 contacts match now"."""
    if not groups:
        return NOBODY
    errors = [found for found in findings.values() if found.error]
    if any(not found.is_unfinished for found in errors):
        return "Mend the filters marked red to see how many match"
    if errors:
        return "Finish the filters to see how many match"
    tree = tree_of(write(groups, scope), scope, lenient=True)
    found = estimate(base.compile(tree, scope.object_type, now), scope.object_type)
    if found.count is None:
        return "Too slow to estimate now"
    kind = objects.get(scope.object_type)
    label = (kind.label if found.count == 1 else kind.plural_label).lower()
    about = "" if found.is_exact else "≈ "
    return f"{about}{found.count:,} {label} {'matches' if found.count == 1 else 'match'} now"
