from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows import publishing
from workflows.models import Workflow


class Command(BaseCommand):
    """Turn a workflow on, for the future only or for the records that match already, too."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", type=int)
        parser.add_argument(
            "--existing", action="store_true", help="Enroll the records that match now as well."
        )

    def handle(self, *_: Any, workflow: int, existing: bool, **__: Any) -> None:
        try:
            done = publishing.turn_on(workflow, enroll_existing=existing)
        except Workflow.DoesNotExist:
            raise CommandError(f"There is no workflow {workflow}.") from None
        except publishing.CannotTurnOn as error:
            lines = "\n".join(f"  {problem}" for problem in error.problems)
            raise CommandError(f"It cannot be turned on:\n{lines}") from None
        self.stdout.write(f"“{done.workflow.name}” is on; {done.enrolled:,} records enrolled.")
