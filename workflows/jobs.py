"""Entry points of the background workers (django-q2), one per kind of work.

Each takes only a shard: how many of a kind may work side by side. What is to be done is in the
tables.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection
from django_q.tasks import async_task
from redis import RedisError

from crm import calculating, events
from crm import retention as crm_retention
from crm.exports import job as exporting
from crm.imports import job as importing
from crm.lists import building, conversion, editing, evaluation
from crm.models import ExportJob, ImportJob
from crm.sql import execute, sql
from crm.tracking import collecting, processing, visitors
from workflows import doorbells, engine, outbox, retention, triggers

logger = logging.getLogger(__name__)

#: How long a task works before it makes room for another and rings for the rest. Short, so that
#: the heartbeat finds a free worker in time however much there is to do.
SHARE_SECONDS = 10.0
#: Months of partitions that exist ahead of time.
MONTHS_AHEAD = 3


def shards(kind: str) -> range:
    """The shards of a kind of work: the engine uses all workers, the others one each."""
    return range(settings.WORKERS if kind == "advance" else 1)


def ring(kind: str, shard: int = 0, *, lost_after: timedelta = doorbells.LOST_AFTER) -> None:
    """Queue a task for this work unless one waits already; logs when the queue is out of reach."""
    name = f"{kind}/{shard}"
    if not doorbells.ring(name, lost_after=lost_after):
        return
    try:
        async_task(f"workflows.jobs.{kind}", shard, task_name=name)
    except RedisError as error:
        logger.warning("The queue does not answer: %s", error)
        doorbells.forget(name)


def match(shard: int) -> None:
    """Find out for changed records which workflows they enter or leave."""
    _work("match", shard, triggers.run)


def advance(shard: int) -> None:
    """Take enrollments that are due through their next steps."""
    _work("advance", shard, engine.run)


def deliver(shard: int) -> None:
    """Hand over what waits in the outbox."""
    _work("deliver", shard, outbox.run)


def imports(shard: int) -> None:
    """Go on with the imports of files."""
    _work("imports", shard, _import)


def calculate(shard: int) -> None:
    """Go on working out calculated properties for all records."""
    _work("calculate", shard, _calculate)


def exports(shard: int) -> None:
    """Go on with the exports of records."""
    _work("exports", shard, _export)


def track(shard: int) -> None:
    """Work off what tracked websites reported."""
    _work("track", shard, processing.run)


def lists(shard: int) -> None:
    """Judge everybody by the filters of lists that changed."""
    _work("lists", shard, _build)


def sweep(shard: int) -> None:
    """Ask again for triggers and lists whose answer changes with time alone."""
    _work("sweep", shard, _sweep)


def housekeep(shard: int) -> None:
    """Make the partitions of the coming months and remove what is over its time; once a day."""
    _work("housekeep", shard, _housekeep)


def beat(shard: int) -> None:
    """Show that a worker executes tasks; `manage.py up` restarts workers that do not."""
    doorbells.answer(f"beat/{shard}")


def _work(kind: str, shard: int, run: Callable[[float], bool]) -> None:
    """Run one share of work and ring for the rest."""
    name = f"{kind}/{shard}"
    is_more = False
    try:
        doorbells.answer(name)
        with doorbells.alone(name) as is_alone:
            is_more = is_alone and run(SHARE_SECONDS)
    except (OperationalError, InterfaceError) as error:
        # The database went away, or a statement lost against another: the ticker rings again.
        logger.warning("%s: %s", name, str(error).partition("\n")[0])
        connection.close()
    except Exception:
        logger.exception("%s failed and is tried again in half a minute.", name)
        connection.close()
        doorbells.hold(name)
    if is_more:
        ring(kind, shard)


def _import(seconds: float) -> bool:
    return any(
        importing.run(job, seconds=seconds)
        for job in ImportJob.objects.filter(pk__in=importing.unfinished()).order_by("pk")
    )


def _calculate(seconds: float) -> bool:
    end = time.monotonic() + seconds
    while calculating.go_on():
        if time.monotonic() > end:
            return True
    return False


def _export(seconds: float) -> bool:
    return any(
        exporting.run(job, seconds=seconds)
        for job in ExportJob.objects.filter(pk__in=exporting.unfinished()).order_by("pk")
    )


def _build(seconds: float) -> bool:
    end = time.monotonic() + seconds
    while building.build():
        # The matcher gives up where a slice is judged: it has its turn here.
        triggers.match()
        if time.monotonic() >= end:
            return True
    return False


def _sweep(_seconds: float) -> bool:
    conversion.convert_due()
    building.sweep()
    evaluation.fold_tallies()
    triggers.sweep()
    return False


def _housekeep(seconds: float) -> bool:
    # Only partitions by range have months; relispartition leaves parts of parts out.
    execute(
        sql(
            """
            SELECT app_make_partitions(c.oid::regclass, {months})
            FROM pg_class c JOIN pg_partitioned_table p ON p.partrelid = c.oid
            WHERE p.partstrat = 'r' AND NOT c.relispartition
            """,
            months=MONTHS_AHEAD,
        )
    )
    editing.purge()
    call_command("clearsessions")
    events.forget_keys()
    visitors.forget()
    collecting.forget_usage()
    exporting.forget_old()
    is_more = crm_retention.run(seconds / 2)
    return retention.run(seconds / 2) or is_more
