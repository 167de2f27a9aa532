"""Pages of records that cost the same wherever they are and however many records there are.

A page is fetched by the id it starts after (a keyset), never by an offset, and nothing is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import QuerySet

from crm.models import Record
from crm.sql import SQL, sql, value

SIZE = 50
#: How many records a filter without an index looks through before it offers to look further:
#: that bounds the time of a page when few of a million records match.
WINDOW = 100_000
LARGEST_ID = 2**63 - 1
#: The query parameters that name a page: records with smaller ids, with larger ids.
CURSORS = ("before", "after")


@dataclass(frozen=True, kw_only=True)
class Page:
    """Some records, newest first, and where the neighbouring pages start."""

    records: list[Record]
    older: int | None = None
    newer: int | None = None
    #: Whether only WINDOW records were looked through, and older ones may match too.
    is_partial: bool = False


def page_of(
    queryset: QuerySet[Record], type_id: str, asked: Mapping[str, str], *, is_scan: bool = False
) -> Page:
    """The page that the query parameters ask for; `is_scan` when no index serves the filters."""
    before, after = (_number(asked.get(name, "")) for name in CURSORS)
    if after is not None:
        return _newer_than(queryset, type_id, after, is_scan=is_scan)
    return _older_than(queryset, type_id, before, is_scan=is_scan)


def _older_than(
    queryset: QuerySet[Record], type_id: str, before: int | None, *, is_scan: bool
) -> Page:
    start = LARGEST_ID if before is None else before
    edge = _edge(type_id, sql("id < {start} ORDER BY id DESC", start=start)) if is_scan else None
    found = queryset.filter(pk__lt=start)
    if edge is not None:
        found = found.filter(pk__gt=edge)
    records = list(found.order_by("-pk")[: SIZE + 1])
    newer = None if before is None else before - 1
    if len(records) > SIZE:
        return Page(records=records[:SIZE], older=records[SIZE - 1].pk, newer=newer)
    older = None if edge is None else edge + 1
    return Page(records=records, older=older, newer=newer, is_partial=edge is not None)


def _newer_than(queryset: QuerySet[Record], type_id: str, after: int, *, is_scan: bool) -> Page:
    edge = _edge(type_id, sql("id > {start} ORDER BY id", start=after)) if is_scan else None
    found = queryset.filter(pk__gt=after)
    if edge is not None:
        found = found.filter(pk__lt=edge)
    records = list(found.order_by("pk")[: SIZE + 1])
    if len(records) > SIZE:
        newer: int | None = records[SIZE - 1].pk
        records = records[:SIZE]
    else:
        newer = None if edge is None else edge - 1
    return Page(records=records[::-1], older=after + 1, newer=newer, is_partial=edge is not None)


def _edge(type_id: str, ordered: SQL) -> int | None:
    """The id at which a scan of WINDOW records ends, None when it reaches the last record."""
    query = sql(
        "SELECT id FROM crm_record WHERE object_type = {type} AND archived_at IS NULL"
        " AND {ordered} OFFSET {window} LIMIT 1",
        type=type_id,
        ordered=ordered,
        window=WINDOW,
    )
    found: int | None = value(query)
    return found


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None
