"""Figures of all workflows together, for the home page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from crm import access, sharing
from crm.sql import SQL, value
from workflows import outline
from workflows.models import Enrollment, Workflow
from workflows.outline import Figures


def count_active() -> int:
    """How many enrollments stand in workflows now."""
    return int(value(SQL("SELECT count(*) FROM workflows_enrollment WHERE state = 1")))


def running(user: Any, most: int) -> list[tuple[Workflow, Figures]]:
    """Workflows that are on, those edited last first, with their numbers."""
    found = list(
        sharing.open_to(user, Workflow.objects.filter(is_enabled=True, archived_at=None))
        .defer("document")
        .order_by("-updated_at")[:most]
    )
    figures = outline.figures([workflow.pk for workflow in found])
    return [(workflow, figures[workflow.pk]) for workflow in found]


def latest(user: Any, most: int) -> Sequence[Enrollment]:
    """The latest enrollments in workflows that the user sees, with these."""
    found = Enrollment.objects.select_related("workflow").order_by("-pk")
    if not access.of(user).is_unlimited:
        found = found.filter(workflow__in=sharing.open_to(user, Workflow.objects.all()))
    return list(found[:most])
