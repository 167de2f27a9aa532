"""Running an import: chunk after chunk, each with its progress in one transaction.

A killed import is taken up again behind its last finished chunk. Two workers never run one job,
and two jobs with the same file make no record twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.core.files import File
from django.db import OperationalError, transaction
from django.db.models import F

from crm import changes, clock
from crm.imports import plan as plans
from crm.imports import staging
from crm.imports.chunks import Chunk, chunks
from crm.imports.reading import Row, UnreadableFile
from crm.imports.rejects import Rejects
from crm.imports.survey import Reading
from crm.models import ImportJob
from crm.objects import base as objects
from crm.properties import InvalidProperties
from crm.sql import execute, sql, value

ATTEMPTS = 5
#: So many new records change what the planner should know of the tables.
ANALYZED_FROM = 1000
#: Deadlock, lock not available, serialization failure: the same again may well succeed.
TRANSIENT = {"40P01", "55P03", "40001"}


def start(
    file: IO[bytes],
    object_type: str,
    user_id: int | None = None,
    *,
    name: str = "",
    mapping: Mapping[str, str] | None = None,
) -> ImportJob:
    """Keep a file and plan its import; `run` does it. Raises UnreadableFile.

    `mapping` says which heading goes into which property; without it the headings are recognised.
    """
    kind = objects.get(object_type)
    made = plans.make(file, kind.type_id, mapping)
    name = Path(name or getattr(file, "name", "") or "import.csv").name[-200:]
    file.seek(0)
    return ImportJob.objects.create(
        object_type=kind.type_id,
        file_name=name,
        file=File(file, name=name),
        mapping=made.mapping,
        reading=made.reading.to_json(),
        total_rows=made.reading.total_rows,
        message="\n".join(made.remarks),
        user_id=user_id,
        created_at=clock.now(),
    )


def unfinished() -> list[int]:
    """Jobs that nobody may be working on: waiting ones, and those of a killed worker."""
    open_states = [ImportJob.State.WAITING, ImportJob.State.RUNNING]
    found = ImportJob.objects.filter(state__in=open_states).order_by("pk")
    return list(found.values_list("pk", flat=True))


def run(
    job: ImportJob,
    *,
    seconds: float | None = None,
    on_progress: Callable[[ImportJob], None] = lambda job: None,
) -> bool:
    """Import a job's file, for at most `seconds`; returns whether something is left to do.

    Does nothing when the job is finished or another worker is at it. After each chunk
    `on_progress` is called with the job's new numbers.
    """
    deadline = time.monotonic() + seconds if seconds is not None else None
    with alone(job.pk) as is_alone:
        job.refresh_from_db()
        if not is_alone or job.state in (ImportJob.State.DONE, ImportJob.State.FAILED):
            return False
        _set(job, state=ImportJob.State.RUNNING)
        try:
            return not _go_on(job, deadline, on_progress)
        except OperationalError:
            # The database went away; the job stays and is taken up again.
            raise
        except Exception as error:
            _finish(job, ImportJob.State.FAILED, f"Stopped by an unexpected error: {error!r}")
            raise


def _go_on(
    job: ImportJob, deadline: float | None, on_progress: Callable[[ImportJob], None]
) -> bool:
    """Whether nothing is left for this worker."""
    try:
        if not _write_chunks(job, deadline, on_progress):
            return False
    except UnreadableFile as error:
        _finish(job, ImportJob.State.FAILED, str(error))
    except FileNotFoundError:
        _finish(job, ImportJob.State.FAILED, "The uploaded file is gone.")
    except Overtaken:
        pass
    else:
        _finish(job, ImportJob.State.DONE, job.message)
    return True


@contextmanager
def alone(job_id: int) -> Iterator[bool]:
    """Whether this connection may run a job; keeps others from it until the block ends.

    The lock belongs to the session: it is free as soon as its holder dies.
    """
    lock = sql("hashtext('crm.import.run'), {job}", job=job_id)
    is_alone = bool(value(sql("SELECT pg_try_advisory_lock({lock})", lock=lock)))
    try:
        yield is_alone
    finally:
        if is_alone:
            execute(sql("SELECT pg_advisory_unlock({lock})", lock=lock))


def _write_chunks(
    job: ImportJob, deadline: float | None, on_progress: Callable[[ImportJob], None]
) -> bool:
    """Whether the file is done before the deadline."""
    with job.file.open("rb") as file:
        kept = Reading.from_json(job.reading)
        plan = plans.again(file, job.object_type, job.mapping, kept)
        target = _target(job, plan)
        rejects = Rejects(_rejects_path(job), plan.headings, plan.reading.form.delimiter)
        rows = plan.rows(file)
        rejects.forget_after(_skip(rows, job.done_rows))
        for chunk in chunks(rows, plan):
            _write(job, target, chunk, rejects)
            on_progress(job)
            if deadline is not None and time.monotonic() > deadline:
                return job.done_rows >= job.total_rows
    return True


def _target(job: ImportJob, plan: plans.Plan) -> staging.Target:
    return staging.Target(
        object_type=job.object_type,
        label=objects.get(job.object_type).label,
        definitions=plan.definitions,
        names=tuple(column.name for column in plan.columns if column.name),
        keys=plan.keys,
        source=changes.Source(kind=changes.SourceKind.IMPORT, id=str(job.pk), user_id=job.user_id),
    )


def _rejects_path(job: ImportJob) -> Path:
    folder = Path(job.file.path).parent
    return folder / f"rejects-{job.pk}.csv"


def _skip(rows: Iterator[Row], count: int) -> int:
    """Pass over the rows that are done; returns the line of the last one."""
    line = 0
    for _ in range(count):
        row = next(rows, None)
        if row is None:
            break
        line = row.line
    return line


class Overtaken(Exception):
    """Another worker has moved the job on: this one lost its lock, with its connection."""


def _write(job: ImportJob, target: staging.Target, chunk: Chunk, rejects: Rejects) -> None:
    """Write one chunk and the progress in one transaction; tries again when others interfere."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                written = staging.write(target, list(chunk.staged.values()))
                rejected = chunk.refuse(written.refused)
                rejects.write(rejected)
                _advance(job, chunk, written, len(rejected))
        except (changes.DuplicateValue, InvalidProperties):
            # Somebody took a value, or archived a stage, just now: the next attempt sees it.
            if attempt == ATTEMPTS:
                raise
        except OperationalError as error:
            if attempt == ATTEMPTS or getattr(error.__cause__, "sqlstate", "") not in TRANSIENT:
                raise
        else:
            break
        rejects.forget_after(chunk.first_line - 1)
    job.refresh_from_db()


def _advance(job: ImportJob, chunk: Chunk, written: staging.Written, rejected: int) -> None:
    progressed = ImportJob.objects.filter(pk=job.pk, done_rows=job.done_rows).update(
        done_rows=F("done_rows") + chunk.size,
        created_records=F("created_records") + written.created,
        updated_records=F("updated_records") + written.updated,
        rejected_rows=F("rejected_rows") + rejected,
    )
    if not progressed:
        raise Overtaken


def _set(job: ImportJob, **values: object) -> None:
    ImportJob.objects.filter(pk=job.pk).update(**values)
    job.refresh_from_db()


def _finish(job: ImportJob, state: ImportJob.State, message: str) -> None:
    path = _rejects_path(job)
    name = ""
    if path.exists():
        name = os.path.relpath(path, job.file.storage.path(""))
    if job.created_records >= ANALYZED_FROM:
        # Until autovacuum comes round, the planner would take the tables for as small as before.
        execute(sql("ANALYZE crm_record, crm_uniquevalue"))
    _set(job, state=state, message=message, rejects_file=name, finished_at=clock.now())
