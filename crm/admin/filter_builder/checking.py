"""What is wrong with the rows of a filter, and what relative dates in them mean now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from crm.admin.filter_builder.drawing import Groups, Row, tree_of, write, write_row
from crm.filters.errors import FilterError, Problem
from crm.filters.explanation import Line, summary
from crm.filters.inputs import Form
from crm.filters.kinds import Condition, Frame
from crm.filters.scopes import Scope
from crm.filters.tree import Tree, names_of

#: What the parser says of a value that nobody has given yet.
MISSING = ("is missing", "'' is not a number", "must not be empty")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What there is to say about a row."""

    error: str = ""
    #: Nothing is wrong yet: something has to be filled in.
    is_unfinished: bool = False
    #: What relative dates are now: "from 1 Mar 2026 to 31 Mar 2026 (Europe/Oslo)".
    note: str = ""
    #: The row in words, where there is no form of it.
    words: str = ""


#: By the place of the row: "0.2" is the third row of the first group, "0.2.0" the first in it.
Findings = Mapping[str, Finding]


def check(groups: Groups, scope: Scope, now: datetime) -> dict[str, Finding]:
    """What there is to say about each row, in one query per kind of thing they refer to."""
    placed = [
        item for place, rows in enumerate(groups) for item in _placed(rows, scope, f"{place}")
    ]
    trees = {place: _tree(row, scope) for place, row, scope in placed}
    names = names_of([part for tree in trees.values() for part in tree.conditions])
    return {place: _finding(row, scope, trees[place], names, now) for place, row, scope in placed}


def head_error(groups: Groups, scope: Scope) -> str:
    """What is wrong with the filter as a whole, "" for nothing."""
    try:
        tree_of(write(groups, scope), scope)
    except FilterError as error:
        # What stands in a row is said there.
        is_whole = error.message.startswith("is more than") or "nested deeper" in error.message
        return f"This filter {error.message}." if is_whole else ""
    return ""


def _placed(rows: tuple[Row, ...], scope: Scope, before: str) -> Iterator[tuple[str, Row, Scope]]:
    for number, row in enumerate(rows):
        place = f"{before}.{number}"
        yield place, row, scope
        form = row.form(scope) if row.rows else None
        if form and form.inner:
            yield from _placed(row.rows, form.inner, place)


def _tree(row: Row, scope: Scope) -> Tree:
    json = write_row(replace(row, rows=()) if row.kind else row, scope)
    holder = "filterBranches" if "filterBranchType" in json else "filters"
    return tree_of({"filterBranchType": "AND", holder: [json]}, scope, lenient=True)


def _finding(
    row: Row,
    scope: Scope,
    tree: Tree,
    names: Mapping[type[Condition], Mapping[Any, str]],
    now: datetime,
) -> Finding:
    form = row.form(scope)
    problem = next((found for part in tree.conditions if (found := _problem(part, names))), None)
    words = "" if form else in_words(summary(tree, scope.object_type))
    if problem is None:
        frame = Frame.at(now, scope.object_type)
        notes = [note for part in tree.conditions if (note := part.note(frame))]
        return Finding(note=", ".join(notes), words=words)
    is_unfinished = form is not None and problem.message in MISSING
    return Finding(error=_sentence(problem, form), is_unfinished=is_unfinished, words=words)


def _problem(part: Condition, names: Mapping[type[Condition], Mapping[Any, str]]) -> Problem | None:
    if part.problem:
        return Problem(part.path, part.problem)
    if part.reference is not None and part.reference not in names[type(part)]:
        return Problem(part.path, part.missing)
    return None


def _sentence(problem: Problem, form: Form | None) -> str:
    """A problem as people read it: "Number: 'many' is not a number."."""
    if form is None:
        return f"{problem.message[:1].upper()}{problem.message[1:]}."
    if problem.message in MISSING:
        return "Fill in what is empty."
    name = problem.path.rpartition(".")[2].partition("[")[0]
    label = next((item.label for item in form.inputs if item.name == name), "")
    message = problem.message
    if not label or message.startswith(("there is", "A ", "The ")):
        return f"{message[:1].upper()}{message[1:]}."
    return f"{label}: {message}."


def in_words(lines: Sequence[Line]) -> str:
    """Sentences in one line: "None of these is true: City is Oslo; Name is known"."""
    return "; ".join(
        " ".join(filter(None, (line.sentence, in_words(line.lines)))) for line in lines
    )
