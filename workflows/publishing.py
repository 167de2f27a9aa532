"""Saving, checking, turning on and off. One function per change, for the admin, API and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction

from crm import change_queue, clock
from crm.filters import base as filters
from crm.objects import base as objects
from crm.objects.base import Enrolled, ObjectType
from crm.sql import sql, value
from workflows import flows, limits, triggers
from workflows.checking import problems
from workflows.definition import DefinitionError, Problem, complete, parse
from workflows.enrollment import Reason, unenroll
from workflows.features import CUSTOM_WORKFLOWS
from workflows.models import Revision, Workflow


class CannotTurnOn(Exception):
    """A workflow with problems cannot be turned on."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems
        super().__init__("; ".join(str(problem) for problem in problems))


class StaleRevision(Exception):
    """Somebody else saved the workflow meanwhile (A-158)."""


@transaction.atomic
def create(document: Mapping[str, Any], user: AbstractBaseUser | None = None) -> Workflow:
    """Store a new workflow, off.

    Raises DefinitionError for what cannot be stored, LimitReached when the plan allows no more.
    """
    if not document.get("origin"):
        # Those made inside an email or a sequence do not count (W-582).
        CUSTOM_WORKFLOWS.require_room()
    whole = _checked(document)
    now = clock.now()
    workflow = Workflow.objects.create(
        name=_name(whole),
        object_type=whole["objectTypeId"],
        document=whole,
        created_at=now,
        updated_at=now,
    )
    _keep_revision(workflow, user, "Created")
    return workflow


@transaction.atomic
def save(
    workflow_id: int,
    document: Mapping[str, Any],
    user: AbstractBaseUser | None = None,
    *,
    revision: int | None = None,
) -> Workflow:
    """Replace a workflow's document; enrolled records go on by it at once (W-385).

    Raises DefinitionError for what cannot be stored, StaleRevision when `revision` is not the
    current one, CannotTurnOn when the workflow is on and the new document has problems.
    """
    workflow = Workflow.objects.select_for_update().get(pk=workflow_id, archived_at=None)
    if revision is not None and revision != workflow.revision:
        raise StaleRevision(f"Revision {workflow.revision} is the current one.")
    whole = _checked({**document, "objectTypeId": workflow.object_type})
    if workflow.is_enabled:
        found = problems(whole)
        if found:
            raise CannotTurnOn(found)
    triggers_changed = whole.get("enrollmentCriteria") != workflow.document.get(
        "enrollmentCriteria"
    )
    workflow.document = whole
    workflow.name = _name(whole)
    workflow.revision += 1
    workflow.updated_at = clock.now()
    workflow.save()
    _keep_revision(workflow, user, "Saved")
    if workflow.is_enabled and triggers_changed:
        # Who meets the new criteria already is not enrolled by the next change (W-194, W-196).
        change_queue.lock()
        triggers.set_baseline(flows.published(workflow), enroll_existing=False)
    return workflow


def _checked(document: Mapping[str, Any]) -> dict[str, Any]:
    whole = complete(document)
    flow = parse(whole)
    wrong = object_problem(flow.object_type)
    if wrong:
        raise DefinitionError([Problem(message=wrong, path="objectTypeId")])
    too_large = limits.problems(flow)
    if too_large:
        raise DefinitionError(too_large)
    return whole


def object_problem(object_type: str) -> str:
    """Why there can be no workflow of an object, "" if there can (W-005 to W-019)."""
    kind = objects.find(object_type)
    if kind is None:
        return f"There is no object type {object_type!r}."
    if kind.is_archived:
        return f"{kind.plural_label} are not in use any more."
    is_asked = bool({kind.type_id, kind.name, kind.plural} & set(settings.WORKFLOW_OBJECTS))
    if kind.enrolled is Enrolled.ALWAYS or (kind.enrolled is Enrolled.ON_REQUEST and is_asked):
        return ""
    return f"There are no workflows of {kind.plural_label.lower()}."


