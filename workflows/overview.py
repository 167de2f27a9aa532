"""Figures of all workflows together, for the home page."""

from __future__ import annotations

from collections.abc import Sequence

from crm.sql import SQL, value
from workflows import outline
from workflows.models import Enrollment, Workflow
from workflows.outline import Figures


def count_active() -> int:
    """How many enrollments stand in workflows now."""
    return int(value(SQL("SELECT count(*) FROM workflows_enrollment WHERE state = 1")))


def running(most: int) -> list[tuple[Workflow, Figures]]:
    """Workflows that are on, those edited last first, with their numbers."""
    found = list(
        Workflow.objects.filter(is_enabled=True, archived_at=None)
        .defer("document")
        .order_by("-updated_at")[:most]
    )
    figures = outline.figures([workflow.pk for workflow in found])
    return [(workflow, figures[workflow.pk]) for workflow in found]


def latest(most: int) -> Sequence[Enrollment]:
    """The latest enrollments, with their workflows."""
    return list(Enrollment.objects.select_related("workflow").order_by("-pk")[:most])
