"""The ticker: turns notifications and due times into doorbells.

It looks every second, and at once when a transaction that made work commits. Several may run at
once; the doorbells sort it out.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import psycopg
from django.db import DatabaseError, connection

from crm import calculating, clock, timezones
from crm.events import CHANNEL
from crm.exports import job as exporting
from crm.imports import job as importing
from crm.lists import building
from crm.models import Change
from crm.tracking import processing
from workflows import doorbells, engine, jobs, outbox

logger = logging.getLogger(__name__)

POLL_SECONDS = 1.0
RETRY_SECONDS = 1.0
BEAT_SECONDS = 5.0
#: Work that nothing calls for but time, and how often.
PERIODIC = {"housekeep": timedelta(days=1), "sweep": timedelta(minutes=15)}


def is_due(moment: datetime | None) -> bool:
    return moment is not None and moment <= clock.now()


def is_of_yesterday(age: timedelta) -> bool:
    """Whether midnight has passed since, where the account is: "today" means another day now."""
    here, now = timezones.account_zone(), clock.now()
    return now.astimezone(here).date() != (now - age).astimezone(here).date()


#: What to ask every second; each question is answered from an index.
QUESTIONS: dict[str, Callable[[], bool]] = {
    "match": Change.objects.exists,
    "advance": lambda: is_due(engine.next_due()),
    "deliver": lambda: is_due(outbox.next_due()),
    "lists": building.is_unfinished,
    "imports": lambda: bool(importing.unfinished()),
    "track": processing.waiting,
    "calculate": calculating.unfinished,
    "exports": lambda: bool(exporting.unfinished()),
}


class Ticker:
    """Rings until it is stopped; survives a database that goes away."""

    def __init__(self) -> None:
        self._listening: psycopg.Connection[Any] | None = None
        self._polled = self._beaten = float("-inf")

    def run(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.turn()
            except (psycopg.Error, DatabaseError, OSError) as error:
                logger.warning("Waiting for the database: %s", str(error).partition("\n")[0])
                self.close()
                pause.wait(RETRY_SECONDS)

    def turn(self) -> None:
        """Ring for what is due, then wait for the next notification or second."""
        now = time.monotonic()
        if now - self._beaten >= BEAT_SECONDS:
            self._beaten = now
            self._beat()
        if now - self._polled >= POLL_SECONDS:
            self._polled = now
            ring_all(kind for kind, is_work in QUESTIONS.items() if is_work())
        ring_all(self._listen())

    def close(self) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        connection.close()

    def _beat(self) -> None:
        # Rung afresh every time: a lost one must not look like dead workers.
        jobs.ring("beat", lost_after=timedelta(seconds=BEAT_SECONDS - 1))
        for kind, pause in PERIODIC.items():
            done = doorbells.age(f"{kind}/0")
            if done is None or done > pause or (kind == "sweep" and is_of_yesterday(done)):
                jobs.ring(kind)

    def _listen(self) -> set[str]:
        """Wait up to a second; returns the kinds of work that notifications told of."""
        if self._listening is None:
            parameters = connection.get_connection_params()
            self._listening = psycopg.connect(**parameters, autocommit=True)
            self._listening.execute(f"LISTEN {CHANNEL}")
        found = self._listening.notifies(timeout=POLL_SECONDS, stop_after=1)
        return {notify.payload for notify in found}


def ring_all(kinds: Iterable[str]) -> None:
    """Ring every shard of these kinds of work; an unknown kind is work for all."""
    wanted = set(kinds)
    if not wanted <= QUESTIONS.keys():
        wanted = set(QUESTIONS)
    for kind in sorted(wanted):
        for shard in jobs.shards(kind):
            jobs.ring(kind, shard)
