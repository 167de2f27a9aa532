"""A filter in plain English, and why one record passes it or does not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crm import clock, properties
from crm.filters.kinds import Condition, Frame
from crm.filters.tree import Branch, Tree, names_of, parse
from crm.sql import SQL, join, rows, sql

#: By the id() of a condition: whether the record meets it, whether it meets the opposite (a
#: condition that cannot be asked is neither), and what it looked at.
Answers = Mapping[int, tuple[bool, bool, str | None]]
Describe = Callable[[Condition], "Line"]
Passes = Callable[[Branch], bool | None]

HEADINGS = {
    (True, False): "All of these are true:",
    (False, False): "At least one of these is true:",
    (False, True): "None of these is true:",
    (True, True): "At least one of these is not true:",
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """One sentence of a filter, with the lines under it."""

    sentence: str
    #: What relative dates mean at the moment: "2026-11-16 to 2026-11-22".
    note: str = ""
    #: What the record holds, as people read it; only in explanations.
    value: str = ""
    #: Whether the record passes; None where no record is asked about.
    passed: bool | None = None
    lines: tuple[Line, ...] = ()


def summary(branch: Any, object_type: str) -> list[Line]:
    """What a filter (JSON or Tree) asks for, in nested sentences."""
    tree = _tree(branch, object_type)
    frame = Frame.at(clock.now(), object_type)
    return _top(_line(tree.root, _sentences(tree, frame), lambda _: None))


def explain(branch: Any, object_type: str, record_id: int) -> list[Line]:
    """Each sentence of a filter with what the record holds and whether it passes.

    The record is asked by the same SQL as in a match, by one query for the whole filter. Raises
    LookupError when there is no such record.
    """
    tree = _tree(branch, object_type)
    frame = Frame.at(clock.now(), object_type)
    describe = _sentences(tree, frame)
    answers = _ask(tree, frame, record_id)

    def answered(condition: Condition) -> Line:
        passed, _, seen = answers[id(condition)]
        return replace(describe(condition), passed=passed, value=condition.shown(seen))

    return _top(_line(tree.root, answered, lambda node: _passes(node, answers)))


def _tree(branch: Any, object_type: str) -> Tree:
    if isinstance(branch, Tree):
        return branch
    return parse(branch, properties.load(object_type), lenient=True, object_type=object_type)


def _sentences(tree: Tree, frame: Frame) -> Describe:
    names = names_of(tree.conditions)

    def describe(condition: Condition) -> Line:
        sentence = condition.sentence(names.get(type(condition), {}))
        lines: tuple[Line, ...] = ()
        if isinstance(condition.group, Branch) and condition.group.nodes:
            # About other records, of which some may pass and others not.
            lines = tuple(_top(_line(condition.group, describe, lambda _: None)))
        return Line(sentence=sentence, note=condition.note(frame), lines=lines)

    return describe


def _ask(tree: Tree, frame: Frame, record_id: int) -> Answers:
    conditions = tree.conditions
    columns = [
        sql(
            "({where}) IS TRUE, ({opposite}) IS TRUE, {seen}",
            where=part.where(frame, negated=False),
            opposite=part.where(frame, negated=True),
            seen=part.seen(frame),
        )
        for part in conditions
    ]
    found = rows(
        sql(
            "SELECT {columns} FROM crm_record r WHERE r.id = {id} AND r.object_type = {type}",
            columns=join(", ", [*columns, SQL("1")]),
            id=record_id,
            type=frame.object_type,
        )
    )
    if not found:
        raise LookupError(f"There is no record {record_id}.")
    answers = iter(found[0])
    return {id(part): (next(answers), next(answers), next(answers)) for part in conditions}


def _line(node: Branch | Condition, describe: Describe, passes: Passes) -> Line:
    if isinstance(node, Condition):
        return describe(node)
    lines = tuple(_line(child, describe, passes) for child in node.nodes)
    if len(lines) == 1 and not node.is_not:
        return lines[0]
    heading = HEADINGS[node.is_and, node.is_not]
    if not lines:
        heading = "Every record" if node.is_and != node.is_not else "No record"
    return Line(sentence=heading, lines=lines, passed=passes(node))


def _passes(node: Branch | Condition, answers: Answers, *, negated: bool = False) -> bool:
    """What the compiled predicate says, put together from the answers of its conditions."""
    if isinstance(node, Condition):
        passed, opposite, _ = answers[id(node)]
        return opposite if negated else passed
    turned = negated != node.is_not
    parts = (_passes(child, answers, negated=turned) for child in node.nodes)
    return all(parts) if node.is_and != turned else any(parts)


def _top(line: Line) -> list[Line]:
    return list(line.lines) if line.sentence == HEADINGS[True, False] else [line]
