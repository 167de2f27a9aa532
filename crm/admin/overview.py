"""Figures of crm for the home page."""

from __future__ import annotations

import json
from collections.abc import Sequence

from crm.models import ImportJob
from crm.sql import SQL, rows, sql, value

#: Up to here records are counted; above, PostgreSQL's estimate is near enough.
MOST_COUNTED = 20_000


def count_records(type_id: str) -> str:
    """How many records of a type there are: "4,210", "about 1,004,000"."""
    mine = sql(
        "SELECT FROM crm_record WHERE object_type = {type} AND archived_at IS NULL", type=type_id
    )
    limited = sql("SELECT count(*) FROM ({mine} LIMIT {most}) n", mine=mine, most=MOST_COUNTED + 1)
    counted = int(value(limited))
    if counted <= MOST_COUNTED:
        return f"{counted:,}"
    plan = value(SQL(f"EXPLAIN (FORMAT JSON) {mine.text}", mine.params))
    estimate = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"]
    return f"about {max(estimate, counted) // 1000 * 1000:,}"


def has_records() -> bool:
    return bool(rows(SQL("SELECT FROM crm_record WHERE archived_at IS NULL LIMIT 1")))


def latest_imports(most: int) -> Sequence[ImportJob]:
    return list(ImportJob.objects.order_by("-pk")[:most])
