"""The only writer of records.

Every function changes a whole set of records with a fixed number of statements, and writes the
values, their history, the events and the row for the change queue in one transaction: all of it
happens, or none. Callers with more to write wrap the call in their own transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from psycopg.types.json import Jsonb

from crm import events, properties, search, statements
from crm.objects import base as objects
from crm.property_types.base import Definition
from crm.sql import SQL, execute, rows, sql, value
from crm.statements import IN_SELECT, Delta, Source, SourceKind

__all__ = [
    "IN_SELECT",
    "NEW_ID",
    "Delta",
    "DuplicateValue",
    "Source",
    "SourceKind",
    "archive",
    "create",
    "create_from",
    "insert",
    "restore",
    "update",
    "update_from",
    "write",
]


class DuplicateValue(Exception):
    """Another record has this value of a unique property already."""

    def __init__(self, property_name: str) -> None:
        self.property_name = property_name
        super().__init__(f"Another record has this {property_name} already.")


#: For selects given to create_from: the id of the record to be made.
NEW_ID = SQL("nextval(pg_get_serial_sequence('crm_record', 'id'))")


def create(object_type: str, values: Sequence[Mapping[str, Any]], source: Source) -> list[int]:
    """Create one record per mapping of property values; returns their ids in order.

    Raises InvalidProperties for the first row that does not fit, DuplicateValue when a unique
    value is taken.
    """
    definitions = properties.load(object_type)
    cleaned = [properties.clean(definitions, row) for row in values]
    return insert(object_type, cleaned, source, definitions)


def insert(
    object_type: str,
    values: Sequence[Mapping[str, Any]],
    source: Source,
    definitions: properties.Definitions | None = None,
) -> list[int]:
    """Like `create`, for values that are in their stored form already."""
    cleaned = [_known(row) for row in values]
    ids = _reserve_ids(len(cleaned))
    select = sql(
        "SELECT u.record_id, u.properties, {source_id}::text AS source_id"
        " FROM unnest({ids}::bigint[], {properties}::jsonb[]) AS u(record_id, properties)",
        source_id=source.id,
        ids=ids,
        properties=[Jsonb(row) for row in cleaned],
    )
    create_from(object_type, select, source, definitions)
    return ids


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _reserve_ids(count: int) -> list[int]:
    query = sql("SELECT {new} FROM generate_series(1, {count})", new=NEW_ID, count=count)
    return [row[0] for row in rows(query)]


@transaction.atomic
def create_from(
    object_type: str,
    select: SQL,
    source: Source,
    definitions: properties.Definitions | None = None,
) -> int:
    """Create records from a SELECT of (record_id, properties, source_id); returns how many.

    The ids come from NEW_ID, the properties are in their stored form already; `select` is run more
    than once and must give the same rows each time.
    Raises DuplicateValue when a unique value is taken.
    """
    definitions = properties.load(object_type) if definitions is None else definitions
    query = statements.create(object_type, select, source)
    count = int(value(query))
    if count:
        _keep_unique(object_type, select, _unique(definitions, None))
        search.refresh(object_type, select, definitions)
        events.ring("match")
    return count


def update(object_type: str, changes: Mapping[int, Mapping[str, Any]], source: Source) -> int:
    """Set property values of records by id; None clears. Returns how many records changed.

    Raises InvalidProperties for the first record whose values do not fit, DuplicateValue when a
    unique value is taken. Unknown and archived ids are left out.
    """
    definitions = properties.load(object_type)
    cleaned = {key: properties.clean(definitions, row) for key, row in changes.items()}
    return write(object_type, cleaned, source, definitions)


def write(
    object_type: str,
    changes: Mapping[int, Mapping[str, Any]],
    source: Source,
    definitions: properties.Definitions | None = None,
) -> int:
    """Like `update`, for values that are in their stored form already."""
    select = sql(
        "SELECT u.record_id, u.delta, {source_id}::text AS source_id"
        " FROM unnest({ids}::bigint[], {deltas}::jsonb[]) AS u(record_id, delta)",
        source_id=source.id,
        ids=list(changes),
        deltas=[Jsonb(dict(row)) for row in changes.values()],
    )
    names = sorted({name for row in changes.values() for name in row})
    return update_from(object_type, select, names, source, definitions)


@transaction.atomic
def update_from(
    object_type: str,
    select: SQL,
    names: Sequence[str],
    source: Source,
    definitions: properties.Definitions | None = None,
    delta: Delta = IN_SELECT,
) -> int:
    """Write a SELECT of (record_id, delta, source_id) into records; returns how many changed.

    `delta` is a jsonb object of stored values, JSON null clears; only `names` may occur in it. It
    may be given apart, as SQL over `r`, the record as it is once locked: what reads the record has
    to come this way, or two writers at once would lose one of the two. A record may occur once.
    Values equal to the present ones leave no trace (W-300).
    Raises DuplicateValue when a unique value is taken.
    """
    if not names:
        return 0
    write_ = statements.update_one if len(names) == 1 else statements.update_many
    query = write_(object_type, select, names, source, delta)
    count = int(value(query))
    if count:
        _after_update(object_type, select, names, definitions)
        events.ring("match")
    return count


def _after_update(
    object_type: str,
    select: SQL,
    names: Sequence[str],
    definitions: properties.Definitions | None,
) -> None:
    """Keep the tables beside crm_record in step, where the written properties are in them."""
    declared = {item.name: item for item in objects.get(object_type).properties}
    # Custom properties can be unique or searchable too; only then is the table of them read.
    if definitions is None and not set(names) <= set(declared):
        definitions = properties.load(object_type)
    known: Mapping[str, Definition] = definitions or declared
    unique = _unique(known, names)
    if unique:
        _keep_unique(object_type, select, unique)
    if any(known[name].is_searchable for name in names if name in known):
        search.refresh(object_type, select, known)


def _unique(definitions: properties.Definitions, names: Sequence[str] | None) -> list[str]:
    return [
        item.name
        for item in definitions.values()
        if item.is_unique and (names is None or item.name in names)
    ]


def _keep_unique(object_type: str, select: SQL, names: Sequence[str]) -> None:
    """Claim the unique values of the selected records; raises DuplicateValue."""
    if not names:
        return
    chosen = sql("SELECT record_id FROM ({select}) chosen", select=select)
    execute(
        sql(
            "DELETE FROM crm_uniquevalue"
            " WHERE record_id IN ({chosen}) AND property_name = ANY({names})",
            chosen=chosen,
            names=list(names),
        )
    )
    try:
        with transaction.atomic():
            execute(
                sql(
                    """
                    INSERT INTO crm_uniquevalue (record_id, object_type, property_name, value)
                    SELECT r.id, r.object_type, n.name, lower(r.properties->>n.name)
                    FROM crm_record r CROSS JOIN unnest({names}::text[]) AS n(name)
                    WHERE r.id IN ({chosen}) AND r.archived_at IS NULL AND r.properties ? n.name
                    """,
                    chosen=chosen,
                    names=list(names),
                )
            )
    except IntegrityError as error:
        raise DuplicateValue(_name_in(str(error), names)) from error


def _name_in(message: str, names: Sequence[str]) -> str:
    return next((name for name in names if f", {name}, " in message), names[0])


@transaction.atomic
def archive(object_type: str, select: SQL, source: Source) -> int:
    """Archive the records of a SELECT of (record_id); returns how many.

    They can be restored; their unique values are free for others meanwhile.
    """
    return _set_archived(object_type, select, source, archived=True)


@transaction.atomic
def restore(object_type: str, select: SQL, source: Source) -> int:
    """Bring back the archived records of a SELECT of (record_id); returns how many.

    Raises DuplicateValue when a unique value was taken meanwhile.
    """
    count = _set_archived(object_type, select, source, archived=False)
    if count:
        _keep_unique(object_type, select, _unique(properties.load(object_type), None))
    return count


def _set_archived(object_type: str, select: SQL, source: Source, *, archived: bool) -> int:
    kind = "record.archived" if archived else "record.restored"
    found = rows(
        sql(
            """
            UPDATE crm_record r SET archived_at = {moment}, updated_at = (SELECT app_now())
            FROM (SELECT id FROM crm_record
                  WHERE id IN (SELECT record_id FROM ({select}) s) AND object_type = {type}
                    AND (archived_at IS NULL) = {archived} ORDER BY id FOR UPDATE) chosen
            WHERE r.id = chosen.id RETURNING r.id
            """,
            moment=SQL("(SELECT app_now())" if archived else "NULL"),
            select=select,
            type=object_type,
            archived=archived,
        )
    )
    ids = [row[0] for row in found]
    if not ids:
        return 0
    changed = sql(
        "SELECT u.id AS record_id, '{{}}'::jsonb AS properties, {source_id}::text AS source_id"
        " FROM unnest({ids}::bigint[]) AS u(id)",
        ids=ids,
        source_id=source.id,
    )
    events.record(kind, changed, object_type, source_kind=source.kind, hops=source.hops)
    if archived:
        execute(sql("DELETE FROM crm_uniquevalue WHERE record_id = ANY({ids})", ids=ids))
    return len(ids)
