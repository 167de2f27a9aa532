from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from crm import clock
from crm.api import scopes, tokens
from crm.models import ApiToken


class Command(BaseCommand):
    """Makes a token of the API and shows it once."""

    help = "Make a token for a program that uses the API. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what the program is called; stands in histories")
        parser.add_argument("--user", required=True, help="who answers for it: a user name")
        parser.add_argument(
            "--scope",
            action="append",
            default=[],
            metavar="SCOPE",
            help="what it may do, such as crm.objects.contacts.read (default: everything)",
        )
        parser.add_argument("--days", type=int, help="how long it is valid (default: no end)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_staff=True).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r} on the staff.")
        if ApiToken.objects.filter(name=options["name"], grant=None).exists():
            raise CommandError(f"There is a token {options['name']!r} already.")
        days = options["days"]
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--days must be a number from 1 to 36500.")
        expires_at = None if days is None else clock.now() + timedelta(days=days)
        wanted = options["scope"] or scopes.known()
        try:
            _, secret = tokens.issue(options["name"], user, wanted, expires_at)
        except tokens.UnknownScope as error:
            raise CommandError(f"{error} Known: {', '.join(scopes.known())}.") from error
        self.stdout.write(secret)
