"""Why a record is in a workflow, or why it is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from crm import clock
from crm.filters import base as filters
from crm.models import Record
from crm.sql import rows, sql, value
from workflows import flows
from workflows.definition import Flow
from workflows.history import Passage, passages
from workflows.models import Enrollment, Workflow


@dataclass(frozen=True, kw_only=True)
class Why:
    """Why a record is in a workflow, or why it is not."""

    #: One sentence that answers the question.
    verdict: str
    meets_criteria: bool | None
    #: Each filter with the value it saw, nested as the criteria are.
    lines: tuple[filters.Line, ...]
    passages: tuple[Passage, ...]
    #: Since when the criteria are met, as far as the workflow has noticed.
    matched_since: datetime | None


def why(workflow: Workflow, record_id: int) -> Why:
    """Explain a record's standing; runs the very filters that enroll."""
    flow = flows.published(workflow).flow
    record = Record.objects.filter(pk=record_id, object_type=workflow.object_type).first()
    found = tuple(passages(workflow_id=workflow.pk, record_id=record_id))
    branch = flow.criteria.filter_branch
    lines: tuple[filters.Line, ...] = ()
    meets: bool | None = None
    if branch is not None and record is not None:
        lines = tuple(filters.explain(branch, flow.object_type, record_id))
        meets = _meets(branch, flow.object_type, record_id)
    since = value(
        sql(
            "SELECT since FROM workflows_match WHERE workflow_id = {w} AND record_id = {r}",
            w=workflow.pk,
            r=record_id,
        )
    )
    return Why(
        verdict=_verdict(workflow, flow, record, found, meets, since),
        meets_criteria=meets,
        lines=lines,
        passages=found,
        matched_since=since,
    )


def _meets(branch: Mapping[str, object], object_type: str, record_id: int) -> bool:
    predicate = filters.compile(branch, object_type, clock.now(), few=True)
    among = sql("SELECT {id}::bigint AS record_id", id=record_id)
    return bool(rows(filters.match(predicate, object_type, among)))


def _verdict(
    workflow: Workflow,
    flow: Flow,
    record: Record | None,
    found: Sequence[Passage],
    meets: bool | None,
    since: datetime | None,
) -> str:
    if record is None:
        return "There is no such record of this object."
    if found and found[0].state == Enrollment.State.ACTIVE:
        return f"It is in the workflow: {_came(found[0])}."
    if found and not flow.criteria.should_re_enroll:
        return f"It was in the workflow: {_came(found[0])}. Re-enrollment is off."
    return _why_not(workflow, record, meets, since, was_in=bool(found))


def _came(passage: Passage) -> str:
    how = {
        "TRIGGER": "it began to meet the triggers",
        "EXISTING": "it met the triggers when the workflow was turned on",
        "MANUAL": "it was enrolled by hand",
    }
    return how.get(passage.source, passage.source)


def _why_not(
    workflow: Workflow,
    record: Record,
    meets: bool | None,
    since: datetime | None,
    *,
    was_in: bool,
) -> str:
    """The first of the things that keep a record out."""
    obstacles = [
        (record.archived_at is not None, "the record is archived"),
        (not workflow.is_enabled, "the workflow is off"),
        (meets is None, "records are enrolled by hand only"),
        (not meets, "it does not meet the triggers"),
    ]
    for stands, words in obstacles:
        if stands:
            return f"It is not in the workflow: {words}."
    if since is None:
        return "It meets the triggers and will be enrolled in a moment."
    if was_in:
        return "It has been through; it comes again once it stops and begins to meet the triggers."
    return (
        "It meets the triggers, but did so before the workflow was turned on, and only records that"
        " begin to meet them are enrolled."
    )
