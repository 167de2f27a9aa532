"""Running an export: chunk after chunk into a file, each with its progress.

Which records are exported is settled when the export is asked for, their values are those at the
time of writing. A killed export is taken up again behind its last finished chunk.
"""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db import OperationalError, transaction
from django.db.models import F

from crm import access, clock, events, properties
from crm.exports import workbook
from crm.exports.columns import Columns, check, columns
from crm.imports.rejects import guard
from crm.models import ExportJob, ExportRow
from crm.objects import base as objects
from crm.sql import SQL, execute, join, rows, sql, value
from crm.statements import is_type

CHUNK_ROWS = 5000
OPEN = (ExportJob.State.WAITING, ExportJob.State.RUNNING)
#: How long a finished file can be downloaded.
KEPT_FOR = timedelta(days=30)
#: Tells spreadsheets that the text is UTF-8.
MARK = "\ufeff"


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an export is to be."""

    object_type: str
    #: A SELECT of (record_id).
    records: SQL
    property_names: Sequence[str]
    name: str
    file_format: ExportJob.Format = ExportJob.Format.CSV
    #: Internal names and values instead of what people see.
    is_internal: bool = False


@transaction.atomic
def start(wanted: Wanted, user: Any = None) -> ExportJob:
    """Settle which records are exported; `run` writes them.

    What `user` may not see is left out. Raises ValidationError for properties that do not exist,
    and for more rows than a workbook has.
    """
    kind = objects.get(wanted.object_type)
    allowed = access.of(user)
    hidden = [
        name for name, level in allowed.levels(kind.type_id).items() if level == access.Level.NONE
    ]
    job = ExportJob.objects.create(
        name=wanted.name[:200],
        object_type=kind.type_id,
        format=wanted.file_format,
        property_names=check(kind.type_id, wanted.property_names, hidden),
        is_internal=wanted.is_internal,
        user=user,
        created_at=clock.now(),
    )
    job.total_rows = execute(
        sql(
            "INSERT INTO crm_exportrow (job_id, record_id) SELECT {job}, r.id FROM crm_record r"
            " WHERE r.id IN (SELECT s.record_id FROM ({records}) s) AND {is_type} AND {visible}",
            job=job.pk,
            records=wanted.records,
            is_type=is_type("r", kind.type_id),
            visible=allowed.visible(kind.type_id) or SQL("true"),
        )
    )
    if job.format == ExportJob.Format.XLSX:
        workbook.check_size(job.total_rows)
    job.save(update_fields=["total_rows"])
    events.ring("exports")
    return job


def unfinished() -> list[int]:
    """Jobs that nobody may be working on: waiting ones, and those of a killed worker."""
    found = ExportJob.objects.filter(state__in=OPEN).order_by("pk")
    return list(found.values_list("pk", flat=True))


def run(job: ExportJob, *, seconds: float | None = None) -> bool:
    """Write a job's file, for at most `seconds`; returns whether something is left to do.

    Does nothing when the job is finished or another worker is at it.
    """
    deadline = time.monotonic() + seconds if seconds is not None else None
    with alone(job.pk) as is_alone:
        if not is_alone or not _begin(job):
            return False
        try:
            return not _go_on(job, deadline)
        except OperationalError:
            # The database went away; the job stays and is taken up again.
            raise
        except Exception as error:
            _end(job, ExportJob.State.FAILED, message=f"Stopped by an unexpected error: {error!r}")
            raise


def cancel(job: ExportJob) -> bool:
    """Stop an export; returns whether it was still going."""
    return _end(job, ExportJob.State.CANCELLED)


def forget_old() -> int:
    """Delete files that have been there long enough; returns how many."""
    old = ExportJob.objects.filter(finished_at__lt=clock.now() - KEPT_FOR).exclude(file="")
    for job in old:
        default_storage.delete(str(job.file))
    return old.update(file="")


@contextmanager
def alone(job_id: int) -> Iterator[bool]:
    """Whether this connection may run a job; keeps others from it until the block ends."""
    lock = sql("hashtext('crm.export.run'), {job}", job=job_id)
    is_alone = bool(value(sql("SELECT pg_try_advisory_lock({lock})", lock=lock)))
    try:
        yield is_alone
    finally:
        if is_alone:
            execute(sql("SELECT pg_advisory_unlock({lock})", lock=lock))


def _begin(job: ExportJob) -> bool:
    found = ExportJob.objects.filter(pk=job.pk, state__in=OPEN)
    began = found.update(state=ExportJob.State.RUNNING)
    job.refresh_from_db()
    return bool(began)


def _go_on(job: ExportJob, deadline: float | None) -> bool:
    """Whether nothing is left to do for this worker."""
    table = columns(job.object_type, job.property_names, is_internal=job.is_internal)
    path = _path(job)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        # What a killed worker wrote without noting it.
        file.truncate(job.written_bytes)
        file.seek(job.written_bytes)
        if not job.written_bytes:
            file.write((MARK + _lines([table.headings])).encode())
        while found := _read(job, table):
            file.write(_lines(table.cells(values) for _, values in found).encode())
            file.flush()
            if not _note(job, found[-1][0], len(found), file.tell()):
                return True
            if deadline is not None and time.monotonic() > deadline:
                return False
    _finish(job, path, table)
    return True


def _path(job: ExportJob) -> Path:
    return Path(default_storage.path(f"exports/{job.pk}.csv"))


def _lines(table: Any) -> str:
    """Rows in CSV (RFC 4180); cells that a spreadsheet would run as a formula are shown as text."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerows([_guarded(cell) for cell in cells] for cells in table)
    return written.getvalue()


