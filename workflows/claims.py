"""Claiming: taking due enrollments of one node into the batch of this transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from crm.sql import SQL, execute, rows, sql
from workflows.enrollment import Reason
from workflows.steps import CREATE_BATCH


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A first cohort: claimed enrollments alike in whether they waited and in their hops."""

    number: int
    was_waiting: bool
    hops: int
    count: int


def claim(workflow_id: int, action_id: str, limit: int, ids: Sequence[int] | None) -> list[Claimed]:
    """Lock up to `limit` enrollments that are due at a node, and put them into `batch`.

    What another worker holds is left to it. `ids` narrows the choice to some enrollments.
    """
    execute(CREATE_BATCH)
    # Empty already, unless an earlier batch ran in the same transaction.
    execute(SQL("DELETE FROM batch"))
    scope = SQL("TRUE") if ids is None else sql("e.id = ANY({ids}::bigint[])", ids=list(ids))
    execute(
        sql(
            """
            WITH due AS (
                SELECT e.id, e.record_id, e.visit, e.hops, e.is_waiting, e.arrived_at
                FROM workflows_enrollment e
                WHERE e.state = 1 AND e.workflow_id = {workflow} AND e.action_id = {action}
                  AND e.due_at <= app_now() AND {scope}
                ORDER BY e.due_at, e.id LIMIT {limit} FOR UPDATE SKIP LOCKED
            )
            INSERT INTO batch
                (enrollment_id, record_id, visit, hops, was_waiting, arrived_at, cohort)
            SELECT id, record_id, visit, hops, is_waiting, arrived_at, hops * 2 + is_waiting::int
            FROM due
            """,
            workflow=workflow_id,
            action=action_id,
            scope=scope,
            limit=limit,
        )
    )
    found = rows(SQL("SELECT cohort, was_waiting, hops, count(*) FROM batch GROUP BY 1, 2, 3"))
    return [
        Claimed(number=number, was_waiting=waited, hops=hops, count=count)
        for number, waited, hops, count in found
    ]


def claimable(workflow_id: int, action_id: str, limit: int) -> list[int]:
    """The ids that a claim would take now, without taking them."""
    query = sql(
        "SELECT id FROM workflows_enrollment WHERE state = 1 AND workflow_id = {workflow}"
        " AND action_id = {action} AND due_at <= app_now() ORDER BY due_at, id LIMIT {limit}",
        workflow=workflow_id,
        action=action_id,
        limit=limit,
    )
    return [row[0] for row in rows(query)]


def drop_archived() -> int:
    """End the enrollments of records that were archived and take them out of the batch (W-204)."""
    return execute(
        sql(
            """
            WITH gone AS (
                DELETE FROM batch b WHERE b.record_id IN
                    (SELECT id FROM crm_record WHERE archived_at IS NOT NULL)
                RETURNING b.enrollment_id
            )
            UPDATE workflows_enrollment e
            SET state = 3, reason = {reason}, ended_at = app_now(), slot = e.id
            FROM gone WHERE e.id = gone.enrollment_id
            """,
            reason=Reason.RECORD_DELETED.value,
        )
    )
