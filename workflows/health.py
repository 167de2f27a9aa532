"""How the background work is doing: what is due, what waits, whether the workers answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm import clock
from crm.sql import SQL, rows, value
from workflows import doorbells, engine, outbox
from workflows.models import Enrollment, Workflow


@dataclass(frozen=True, kw_only=True)
class Health:
    """One look at all queues. Ages are in seconds; None means there is nothing to be late."""

    workflows_on: int
    #: Enrollments that stand in workflows.
    active: int
    #: The oldest step that should have run already.
    oldest_due_age: float | None
    #: Rows of the change queue, and how old the oldest is.
    changes: int
    oldest_change_age: float | None
    needs_review: int
    outbox: tuple[outbox.Health, ...]
    #: Since a worker last answered the heartbeat.
    heartbeat_age: float | None
    database_bytes: int

    @property
    def problems(self) -> list[str]:
        """What a person should look at, in words."""
        found = []
        if self.heartbeat_age is None or self.heartbeat_age > 30:
            found.append(
                "No worker answers. Start the workers with make run, or look at their log."
            )
        if self.oldest_due_age is not None and self.oldest_due_age > 60:
            found.append(f"Steps are {self.oldest_due_age:,.0f} seconds late.")
        if self.oldest_change_age is not None and self.oldest_change_age > 60:
            found.append(f"Triggers are {self.oldest_change_age:,.0f} seconds late.")
        if self.needs_review:
            found.append(f"{self.needs_review:,} enrollments need review.")
        found += [f"Outbox: {item.last_error}" for item in self.outbox if item.needs_attention]
        return found


def look() -> Health:
    """How things are now."""
    now = clock.now()
    changes, oldest_change = rows(SQL("SELECT count(*), min(at) FROM crm_change"))[0]
    due = engine.next_due()
    return Health(
        workflows_on=Workflow.objects.filter(is_enabled=True, archived_at=None).count(),
        active=Enrollment.objects.filter(state=Enrollment.State.ACTIVE).count(),
        oldest_due_age=_age(now, due if due is not None and due <= now else None),
        changes=changes,
        oldest_change_age=_age(now, oldest_change),
        needs_review=Enrollment.objects.filter(state=Enrollment.State.FAILED).count(),
        outbox=tuple(outbox.health()),
        heartbeat_age=_seconds(doorbells.age("beat/0")),
        database_bytes=int(value(SQL("SELECT pg_database_size(current_database())"))),
    )


def _seconds(age: timedelta | None) -> float | None:
    return None if age is None else age.total_seconds()


def _age(now: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else (now - moment).total_seconds()
