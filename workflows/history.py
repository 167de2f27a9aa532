"""What happened in workflows: the steps that ran, and the passages of records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from crm.sql import SQL, rows, sql
from workflows import flows
from workflows.actions.base import actions
from workflows.models import Enrollment, Workflow
from workflows.steps import Outcome


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """One step of one record, as it went."""

    at: datetime
    workflow_id: int
    enrollment_id: int
    record_id: int
    revision: int
    action_id: str
    title: str
    outcome: Outcome
    detail: str
    #: For paging: the row it came from, and its place in it.
    row_id: int
    place: int


def log(
    *,
    workflow_id: int | None = None,
    record_id: int | None = None,
    outcome: str = "",
    before: tuple[int, int] | None = None,
    where: SQL | None = None,
    limit: int = 50,
) -> list[LogLine]:
    """Steps that ran, the latest first; give a workflow, a record, or both.

    `before` is (row_id, place) of the last line of the page before; `where` narrows further, over
    the columns of workflows_action_run.
    """
    conditions = where or SQL("TRUE")
    if workflow_id is not None:
        conditions = sql("{all} AND a.workflow_id = {id}", all=conditions, id=workflow_id)
    if record_id is not None:
        conditions = sql(
            "{all} AND a.enrollment_id IN"
            " (SELECT id FROM workflows_enrollment WHERE record_id = {id})",
            all=conditions,
            id=record_id,
        )
    if before is not None:
        conditions = sql("{all} AND a.id <= {id}", all=conditions, id=before[0])
    found = rows(_log_query(conditions, outcome, before, limit))
    titles = _Titles(row[1] for row in found)
    return [
        LogLine(
            at=row[0],
            workflow_id=row[1],
            enrollment_id=row[2],
            record_id=row[3],
            revision=row[4],
            action_id=row[5],
            title=titles.of(row[1], row[5]),
            outcome=Outcome(row[6]),
            detail=row[7],
            row_id=row[8],
            place=row[9],
        )
        for row in found
    ]


def _log_query(conditions: SQL, outcome: str, before: tuple[int, int] | None, limit: int) -> SQL:
    return sql(
        """
        SELECT at, workflow_id, enrollment_id, record_id, revision, action_id, outcome, detail,
            id, place
        FROM (
            SELECT a.at, a.workflow_id, a.enrollment_id, a.record_id, a.revision, a.id,
                p.action_id, p.place,
                coalesce(a.exceptions->(p.place - 1)::text->>0, p.outcome) AS outcome,
                coalesce(a.exceptions->(p.place - 1)::text->>1, p.detail) AS detail
            FROM workflows_action_run a
            CROSS JOIN LATERAL unnest(a.action_ids, a.outcomes, a.details)
                WITH ORDINALITY AS p(action_id, outcome, detail, place)
            WHERE {conditions}
        ) lines
        WHERE ({outcome} = '' OR outcome = {outcome}) AND (id, place) < ({row}, {place})
        ORDER BY id DESC, place DESC LIMIT {limit}
        """,
        conditions=conditions,
        outcome=outcome,
        row=before[0] if before else 2**62,
        place=before[1] if before else 0,
        limit=limit,
    )


class _Titles:
    """What nodes are called; the workflows are read by one query."""

    def __init__(self, workflow_ids: Iterable[int]) -> None:
        found = Workflow.objects.in_bulk(set(workflow_ids))
        self._flows = {key: flows.published(workflow).flow for key, workflow in found.items()}

    def of(self, workflow_id: int, action_id: str) -> str:
        flow = self._flows.get(workflow_id)
        node = flow.nodes.get(action_id) if flow else None
        kind = actions.find(node.kind) if node else None
        return kind.label if kind else f"Action {action_id}"


@dataclass(frozen=True, kw_only=True)
class Passage:
    """One enrollment as people read it."""

    enrollment_id: int
    workflow_id: int
    workflow_name: str
    record_id: int
    state: Enrollment.State
    #: Where it stands: the title of the node, "" once it has ended.
    stands_at: str
    due_at: datetime | None
    source: str
    reason: str
    error: str
    enrolled_at: datetime
    ended_at: datetime | None


def passages(
    *,
    workflow_id: int | None = None,
    record_id: int | None = None,
    state: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Passage]:
    """Enrollments, the latest first; `before` is the id of the last one of the page before."""
    found = (
        Enrollment.objects.select_related("workflow").defer("workflow__document").order_by("-id")
    )
    if workflow_id is not None:
        found = found.filter(workflow_id=workflow_id)
    if record_id is not None:
        found = found.filter(record_id=record_id)
    if state is not None:
        found = found.filter(state=state)
    if before is not None:
        found = found.filter(id__lt=before)
    chosen = list(found[:limit])
    titles = _Titles(row.workflow_id for row in chosen)
    return [_passage(row, titles) for row in chosen]


def _passage(row: Enrollment, titles: _Titles) -> Passage:
    is_active = row.state == Enrollment.State.ACTIVE
    return Passage(
        enrollment_id=row.pk,
        workflow_id=row.workflow_id,
        workflow_name=row.workflow.name,
        record_id=row.record_id,
        state=Enrollment.State(row.state),
        stands_at=titles.of(row.workflow_id, row.action_id)
        if row.action_id and row.state != Enrollment.State.COMPLETED
        else "",
        due_at=row.due_at if is_active else None,
        source=row.source,
        reason=row.reason,
        error=row.error,
        enrolled_at=row.enrolled_at,
        ended_at=row.ended_at,
    )
