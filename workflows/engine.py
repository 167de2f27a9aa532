"""The engine: claims enrollments that are due, and walks each batch as far as it can go.

One transaction per batch: claim, act, write the log, move the pointers. All of it happens, or
none. A batch walks on over every step that needs no wait, so a record that enters a workflow of
five steps without a delay is through in one transaction. Steps work on whole cohorts; how many
statements a batch takes depends on the path, not on the number of records.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from django.db import DatabaseError, OperationalError, transaction

from crm import clock
from crm.sql import SQL, execute, join, rows, sql, value
from workflows import flows
from workflows.actions.base import actions
from workflows.claims import claim, claimable, drop_archived
from workflows.enrollment import Reason
from workflows.flows import Published
from workflows.models import Enrollment
from workflows.steps import Cohort, Move, Outcome, Passed, Proceed, Split, Wait

logger = logging.getLogger(__name__)

SMALLEST_BATCH = 100
LARGEST_BATCH = 5000
#: A batch is sized to take about this long, so that fresh work never waits long for a worker.
TARGET_SECONDS = 0.25
#: A pass stops here and goes on in the next one; nothing sensible walks further without a wait.
MOST_STEPS = 600
#: Deadlocks and lost connections are tried again this often (R-020).
TRIES = 5


class _Pace:
    """How many enrollments to claim at once, learnt from how long the last batches took."""

    def __init__(self) -> None:
        self.size = 1000

    def learn(self, count: int, seconds: float) -> None:
        if count < self.size // 2:
            return
        wanted = int(self.size * TARGET_SECONDS / max(seconds, 0.001))
        self.size = max(SMALLEST_BATCH, min(LARGEST_BATCH, wanted, self.size * 2))


pace = _Pace()


def run(deadline_seconds: float) -> bool:
    """Advance whatever is due, one batch per group in turn; returns whether more is due.

    A group is a node of a workflow with due enrollments: going round them keeps a large backfill
    in one workflow from holding up the others.
    """
    end = time.monotonic() + deadline_seconds
    while time.monotonic() < end:
        groups = due_groups()
        moved = 0
        for workflow_id, action_id in groups:
            moved += run_batch(workflow_id, action_id)
            if time.monotonic() >= end:
                return True
        if not moved:
            # Whatever is due is in the hands of another worker, or nothing is.
            return False
    return bool(due_groups())


_GROUPS = """
    WITH RECURSIVE groups AS (
        (SELECT workflow_id, action_id, due_at FROM workflows_enrollment WHERE state = 1
         ORDER BY workflow_id, action_id, due_at, id LIMIT 1)
        UNION ALL
        SELECT n.workflow_id, n.action_id, n.due_at FROM groups g CROSS JOIN LATERAL (
            SELECT workflow_id, action_id, due_at FROM workflows_enrollment e
            WHERE state = 1 AND (e.workflow_id, e.action_id) > (g.workflow_id, g.action_id)
            ORDER BY workflow_id, action_id, due_at, id LIMIT 1
        ) n
    )
