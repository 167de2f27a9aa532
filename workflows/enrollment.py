"""Who comes into a workflow and who leaves it early, for whole sets of records at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from django.db import transaction

from crm import events
from crm.clock import NOW
from crm.sql import SQL, execute, join, rows, sql
from workflows.flows import Published

#: W-201: an enrollment that automations led to over more than this many steps is refused.
MOST_HOPS = 10


class Lane(IntEnum):
    """Which work goes first."""

    TRANSACTIONAL = 0
    TRIGGERED = 1
    BATCH = 2
    BACKFILL = 3


class EnrolledBy(StrEnum):
    """Why a record came in."""

    TRIGGER = "TRIGGER"
    EXISTING = "EXISTING"
    MANUAL = "MANUAL"


class Reason(StrEnum):
    """Why an enrollment ended (W-430)."""

    COMPLETED = "COMPLETED"
    MANUAL = "MANUAL"
    RECORD_DELETED = "RECORD_DELETED"
    RECORD_MERGED = "RECORD_MERGED"
    WORKFLOW_DELETED = "WORKFLOW_DELETED"
    PATH_DELETED = "PATH_DELETED"
    LOOP_GUARD = "LOOP_GUARD"
    FAILED = "FAILED"


def targets(workflows: Sequence[Published]) -> SQL:
    """A FROM item `t` of (place, workflow_id, start, again, takes_merged): workflows by place."""
    listed = [
        sql(
            "({place}::int, {id}::bigint, {start}::text, {again}::boolean, {merged}::boolean)",
            place=place,
            id=item.workflow_id,
            start=item.flow.start,
            again=item.flow.criteria.should_re_enroll,
            merged=item.flow.enrolls_merged,
        )
        for place, item in enumerate(workflows, 1)
    ]
    columns = SQL("place, workflow_id, start, again, takes_merged")
    return sql("(VALUES {rows}) AS t({columns})", rows=join(", ", listed), columns=columns)


def insert(select: SQL, by: EnrolledBy, lane: Lane) -> SQL:
    """An INSERT of enrollments, for use as a statement or at the end of one.

    `select` gives (workflow_id, start, again, record_id, hops). A record that is in the workflow
    stays once (W-176); one that was in it before comes again only with re-enrollment on (W-175).
    Beyond the loop guard the enrollment ends as it begins, so that the history shows why.
    """
    return sql(
        """
        INSERT INTO workflows_enrollment
            (workflow_id, record_id, state, action_id, due_at, is_waiting, arrived_at, visit, lane,
             hops, source, reason, error, enrolled_at, ended_at, slot)
        SELECT c.workflow_id, c.record_id,
            CASE WHEN c.hops > {most} THEN 3 ELSE 1 END, c.start, {now}, FALSE, {now}, 0,
            {lane}, c.hops, {source}, CASE WHEN c.hops > {most} THEN {guard} ELSE '' END, '',
            {now}, CASE WHEN c.hops > {most} THEN {now} END,
            -- an ended row needs a slot of its own; ids are not known yet, so count downwards
            CASE WHEN c.hops > {most} THEN -nextval('workflows_guard_seq') ELSE 0 END
        FROM ({select}) c WHERE NOT EXISTS (
            SELECT FROM workflows_enrollment e
            WHERE e.record_id = c.record_id AND e.workflow_id = c.workflow_id AND NOT c.again
        )
        ON CONFLICT DO NOTHING
        """,
        lane=int(lane),
        source=by.value,
        most=MOST_HOPS,
        guard=Reason.LOOP_GUARD.value,
        now=NOW,
        select=select,
    )


@dataclass(frozen=True, kw_only=True)
class EnrollResult:
    """What became of the records somebody asked to enroll."""

    enrolled: int
    already_in: int
    enrolled_before: int
    not_found: int


@transaction.atomic
def enroll(workflow: Published, record_ids: Sequence[int]) -> EnrollResult:
    """Enroll records by hand; they need not meet the criteria (W-188).

    The workflow has to be on. Says for how many it did not work and why (W-189).
    """
    wanted = sorted(set(record_ids))
    found = sql(
        "SELECT r.id AS record_id FROM crm_record r"
        " WHERE r.id = ANY({ids}::bigint[]) AND r.object_type = {type} AND r.archived_at IS NULL",
        ids=wanted,
        type=workflow.flow.object_type,
    )
    [(count, active, before)] = rows(
        sql(
            """
            SELECT count(*), count(*) FILTER (WHERE e.active), count(*) FILTER (WHERE NOT e.active)
            FROM ({found}) f LEFT JOIN LATERAL (
                SELECT bool_or(state = 1) AS active FROM workflows_enrollment
                WHERE record_id = f.record_id AND workflow_id = {workflow}
            ) e ON TRUE
            """,
            found=found,
            workflow=workflow.workflow_id,
        )
    )
    select = sql(
        "SELECT t.workflow_id, t.start, t.again, f.record_id, 0::smallint AS hops"
        " FROM ({found}) f CROSS JOIN {targets}",
        found=found,
        targets=targets([workflow]),
    )
    enrolled = execute(insert(select, EnrolledBy.MANUAL, Lane.TRIGGERED))
    if enrolled:
        events.ring("advance")
    return EnrollResult(
        enrolled=enrolled,
        already_in=active,
        enrolled_before=0 if workflow.flow.criteria.should_re_enroll else before,
        not_found=len(wanted) - count,
    )


def unenroll(workflow_id: int | None, select: SQL, reason: Reason) -> int:
    """End the active enrollments of a SELECT of (record_id); returns how many.

    Without a workflow in all of them. What was done stays done; waiting and retries end (W-431).
    """
    scope = SQL("TRUE") if workflow_id is None else sql("e.workflow_id = {id}", id=workflow_id)
    return execute(
        sql(
            """
            UPDATE workflows_enrollment e
            SET state = 3, reason = {reason}, ended_at = app_now(), slot = e.id
            WHERE e.state = 1 AND e.record_id IN (SELECT s.record_id FROM ({select}) s) AND {scope}
            """,
            reason=reason.value,
            select=select,
            scope=scope,
        )
    )
