"""Triggers: changes of records become enrollments.

Enrollment happens when a record begins to meet the criteria (W-090): what met them before stands
in workflows_match. One matcher works at a time, so that two never judge the same record in the
wrong order; it takes rows out of the change queue in the transaction that enrolls, so that nothing
is lost and nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from crm import clock, events
from crm.filters import base as filters
from crm.sql import SQL, execute, rows, sql, value
from workflows import flows
from workflows.enrollment import EnrolledBy, Lane, Reason, insert, unenroll
from workflows.flows import Published
from workflows.models import Workflow

#: The advisory lock that the one matcher, and whoever sets a baseline, holds.
MATCH_LOCK = 7_201_001
#: How many rows of the queue one transaction takes; each names up to 5,000 records.
TAKE = 20

_CREATE_CHANGED = SQL(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS changed (
        change_id bigint NOT NULL, record_id bigint NOT NULL, hops smallint NOT NULL
    ) ON COMMIT DELETE ROWS
    """
)


@dataclass(frozen=True, kw_only=True)
class _Taken:
    """One row of the change queue, without its records."""

    id: int
    object_type: str
    property_names: frozenset[str]
    list_ids: frozenset[int]
    event_types: frozenset[str]


def run(deadline_seconds: float) -> bool:
    """Work off the change queue; returns whether something is left in it."""
    end = time.monotonic() + deadline_seconds
    while match():
        if time.monotonic() >= end:
            return True
    return False


def lock_matching() -> None:
    """Wait until no matcher runs, and keep it so until this transaction ends."""
    execute(sql("SELECT pg_advisory_xact_lock({key})", key=MATCH_LOCK))


@transaction.atomic
def match() -> int:
    """Take some rows of the change queue and enroll who now meets what; returns how many rows.

    0 also when another process is the matcher already.
    """
    if not value(sql("SELECT pg_try_advisory_xact_lock({key})", key=MATCH_LOCK)):
        return 0
    taken = _take()
    if not taken:
        return 0
    _unenroll_archived(taken)
    enrolled = 0
    for object_type in sorted({change.object_type for change in taken}):
        changes = [change for change in taken if change.object_type == object_type]
        for workflow in _listening(object_type):
            enrolled += _judge(workflow, changes)
    if enrolled:
        events.ring("advance")
    return len(taken)


def _take() -> list[_Taken]:
    """Move rows of the queue into the table `changed`.

    FOR UPDATE SKIP LOCKED instead of a remembered id: a row that commits late is found late.
    """
    execute(_CREATE_CHANGED)
    found = rows(
        sql(
            """
            WITH taken AS (
                DELETE FROM crm_change WHERE id IN (
                    SELECT id FROM crm_change ORDER BY id LIMIT {take} FOR UPDATE SKIP LOCKED
                ) RETURNING *
            ),
            kept AS (
                INSERT INTO changed SELECT t.id, u.record_id, t.hops
                FROM taken t CROSS JOIN unnest(t.record_ids) AS u(record_id)
            )
            SELECT id, object_type, property_names, list_ids, event_types FROM taken
            """,
            take=TAKE,
        )
    )
    return [
        _Taken(
            id=row[0],
            object_type=row[1],
            property_names=frozenset(row[2]),
            list_ids=frozenset(row[3]),
            event_types=frozenset(row[4]),
        )
        for row in found
    ]


def _unenroll_archived(taken: Iterable[_Taken]) -> None:
    gone = [change.id for change in taken if "record.archived" in change.event_types]
    if gone:
        select = sql("SELECT record_id FROM changed WHERE change_id = ANY({ids})", ids=gone)
        unenroll(None, select, Reason.RECORD_DELETED)


def _listening(object_type: str) -> list[Published]:
    """The workflows that are on and enroll records of this type by filters."""
    found = Workflow.objects.filter(object_type=object_type, is_enabled=True, archived_at=None)
    listening = [flows.published(row) for row in found.order_by("pk")]
    return [item for item in listening if item.flow.criteria.filter_branch is not None]


#: These change whether a record meets a filter at all, whatever the filter asks.
EXISTENCE = {"record.created", "record.archived", "record.restored"}


