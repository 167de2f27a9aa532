"""The health page: whether work is done, what waits, and what went wrong last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from crm import access, clock
from crm.access import Access
from crm.admin.urls import RecordLink, record_links
from crm.sql import SQL, rows, sql, value
from workflows import doorbells, engine, outbox
from workflows.models import Enrollment

#: Workers are taken for dead when none has shown up for so long.
DEAD_AFTER = timedelta(seconds=30)
#: Work that is due for longer than this is late.
LATE_AFTER = timedelta(minutes=1)
#: Queues longer than this are shown as "over".
MOST_COUNTED = 100_000
WORK = {
    "match": "Matching changed records",
    "advance": "Advancing enrollments",
    "deliver": "Delivering messages",
    "imports": "Importing files",
    "housekeep": "Housekeeping",
}


@dataclass(frozen=True, kw_only=True)
class Health:
    """How the installation fares at one moment."""

    now: datetime
    #: How long ago a worker last showed that it works; None if none ever did.
    heartbeat: timedelta | None
    #: When the enrollment that is due longest was due; None when none is late.
    oldest_due: datetime | None
    changes_waiting: int
    enrollments_due: int
    outbox: Sequence[outbox.Health]
    needs_review: int

    @property
    def is_alive(self) -> bool:
        return self.heartbeat is not None and self.heartbeat < DEAD_AFTER

    @property
    def lateness(self) -> timedelta:
        """How long the oldest due work has been waiting."""
        return max(self.now - self.oldest_due, timedelta()) if self.oldest_due else timedelta()

    @property
    def messages_waiting(self) -> int:
        return sum(kind.waiting + kind.sending for kind in self.outbox)

    @property
    def problems(self) -> list[str]:
        """What somebody should look at, in sentences; empty when all is well."""
        found = []
        if not self.is_alive:
            found.append("No worker is working: enrollments, emails and imports wait.")
        if self.lateness > LATE_AFTER:
            found.append(f"Enrollments are late by {in_words(self.lateness)}.")
        if self.needs_review:
            verb = "needs" if self.needs_review == 1 else "need"
            plural = "" if self.needs_review == 1 else "s"
            found.append(f"{self.needs_review:,} enrollment{plural} {verb} review.")
        return found + [words for kind in self.outbox for words in _outbox_problems(kind)]


def _outbox_problems(kind: outbox.Health) -> list[str]:
    found = []
    if kind.out_since:
        found.append(f"No {kind.kind} goes out: {kind.last_error}")
    if kind.failed:
        found.append(f"{kind.failed:,} {kind.kind} messages failed.")
    if kind.unknown:
        found.append(f"Of {kind.unknown:,} {kind.kind} messages nobody knows if they arrived.")
    return found


def in_words(length: timedelta) -> str:
    """A length of time, roughly: "12 s", "3 min", "2 h", "4 days"."""
    seconds = int(length.total_seconds())
    for size, unit in ((86_400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def look() -> Health:
    """Ask everything; each question is answered from an index."""
    now = clock.now()
    due = engine.next_due()
    return Health(
        now=now,
        heartbeat=doorbells.age("beat/0"),
        oldest_due=due if due is not None and due <= now else None,
        changes_waiting=_count(SQL("SELECT FROM crm_change")),
        enrollments_due=_count(
            SQL("SELECT FROM workflows_enrollment WHERE state = 1 AND due_at <= app_now()")
        )
        if due is not None and due <= now
        else 0,
        outbox=outbox.health(),
        needs_review=_count(SQL("SELECT FROM workflows_enrollment WHERE state = 4")),
    )


def _count(select: SQL) -> int:
    return int(
        value(
            sql(
                "SELECT count(*) FROM ({select} LIMIT {most}) n",
                select=select,
                most=MOST_COUNTED,
            )
        )
    )


def answers() -> list[tuple[str, datetime]]:
    """When a worker last came for each kind of work."""
    last = dict(
        rows(
            SQL(
                "SELECT split_part(name, '/', 1), max(answered_at) FROM workflows_doorbell"
                " WHERE answered_at IS NOT NULL GROUP BY 1"
            )
        )
    )
    return [(label, last[kind]) for kind, label in WORK.items() if kind in last]


def failures(rights: Access, most: int = 10) -> list[tuple[Enrollment, RecordLink]]:
    """Enrollments that need review, the latest first."""
    found = list(
        Enrollment.objects.filter(state=Enrollment.State.FAILED)
        .select_related("workflow")
        .order_by("-ended_at")[:most]
    )
    links = record_links((row.record_id for row in found), rights)
    return [(row, links[row.record_id]) for row in found]


def database() -> list[tuple[str, str, int]]:
    """The largest tables: name, size in words, rows as PostgreSQL estimates them."""
    return [
        (name, size, count)
        for name, size, count in rows(
            SQL(
                """
                SELECT parent, pg_size_pretty(sum(size)), sum(live)::bigint FROM (
                    SELECT coalesce(p.relname, c.relname) AS parent,
                        pg_total_relation_size(c.oid) AS size, pg_stat_get_live_tuples(c.oid) AS live
                    FROM pg_class c
                    LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
                    LEFT JOIN pg_class p ON p.oid = i.inhparent
                    WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
                ) tables GROUP BY parent ORDER BY sum(size) DESC LIMIT 8
                """
            )
        )
    ]


def respond(request: HttpRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied
    health = look()
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": "Health",
        "health": health,
        "heartbeat": in_words(health.heartbeat) if health.heartbeat is not None else "never",
        "lateness": in_words(health.lateness),
        "answers": answers(),
        "failures": failures(access.of(request.user)),
        "tables": database(),
        "size": value(SQL("SELECT pg_size_pretty(pg_database_size(current_database()))")),
    }
    return TemplateResponse(request, "admin/workflows/health.html", context)
