"""How many records are in lists, and how many were."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from crm import clock
from crm.sql import rows, sql


@dataclass(frozen=True, kw_only=True)
class Size:
    """How many are in a list, and when that last changed."""

    count: int = 0
    added_at: datetime | None = None
    removed_at: datetime | None = None


def of(list_ids: Collection[int]) -> Mapping[int, Size]:
    """The sizes of lists, by id."""
    found = rows(
        sql(
            "SELECT list_id, sum(added - removed), max(added_at), max(removed_at)"
            " FROM crm_listtally WHERE list_id = ANY({ids}) GROUP BY list_id",
            ids=list(list_ids),
        )
    )
    known = {row[0]: Size(count=int(row[1]), added_at=row[2], removed_at=row[3]) for row in found}
    return {key: known.get(key, Size()) for key in list_ids}


def history(list_id: int, days: int) -> list[tuple[date, int]]:
    """(day, size at its end) for the last `days` days up to today, in UTC."""
    today = clock.now().date()
    found = rows(
        sql(
            """
            SELECT d.day::date, coalesce(sum(t.change) OVER (ORDER BY d.day), 0)
                + (SELECT coalesce(sum(added - removed), 0) FROM crm_listtally
                   WHERE list_id = {list} AND at < {first}::date::timestamp AT TIME ZONE 'UTC')
            FROM generate_series({first}::date, {last}::date, interval '1 day') AS d(day)
            LEFT JOIN (
                SELECT (at AT TIME ZONE 'UTC')::date AS day, sum(added - removed) AS change
                FROM crm_listtally WHERE list_id = {list} GROUP BY 1
            ) t ON t.day = d.day::date ORDER BY 1
            """,
            list=list_id,
            first=today - timedelta(days=days - 1),
            last=today,
        )
    )
    return [(day, int(size)) for day, size in found]
