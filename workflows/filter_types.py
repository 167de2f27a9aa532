"""Filters on what a record has to do with a workflow (W-160)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from crm.filters.kinds import Frame
from crm.filters.memberships import Membership, memberships
from crm.sql import SQL, sql
from workflows.models import Workflow


@dataclass(frozen=True, kw_only=True)
class InWorkflow(Membership):
    """The record has an enrollment of a kind."""

    noun = "workflow"
    #: SQL over the enrollment `e`.
    condition: ClassVar[SQL]

    @classmethod
    def dependencies(cls, key: int) -> dict[str, Any]:
        # Millions of enrollments come and go; nobody queues a change for each of them.
        return {"is_time_sensitive": True}

    @classmethod
    def names(cls, references: Collection[Any]) -> Mapping[Any, str]:
        found = Workflow.objects.filter(pk__in=references, archived_at=None)
        return dict(found.values_list("pk", "name"))

    def belongs(self, frame: Frame) -> SQL:
        return sql(
            "EXISTS (SELECT 1 FROM workflows_enrollment e WHERE e.record_id = {id}"
            " AND e.workflow_id = {key} AND {condition})",
            id=frame.id,
            key=self.key,
            condition=self.condition,
        )

    def exists(self, frame: Frame) -> SQL:
        return sql(
            "EXISTS (SELECT 1 FROM workflows_workflow w WHERE w.id = {key}"
            " AND w.archived_at IS NULL)",
            key=self.key,
        )


@memberships.register
class Enrolled(InWorkflow):
    """The record is or was enrolled in a workflow."""

    in_list_type = "WORKFLOWS_ENROLLMENT"
    verb = "is or was enrolled in"
    condition = SQL("TRUE")


@memberships.register
class Active(InWorkflow):
    """The record is enrolled in a workflow now."""

    in_list_type = "WORKFLOWS_ACTIVE"
    verb = "is enrolled now in"
    condition = SQL("e.slot = 0")


@memberships.register
class ReachedGoal(InWorkflow):
    """The record left a workflow because it met its goal."""

    in_list_type = "WORKFLOWS_GOAL"
    verb = "met the goal of"
    condition = SQL("e.reason = 'GOAL_MET'")


@memberships.register
class Completed(InWorkflow):
    """The record went through a workflow to its end."""

    in_list_type = "WORKFLOWS_COMPLETED"
    verb = "completed"
    condition = SQL("e.reason = 'COMPLETED'")
