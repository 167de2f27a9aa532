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

from crm import calculating, events, pipelines, properties, schema_rules, search, statements
from crm.objects import base as objects
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
    cleaned = [properties.clean_new(definitions, row) for row in values]
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

    The ids come from NEW_ID, the properties are in their stored form already.
    Raises DuplicateValue when a unique value is taken, InvalidProperties for a stage that is not in
    its record's pipeline or a required value that is missing, TypeIsGone for an archived type.
    """
    definitions = properties.load(object_type) if definitions is None else definitions
    select = pipelines.with_pipeline(object_type, select)
    select = calculating.with_values(object_type, select, calculating.calculations_of(object_type))
    ids: list[int] = value(statements.create(object_type, select, source)) or []
    if ids:
        schema_rules.check_new(object_type, ids)
        pipelines.check(object_type, these(ids))
        _keep_unique(object_type, ids, _unique(object_type, definitions, None))
        search.refresh(ids, definitions)
        events.ring("match")
    return len(ids)


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
    Raises DuplicateValue when a unique value is taken, InvalidProperties for a stage that is not in
    its record's pipeline.
    """
    if not names:
        return 0
    known = _known_definitions(object_type, names, definitions)
    unique = _unique(object_type, known, names)
    is_searchable = any(known[name].is_searchable for name in names if name in known)
    is_staged = pipelines.is_concerned(objects.get(object_type), names)
    # Which records changed is asked for only where something beside crm_record has to follow.
    calculated = calculating.concerned(calculating.calculations_of(object_type), names)
    is_followed = bool(unique) or is_searchable or is_staged or bool(calculated)
    result = statements.COUNT_AND_IDS if is_followed else statements.COUNT
    write_ = statements.update_one if len(names) == 1 else statements.update_many
    [(count, ids)] = rows(write_(object_type, select, names, source, delta, result))
    if not count:
        return 0
    if is_staged:
        pipelines.check(object_type, these(ids))
    if unique:
        _keep_unique(object_type, ids, unique)
    if is_searchable:
        search.refresh(ids, known)
    if calculated:
        calculating.follow(object_type, these(ids), calculated, source)
    events.ring("match")
    return int(count)


def these(ids: Sequence[int]) -> SQL:
    """A SELECT of (record_id) of some ids."""
    return sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=list(ids))


def _known_definitions(
    object_type: str, names: Sequence[str], given: properties.Definitions | None
) -> properties.Definitions:
    """Definitions of `names`; the table of custom properties is read only for those."""
    if given is not None:
        return given
    declared = {item.name: item for item in objects.get(object_type).properties}
    return declared if set(names) <= set(declared) else properties.load(object_type)


def _unique(
    object_type: str, definitions: properties.Definitions, names: Sequence[str] | None
) -> list[str]:
    """The unique properties among `names`, and those of which one of `names` has further values."""
    additional = objects.get(object_type).additional_values
    unique = [item.name for item in definitions.values() if item.is_unique]
    if names is None:
        return unique
    # One that is further values of another may be written where only its own definition is known.
    owners = [name for name, further in additional.items() if further in names]
    return list(dict.fromkeys([*(name for name in unique if name in names), *owners]))


def _keep_unique(object_type: str, ids: Sequence[int], names: Sequence[str]) -> None:
    """Claim the unique values of some records; raises DuplicateValue."""
    if not names:
        return
    declared = objects.get(object_type).additional_values
    additional = {name: declared[name] for name in names if name in declared}
    execute(
        sql(
            "DELETE FROM crm_uniquevalue"
            " WHERE record_id = ANY({ids}::bigint[]) AND property_name = ANY({names})",
            ids=list(ids),
            names=list(names),
        )
    )
    try:
        with transaction.atomic():
            execute(
                sql(
                    """
                    INSERT INTO crm_uniquevalue (record_id, object_type, property_name, value)
                    SELECT r.id, r.object_type, n.name, lower(r.properties->>n.name) AS value
                    FROM crm_record r CROSS JOIN unnest({names}::text[]) AS n(name)
                    WHERE r.id = ANY({ids}::bigint[]) AND r.archived_at IS NULL
                      AND r.properties ? n.name
                    UNION
                    SELECT r.id, r.object_type, n.name, lower(v.value)
                    FROM crm_record r
                    CROSS JOIN unnest({owners}::text[], {further}::text[]) AS n(name, further)
                    CROSS JOIN string_to_table(r.properties->>n.further, ';') AS v(value)
                    WHERE r.id = ANY({ids}::bigint[]) AND r.archived_at IS NULL
                      AND r.properties ? n.further AND v.value <> ''
                    ORDER BY 3, 4
                    """,
                    ids=list(ids),
                    names=list(names),
                    owners=list(additional),
                    further=list(additional.values()),
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
    return len(_set_archived(object_type, select, source, archived=True))


@transaction.atomic
def restore(object_type: str, select: SQL, source: Source) -> int:
    """Bring back the archived records of a SELECT of (record_id); returns how many.

    Those that were merged into others stay away. Raises DuplicateValue when a unique value was
    taken meanwhile.
    """
    schema_rules.hold(object_type)
    apart = sql(
        "SELECT s.record_id FROM ({select}) s WHERE NOT EXISTS"
        " (SELECT FROM crm_mergedrecord m WHERE m.record_id = s.record_id)",
        select=select,
    )
    ids = _set_archived(object_type, apart, source, archived=False)
    if ids:
        unique = _unique(object_type, properties.load(object_type), None)
        _keep_unique(object_type, ids, unique)
    return len(ids)


def _set_archived(object_type: str, select: SQL, source: Source, *, archived: bool) -> list[int]:
    kind = "record.archived" if archived else "record.restored"
    # Arrays are made once; subselects might be read, and locked, anew for every record.
    found = rows(
        sql(
            """
            UPDATE crm_record r SET archived_at = {moment}, updated_at = (SELECT app_now())
            WHERE r.id = ANY(ARRAY(
                SELECT id FROM crm_record
                WHERE id = ANY(ARRAY(SELECT s.record_id FROM ({select}) s)) AND {is_type}
                  AND (archived_at IS NULL) = {archived} ORDER BY id FOR UPDATE
            )) RETURNING r.id
            """,
            moment=SQL("(SELECT app_now())" if archived else "NULL"),
            select=select,
            is_type=statements.is_type("crm_record", object_type),
            archived=archived,
        )
    )
    ids = [row[0] for row in found]
    if not ids:
        return []
    changed = sql(
        "SELECT u.id AS record_id, '{{}}'::jsonb AS properties, {source_id}::text AS source_id"
        " FROM unnest({ids}::bigint[]) AS u(id)",
        ids=ids,
        source_id=source.id,
    )
    events.record(kind, changed, object_type, source_kind=source.kind, hops=source.hops)
    calculating.follow_existence(object_type, ids, source.hops)
    if archived:
        execute(sql("DELETE FROM crm_uniquevalue WHERE record_id = ANY({ids})", ids=ids))
    return ids
