"""What workflows add to the page and the timeline of a record."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from typing import Any

from django.urls import reverse

from crm.admin.record_page import Page, RecordPart, record_parts
from crm.admin.sources import Origin, SourceWords, Words, source_words
from crm.admin.timeline import (
    Asked,
    Entry,
    Line,
    TimelineLog,
    Told,
    stretch,
    timeline_logs,
)
from crm.changes import SourceKind
from crm.sql import SQL, rows, sql
from workflows import history
from workflows.enrollment import EnrolledBy, Reason
from workflows.history import LogLine
from workflows.models import Enrollment, Workflow
from workflows.steps import Outcome

#: How many passages of a record its page shows.
MOST_PASSAGES = 50
#: Lines of the log on the page of a record.
MOST_LINES = 500
HOW = {
    EnrolledBy.TRIGGER: "It began to meet the triggers",
    EnrolledBy.EXISTING: "It met the triggers when the workflow was turned on",
    EnrolledBy.MANUAL: "By hand",
}
WHY = {
    Reason.MANUAL: "By hand",
    Reason.RECORD_DELETED: "The record was archived",
    Reason.WORKFLOW_DELETED: "The workflow was archived",
    Reason.PATH_DELETED: "The step it stood at was removed",
    Reason.LOOP_GUARD: "Too many automations in a row led here",
}
TONES = {Outcome.FAILED: "bad", Outcome.SKIPPED: "muted"}


def workflow_url(workflow_id: int) -> str:
    return reverse("admin:workflows_workflow_page", args=[workflow_id])


@source_words.register
class WorkflowWords(SourceWords):
    """Values written by a workflow carry "workflow:action:enrollment"."""

    kind = SourceKind.AUTOMATION_PLATFORM.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        ids = {origin: origin.id.partition(":")[0] for origin in origins}
        numbers = {int(text) for text in ids.values() if text.isdecimal()}
        names = dict(Workflow.objects.filter(pk__in=numbers).values_list("pk", "name"))
        return {
            origin: Words(f"workflow {names[int(text)]}", workflow_url(int(text)))
            if text.isdecimal() and int(text) in names
            else Words("a workflow")
            for origin, text in ids.items()
        }


_MOMENTS = """
(SELECT record_id, enrolled_at AS at FROM workflows_enrollment WHERE record_id = {record}
 UNION ALL
 SELECT record_id, ended_at FROM workflows_enrollment WHERE record_id = {record} AND ended_at IS NOT NULL
 UNION ALL
 SELECT a.record_id, a.at FROM workflows_action_run a
 WHERE a.enrollment_id IN (SELECT id FROM workflows_enrollment WHERE record_id = {record})) moments
