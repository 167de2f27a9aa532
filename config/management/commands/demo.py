from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config import demo
from crm.changes import DuplicateValue
from crm.models import Record

#: So many different names of firms there are.
MOST_COMPANIES = 1000


class Command(BaseCommand):
    """Fills an empty account with the demo."""

    help = (
        "Fill an empty account with contacts, companies, deals and tickets that look like six weeks"
        " of work, and turn on two workflows."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--contacts", type=int, default=5000, help="how many (default: 5000)")
        parser.add_argument(
            "--seed", type=int, default=demo.SEED, help="another number tells another story"
        )
        parser.add_argument(
            "--force", action="store_true", help="also when there are contacts already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        contacts: int = options["contacts"]
        if not 20 <= contacts <= 200_000:
            raise CommandError("--contacts: between 20 and 200,000.")
        if not options["force"] and Record.objects.filter(object_type="0-1").exists():
            raise CommandError("There are contacts already; --force adds the demo to them.")
        self.stdout.write("Writing the demo ...")
        self.stdout.flush()
        began = time.monotonic()
        try:
            made = demo.write(
                options["seed"],
                contacts=contacts,
                companies=min(max(contacts * 2 // 25, 5), MOST_COMPANIES),
            )
        except DuplicateValue:
            raise CommandError("The demo is here already.") from None
        numbers = ", ".join(f"{count:,} {what}" for what, count in made.items())
        self.stdout.write(f"{numbers} in {time.monotonic() - began:.1f} s.")
