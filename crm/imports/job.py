"""Running an import: chunk after chunk, each with its progress in one transaction.

A killed import is taken up again behind its last finished chunk. Two workers never run one job,
and two jobs with the same file make no record twice.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from django.core.files import File
from django.db import OperationalError, transaction
from django.db.models import F

from crm import access, changes, clock, properties
from crm.imports import plan as plans
from crm.imports import staging
from crm.imports.chunks import Chunk, chunks
from crm.imports.options import UNASKED, Options
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
OPEN = (ImportJob.State.WAITING, ImportJob.State.RUNNING)


def start(
    file: IO[bytes],
    object_type: str,
    user_id: int | None = None,
    *,
    name: str = "",
    mapping: Mapping[str, str] | None = None,
    options: Options = UNASKED,
    **more: Any,
) -> ImportJob:
    """Keep a file and plan its import; `run` does it. Raises UnreadableFile.

    `name` is that of the file.
    `mapping` says which heading goes into which property; without it the headings are recognised.
    `more` are further fields of the job.
    """
    kind = objects.get(object_type)
    made = plans.make(file, kind.type_id, mapping, options)
    now = clock.now()
    file_name = Path(name or getattr(file, "name", "") or "import.csv").name[-200:]
    file.seek(0)
    return ImportJob.objects.create(
        object_type=kind.type_id,
        name=options.name,
        file_name=file_name,
        file=File(file, name=file_name),
        options=options.to_json(),
        mapping=made.mapping,
        reading=made.reading.to_json(),
        total_rows=made.reading.total_rows,
        message="\n".join(made.remarks),
        user_id=user_id,
        created_at=now,
        updated_at=now,
        **more,
    )


def cancel(job: ImportJob) -> bool:
    """Stop an import after the chunk that is being written; returns whether it was still going.

    What has been imported stays.
    """
    return bool(
        ImportJob.objects.filter(pk=job.pk, state__in=OPEN).update(
            state=ImportJob.State.CANCELLED,
            finished_at=clock.now(),
            updated_at=clock.now(),
            rejects_file=_rejects_name(job),
        )
    )


def unfinished() -> list[int]:
    """Jobs that nobody may be working on: waiting ones, and those of a killed worker."""
    found = ImportJob.objects.filter(state__in=OPEN).order_by("pk")
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
        if not is_alone or not _begin(job):
            return False
        try:
            return not _go_on(job, deadline, on_progress)
        except OperationalError:
            # The database went away; the job stays and is taken up again.
            raise
        except Exception as error:
            _finish(job, ImportJob.State.FAILED, f"Stopped by an unexpected error: {error!r}")
            raise


def _begin(job: ImportJob) -> bool:
    """Take a job up unless it is finished or cancelled."""
    found = ImportJob.objects.filter(pk=job.pk, state__in=OPEN)
    began = found.update(state=ImportJob.State.RUNNING, updated_at=clock.now())
    job.refresh_from_db()
    return bool(began)


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
        options = Options.from_json(job.options)
        plan = plans.again(file, job.object_type, job.mapping, kept, options)
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
        options=plan.options,
        static_list=job.static_list,
        rights=access.of(job.user),
        linked_definitions={
            link.to_object_type: properties.load(link.to_object_type) for link in plan.options.links
        },
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
    """The job was cancelled, or this worker lost its lock and another one has moved the job on."""


def _write(job: ImportJob, target: staging.Target, chunk: Chunk, rejects: Rejects) -> None:
    """Write one chunk and the progress in one transaction; tries again when others interfere."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                written = staging.write(target, list(chunk.staged.values()))
                rejected = chunk.refuse(written.refused)
                rejects.write(rejected)
                _advance(job, chunk, written, len(rejected))
        except Exception as error:
            if attempt == ATTEMPTS or not _is_passing(error):
                _forget(job, chunk, rejects)
                raise
        else:
            break
        rejects.forget_after(chunk.first_line - 1)
    job.refresh_from_db()


def _is_passing(error: Exception) -> bool:
    """Whether the same attempt may succeed when it is made again."""
    if isinstance(error, OperationalError):
        return getattr(error.__cause__, "sqlstate", "") in TRANSIENT
    # Somebody took a value, or archived a stage, just now: the next attempt sees it.
    return isinstance(error, changes.DuplicateValue | InvalidProperties)


def _forget(job: ImportJob, chunk: Chunk, rejects: Rejects) -> None:
    """After a cancellation nobody comes again to drop the rejected rows of the last chunk."""
    with suppress(OperationalError):
        job.refresh_from_db()
        if job.state == ImportJob.State.CANCELLED:
            rejects.forget_after(chunk.first_line - 1)
            ImportJob.objects.filter(pk=job.pk).update(rejects_file=_rejects_name(job))


def _advance(job: ImportJob, chunk: Chunk, written: staging.Written, rejected: int) -> None:
    found = ImportJob.objects.filter(
        pk=job.pk, done_rows=job.done_rows, state=ImportJob.State.RUNNING
    )
    progressed = found.update(
        updated_at=clock.now(),
        done_rows=F("done_rows") + chunk.size,
        created_records=F("created_records") + written.created,
        updated_records=F("updated_records") + written.updated,
        rejected_rows=F("rejected_rows") + rejected,
    )
    if not progressed:
        raise Overtaken


def _finish(job: ImportJob, state: ImportJob.State, message: str) -> None:
    if job.created_records >= ANALYZED_FROM:
        # Until autovacuum comes round, the planner would take the tables for as small as before.
        execute(sql("ANALYZE crm_record, crm_uniquevalue"))
    ImportJob.objects.filter(pk=job.pk, state__in=OPEN).update(
        state=state,
        message=message,
        rejects_file=_rejects_name(job),
        finished_at=clock.now(),
        updated_at=clock.now(),
    )
    job.refresh_from_db()


def _rejects_name(job: ImportJob) -> str:
    """The rejects file as the storage knows it, "" when there is none."""
    path = _rejects_path(job)
    return os.path.relpath(path, job.file.storage.path("")) if path.exists() else ""
