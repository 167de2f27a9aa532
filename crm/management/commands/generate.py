from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.demo import crowd
from crm.models import Record
from crm.sql import SQL, execute

MOST = 20_000_000


class Command(BaseCommand):
    """Fills an empty account with very many records, to see how it behaves."""

    help = (
        "Fill an empty account with contacts, companies, associations and page views in their"
        " millions, always the same ones."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contacts", type=int, default=1_000_000)
        parser.add_argument("--companies", type=int, default=400_000)
        parser.add_argument("--associations", type=int, default=1_200_000)
        parser.add_argument("--events", type=int, default=5_000_000)

    def handle(self, *args: Any, **options: Any) -> None:
        counts = {
            name: options[name] for name in ("contacts", "companies", "associations", "events")
        }
        for name, count in counts.items():
            if not 0 <= count <= MOST:
                raise CommandError(f"--{name}: between 0 and {MOST:,}.")
        if Record.objects.filter(object_type__in=["0-1", "0-2"]).exists():
            raise CommandError("There are records already; this is for an empty account.")
        self._follow("companies", counts["companies"], crowd.companies(counts["companies"]))
        self._follow("contacts", counts["contacts"], crowd.contacts(counts["contacts"]))
        execute(SQL("ANALYZE crm_record, crm_uniquevalue, crm_searchtext"))
        if counts["contacts"] and counts["companies"]:
            pairs = counts["associations"]
            self._follow("associations", pairs, crowd.employments(pairs))
        if counts["contacts"]:
            self._follow("events", counts["events"], crowd.visits(counts["events"]))
        self.stdout.write("Vacuuming ...")
        execute(SQL("VACUUM ANALYZE"))

    def _follow(self, what: str, total: int, pieces: Iterator[int]) -> None:
        """Let the pieces be written, with a line for each tenth."""
        began = time.monotonic()
        shown = 0
        for done in pieces:
            if done * 10 // max(total, 1) > shown or done == total:
                shown = done * 10 // max(total, 1)
                rate = done / max(time.monotonic() - began, 0.001)
                self.stdout.write(f"{done:,} of {total:,} {what}, {rate:,.0f} a second")
                self.stdout.flush()
