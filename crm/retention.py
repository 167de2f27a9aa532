"""What is kept for how long; housekeeping removes the rest, a piece at a time.

How long is a matter of settings; 0 keeps for ever.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import OperationalError, transaction

from crm import clock, erasure, merging
from crm.changes import Source, SourceKind
from crm.models import ApiToken, ImportJob, OAuthCode
from crm.sql import SQL, execute, identifier, rows, sql

logger = logging.getLogger(__name__)

#: Records that one transaction deletes.
BATCH = 2000
#: Import jobs whose files go in one run.
MOST_JOBS = 500
#: Dropping a month waits for nobody: who needs the table longer than this makes it wait a day.
LOCK_TIMEOUT = "2s"


def run(seconds: float) -> bool:
    """Remove what is over its time; returns whether something is left."""
    end = time.monotonic() + seconds
    merging.follow_up()
    drop_months("crm_property_history", settings.KEEP_HISTORY_DAYS)
    drop_months("crm_event", settings.KEEP_EVENTS_DAYS)
    delete_import_files()
    forget_tokens()
    while purge():
        if time.monotonic() >= end:
            return True
    return False


def before(days: int) -> datetime:
    return clock.now() - timedelta(days=days)


@transaction.atomic
def purge() -> int:
    """Delete some of the records that were archived too long ago to be restored; how many."""
    if not settings.RESTORE_DAYS:
        return 0
    found = rows(
        sql(
            "SELECT id FROM crm_record WHERE archived_at < {before}"
            " ORDER BY object_type, archived_at LIMIT {batch} FOR UPDATE SKIP LOCKED",
            before=before(settings.RESTORE_DAYS),
            batch=BATCH,
        )
    )
    ids = [row[0] for row in found]
    if ids:
        erasure.remove(ids, Source(kind=SourceKind.SYSTEM))
    return len(ids)


def drop_months(table: str, days: int) -> list[str]:
    """Drop the months of a partitioned table that lie wholly further back; returns their names.

    Nothing is deleted row by row (O-010), but for what lies outside of all months.
    """
    if not days:
        return []
    limit = before(days)
    months = rows(
        sql(
            """
            SELECT name FROM (
                SELECT c.relname AS name, (regexp_match(
                    pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1] AS bound
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = {table}::regclass
            ) parts WHERE bound::timestamptz <= {limit} ORDER BY name
            """,
            table=table,
            limit=limit,
        )
    )
    dropped = [name for (name,) in months if _drop(name)]
    execute(
        sql(
            "DELETE FROM {other} WHERE at < {limit}",
            other=identifier(f"{table}_other"),
            limit=limit,
        )
    )
    return dropped


def _drop(name: str) -> bool:
    try:
        with transaction.atomic():
            execute(sql("SET LOCAL lock_timeout = {most}", most=SQL(f"'{LOCK_TIMEOUT}'")))
            execute(sql("DROP TABLE {name}", name=identifier(name)))
    except OperationalError as error:
        logger.warning("%s is in use and goes another day: %s", name, error)
        return False
    return True


def forget_tokens() -> None:
    """Delete what connected apps were given for minutes, a day after it ended."""
    ended = before(1)
    OAuthCode.objects.filter(expires_at__lt=ended).delete()
    ApiToken.objects.filter(grant__isnull=False, expires_at__lt=ended).delete()


def delete_import_files() -> int:
    """Delete the files of imports that ended long ago; what they did stays noted."""
    if not settings.KEEP_IMPORT_FILES_DAYS:
        return 0
    ended = ImportJob.objects.filter(
        finished_at__lt=before(settings.KEEP_IMPORT_FILES_DAYS)
    ).exclude(file="", rejects_file="")
    found = list(ended.order_by("pk")[:MOST_JOBS])
    for job in found:
        # Gone already is as good.
        for file in (job.file, job.rejects_file):
            if file:
                file.delete(save=False)
    ImportJob.objects.filter(pk__in=[job.pk for job in found]).update(file="", rejects_file="")
    return len(found)
