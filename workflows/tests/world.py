"""Records and workflows for tests, and the engine run until nothing is due."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any

from crm import changes
from crm.changes import Source, SourceKind
from crm.models import Record
from workflows import engine, enrollment, flows, publishing, triggers
from workflows.models import Enrollment, Workflow
from workflows.tests.documents import Json

STAFF = Source(kind=SourceKind.CRM_UI, id="test")
_numbers = count(1)


def contacts(size: int, **values: Any) -> list[int]:
    """Contacts with the same values, each with an email address of its own."""
    rows = [{"email": f"person{next(_numbers)}@example.com", **values} for _ in range(size)]
    return changes.create("0-1", rows, STAFF)


def set_values(ids: Sequence[int], **values: Any) -> int:
    return changes.update("0-1", dict.fromkeys(ids, values), STAFF)


def live(document: Json, *, existing: bool = False) -> Workflow:
    """A workflow that is on."""
    workflow = publishing.create(document)
    return publishing.turn_on(workflow.pk, enroll_existing=existing).workflow


def enroll(workflow: Workflow, ids: Sequence[int]) -> enrollment.EnrollResult:
    return enrollment.enroll(flows.published(workflow), ids)


def settle() -> None:
    """Let triggers and engine run until nothing is left to do now."""
    for _ in range(50):
        if not triggers.match() and not engine.due_groups():
            return
        engine.run(10)
    raise AssertionError("The work does not end.")


def value(record_id: int, name: str) -> Any:
    return Record.objects.get(pk=record_id).properties.get(name)


def states(workflow: Workflow) -> dict[int, str]:
    """How the enrollments of a workflow stand, by record: the state, or why it ended."""
    found = Enrollment.objects.filter(workflow=workflow).order_by("id")
    return {row.record_id: row.reason or Enrollment.State(row.state).name for row in found}
