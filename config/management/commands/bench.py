from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from config.bench import engine, importing
from config.bench.measure import Measure, Result, World
from crm import clock
from crm.sql import SQL, value

MEASURES: list[type[Measure]] = [
    engine.Enroll,
    engine.Step,
    engine.Branch,
    engine.Delay,
    engine.Chain,
    engine.Matching,
    importing.Import,
]


class Command(BaseCommand):
    """Measure the product beside hand-written SQL, in a database of its own."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--records", type=int, default=100_000)
        parser.add_argument("--only", help="The name of one measure.")
        parser.add_argument("--write", action="store_true", help="Write docs/benchmarks.md too.")

    def handle(self, *_: Any, records: int, only: str | None, write: bool, **__: Any) -> None:
        connection.settings_dict["TEST"]["NAME"] = "cohort_bench"
        name = connection.settings_dict["NAME"]
        connection.creation.create_test_db(verbosity=0, autoclobber=True)
        try:
            World(records).build()
            results = [
                self._measure(measure, records)
                for measure in MEASURES
                if only in (None, measure.name)
            ]
            self._report(results, write)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)

    def _measure(self, measure: type[Measure], records: int) -> Result:
        result = measure(records).run()
        goal = f"  goal {result.goal:.0%}" if result.goal else ""
        self.stdout.write(
            f"{result.name:10} {result.records_per_s:>10,.0f} records/s"
            f"  floor {result.floor_per_s:>10,.0f}  {result.ratio:>5.0%}{goal}"
        )
        return result

    def _report(self, results: list[Result], write: bool) -> None:
        settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
        path = settings.DATA_DIR / "bench.json"
        path.write_text(json.dumps([item.as_json() for item in results], indent=2) + "\n")
        if write:
            (Path(settings.BASE_DIR) / "docs" / "benchmarks.md").write_text(_page(results))


def _page(results: list[Result]) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`. Each line times the product and hand-written SQL with the same",
        "effect, in turn, in the same run; the median of three counts. The rates depend on the",
        "machine and on what else it does; the ratio is what to look at.",
        "",
        (
            f"Date {clock.now():%Y-%m-%d}, commit {commit}, {os.cpu_count()} cores,"
            f" {platform.machine()}, Python {platform.python_version()},"
            f" PostgreSQL {value(SQL('SHOW server_version'))}."
        ),
        "",
        "| measure | what | records | records/s | floor/s | ratio | goal |",
        "|---|---|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {item.name} | {item.what} | {item.records:,} | {item.records_per_s:,.0f}"
        f" | {item.floor_per_s:,.0f} | {item.ratio:.0%} | {f'{item.goal:.0%}' if item.goal else ''} |"
        for item in results
    ]
    return "\n".join(lines) + "\n"
