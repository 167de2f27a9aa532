from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows import outline
from workflows.models import Workflow


class Command(BaseCommand):
    """List the workflows, or show the steps of one with how many records stand where."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", nargs="?", type=int, help="The id of one workflow.")

    def handle(self, *_: Any, workflow: int | None, **__: Any) -> None:
        if workflow is None:
            self._list()
        else:
            self._show(workflow)

    def _list(self) -> None:
        found = list(Workflow.objects.filter(archived_at=None).order_by("pk"))
        figures = outline.figures([row.pk for row in found])
        if not found:
            self.stdout.write("There are no workflows yet.")
        for row in found:
            numbers = figures[row.pk]
            self.stdout.write(
                f"{row.pk:>5}  {'on ' if row.is_enabled else 'off'}  {numbers.active:>8,} in now"
                f"  {numbers.enrolled_last_week:>8,} enrolled in 7 days  {row.name}"
            )

    def _show(self, workflow_id: int) -> None:
        row = Workflow.objects.filter(pk=workflow_id, archived_at=None).first()
        if row is None:
            raise CommandError(f"There is no workflow {workflow_id}.")
        self.stdout.write(f"{row.name} ({'on' if row.is_enabled else 'off'})")
        for step in outline.outline(row):
            indent = "    " * step.depth
            label = f"{step.branch_label}: " if step.branch_label else ""
            here = f"  [{step.waiting:,} here]" if step.waiting else ""
            self.stdout.write(f"  {step.action_id:>4}  {indent}{label}{step.summary}{here}")
            for problem in step.problems:
                self.stdout.write(f"        {indent}! {problem}")