def _judge(workflow: Published, changes: list[_Taken]) -> int:
    """Enroll those of the changed records that begin to meet a workflow's criteria."""
    predicate = filters.compile(
        workflow.flow.criteria.filter_branch, workflow.flow.object_type, clock.now()
    )
    touching = [
        change.id
        for change in changes
        if change.event_types & EXISTENCE
        or change.property_names & predicate.property_names
        or change.list_ids & predicate.list_ids
    ]
    if not touching:
        return 0
    candidates = sql(
        "SELECT record_id, max(hops) AS hops FROM changed WHERE change_id = ANY({ids}) GROUP BY 1",
        ids=touching,
    )
    return execute(_transition(workflow, predicate, candidates))


def _transition(workflow: Published, predicate: filters.Predicate, candidates: SQL) -> SQL:
    """One statement: who stopped meeting the criteria is forgotten, who began is enrolled."""
    return sql(
        """
        WITH candidate AS MATERIALIZED ({candidates}),
        meets AS MATERIALIZED ({meets}),
        gone AS (
            DELETE FROM workflows_match m USING candidate c
            WHERE m.workflow_id = {workflow} AND m.record_id = c.record_id
              AND NOT EXISTS (SELECT FROM meets WHERE meets.record_id = c.record_id)
        ),
        fresh AS (
            INSERT INTO workflows_match (workflow_id, record_id, since)
            SELECT {workflow}, record_id, app_now() FROM meets
            ON CONFLICT DO NOTHING RETURNING record_id
        )
        {insert}
        """,
        candidates=candidates,
        meets=filters.match(
            predicate, workflow.flow.object_type, SQL("SELECT record_id FROM candidate")
        ),
        workflow=workflow.workflow_id,
        insert=insert(
            workflow,
            SQL("SELECT f.record_id, k.hops FROM fresh f JOIN candidate k USING (record_id)"),
            EnrolledBy.TRIGGER,
            Lane.TRIGGERED,
        ),
    )


def set_baseline(workflow: Published, *, enroll_existing: bool) -> int:
    """Note who meets the criteria now, and enroll them if asked to; returns how many enrolled.

    Who met them before the workflow was turned on is not enrolled by the next change (W-194,
    W-195). The caller holds lock_matching() and commits with the workflow turned on.
    """
    execute(sql("DELETE FROM workflows_match WHERE workflow_id = {id}", id=workflow.workflow_id))
    branch = workflow.flow.criteria.filter_branch
    if branch is None:
        return 0
    predicate = filters.compile(branch, workflow.flow.object_type, clock.now())
    execute(
        sql(
            "INSERT INTO workflows_match (workflow_id, record_id, since)"
            " SELECT {workflow}, m.record_id, app_now() FROM ({meets}) m",
            workflow=workflow.workflow_id,
            meets=filters.match(predicate, workflow.flow.object_type),
        )
    )
    if not enroll_existing:
        return 0
    matching = sql(
        "SELECT record_id, 0::smallint AS hops FROM workflows_match WHERE workflow_id = {id}"
        " ORDER BY record_id",
        id=workflow.workflow_id,
    )
    enrolled = execute(insert(workflow, matching, EnrolledBy.EXISTING, Lane.BACKFILL))
    if enrolled:
        events.ring("advance")
    return enrolled


def sweep() -> int:
    """Ask again for filters whose answer changes with time alone; returns how many enrolled.

    Every record of the object is looked at, in one statement per such workflow (W-136).
    """
    enrolled = 0
    for row in Workflow.objects.filter(is_enabled=True, archived_at=None).order_by("pk"):
        enrolled += _sweep_one(flows.published(row))
    return enrolled


@transaction.atomic
def _sweep_one(workflow: Published) -> int:
    branch = workflow.flow.criteria.filter_branch
    if branch is None:
        return 0
    predicate = filters.compile(branch, workflow.flow.object_type, clock.now())
    if not predicate.is_time_sensitive:
        return 0
    lock_matching()
    everybody = sql(
        "SELECT id AS record_id, 0::smallint AS hops FROM crm_record"
        " WHERE object_type = {type} AND archived_at IS NULL",
        type=workflow.flow.object_type,
    )
    enrolled = execute(_transition(workflow, predicate, everybody))
    if enrolled:
        events.ring("advance")
    return enrolled
