from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand

from workflows import health


class Command(BaseCommand):
    """Show the queues and whether the workers answer; exit code 1 when something is wrong."""

    help = __doc__ or ""

    def handle(self, *_: Any, **__: Any) -> None:
        found = health.look()
        lines = {
            "workflows on": f"{found.workflows_on:,}",
            "records in workflows": f"{found.active:,}",
            "oldest step due": _age(found.oldest_due_age),
            "changes to match": f"{found.changes:,}, oldest {_age(found.oldest_change_age)}",
            "need review": f"{found.needs_review:,}",
            "workers answered": _age(found.heartbeat_age, none="never"),
            "database": f"{found.database_bytes / 2**20:,.0f} MB",
        }
        for item in found.outbox:
            lines[f"outbox {item.kind}"] = (
                f"{item.waiting:,} waiting, {item.sending:,} being sent, {item.failed:,} failed,"
                f" {item.unknown:,} unknown"
            )
        for name, text in lines.items():
            self.stdout.write(f"{name:22} {text}")
        for problem in found.problems:
            self.stdout.write(f"! {problem}")
        if found.problems:
            sys.exit(1)


def _age(seconds: float | None, none: str = "none") -> str:
    return none if seconds is None else f"{seconds:,.0f} s ago"
