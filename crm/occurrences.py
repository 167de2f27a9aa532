"""Reading the log of events: newest or oldest first, a page at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from crm.sql import SQL, join, rows, sql

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
#: Record, moment and row: found again through the index of a record's events.
KEY = re.compile(r"([0-9]{1,18})-(-?[0-9]{1,18})-([0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One event in the log."""

    id: int
    type: str
    record_id: int
    object_type: str
    properties: Mapping[str, Any]
    source: str
    source_id: str
    at: datetime

    @property
    def key(self) -> str:
        """By what the outside knows it."""
        return f"{self.record_id}-{(self.at - EPOCH) // MICROSECOND}-{self.id}"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which events are wanted. None of a condition means that there is none."""

    record_ids: Sequence[int] | None = None
    object_type: str | None = None
    #: Over `r`, the record: which ones may be seen.
    visible: SQL | None = None
    types: Sequence[str] | None = None
    after: datetime | None = None
    before: datetime | None = None
    #: Values, as texts, that properties have.
    properties: Mapping[str, str] = field(default_factory=dict)
    keys: Sequence[str] | None = None
    is_oldest_first: bool = False


def page(asked: Asked, after: str, limit: int) -> tuple[list[Occurrence], str]:
    """The next `limit` events behind the one with the key `after`, and where the page after begins.

    Both keys may be "": the beginning, and the end. Raises ValueError for what is no key.
    """
    query = sql(
        """
        SELECT id, type, record_id, object_type, properties::text, source, source_id, at
        FROM crm_event e WHERE {where} ORDER BY {order} LIMIT {limit}
        """,
        where=join(" AND ", [*_conditions(asked), _behind(asked, after)]),
        order=SQL("at, id" if asked.is_oldest_first else "at DESC, id DESC"),
        limit=limit + 1,
    )
    found = [_occurrence(row) for row in rows(query)]
    more = found[limit - 1].key if len(found) > limit else ""
    return found[:limit], more


def _occurrence(row: tuple[Any, ...]) -> Occurrence:
    id_, type_, record_id, object_type, properties, source, source_id, at = row
    return Occurrence(
        id=id_,
        type=type_,
        record_id=record_id,
        object_type=object_type,
        properties=json.loads(properties),
        source=source,
        source_id=source_id,
        at=at,
    )


def read_key(key: str) -> tuple[int, datetime, int]:
    """Record, moment and row in a key; raises ValueError."""
    found = KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"{key[:60]!r} is no event.")
    try:
        return int(found[1]), EPOCH + int(found[2]) * MICROSECOND, int(found[3])
    except OverflowError:
        raise ValueError(f"{key[:60]!r} is no event.") from None


def _behind(asked: Asked, after: str) -> SQL:
    if not after:
        return SQL("true")
    _, at, id_ = read_key(after)
    template = "(at, id) > ({at}, {id})" if asked.is_oldest_first else "(at, id) < ({at}, {id})"
    return sql(template, at=at, id=id_)


def _conditions(asked: Asked) -> list[SQL]:
    found = [
        sql("properties->>{name} = {value}", name=name, value=value)
        for name, value in asked.properties.items()
    ]
    if asked.record_ids is not None:
        found.append(sql("record_id = ANY({ids}::bigint[])", ids=list(asked.record_ids)))
    if asked.object_type is not None:
        found.append(sql("object_type = {type}", type=asked.object_type))
    if asked.visible is not None:
        found.append(
            sql(
                "EXISTS (SELECT FROM crm_record r WHERE r.id = e.record_id AND {visible})",
                visible=asked.visible,
            )
        )
    if asked.types is not None:
        found.append(_types(asked.types))
    if asked.after is not None:
        found.append(sql("at > {after}", after=asked.after))
    if asked.before is not None:
        found.append(sql("at < {before}", before=asked.before))
    if asked.keys is not None:
        found.append(_keys(asked.keys))
    return found


def _types(types: Sequence[str]) -> SQL:
    if len(types) == 1:
        # Equality, so that the partial index of types can serve.
        return sql("type = {type}", type=types[0])
    return sql("type = ANY({types}::text[])", types=list(types))


def _keys(keys: Sequence[str]) -> SQL:
    found = [read_key(key) for key in keys]
    return sql(
        "(record_id, at, id) IN (SELECT * FROM unnest({records}::bigint[],"
        " {moments}::timestamptz[], {ids}::bigint[]))",
        records=[record_id for record_id, _, _ in found],
        moments=[at for _, at, _ in found],
        ids=[id_ for _, _, id_ in found],
    )