def offered_objects() -> list[type[ObjectType]]:
    """The objects that a new workflow may be made for, in order."""
    return [kind for kind in objects.in_order() if not object_problem(kind.type_id)]


def _name(document: Mapping[str, Any]) -> str:
    """The given name, else one that says what it is (W-052)."""
    given = str(document.get("name") or "").strip()
    if given:
        return given
    label = objects.get(document["objectTypeId"]).label
    return f"Unnamed workflow – {label} – {clock.now():%Y-%m-%d %H:%M}"


def _keep_revision(workflow: Workflow, user: AbstractBaseUser | None, note: str) -> None:
    Revision.objects.create(
        workflow=workflow,
        number=workflow.revision,
        document=workflow.document,
        user_id=user.pk if user else None,
        note=note,
        created_at=workflow.updated_at,
    )


@dataclass(frozen=True, kw_only=True)
class TurnedOn:
    """What turning on did."""

    workflow: Workflow
    enrolled: int


@transaction.atomic
def turn_on(workflow_id: int, *, enroll_existing: bool) -> TurnedOn:
    """Let a workflow enroll records from now on, and those that meet its criteria already if asked.

    Turning on what is on changes nothing. Raises CannotTurnOn with every problem.
    """
    change_queue.lock()
    workflow = Workflow.objects.select_for_update().get(pk=workflow_id, archived_at=None)
    if workflow.is_enabled:
        return TurnedOn(workflow=workflow, enrolled=0)
    found = problems(workflow.document)
    if found:
        raise CannotTurnOn(found)
    workflow.is_enabled = True
    workflow.turned_on_at = clock.now()
    workflow.save(update_fields=["is_enabled", "turned_on_at"])
    enrolled = triggers.set_baseline(flows.published(workflow), enroll_existing=enroll_existing)
    return TurnedOn(workflow=workflow, enrolled=enrolled)


@transaction.atomic
def turn_off(workflow_id: int) -> Workflow:
    """Stop enrolling; records inside go on, but actions are skipped (W-397)."""
    workflow = Workflow.objects.select_for_update().get(pk=workflow_id, archived_at=None)
    workflow.is_enabled = False
    workflow.save(update_fields=["is_enabled"])
    return workflow


@transaction.atomic
def clone(workflow_id: int, user: AbstractBaseUser | None = None) -> Workflow:
    """A copy of a workflow, off and without any history (W-078)."""
    original = Workflow.objects.get(pk=workflow_id, archived_at=None)
    document = {
        key: item
        for key, item in original.document.items()
        if key not in {"id", "revisionId", "createdAt", "updatedAt", "uuid"}
    }
    name = f"{original.name[:246]} (clone)"
    return create({**document, "name": name, "isEnabled": False}, user)


@transaction.atomic
def archive(workflow_id: int) -> None:
    """Delete a workflow: it is turned off and everybody in it leaves (W-080)."""
    workflow = Workflow.objects.select_for_update().get(pk=workflow_id, archived_at=None)
    workflow.is_enabled = False
    workflow.archived_at = clock.now()
    workflow.save(update_fields=["is_enabled", "archived_at"])
    everybody = sql(
        "SELECT record_id FROM workflows_enrollment WHERE workflow_id = {id} AND state = 1",
        id=workflow_id,
    )
    unenroll(workflow_id, everybody, Reason.WORKFLOW_DELETED)


def count_matching(document: Mapping[str, Any]) -> int:
    """How many records meet the criteria of a document now (W-381)."""
    flow = parse(document)
    if flow.criteria.filter_branch is None:
        return 0
    predicate = filters.compile(flow.criteria.filter_branch, flow.object_type, clock.now())
    return int(
        value(
            sql(
                "SELECT count(*) FROM ({meets}) m",
                meets=filters.match(predicate, flow.object_type),
            )
        )
    )