"""


def due_groups() -> list[tuple[int, str]]:
    """(workflow id, action id) of every node where an enrollment is due, the longest due first.

    Looks at one index entry per node, however many enrollments stand there.
    """
    query = "SELECT workflow_id, action_id FROM groups WHERE due_at <= app_now() ORDER BY due_at"
    return [(row[0], row[1]) for row in rows(SQL(_GROUPS + query))]


def next_due() -> datetime | None:
    """When the next enrollment is due, None when none is active."""
    found = value(SQL(_GROUPS + "SELECT min(due_at) FROM groups"))
    assert found is None or isinstance(found, datetime)
    return found


def run_batch(workflow_id: int, action_id: str) -> int:
    """Advance up to a batch of what is due at one node; returns how many enrollments moved."""
    limit = pace.size
    begun = time.monotonic()
    try:
        count = _with_retries(workflow_id, action_id, limit, None)
    except DatabaseError as error:
        logger.warning("Workflow %s, action %s: looking for the record behind: %s",
                       workflow_id, action_id, error)  # fmt: skip
        count = _bisect(workflow_id, action_id, claimable(workflow_id, action_id, limit))
    pace.learn(count, time.monotonic() - begun)
    return count


def _with_retries(workflow_id: int, action_id: str, limit: int, ids: Sequence[int] | None) -> int:
    for attempt in range(TRIES):
        try:
            return _advance(workflow_id, action_id, limit, ids)
        except OperationalError:
            # A deadlock or a lost connection: nothing of the batch happened.
            if attempt == TRIES - 1:
                raise
            logger.info("Workflow %s, action %s: once more", workflow_id, action_id)
    raise AssertionError("unreachable")


def _bisect(workflow_id: int, action_id: str, ids: Sequence[int]) -> int:
    """Advance `ids` in ever smaller parts, until the ones that fail stand alone (R-011)."""
    if not ids:
        return 0
    try:
        return _with_retries(workflow_id, action_id, len(ids), ids)
    except DatabaseError as error:
        if len(ids) == 1:
            return _fail(ids[0], str(error))
    half = len(ids) // 2
    return _bisect(workflow_id, action_id, ids[:half]) + _bisect(workflow_id, action_id, ids[half:])


def _fail(enrollment_id: int, message: str) -> int:
    """Put one enrollment aside for review, with the reason."""
    return execute(
        sql(
            """
            UPDATE workflows_enrollment
            SET state = {failed}, reason = {reason}, error = {message}, ended_at = app_now(),
                slot = id
            WHERE id = {id} AND state = 1
            """,
            failed=Enrollment.State.FAILED.value,
            reason=Reason.FAILED.value,
            message=message.strip()[:2000],
            id=enrollment_id,
        )
    )


@transaction.atomic
def _advance(workflow_id: int, action_id: str, limit: int, ids: Sequence[int] | None) -> int:
    """One batch in one transaction."""
    groups = claim(workflow_id, action_id, limit, ids)
    count = sum(group.count for group in groups)
    if not count:
        return 0
    workflow = flows.get(workflow_id)
    if workflow is None:
        _end_batch(Reason.WORKFLOW_DELETED)
        return count
    drop_archived()
    walk = _Walk(workflow, clock.now())
    for group in groups:
        walk.begin(action_id, group.hops, group.number, is_leaving=group.was_waiting)
    walk.finish()
    return count


def _end_batch(reason: Reason) -> None:
    """End every enrollment of the batch without running anything."""
    execute(
        sql(
            """
            UPDATE workflows_enrollment e
            SET state = 3, reason = {reason}, ended_at = app_now(), slot = e.id
            FROM batch b WHERE e.id = b.enrollment_id
            """,
            reason=reason.value,
        )
    )


class _Walk:
    """A batch on its way through a flow."""

    def __init__(self, workflow: Published, now: datetime) -> None:
        self.workflow = workflow
        self.now = now
        self._numbers = 0
        self._open: list[Cohort] = []
        #: Cohorts that go no further in this pass, with how they are left.
        self._done: list[tuple[Cohort, bool, Reason | None]] = []

    def begin(self, action_id: str, hops: int, number: int, *, is_leaving: bool) -> None:
        """A cohort of the claimed enrollments starts at `action_id`."""
        self._numbers = max(self._numbers, number)
        self._open.append(
            Cohort(
                number=number,
                workflow_id=self.workflow.workflow_id,
                flow=self.workflow.flow,
                at=action_id,
                hops=hops,
                now=self.now,
                is_leaving=is_leaving,
            )
        )

    def finish(self) -> None:
        """Walk every cohort until it ends or waits, then write the log and the pointers."""
        while self._open:
            self._step(self._open.pop())
        _write(self.workflow, self._done)

    def _step(self, cohort: Cohort) -> None:
        """One cohort takes one step."""
        if cohort.at is None:
            self._done.append((cohort, False, Reason.COMPLETED))
        elif cohort.at not in self.workflow.flow.nodes:
            self._done.append((cohort, False, Reason.PATH_DELETED))
        elif len(cohort.path) >= MOST_STEPS:
            self._done.append((cohort, False, None))
        else:
            self._take(cohort, self._move(cohort))

    def _move(self, cohort: Cohort) -> Move:
        """What the node at which the cohort stands answers."""
        kind = actions.find(cohort.node.kind)
        if kind is None:
            return Proceed(outcome=Outcome.SKIPPED, detail="This action is not supported.")
        if not self.workflow.is_enabled and not kind.runs_when_off:
            # W-397: records go on through a workflow that is off, but nothing is done to them.
            return Proceed(outcome=Outcome.SKIPPED, detail="The workflow is off.")
        if kind.feature is not None and not kind.feature.is_unlocked():
            # The plan was changed while records were inside.
            return Proceed(outcome=Outcome.FAILED, detail=kind.feature.sentence())
        if cohort.is_leaving:
            return kind().leave(cohort, cohort.node)
        return kind().run(cohort, cohort.node)

    def _take(self, cohort: Cohort, move: Move) -> None:
        node = cohort.node
        if isinstance(move, Wait):
            self._wait(cohort, move)
        elif isinstance(move, Split):
            self._split(cohort, move)
        else:
            passed = Passed(action_id=node.action_id, outcome=move.outcome, detail=move.detail)
            cohort.path.append(passed)
            cohort.at = node.edges[0].target
            cohort.is_leaving = False
            self._open.append(cohort)

    def _wait(self, cohort: Cohort, move: Wait) -> None:
        execute(
            sql(
                "UPDATE batch b SET due_at = {due} WHERE {mine}",
                due=move.due_at,
                mine=cohort.condition(),
            )
        )
        self._done.append((cohort, True, None))

    def _split(self, cohort: Cohort, move: Split) -> None:
        """Give every record the number of its arm's cohort; arms without records end here."""
        first = self._numbers + 1
        self._numbers += len(cohort.node.edges)
        execute(
            sql(
                """
                UPDATE batch t SET cohort = {first}::int + chosen.arm
                FROM (SELECT b.enrollment_id, {arm} AS arm
                      FROM batch b JOIN crm_record r ON r.id = b.record_id WHERE {mine}) chosen
                WHERE t.enrollment_id = chosen.enrollment_id
                """,
                first=first,
                arm=move.arm,
                mine=cohort.condition(),
            )
        )
        taken = sql("SELECT DISTINCT cohort FROM batch WHERE cohort >= {first}", first=first)
        for (number,) in rows(taken):
            edge = cohort.node.edges[number - first]
            self._open.append(
                Cohort(
                    number=number,
                    workflow_id=cohort.workflow_id,
                    flow=cohort.flow,
                    at=edge.target,
                    hops=cohort.hops,
                    now=cohort.now,
                    path=[*cohort.path, Passed(action_id=cohort.node.action_id, detail=edge.label)],
                )
            )


