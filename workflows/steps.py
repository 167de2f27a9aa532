"""The engine's vocabulary: the batch, the cohorts in it, and what a step answers.

A *batch* is what one transaction works on: enrollments claimed at one node, in the temporary table
`batch`. A *cohort* is the part of a batch that has walked the same path; a branch splits it. Steps
never see single records: they run statements over `cohort.records()`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from crm.changes import Source, SourceKind
from crm.sql import SQL, execute, sql
from workflows.definition import Flow, Node

CREATE_BATCH = SQL(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS batch (
        enrollment_id bigint NOT NULL,
        record_id bigint NOT NULL,
        visit integer NOT NULL,
        hops smallint NOT NULL,
        was_waiting boolean NOT NULL,
        arrived_at timestamptz NOT NULL,
        -- which part of the batch, by the path walked so far
        cohort integer NOT NULL,
        -- when a waiting step lets it go
        due_at timestamptz,
        -- a record that a step made for this one
        made_id bigint,
        -- where it fared otherwise than its cohort: place in the path -> [outcome, detail]
        exceptions jsonb
    ) ON COMMIT DELETE ROWS
    """
)


class Outcome(StrEnum):
    """How a step ended for a record (W-214)."""

    SUCCESS = "SUCCESS"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"


@dataclass(frozen=True, kw_only=True)
class Passed:
    """One line of the path: this node, with this outcome, as the history shows it."""

    action_id: str
    outcome: Outcome = Outcome.SUCCESS
    detail: str = ""


@dataclass(kw_only=True)
class Cohort:
    """Enrollments of one batch that walked the same path, and where they stand now."""

    number: int
    workflow_id: int
    flow: Flow
    at: str | None
    hops: int
    now: datetime
    #: They have waited at `at` already and leave it now.
    is_leaving: bool = False
    path: list[Passed] = field(default_factory=list)

    @property
    def node(self) -> Node:
        assert self.at is not None
        return self.flow.nodes[self.at]

    def condition(self) -> SQL:
        """SQL over alias `b` of batch: it belongs to this cohort."""
        return sql("b.cohort = {number}", number=self.number)

    def source_id(self) -> SQL:
        """SQL text over alias `b`: what a written value names as its source (W-031)."""
        prefix = f"{self.workflow_id}:{self.at}:"
        return sql("({prefix} || b.enrollment_id)", prefix=prefix)

    def key(self) -> SQL:
        """SQL text over alias `b`: names this effect for ever, so that it cannot happen twice."""
        return sql(
            "(b.enrollment_id || {action} || (b.visit + 1) || {place})",
            action=f":{self.at}:",
            place=f":{len(self.path)}",
        )

    def records(self) -> SQL:
        """A SELECT of (record_id, source_id) of the cohort."""
        return sql(
            "SELECT b.record_id, {source} AS source_id FROM batch b WHERE {mine}",
            source=self.source_id(),
            mine=self.condition(),
        )

    def source(self) -> Source:
        """The source of everything this cohort writes; one hop further than what led here."""
        return Source(
            kind=SourceKind.AUTOMATION_PLATFORM,
            id=f"{self.workflow_id}:{self.at}",
            hops=self.hops + 1,
        )

    def except_(self, select: SQL) -> int:
        """Note another outcome for some: a SELECT of (enrollment_id, outcome, detail)."""
        return execute(
            sql(
                """
                UPDATE batch b SET exceptions = coalesce(b.exceptions, '{{}}')
                    || jsonb_build_object({place}::text, jsonb_build_array(x.outcome, x.detail))
                FROM ({select}) x WHERE x.enrollment_id = b.enrollment_id
                """,
                place=str(len(self.path)),
                select=select,
            )
        )


@dataclass(frozen=True, kw_only=True)
class Proceed:
    """All of the cohort go on to the next node now."""

    outcome: Outcome = Outcome.SUCCESS
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """All of the cohort stay at this node until `due_at`, SQL over alias `b` of batch."""

    due_at: SQL


@dataclass(frozen=True, kw_only=True)
class Split:
    """Each goes its way: `arm` is SQL for the number of an edge, over `b` and `r` (crm_record)."""

    arm: SQL


Move = Proceed | Wait | Split
