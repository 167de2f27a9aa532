"""Triggers: changes of records become enrollments.

Enrollment happens when a record begins to meet the criteria (W-090): what met them before stands
in workflows_match. One matcher works at a time, so that two never judge the same record in the
wrong order; it takes rows out of the change queue in the transaction that enrolls, so that nothing
is lost and nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction

from crm import change_queue, clock, events
from crm.change_queue import Taken
from crm.clock import NOW
from crm.filters import base as filters
from crm.lists import evaluation
from crm.sql import SQL, execute, join, sql
from workflows import flows
from workflows.enrollment import EnrolledBy, Lane, Reason, insert, targets, unenroll
from workflows.flows import Published
from workflows.models import Workflow

#: How many rows of the queue one transaction takes; each names up to 5,000 records.
TAKE = 20


def run(deadline_seconds: float) -> bool:
    """Work off the change queue; returns whether something is left in it."""
    end = time.monotonic() + deadline_seconds
    while match():
        if time.monotonic() >= end:
            return True
    return False


@transaction.atomic
def match() -> int:
    """Take some rows of the change queue and enroll who now meets what; returns how many rows.

    0 also when another process is the matcher already.
    """
    if not change_queue.try_lock():
        return 0
    taken = change_queue.take(TAKE)
    if not taken:
        return 0
    evaluation.judge(taken)
    _unenroll_archived(taken)
    enrolled = 0
    for listeners in _listening(few=True):
        enrolled += _judge(listeners, taken)
    if enrolled:
        events.ring("advance")
    return len(taken)


def _unenroll_archived(taken: Iterable[Taken]) -> None:
    gone = [change.id for change in taken if "record.archived" in change.event_types]
    if gone:
        select = sql("SELECT record_id FROM changed WHERE change_id = ANY({ids})", ids=gone)
        unenroll(None, select, Reason.RECORD_DELETED)


@dataclass(frozen=True, kw_only=True)
class _Listener:
    """A workflow that enrolls by filters, and what its filters ask now."""

    workflow: Published
    predicate: filters.Predicate

    def hears(self, taken: Iterable[Taken]) -> bool:
        """Whether one of the changes can change the answer of the filters."""
        return any(item.hears(change) for change in taken for item in self.predicate.dependencies)


def _listening(*, few: bool, **chosen: Any) -> list[list[_Listener]]:
    """The workflows that are on and enroll by filters, those of one object type together.

    `few` says that some thousand records are asked about, not everybody.
    """
    on = Workflow.objects.filter(is_enabled=True, archived_at=None, **chosen)
    found = on.order_by("object_type", "pk")
    listening = [flows.published(row) for row in found]
    filtering = [item for item in listening if item.flow.criteria.filter_branch is not None]
    grouped = groupby(filtering, lambda item: item.flow.object_type)
    now = clock.now()
    library = filters.Library()
    return [
        [
            _Listener(workflow=item, predicate=_predicate(item, library, now, few=few))
            for item in some
        ]
        for _, some in grouped
    ]


def _predicate(
    workflow: Published, library: filters.Library, now: datetime, *, few: bool
) -> filters.Predicate:
    branch = workflow.flow.criteria.filter_branch
    object_type = workflow.flow.object_type
    definitions = library.properties(object_type)
    tree = filters.parse(
        branch, definitions, lenient=True, object_type=object_type, library=library
    )
    return filters.compile(tree, object_type, now, few=few)


def _judge(listeners: Sequence[_Listener], taken: Sequence[Taken]) -> int:
    """Enroll those who begin to meet the criteria of a workflow by what was changed."""
    hearing = [item for item in listeners if item.hears(taken)]
    dependencies = [one for item in hearing for one in item.predicate.dependencies]
    candidates = filters.candidates(dict.fromkeys(dependencies), taken)
    return 0 if candidates is None else execute(_transitions(hearing, candidates))


def _transitions(listeners: Sequence[_Listener], candidates: SQL) -> SQL:
    """One statement for all of `listeners`: who stopped meeting is forgotten, who began enrolled.

    Every candidate is read once and asked all the questions; the answers are compared with what
    matched before. `candidates` is a SELECT of (record_id, hops, mark): a quiet change enrolls
    nobody, a merge only where the workflow says so (W-202).
    """
    return sql(
        """
        WITH candidate AS MATERIALIZED ({candidates}),
        judged AS MATERIALIZED (
            SELECT c.record_id, c.hops, c.mark,
                CASE WHEN r.archived_at IS NULL AND r.object_type = {type}
                THEN ARRAY[{answers}]::boolean[] END AS answers
            FROM candidate c JOIN crm_record r ON r.id = c.record_id
        ),
        turned AS MATERIALIZED (
            SELECT j.record_id, j.hops, t.workflow_id, t.start, t.again,
                CASE j.mark WHEN {quiet} THEN FALSE WHEN {merged} THEN t.takes_merged ELSE TRUE END
                    AS may_enroll,
                coalesce(j.answers[t.place], FALSE) AS meets
            FROM judged j CROSS JOIN {targets}
            LEFT JOIN workflows_match m
                ON m.workflow_id = t.workflow_id AND m.record_id = j.record_id
            WHERE coalesce(j.answers[t.place], FALSE) <> (m.record_id IS NOT NULL)
        ),
        gone AS (
            DELETE FROM workflows_match m USING turned t
            WHERE NOT t.meets AND m.workflow_id = t.workflow_id AND m.record_id = t.record_id
        ),
        fresh AS (
            INSERT INTO workflows_match (workflow_id, record_id, since)
            SELECT workflow_id, record_id, {now} FROM turned WHERE meets
            ON CONFLICT DO NOTHING
        )
        {insert}
        """,
        candidates=candidates,
        type=listeners[0].workflow.flow.object_type,
        answers=join(", ", [item.predicate.where for item in listeners]),
        targets=targets([item.workflow for item in listeners]),
        quiet=change_queue.QUIET,
        merged=events.MERGED,
        now=NOW,
        insert=insert(
            SQL(
                "SELECT workflow_id, start, again, record_id, hops FROM turned"
                " WHERE meets AND may_enroll"
            ),
            EnrolledBy.TRIGGER,
            Lane.TRIGGERED,
        ),
    )


def set_baseline(workflow: Published, *, enroll_existing: bool) -> int:
    """Note who meets the criteria now, and enroll them if asked to; returns how many enrolled.

    Who met them before the workflow was turned on is not enrolled by the next change (W-194,
    W-195). The caller holds change_queue.lock() and commits with the workflow turned on.
    """
    execute(sql("DELETE FROM workflows_match WHERE workflow_id = {id}", id=workflow.workflow_id))
    branch = workflow.flow.criteria.filter_branch
    if branch is None:
        return 0
    predicate = filters.compile(branch, workflow.flow.object_type, clock.now())
    execute(
        sql(
            "INSERT INTO workflows_match (workflow_id, record_id, since)"
            " SELECT {workflow}, m.record_id, {now} FROM ({meets}) m",
            workflow=workflow.workflow_id,
            now=NOW,
            meets=filters.match(predicate, workflow.flow.object_type),
        )
    )
    if not enroll_existing:
        return 0
    matching = sql(
        "SELECT t.workflow_id, t.start, t.again, m.record_id, 0::smallint AS hops"
        " FROM workflows_match m CROSS JOIN {targets}"
        " WHERE m.workflow_id = {id} ORDER BY m.record_id",
        targets=targets([workflow]),
        id=workflow.workflow_id,
    )
    enrolled = execute(insert(matching, EnrolledBy.EXISTING, Lane.BACKFILL))
    if enrolled:
        events.ring("advance")
    return enrolled


def sweep() -> int:
    """Ask again for filters whose answer changes with time alone; returns how many enrolled.

    Every record of an object is looked at, in one statement for all such workflows (W-136).
    """
    return sum(_sweep(object_type) for object_type in _object_types())


def _object_types() -> list[str]:
    found = Workflow.objects.filter(is_enabled=True, archived_at=None)
    return sorted(found.values_list("object_type", flat=True).distinct())


@transaction.atomic
def _sweep(object_type: str) -> int:
    change_queue.lock()
    sensitive = [
        item
        for listeners in _listening(few=False, object_type=object_type)
        for item in listeners
        if item.predicate.is_time_sensitive
    ]
    if not sensitive:
        return 0
    everybody = sql(
        "SELECT id AS record_id, 0::smallint AS hops, '' AS mark FROM crm_record"
        " WHERE object_type = {type} AND archived_at IS NULL",
        type=object_type,
    )
    enrolled = execute(_transitions(sensitive, everybody))
    if enrolled:
        events.ring("advance")
    return enrolled
