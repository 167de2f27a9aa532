"""The one place where time is read.

Rules go by the clock of the database: `app_now()` in SQL, `now()` here, equal within a
transaction. Tests and simulations set it with `at()`; the clocks of the workers do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection
from django.db.models import DateTimeField, Func

from crm.sql import SQL

#: For statements over many rows: evaluated once, where `app_now()` is once per row.
NOW = SQL("(SELECT app_now())")


class Now(Func):
    """`app_now()` for queries."""

    function = "app_now"
    output_field = DateTimeField()


def now() -> datetime:
    """The time of the current transaction, in UTC."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT app_now()")
        (value,) = cursor.fetchone()
    assert isinstance(value, datetime)
    return value


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Let `moment` (aware) be now, on this connection, until the block ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.now', true)")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('app.now', %s, false)", [moment.isoformat()])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('app.now', %s, false)", [before or ""])
