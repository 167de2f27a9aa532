"""Two records that are one: the primary one stays, the other is archived and leads to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from crm import changes, clock, events, merge_values, moving, properties
from crm.changes import Source, SourceKind
from crm.holdings import holdings
from crm.objects import base as objects
from crm.objects.base import ObjectType
from crm.sql import SQL, execute, rows, sql

#: For how long after a merge late rows of the merged record are looked for: what was being written
#: while it was merged, or carried its id through a queue.
FOLLOWED_FOR = timedelta(days=7)


class CannotMerge(ValidationError):
    """These two records cannot be merged; the message says why."""


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One of the two records, locked."""

    id: int
    properties: dict[str, Any]
    created_at: datetime


@transaction.atomic
def merge(object_type: str, primary_id: int, secondary_id: int, source: Source) -> None:
    """Make two records of one type one. There is no way back.

    The primary record keeps its values and gets the others' where it has none; associations,
    static lists, history, events and what other apps hold go to it (A-070, W-203). The other one is
    archived; its id leads to the primary one from now on. Raises CannotMerge.
    """
    kind = objects.get(object_type)
    primary, secondary = _lock(kind, primary_id, secondary_id)
    source = replace(source, kind=SourceKind.MERGE, id=source.id or source.kind.value)
    _note(kind, primary.id, secondary.id)
    move(_pair(primary.id, secondary.id), source)
    # Its unique values have to be free before the primary record takes them.
    changes.archive(object_type, changes.these([secondary.id]), source)
    _write_values(kind, primary, secondary, source)
    _record(kind, primary.id, secondary.id, source)


def _lock(kind: type[ObjectType], primary_id: int, secondary_id: int) -> tuple[_Side, _Side]:
    """Both records, so that merges of the same ones go one after the other."""
    if primary_id == secondary_id:
        raise CannotMerge("A record cannot be merged with itself.")
    found = rows(
        sql(
            "SELECT id, properties::text, created_at FROM crm_record"
            " WHERE id = ANY({ids}) AND object_type = {type} AND archived_at IS NULL"
            " ORDER BY id FOR UPDATE",
            ids=[primary_id, secondary_id],
            type=kind.type_id,
        )
    )
    sides = {
        key: _Side(id=key, properties=json.loads(text), created_at=created_at)
        for key, text, created_at in found
    }
    for key in (primary_id, secondary_id):
        if key not in sides:
            raise CannotMerge(_why_missing(kind, key))
    return sides[primary_id], sides[secondary_id]


def _why_missing(kind: type[ObjectType], record_id: int) -> str:
    into = resolve([record_id]).get(record_id)
    if into is not None:
        return f"{kind.label} {record_id} was merged into {into} already."
    return f"There is no {kind.label.lower()} {record_id}."


def _note(kind: type[ObjectType], primary_id: int, secondary_id: int) -> None:
    """Lead the secondary id, and what led to it so far, to the primary one."""
    execute(
        sql(
            "UPDATE crm_mergedrecord SET into_id = {into} WHERE into_id = {id}",
            into=primary_id,
            id=secondary_id,
        )
    )
    execute(
        sql(
            "INSERT INTO crm_mergedrecord (record_id, into_id, object_type, at)"
            " VALUES ({id}, {into}, {type}, app_now())",
            id=secondary_id,
            into=primary_id,
            type=kind.type_id,
        )
    )


def _pair(primary_id: int, secondary_id: int) -> SQL:
    return sql(
        "SELECT {id}::bigint AS record_id, {into}::bigint AS into_id",
        id=secondary_id,
        into=primary_id,
    )


def move(pairs: SQL, source: Source) -> None:
    """Give all that is about one record to another, for a SELECT of (record_id, into_id)."""
    moving.associations(pairs, source)
    moving.lists(pairs, source)
    moving.past(pairs)
    for holding in holdings:
        holding().merge(pairs)


def _write_values(kind: type[ObjectType], primary: _Side, secondary: _Side, source: Source) -> None:
    definitions = properties.load(kind.type_id)
    values = merge_values.merged(kind, definitions, primary.properties, secondary.properties)
    at_ms = int(clock.now().timestamp() * 1000)
    values |= merge_values.traces(
        definitions, primary.properties, secondary.properties, secondary.id, at_ms
    )
    changes.write(kind.type_id, {primary.id: values}, source, definitions)
    if secondary.created_at < primary.created_at:
        _set_created(kind, primary.id, secondary.created_at, source)
    moving.settle_history(primary.id, source)


def _set_created(
    kind: type[ObjectType], record_id: int, created_at: datetime, source: Source
) -> None:
    """A record is as old as the oldest that was merged into it."""
    named = [item.name for item in kind.properties if item.column == "created_at"]
    execute(
        sql("UPDATE crm_record SET created_at = {at} WHERE id = {id}", at=created_at, id=record_id)
    )
    execute(
        events.queue(
            kind.type_id,
            changes.these([record_id]),
            property_names=named,
            event_types=source.event_types,
            hops=source.hops,
        )
    )


def _record(kind: type[ObjectType], primary_id: int, secondary_id: int, source: Source) -> None:
    happened = sql(
        "SELECT {id}::bigint AS record_id, jsonb_build_object('merged_id', {merged}::bigint)"
        " AS properties, {source_id}::text AS source_id",
        id=primary_id,
        merged=secondary_id,
        source_id=source.id,
    )
    events.record(events.MERGED, happened, kind.type_id, source_kind=source.kind, hops=source.hops)


def resolve(ids: Iterable[int]) -> dict[int, int]:
    """Where records went that were merged away: their ids -> the ids of the ones that are left."""
    found = rows(
        sql(
            "SELECT record_id, into_id FROM crm_mergedrecord WHERE record_id = ANY({ids})",
            ids=list(ids),
        )
    )
    return dict(found)


@transaction.atomic
def follow_up() -> None:
    """Move what was written about merged records while, or shortly after, they were merged."""
    recent = sql(
        "SELECT record_id, into_id FROM crm_mergedrecord"
        " WHERE at > (SELECT app_now()) - {span}::interval",
        span=FOLLOWED_FOR,
    )
    if rows(sql("{recent} LIMIT 1", recent=recent)):
        move(recent, Source(kind=SourceKind.MERGE))
