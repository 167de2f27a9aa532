from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows import publishing
from workflows.models import Workflow


class Command(BaseCommand):
    """Turn a workflow off: nobody enters, and who is inside goes on without its actions."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", type=int)

    def handle(self, *_: Any, workflow: int, **__: Any) -> None:
        try:
            found = publishing.turn_off(workflow)
        except Workflow.DoesNotExist:
            raise CommandError(f"There is no workflow {workflow}.") from None
        self.stdout.write(f"“{found.name}” is off.")
