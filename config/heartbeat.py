"""Whether the workers execute tasks: django-q2 can look alive and do nothing.

A worker that is killed while it waits for a task may leave the cluster's queue locked for ever;
nothing in the cluster notices. So the ticker queues a heartbeat every five seconds, a worker
answers it in the database, and `manage.py up` restarts a cluster whose answers stay away.
"""

from __future__ import annotations

import time

from django.db import DatabaseError, connection

from config import env
from workflows import doorbells

NAME = "beat/0"


class Heartbeat:
    """Watches the answers to the heartbeat; by the clock of the database."""

    def __init__(self) -> None:
        self.stale_seconds = env.env_int("HEARTBEAT_STALE_SECONDS", 20, least=5)
        self._blind_until = 0.0

    def age(self) -> float | None:
        """Seconds since the last answer; None without one, or without a database to ask."""
        try:
            age = doorbells.age(NAME)
        except DatabaseError:
            # Workers cannot answer either; they get their time once the database is back.
            self._blind_until = time.monotonic()
            connection.close()
            return None
        return None if age is None else age.total_seconds()

    def complaint(self, running_seconds: float) -> str:
        """Why the cluster, up for `running_seconds`, must be restarted; "" while it is well."""
        age = self.age()
        waited = min(running_seconds, time.monotonic() - self._blind_until)
        if age is not None:
            waited = min(waited, age)
        if waited <= self.stale_seconds:
            return ""
        return f"no worker has executed a task for {waited:.0f} seconds"

    def has_answered(self, running_seconds: float) -> bool:
        """Whether a worker of a cluster that runs for so long has executed a task."""
        age = self.age()
        return age is not None and age < running_seconds
