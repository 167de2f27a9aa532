"""Timing the product beside hand-written SQL that has the same effect, in the same run.

Absolute rates differ from machine to machine and with what else runs on it; the ratio of the two
does so much less. Each measure is repeated, product and floor in turn, and the median counts.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from crm.sql import SQL, execute, sql

REPEATS = 3


@dataclass(frozen=True, kw_only=True)
class Result:
    """One measure: records per second of the product and of the floor."""

    name: str
    what: str
    records: int
    records_per_s: float
    floor_per_s: float
    goal: float | None

    @property
    def ratio(self) -> float:
        return self.records_per_s / self.floor_per_s

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "what": self.what,
            "records": self.records,
            "records_per_s": round(self.records_per_s),
            "floor_per_s": round(self.floor_per_s),
            "ratio": round(self.ratio, 3),
            "goal": self.goal,
        }


class Measure:
    """Something to time. Subclasses give the two ways and what both start from."""

    name: ClassVar[str]
    what: ClassVar[str]
    #: The least ratio the project promises, None where none is promised.
    goal: ClassVar[float | None] = None

    def __init__(self, size: int) -> None:
        self.size = size

    def prepare(self) -> None:
        """Before every run of either way, untimed: the state both start from."""

    def product(self) -> None:
        raise NotImplementedError

    def floor(self) -> None:
        raise NotImplementedError

    def check(self) -> None:
        """After every run, untimed: raise AssertionError unless all the effects are there."""

    def run(self) -> Result:
        times: dict[str, list[float]] = {"product": [], "floor": []}
        for _ in range(REPEATS):
            for way in ("product", "floor"):
                self.prepare()
                settle()
                times[way].append(_seconds(getattr(self, way)))
                self.check()
        return Result(
            name=self.name,
            what=self.what,
            records=self.size,
            records_per_s=self.size / statistics.median(times["product"]),
            floor_per_s=self.size / statistics.median(times["floor"]),
            goal=self.goal,
        )


def _seconds(way: Callable[[], None]) -> float:
    begun = time.perf_counter()
    way()
    return time.perf_counter() - begun


def settle() -> None:
    """Leave no work of the preparation to the timed part."""
    execute(SQL("VACUUM ANALYZE crm_record, workflows_enrollment"))
    execute(SQL("CHECKPOINT"))


@dataclass
class World:
    """The contacts that all measures work on."""

    size: int
    ids: tuple[int, int] = field(default=(0, 0))

    def build(self) -> None:
        """`size` contacts with 27 properties, in one statement."""
        execute(
            sql(
                """
                INSERT INTO crm_record (object_type, properties, created_at, updated_at)
                SELECT '0-1', jsonb_build_object(
                    'email', 'person' || i || '@example.com', 'firstname', 'First' || i % 500,
                    'lastname', 'Last' || i % 3000, 'phone', '+47 ' || (10000000 + i),
                    'mobilephone', '+47 ' || (90000000 + i), 'company', 'Company ' || i % 9000,
                    'jobtitle', 'Title ' || i % 70, 'website', 'https://example.com/' || i,
                    'address', 'Street ' || i % 999, 'city',
                    (ARRAY['Oslo','Bergen','Stockholm','Berlin','Paris'])[1 + i % 5],
                    'state', 'State ' || i % 40, 'zip', (1000 + i % 9000)::text, 'country',
                    (ARRAY['Norway','Norway','Sweden','Germany','France'])[1 + i % 5],
                    'industry', 'Industry ' || i % 25, 'lifecyclestage',
                    (ARRAY['subscriber','lead','customer'])[1 + i % 3],
                    'hs_lead_status', 'NEW', 'hubspotscore', i % 100, 'hs_language', 'en',
                    'hs_timezone', 'Europe/Oslo', 'closedate', '2026-01-15',
                    'message', 'A message of some length for contact ' || i,
                    'hs_email_optout', i % 50 = 0, 'hs_email_bounce', 0,
                    'hs_email_delivered', i % 9, 'hs_email_open', i % 7, 'hs_email_click', i % 3,
                    'notes_last_contacted', '2026-03-01T09:00:00.000Z'),
                    app_now(), app_now()
                FROM generate_series(1, {size}) i
                """,
                size=self.size,
            )
        )