"""


@timeline_logs.register
class WorkflowSteps(TimelineLog):
    """Entering, walking through and leaving workflows."""

    name = "workflows"
    label = "Workflows"
    order = 10

    def tell(self, asked: Asked) -> Told:
        record = asked.record.pk
        mine, has_more = stretch(sql(_MOMENTS, record=record), asked)
        runs = history.log(record_id=record, where=mine, limit=MOST_LINES)
        names = _names({line.workflow_id for line in runs})
        # At one moment a record ends after its steps, and comes in before them.
        entries = _ends(record, mine) + _runs(runs, names) + _starts(record, mine)
        entries.sort(key=lambda entry: entry.at, reverse=True)
        return Told(entries=entries, has_more=has_more)


def _names(ids: Collection[int]) -> dict[int, str]:
    return dict(Workflow.objects.filter(pk__in=ids).values_list("pk", "name"))


def _passages(record: int, column: str, mine: SQL) -> list[tuple[Any, ...]]:
    return rows(
        sql(
            """
            SELECT at, workflow_id, name, source, reason, state, error FROM (
                SELECT e.record_id, e.{column} AS at, e.workflow_id, w.name, e.source, e.reason,
                    e.state, e.error
                FROM workflows_enrollment e JOIN workflows_workflow w ON w.id = e.workflow_id
                WHERE e.record_id = {record}
            ) passages WHERE at IS NOT NULL AND {mine} ORDER BY at DESC
            """,
            column=SQL(column),
            record=record,
            mine=mine,
        )
    )


def _starts(record: int, mine: SQL) -> list[Entry]:
    return [
        Entry(
            at=at,
            icon="login",
            title=f"Enrolled in workflow {name}",
            url=workflow_url(workflow_id),
            lines=[Line(label=HOW.get(source, source))],
        )
        for at, workflow_id, name, source, *_ in _passages(record, "enrolled_at", mine)
    ]


def _ends(record: int, mine: SQL) -> list[Entry]:
    return [
        _end(at, workflow_id, name, state, WHY.get(reason, "") or error)
        for at, workflow_id, name, _, reason, state, error in _passages(record, "ended_at", mine)
    ]


def _end(at: Any, workflow_id: int, name: str, state: int, why: str) -> Entry:
    titles = {
        Enrollment.State.COMPLETED: (f"Workflow {name} completed", "flag", "good"),
        Enrollment.State.FAILED: (f"Stopped in workflow {name}: needs review", "error", "bad"),
    }
    title, icon, tone = titles.get(Enrollment.State(state), (f"Left workflow {name}", "logout", ""))
    lines = [Line(label=why)] if why else []
    return Entry(
        at=at, icon=icon, title=title, tone=tone, url=workflow_url(workflow_id), lines=lines
    )


def _runs(lines: list[LogLine], names: Mapping[int, str]) -> list[Entry]:
    """One entry per pass; the log gives the last step of a pass first."""
    return [_run(list(group)[::-1], names) for _, group in groupby(lines, lambda line: line.row_id)]


def _run(steps: list[LogLine], names: Mapping[int, str]) -> Entry:
    first = steps[0]
    failed = any(step.outcome == Outcome.FAILED for step in steps)
    name = names.get(first.workflow_id, "")
    source = Words(f"workflow {name}", workflow_url(first.workflow_id))
    if len(steps) == 1:
        lines: list[Line] = []
        title = ": ".join(part for part in (first.title, _line(first).text) if part)
    else:
        lines = [_line(step, step.title) for step in steps]
        title = f"{len(steps)} steps"
    return Entry(
        at=first.at,
        icon="error" if failed else "account_tree",
        tone="bad" if failed else "",
        title=title,
        lines=lines,
        source=source,
    )


def _line(step: LogLine, title: str = "") -> Line:
    outcome = "" if step.outcome == Outcome.SUCCESS else step.outcome.lower()
    detail = ": ".join(part for part in (outcome, step.detail) if part)
    return Line(label=title, text=detail, tone=TONES.get(step.outcome, ""))


@record_parts.register
class Workflows(RecordPart):
    """Where the record stands in workflows, and the path it took."""

    name = "workflows"
    label = "Workflows"
    template = "admin/workflows/record_workflows.html"
    is_tab = True
    order = 30

    def context(self, page: Page) -> dict[str, Any]:
        passages = history.passages(record_id=page.record.pk, limit=MOST_PASSAGES)
        steps: dict[int, list[LogLine]] = {}
        for line in history.log(record_id=page.record.pk, limit=MOST_LINES):
            steps.setdefault(line.enrollment_id, []).insert(0, line)
        return {
            "passages": [
                {
                    "passage": passage,
                    "url": workflow_url(passage.workflow_id),
                    "how": HOW.get(EnrolledBy(passage.source), "")
                    if passage.source in set(EnrolledBy)
                    else passage.source,
                    "why": WHY.get(Reason(passage.reason), "")
                    if passage.reason in set(Reason)
                    else passage.reason,
                    "steps": steps.get(passage.enrollment_id, []),
                }
                for passage in passages
            ]
        }


@record_parts.register
class ActiveWorkflows(RecordPart):
    """Beside the timeline: what the record is waiting for."""

    name = "active_workflows"
    label = "Workflows"
    template = "admin/workflows/record_active.html"
    order = 20

    def context(self, page: Page) -> dict[str, Any]:
        active = history.passages(
            record_id=page.record.pk, state=Enrollment.State.ACTIVE, limit=MOST_PASSAGES
        )
        return {
            "passages": [(passage, workflow_url(passage.workflow_id)) for passage in active],
        }
