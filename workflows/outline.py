"""A workflow as a readable outline, and how many records stand where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.sql import rows, sql
from workflows import checking
from workflows.actions.base import actions
from workflows.definition import DefinitionError, Flow, Node, parse
from workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class Step:
    """One node as a line of the outline."""

    action_id: str
    #: How far to indent: one more inside every branch.
    depth: int
    #: The branch it is the first step of, "" for the steps that follow.
    branch_label: str
    kind: str
    title: str
    summary: str
    icon: str
    #: Enrollments that stand here.
    waiting: int
    problems: tuple[str, ...]
    #: The sentence that names the plan, when the plan does not hold this kind.
    locked: str
    #: Branches that end at once: their labels.
    empty_branches: tuple[str, ...]


def outline(workflow: Workflow) -> list[Step]:
    """The steps of a workflow from the start on, readable from top to bottom."""
    try:
        flow = parse(workflow.document)
    except DefinitionError:
        return []
    waiting = standing(workflow.pk)
    problems = _problems_by_action(workflow.document)
    return [
        _line(flow, node, depth, label, waiting, problems) for node, depth, label in flow.walk()
    ]


def _line(
    flow: Flow,
    node: Node,
    depth: int,
    label: str,
    waiting: Mapping[str, int],
    problems: Mapping[str, tuple[str, ...]],
) -> Step:
    kind = actions.find(node.kind)
    locked = kind.feature if kind and kind.feature and not kind.feature.is_unlocked() else None
    return Step(
        action_id=node.action_id,
        depth=depth,
        branch_label=label,
        kind=node.kind,
        title=kind.label if kind else f"Unsupported action {node.kind}",
        summary=kind().summary(node, flow.object_type) if kind else "",
        icon=kind.icon if kind else "help",
        waiting=waiting.get(node.action_id, 0),
        problems=problems.get(node.action_id, ()),
        locked=locked.sentence() if locked else "",
        empty_branches=tuple(edge.label for edge in node.edges if edge.target is None)
        if len(node.edges) > 1
        else (),
    )


def _problems_by_action(document: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for problem in checking.problems(document):
        found[problem.action_id] = (*found.get(problem.action_id, ()), problem.message)
    return found


def standing(workflow_id: int) -> dict[str, int]:
    """How many enrollments stand at each node."""
    query = sql(
        "SELECT action_id, count(*) FROM workflows_enrollment"
        " WHERE state = 1 AND workflow_id = {id} GROUP BY action_id",
        id=workflow_id,
    )
    return {row[0]: row[1] for row in rows(query)}


@dataclass(frozen=True, kw_only=True)
class Figures:
    """The numbers beside a workflow in lists."""

    active: int
    enrolled_last_week: int
    needs_review: int


def figures(workflow_ids: Sequence[int]) -> dict[int, Figures]:
    """The numbers of some workflows, in one query."""
    query = sql(
        """
        SELECT workflow_id, count(*) FILTER (WHERE state = 1),
            count(*) FILTER (WHERE enrolled_at > app_now() - interval '7 days'),
            count(*) FILTER (WHERE state = 4)
        FROM workflows_enrollment WHERE workflow_id = ANY({ids}::bigint[]) GROUP BY 1
        """,
        ids=list(workflow_ids),
    )
    found = {
        row[0]: Figures(active=row[1], enrolled_last_week=row[2], needs_review=row[3])
        for row in rows(query)
    }
    nothing = Figures(active=0, enrolled_last_week=0, needs_review=0)
    return {key: found.get(key, nothing) for key in workflow_ids}
