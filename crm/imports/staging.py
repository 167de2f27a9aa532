"""One chunk of cleaned rows into records: a temporary table and a fixed number of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm import associations, changes, erasure, pipelines
from crm.access import EVERYTHING, Access, Verb
from crm.imports.headings import RECORD_ID
from crm.imports.options import UNASKED, Link, Operation, Options
from crm.lists import membership
from crm.models import AssociationType, List
from crm.objects import base as objects
from crm.properties import Definitions
from crm.sql import SQL, execute, literal, rows, sql
from crm.statements import Delta

TABLE = SQL("import_row")


@dataclass(frozen=True)
class Staged:
    """A row on its way: its line in the file, what identifies the record, and its values."""

    line: int
    key_name: str
    key: str
    properties: Mapping[str, Any]
    #: Number of the link -> what names the other records.
    links: Mapping[int, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Written:
    """What became of a chunk."""

    created: int
    updated: int
    #: Line -> why the row was not written.
    refused: Mapping[int, str]


@dataclass(frozen=True)
class Target:
    """Where the rows of a file go and what they may hold."""

    object_type: str
    label: str
    definitions: Definitions
    #: Names of the properties the file has a column for.
    names: tuple[str, ...]
    keys: tuple[str, ...]
    source: changes.Source
    options: Options = UNASKED
    #: The static list that all records of the file join.
    static_list: List | None = None
    #: What whoever brought the file may see and change.
    rights: Access = EVERYTHING
    #: Of the object types that links lead to.
    linked_definitions: Mapping[str, Definitions] = field(default_factory=dict)

    @property
    def unique_names(self) -> list[str]:
        """Mapped properties that must be unique, beyond the one that identifies the record."""
        return [n for n in self.names if self.definitions[n].is_unique and n not in self.keys[:1]]


def write(target: Target, staged: Sequence[Staged]) -> Written:
    """Update the records that exist and create the others; rows have different keys.

    Runs in the caller's transaction. Raises DuplicateValue when somebody else took a unique value
    meanwhile; the same call in a new transaction will then find that record.
    """
    _serialise(target.object_type)
    _load(staged)
    refused = _resolve(target)
    names = [name for name in target.names if name not in target.keys[:1]]
    updated = changes.update_from(
        target.object_type,
        _select("properties - key_name AS delta", "NOT is_new", target),
        names,
        target.source,
        target.definitions,
        Delta(sql=SQL("w.delta"), clears=False),
    )
    created = changes.create_from(
        target.object_type,
        _select("properties", "is_new", target),
        target.source,
        target.definitions,
    )
    for number, link in enumerate(target.options.links):
        kind = AssociationType.objects.get(pk=link.association_type_id)
        associations.associate(kind, _linked(target, number, link))
    if target.static_list is not None:
        membership.add(target.static_list, sql("SELECT record_id FROM {table}", table=TABLE))
    return Written(created, updated, refused)


def _serialise(object_type: str) -> None:
    """Let imports of one object type write in turns, so that none creates what another just did."""
    execute(
        sql(
            "SELECT pg_advisory_xact_lock(hashtext('crm.import.write'), hashtext({type}))",
            type=object_type,
        )
    )


def _load(staged: Sequence[Staged]) -> None:
    execute(
        sql(
            """
            CREATE TEMP TABLE IF NOT EXISTS {table} (
                line int, key_name text, key text, properties jsonb, links jsonb,
                record_id bigint, is_new bool
            ) ON COMMIT DROP
            """,
            table=TABLE,
        )
    )
    execute(sql("TRUNCATE {table}", table=TABLE))
    statement = f"COPY {TABLE.text} (line, key_name, key, properties, links) FROM STDIN"
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for row in staged:
            links = {str(number): list(texts) for number, texts in row.links.items()}
            values = (Jsonb(dict(row.properties)), Jsonb(links))
            copy.write_row((row.line, row.key_name, row.key, *values))
    # Nobody else looks at a temporary table: without this the planner takes it for empty.
    execute(sql("ANALYZE {table}", table=TABLE))


def _resolve(target: Target) -> dict[int, str]:
    """Find the record of each row; rows that cannot have one are removed and returned."""
    for name in target.keys:
        execute(_find(target, name))
    refused: dict[int, str] = {}
    # A record is found by several addresses once others were merged into it.
    refused |= _remove(
        SQL(
            "line IN (SELECT line FROM (SELECT line, record_id,"
            " row_number() OVER (PARTITION BY record_id ORDER BY line) AS place FROM import_row"
            " WHERE record_id IS NOT NULL) n WHERE place > 1)"
        ),
        "an earlier row is about the same record",
    )
    if target.keys == (RECORD_ID,):
        refused |= _remove(
            SQL("record_id IS NULL"), f"there is no {target.label.lower()} with this record ID"
        )
    execute(
        sql(
            "UPDATE {table} SET is_new = record_id IS NULL, record_id = coalesce(record_id, {new})",
            table=TABLE,
            new=changes.NEW_ID,
        )
    )
    for name in (item.name for item in target.definitions.values() if item.is_required):
        lacks = sql("is_new AND NOT properties ? {name}", name=literal(name))
        refused |= _remove(lacks, f"{target.definitions[name].label} is required for a new one")
    if target.object_type == erasure.CONTACT and erasure.EMAIL in target.names:
        blocked = erasure.is_blocked(SQL("properties->>'email'"))
        refused |= _remove(
            sql("is_new AND properties ? 'email' AND {blocked}", blocked=blocked),
            "the owner of this address was erased on request",
        )
    refused |= _forbidden(target)
    refused |= _unwanted(target)
    for number, link in enumerate(target.options.links):
        refused |= _remove(_dangling(target, number, link), _no_such(link))
    for name in target.unique_names:
        shown = target.definitions[name].label
        refused |= _remove(_taken(target, name), f"another record has this {shown} already")
    if pipelines.is_concerned(objects.get(target.object_type), target.names):
        refused |= _remove(_stray(target), "the stage is not one of the record's pipeline")
    return refused


def _forbidden(target: Target) -> dict[int, str]:
    """Remove the rows that whoever brought the file may not write."""
    rights, label = target.rights, target.label.lower()
    refused: dict[int, str] = {}
    locked = sorted(set(rights.levels(target.object_type)) & set(target.names))
    if locked:
        # The key of a record that is there already is read only.
        written = SQL("CASE WHEN is_new THEN properties ELSE properties - key_name END")
        has = sql("{written} ?| {names}::text[]", written=written, names=locked)
        refused |= _remove(has, f"you may not write {', '.join(locked)}")
    if not rights.may(target.object_type, Verb.CREATE):
        refused |= _remove(SQL("is_new"), f"you may not create a {label}")
    editable = rights.visible(target.object_type, Verb.EDIT)
    if editable is not None:
        beyond = sql(
            "NOT is_new AND NOT EXISTS (SELECT FROM crm_record r"
            " WHERE r.id = {table}.record_id AND {editable})",
            table=TABLE,
            editable=editable,
        )
        refused |= _remove(beyond, f"you may not change this {label}")
    return refused


def _unwanted(target: Target) -> dict[int, str]:
    """Remove the rows that the operation of the import leaves out."""
    label = target.label.lower()
    if target.options.operation == Operation.CREATE:
        return _remove(SQL("NOT is_new"), f"this {label} exists already")
    if target.options.operation == Operation.UPDATE:
        return _remove(SQL("is_new"), f"there is no such {label}")
    return {}


def _named(number: int) -> SQL:
    """A SELECT of (line, record_id, key): which other records each row names in a link."""
    return sql(
        "SELECT s.line, s.record_id, lower(k.key) AS key FROM {table} s"
        " CROSS JOIN LATERAL jsonb_array_elements_text(s.links->{number}::text) AS k(key)",
        table=TABLE,
        number=str(number),
    )


def _others(target: Target, number: int, link: Link) -> SQL:
    keys = sql("SELECT n.key FROM ({named}) n", named=_named(number))
    definitions = target.linked_definitions[link.to_object_type]
    found = _matches(link.to_object_type, link.by, definitions, keys, better=())
    seen = target.rights.visible(link.to_object_type)
    if seen is None:
        return found
    return sql(
        "SELECT f.* FROM ({found}) f JOIN crm_record r ON r.id = f.record_id AND {seen}",
        found=found,
        seen=seen,
    )


def _dangling(target: Target, number: int, link: Link) -> SQL:
    """Rows that name a record which does not exist."""
    return sql(
        "line IN (SELECT n.line FROM ({named}) n LEFT JOIN ({others}) o ON o.key = n.key"
        " WHERE o.record_id IS NULL)",
        named=_named(number),
        others=_others(target, number, link),
    )


def _no_such(link: Link) -> str:
    label = objects.get(link.to_object_type).label.lower()
    return f"{link.heading}: there is no such {label}"


def _linked(target: Target, number: int, link: Link) -> SQL:
    """The pairs that a link relates."""
    return sql(
        "SELECT DISTINCT n.record_id AS from_record_id, o.record_id AS to_record_id"
        " FROM ({named}) n JOIN ({others}) o ON o.key = n.key",
        named=_named(number),
        others=_others(target, number, link),
    )


def _find(target: Target, name: str) -> SQL:
    """Fill in the records that have the keys of one property."""
    keys = sql("SELECT lower(key) FROM {table} WHERE key_name = {name}", table=TABLE, name=name)
    # Several records may share a value that is not unique. A record that has a better key is not
    # found by a worse one.
    better = target.keys[: target.keys.index(name)]
    return sql(
        "UPDATE {table} s SET record_id = found.record_id FROM ({matches}) found"
        " WHERE s.key_name = {name} AND found.key = lower(s.key)",
        table=TABLE,
        matches=_matches(target.object_type, name, target.definitions, keys, better=better),
        name=name,
    )


def _matches(
    object_type: str, name: str, definitions: Definitions, keys: SQL, *, better: Sequence[str]
) -> SQL:
    """A SELECT of (key, record_id) of the records with some keys, a SELECT of lower-case texts."""
    if name == RECORD_ID:
        return sql(
            "SELECT id::text AS key, id AS record_id FROM crm_record"
            " WHERE id IN (SELECT k::bigint FROM ({keys}) q(k)) AND object_type = {type}"
            " AND archived_at IS NULL",
            keys=keys,
            type=object_type,
        )
    if definitions[name].is_unique:
        return sql(
            "SELECT value AS key, record_id FROM crm_uniquevalue WHERE object_type = {type}"
            " AND property_name = {name} AND value IN ({keys})",
            type=object_type,
            name=name,
            keys=keys,
        )
    # The oldest of those that share a value is meant.
    return sql(
        "SELECT lower(r.properties->>{name}) AS key, min(r.id) AS record_id FROM crm_record r"
        " WHERE r.object_type = {type} AND r.archived_at IS NULL"
        " AND NOT r.properties ?| {better}::text[]"
        " AND lower(r.properties->>{name}) IN ({keys}) GROUP BY 1",
        type=object_type,
        name=literal(name),
        better=list(better),
        keys=keys,
    )


def _taken(target: Target, name: str) -> SQL:
    """Rows whose value of a unique property is another record's, or an earlier row's."""
    return sql(
        """
        line IN (
            SELECT s.line FROM (
                SELECT line, record_id, lower(properties->>{name}) AS value,
                    row_number() OVER (PARTITION BY lower(properties->>{name}) ORDER BY line) AS n
                FROM {table} WHERE properties ? {name}
            ) s LEFT JOIN crm_uniquevalue u ON u.object_type = {type}
                AND u.property_name = {name} AND u.value = s.value
            WHERE s.n > 1 OR u.record_id <> s.record_id
        )
        """,
        name=literal(name),
        table=TABLE,
        type=target.object_type,
    )


def _stray(target: Target) -> SQL:
    """Rows after which the stage of a record would not be in its pipeline."""
    return sql(
        "line IN (SELECT s.line FROM {table} s LEFT JOIN crm_record r ON r.id = s.record_id"
        " CROSS JOIN LATERAL (SELECT coalesce(r.properties, '{{}}') || s.properties AS values) a"
        " WHERE {is_stray})",
        table=TABLE,
        is_stray=pipelines.is_stray(target.object_type, SQL("a.values")),
    )


def _remove(condition: SQL, reason: str) -> dict[int, str]:
    found = rows(sql("DELETE FROM {table} WHERE {condition} RETURNING line",
                     table=TABLE, condition=condition))  # fmt: skip
    return {line: reason for (line,) in found}


def _select(values: str, condition: str, target: Target) -> SQL:
    """What crm.changes takes: the id, the values and the source of the staged rows."""
    return sql(
        "SELECT record_id, {values}, {source}::text AS source_id FROM {table} WHERE {condition}",
        values=SQL(values),
        source=target.source.id,
        table=TABLE,
        condition=SQL(condition),
    )