def _write(workflow: Published, done: Sequence[tuple[Cohort, bool, Reason | None]]) -> None:
    """The log rows and the pointers of a whole batch: one statement each."""
    log = [cohort for cohort, _, _ in done if cohort.path]
    if log:
        execute(_log(workflow, log))
    ends = join(
        ", ",
        [
            sql(
                "({number}::int, {at}::text, {waits}::boolean, {reason}::text)",
                number=cohort.number,
                at=cohort.at,
                waits=waits,
                reason=reason.value if reason else None,
            )
            for cohort, waits, reason in done
        ],
    )
    execute(
        sql(
            """
            UPDATE workflows_enrollment e SET
                state = CASE WHEN f.reason IS NULL THEN 1 WHEN f.reason = 'COMPLETED' THEN 2
                             ELSE 3 END,
                action_id = f.at,
                is_waiting = f.waits,
                due_at = coalesce(b.due_at, (SELECT app_now())),
                arrived_at = (SELECT app_now()),
                visit = e.visit + 1,
                reason = coalesce(f.reason, ''),
                ended_at = CASE WHEN f.reason IS NOT NULL THEN (SELECT app_now()) END,
                slot = CASE WHEN f.reason IS NULL THEN 0 ELSE e.id END
            FROM batch b JOIN (VALUES {ends}) AS f(cohort, at, waits, reason) USING (cohort)
            WHERE e.id = b.enrollment_id
            """,
            ends=ends,
        )
    )


def _log(workflow: Published, cohorts: Sequence[Cohort]) -> SQL:
    """One row per enrollment with its whole path."""
    paths = join(
        ", ",
        [
            sql(
                "({number}::int, {ids}::text[], {outcomes}::text[], {details}::text[])",
                number=cohort.number,
                ids=[step.action_id for step in cohort.path],
                outcomes=[step.outcome.value for step in cohort.path],
                details=[step.detail for step in cohort.path],
            )
            for cohort in cohorts
        ],
    )
    return sql(
        """
        INSERT INTO workflows_action_run (enrollment_id, workflow_id, record_id, visit, revision,
            action_ids, outcomes, details, exceptions, at)
        SELECT b.enrollment_id, {workflow}, b.record_id, b.visit + 1, {revision},
            p.ids, p.outcomes, p.details, b.exceptions, (SELECT app_now())
        FROM batch b JOIN (VALUES {paths}) AS p(cohort, ids, outcomes, details) USING (cohort)
        """,
        workflow=workflow.workflow_id,
        revision=workflow.revision,
        paths=paths,
    )
