from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from crm.imports import job as imports
from crm.imports.reading import UnreadableFile
from crm.models import ImportJob
from crm.registry import UnknownKind


class Command(BaseCommand):
    """Imports a CSV file and shows how far it is."""

    help = (
        "Import a CSV file. Known headings (HubSpot's, or names of properties) are mapped by"
        " themselves; contacts that exist are updated, rows that do not fit come back in a file."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--type",
            default="contacts",
            help="what the rows are: contacts, companies, p1_car ... (default: contacts)",
        )
        parser.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="HEADING=PROPERTY",
            help="put a column into a property; with this, only the columns named are imported",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        mapping = dict(_pair(text) for text in options["map"])
        with ExitStack() as turn:
            # The transaction hides the job from the workers until the lock on it is held.
            with transaction.atomic():
                job = self._start(options["file"], options["type"], mapping)
                turn.enter_context(imports.alone(job.pk))
            self._say(job.message)
            progress = Progress(self, job)
            imports.run(job, on_progress=progress.show)
        self._report(job, progress.seconds)

    def _start(self, path: Path, plural: str, mapping: dict[str, str]) -> ImportJob:
        try:
            with path.open("rb") as file:
                return imports.start(file, plural, name=path.name, mapping=mapping or None)
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except (UnreadableFile, UnknownKind) as error:
            raise CommandError(f"{path.name}: {error}") from None

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()

    def _report(self, job: ImportJob, seconds: float) -> None:
        if job.state != ImportJob.State.DONE:
            raise CommandError(job.message)
        same = job.done_rows - job.created_records - job.updated_records - job.rejected_rows
        self._say(
            f"{job.done_rows:,} rows in {seconds:,.1f} s: {job.created_records:,} created,"
            f" {job.updated_records:,} updated, {same:,} with nothing new,"
            f" {job.rejected_rows:,} rejected."
        )
        if job.rejected_rows:
            self._say(f"The rejected rows, with the reasons: {job.rejects_file.path}")


def _pair(text: str) -> tuple[str, str]:
    heading, equals, name = text.rpartition("=")
    if not (heading and equals and name):
        raise CommandError(f"--map {text}: write HEADING=PROPERTY.")
    return heading, name


class Progress:
    """One line on a terminal that is written again and again; one line per tenth elsewhere."""

    def __init__(self, command: Command, job: ImportJob) -> None:
        self._command = command
        self._began = time.monotonic()
        self._done_before = job.done_rows
        self._tenths = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def show(self, job: ImportJob) -> None:
        rate = (job.done_rows - self._done_before) / max(self.seconds, 0.001)
        left = (job.total_rows - job.done_rows) / max(rate, 0.001)
        line = (
            f"{job.done_rows:,} of {job.total_rows:,} rows, {rate:,.0f} a second,"
            f" {left:,.0f} s left"
        )
        tenths = job.done_rows * 10 // max(job.total_rows, 1)
        if sys.stdout.isatty():
            ending = "\n" if job.done_rows >= job.total_rows else ""
            self._command.stdout.write(f"\r{line}\033[K", ending=ending)
            self._command.stdout.flush()
        elif tenths > self._tenths:
            self._tenths = tenths
            self._command.stdout.write(line)
