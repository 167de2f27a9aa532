"""Figures of crm for the home page."""

from __future__ import annotations

import json
from collections.abc import Sequence

from django.db.models import QuerySet

from crm.access import Access
from crm.models import ImportJob
from crm.sql import SQL, rows, sql, value

#: Up to here records are counted; above, PostgreSQL's estimate is near enough.
MOST_COUNTED = 20_000


def count_records(type_id: str, rights: Access) -> str:
    """How many records of a type the user sees: "4,210", "about 1,004,000"."""
    mine = sql(
        "SELECT FROM crm_record r"
        " WHERE r.object_type = {type} AND r.archived_at IS NULL AND {is_seen}",
        type=type_id,
        is_seen=rights.visible(type_id) or SQL("true"),
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


def latest_imports(rights: Access, most: int) -> Sequence[ImportJob]:
    """The latest imports; who is no superuser sees the own ones."""
    return list(own_imports(ImportJob.objects.all(), rights).order_by("-pk")[:most])


def own_imports(found: QuerySet[ImportJob], rights: Access) -> QuerySet[ImportJob]:
    """Files hold all kinds of records: only who brought one in, and superusers, see it."""
    return found if rights.is_unlimited else found.filter(user=rights.user_id)
