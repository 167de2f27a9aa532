"""Writing records and looking at what was written, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm import changes
from crm.models import Change, Event, PropertyHistory, UniqueValue
from crm.sql import SQL, sql

SYSTEM = changes.Source(kind=changes.SourceKind.SYSTEM)
Row = dict[str, Any]


def contacts(*rows: Row) -> list[int]:
    return changes.create("0-1", rows, SYSTEM)


def people(count: int, start: int = 0, **more: Any) -> list[int]:
    """Contacts p0@example.com, p1@example.com ..."""
    return contacts(*({"email": f"p{n}@example.com"} | more for n in range(start, start + count)))


def select(ids: Iterable[int]) -> SQL:
    """A SELECT of (record_id)."""
    return sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=list(ids))


def history(record: int) -> list[tuple[str, Any]]:
    """Name and value of what was written to a record, oldest first."""
    found = PropertyHistory.objects.filter(record_id=record).order_by("at", "pk")
    return list(found.values_list("property_name", "value"))


def events(record: int) -> list[str]:
    return list(
        Event.objects.filter(record_id=record).order_by("pk").values_list("type", flat=True)
    )


def unique_values() -> dict[str, int]:
    return dict(UniqueValue.objects.values_list("value", "record_id"))


def take_changes() -> list[Row]:
    """The rows of the change queue, which is empty afterwards."""
    found = Change.objects.order_by("pk").values(
        "object_type", "record_ids", "property_names", "list_ids", "event_types", "hops"
    )
    taken = [dict(row) for row in found]
    Change.objects.all().delete()
    return taken