def _guarded(cell: str) -> str:
    """Numbers and phone numbers begin with a sign, too, and run nothing."""
    is_number = cell[:1] in "+-" and cell[1:].replace(" ", "").replace(".", "").isdigit()
    return cell if is_number else guard(cell)


def _read(job: ExportJob, table: Columns) -> list[tuple[int, dict[str, Any]]]:
    """The next records with their values by property name."""
    in_columns = {item.name: item for item in table.definitions if item.column}
    found = rows(
        sql(
            "SELECT r.id, r.properties, ARRAY[{columns}]::text[] FROM crm_exportrow e"
            " JOIN crm_record r ON r.id = e.record_id AND r.archived_at IS NULL"
            " WHERE e.job_id = {job} AND e.record_id > {last}"
            " ORDER BY e.record_id LIMIT {chunk}",
            columns=join(", ", [properties.expression(item) for item in in_columns.values()]),
            job=job.pk,
            last=job.last_record_id,
            chunk=CHUNK_ROWS,
        )
    )
    return [
        (record_id, json.loads(stored) | dict(zip(in_columns, more, strict=True)))
        for record_id, stored, more in found
    ]


def _note(job: ExportJob, last: int, count: int, size: int) -> bool:
    """Keep the progress; returns False when the job was cancelled."""
    noted = ExportJob.objects.filter(pk=job.pk, state=ExportJob.State.RUNNING).update(
        last_record_id=last, done_rows=F("done_rows") + count, written_bytes=size
    )
    job.refresh_from_db()
    return bool(noted)


def _finish(job: ExportJob, path: Path, table: Columns) -> None:
    if job.format == ExportJob.Format.XLSX:
        made = path.with_suffix(".xlsx")
        workbook.write(path, made, table, job.name)
        path.unlink()
        path = made
    _end(job, ExportJob.State.DONE, file=f"exports/{path.name}")


def _end(job: ExportJob, state: ExportJob.State, **values: Any) -> bool:
    with transaction.atomic():
        found = ExportJob.objects.filter(pk=job.pk, state__in=OPEN)
        ended = found.update(state=state, finished_at=clock.now(), **values)
        ExportRow.objects.filter(job_id=job.pk).delete()
    job.refresh_from_db()
    if state != ExportJob.State.DONE and ended:
        _path(job).unlink(missing_ok=True)
    return bool(ended)
