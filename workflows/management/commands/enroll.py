from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.models import UniqueValue
from workflows import enrollment, flows


class Command(BaseCommand):
    """Enroll records in a workflow by hand; they need not meet its triggers."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("workflow", type=int)
        parser.add_argument(
            "records", nargs="+", help="Record ids, or email addresses of contacts."
        )

    def handle(self, *_: Any, workflow: int, records: list[str], **__: Any) -> None:
        found = flows.get(workflow)
        if found is None:
            raise CommandError(f"There is no workflow {workflow}.")
        if not found.is_enabled:
            raise CommandError(f"“{found.name}” is off; turn it on first.")
        result = enrollment.enroll(found, self._ids(found.flow.object_type, records))
        self.stdout.write(
            f"{result.enrolled:,} enrolled, {result.already_in:,} in it already,"
            f" {result.enrolled_before:,} have been through, {result.not_found:,} not found."
        )

    @staticmethod
    def _ids(object_type: str, given: list[str]) -> list[int]:
        """Ids as they are; everything else as a unique value. Unknown ones become 0."""
        words = [text.lower() for text in given if not text.isdecimal()]
        known = dict(
            UniqueValue.objects.filter(object_type=object_type, value__in=words).values_list(
                "value", "record_id"
            )
        )
        ids = [int(text) for text in given if text.isdecimal()]
        # Each unknown word counts as one record that is not there.
        return ids + [known.get(word, -place) for place, word in enumerate(words, 1)]
