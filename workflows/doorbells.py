"""Doorbells: at most one task of each kind and shard waits in the queue of the workers.

A task says only "look what is due"; the tables hold the truth. Losing a ring or ringing twice
changes when the work is done, never what is done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection

from crm.sql import execute, sql, value

#: A ring that was not answered for so long is taken for lost.
LOST_AFTER = timedelta(seconds=30)


def ring(name: str, *, lost_after: timedelta = LOST_AFTER) -> bool:
    """Note that there is work for `name`; returns whether a task must be queued now."""
    if _mark(name, lost_after):
        return True
    added = sql(
        """
        INSERT INTO workflows_doorbell (name, rung_at) VALUES ({name}, app_now())
        ON CONFLICT (name) DO NOTHING
        """,
        name=name,
    )
    is_known = value(sql("SELECT true FROM workflows_doorbell WHERE name = {name}", name=name))
    return not is_known and execute(added) == 1


def answer(name: str) -> None:
    """Note that a worker has come; a ring from now on needs a task of its own."""
    execute(
        sql(
            """
            INSERT INTO workflows_doorbell (name, answered_at) VALUES ({name}, app_now())
            ON CONFLICT (name) DO UPDATE SET rung_at = NULL, answered_at = excluded.answered_at
            """,
            name=name,
        )
    )


def hold(name: str) -> None:
    """Ignore rings for a while, as if a task were waiting: its work fails at the moment."""
    execute(sql("UPDATE workflows_doorbell SET rung_at = app_now() WHERE name = {name}", name=name))


def forget(name: str) -> None:
    """Take a ring back: the queue could not be reached."""
    execute(sql("UPDATE workflows_doorbell SET rung_at = NULL WHERE name = {name}", name=name))


def age(name: str) -> timedelta | None:
    """How long ago a worker last answered; None if none ever did."""
    query = sql(
        "SELECT app_now() - answered_at FROM workflows_doorbell WHERE name = {name}", name=name
    )
    found = value(query)
    assert found is None or isinstance(found, timedelta)
    return found


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether this is the only process that works for `name`, on any host, until the block ends.

    The database forgets it with the session, so a killed process blocks nobody.
    """
    key = f"cohort.doorbell.{name}"
    is_alone = bool(value(sql("SELECT pg_try_advisory_lock(hashtextextended({key}, 0))", key=key)))
    try:
        yield is_alone
    finally:
        if is_alone and connection.is_usable():
            value(sql("SELECT pg_advisory_unlock(hashtextextended({key}, 0))", key=key))
        elif is_alone:
            connection.close()


def _mark(name: str, lost_after: timedelta) -> bool:
    # A conditional UPDATE: of several who ring at once, one sees a row changed.
    statement = sql(
        """
        UPDATE workflows_doorbell SET rung_at = app_now()
        WHERE name = {name} AND (rung_at IS NULL OR rung_at < app_now() - {lost_after})
        """,
        name=name,
        lost_after=lost_after,
    )
    return execute(statement) == 1
