"""The statements that write records; crm.changes alone runs them.

Each takes a SELECT of the records and does everything in one statement: values, history, events and
the row for the change queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from crm import events
from crm.sql import SQL, sql


class SourceKind(StrEnum):
    """What wrote a value, in HubSpot's words where it has one."""

    CRM_UI = "CRM_UI"
    IMPORT = "IMPORT"
    API = "INTEGRATION"
    AUTOMATION_PLATFORM = "AUTOMATION_PLATFORM"
    EMAIL = "EMAIL"
    MERGE = "MERGE_OBJECTS"
    SYSTEM = "SYSTEM"
    CALCULATED = "CALCULATED"
    FORM = "FORM"
    ANALYTICS = "ANALYTICS"
    #: What an anonymous visitor did before it was known which contact that is.
    VISITOR = "VISITOR"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who or what changes records; kept with every value (W-031)."""

    kind: SourceKind
    id: str = ""
    user_id: int | None = None
    #: How many automations in a row led here.
    hops: int = 0

    @property
    def event_types(self) -> list[str]:
        """What the change queue is told beside the names of the properties."""
        return [events.MERGED] if self.kind == SourceKind.MERGE else []


@dataclass(frozen=True, kw_only=True)
class Delta:
    """What is written: SQL for a jsonb object over `r` (the locked record) and `w` (the select)."""

    sql: SQL
    #: It may hold JSON nulls, which clear.
    clears: bool = True

    def applied_to(self, properties: str, delta: SQL) -> SQL:
        """SQL for the properties with the delta in them."""
        merged = "jsonb_strip_nulls({old} || {delta})" if self.clears else "({old} || {delta})"
        return sql(merged, old=SQL(properties), delta=delta)


def is_type(alias: str, object_type: str) -> SQL:
    """Whether a record that was found by its id is of a type.

    Written so that the planner cannot guess how many are: for a type of which it has not seen any
    yet it would expect none, and read the ids once for every record of that type.
    """
    return sql(
        "CASE {alias}.object_type WHEN {type} THEN TRUE ELSE FALSE END",
        alias=SQL(alias),
        type=object_type,
    )


#: The change stands in the select itself.
IN_SELECT = Delta(sql=SQL("w.delta"))

_HISTORY = """
    INSERT INTO crm_property_history
        (record_id, property_name, value, source, source_id, user_id, at)
"""


def create(object_type: str, select: SQL, source: Source) -> SQL:
    """Insert the records of a SELECT of (record_id, properties, source_id); gives their ids."""
    return sql(
        """
        WITH wanted AS MATERIALIZED ({select}),
        written AS (
            INSERT INTO crm_record (id, object_type, properties, created_at, updated_at)
            OVERRIDING SYSTEM VALUE
            SELECT record_id, {type}, properties, (SELECT app_now()), (SELECT app_now())
            FROM wanted
        ),
        history AS (
            {history}
            SELECT w.record_id, p.key, p.value, {kind}, w.source_id, {user}, (SELECT app_now())
            FROM wanted w CROSS JOIN jsonb_each(w.properties) p
        ),
        happened AS (
            INSERT INTO crm_event (type, record_id, object_type, properties, source, source_id, at)
            SELECT 'record.created', record_id, {type}, '{{}}', {kind}, source_id,
                (SELECT app_now())
            FROM wanted
        ),
        names AS (
            SELECT array_agg(DISTINCT p.key) AS changed
            FROM wanted w CROSS JOIN LATERAL jsonb_object_keys(w.properties) AS p(key)
        ),
        queued AS ({queue})
        SELECT array_agg(record_id) FROM wanted
        """,
        select=select,
        type=object_type,
        history=SQL(_HISTORY),
        kind=source.kind.value,
        user=source.user_id,
        queue=events.queue(
            object_type,
            SQL("SELECT record_id FROM wanted"),
            property_names=SQL("coalesce((SELECT changed FROM names), '{}')"),
            event_types=["record.created"],
            hops=source.hops,
        ),
    )


#: What an update gives: how many records changed, and which, where that is needed.
COUNT = SQL("count(*), NULL::bigint[]")
COUNT_AND_IDS = SQL("count(*), array_agg(record_id)")


def update_one(
    object_type: str, select: SQL, names: Sequence[str], source: Source, delta: Delta, result: SQL
) -> SQL:
    """Write one property; gives COUNT or COUNT_AND_IDS.

    Twice as fast as update_many: nothing but the change has to be carried from the record to its
    history. Waiting for another writer, PostgreSQL reads the record again, so what `delta` takes
    from `r` is never stale.
    """
    return sql(
        """
        WITH changed AS (
            UPDATE crm_record r SET properties = {new}, updated_at = (SELECT app_now())
            FROM ({select}) w
            WHERE r.id = w.record_id AND {is_type} AND r.archived_at IS NULL
              AND {delta} ? {name} AND nullif({delta}->{name}, 'null') IS DISTINCT FROM
                  r.properties->{name}
            RETURNING r.id AS record_id, r.properties->{name} AS value, w.source_id
        ),
        history AS (
            {history}
            SELECT record_id, {name}, value, {kind}, source_id, {user}, (SELECT app_now())
            FROM changed
        ),
        queued AS ({queue})
        SELECT {result} FROM changed
        """,
        new=delta.applied_to("r.properties", delta.sql),
        select=select,
        is_type=is_type("r", object_type),
        delta=delta.sql,
        name=sql("{name}::text", name=names[0]),
        history=SQL(_HISTORY),
        kind=source.kind.value,
        user=source.user_id,
        queue=_queue(object_type, names, source, "changed"),
        result=result,
    )


def update_many(
    object_type: str, select: SQL, names: Sequence[str], source: Source, delta: Delta, result: SQL
) -> SQL:
    """Write several properties; gives COUNT or COUNT_AND_IDS."""
    return sql(
        """
        WITH wanted AS MATERIALIZED ({select}),
        before AS MATERIALIZED (
            SELECT r.id AS record_id, r.properties AS old, {delta} AS delta, w.source_id
            FROM crm_record r JOIN wanted w ON w.record_id = r.id
            WHERE {is_type} AND r.archived_at IS NULL
              AND {new_of_record} IS DISTINCT FROM r.properties
            ORDER BY r.id FOR UPDATE OF r
        ),
        written AS (
            UPDATE crm_record r
            SET properties = {new_of_before}, updated_at = (SELECT app_now())
            FROM before b WHERE r.id = b.record_id
        ),
        changed AS (
            SELECT b.record_id, n.name, nullif(b.delta->n.name, 'null') AS value, b.source_id
            FROM before b CROSS JOIN unnest({names}::text[]) AS n(name)
            WHERE b.delta ? n.name
              AND b.old->n.name IS DISTINCT FROM nullif(b.delta->n.name, 'null')
        ),
        history AS (
            {history}
            SELECT record_id, name, value, {kind}, source_id, {user}, (SELECT app_now())
            FROM changed
        ),
        queued AS ({queue})
        SELECT {result} FROM before
        """,
        select=select,
        delta=delta.sql,
        is_type=is_type("r", object_type),
        new_of_record=delta.applied_to("r.properties", delta.sql),
        new_of_before=delta.applied_to("b.old", SQL("b.delta")),
        names=list(names),
        history=SQL(_HISTORY),
        kind=source.kind.value,
        user=source.user_id,
        queue=_queue(object_type, names, source, "before"),
        result=result,
    )


def _queue(object_type: str, names: Sequence[str], source: Source, changed: str) -> SQL:
    return events.queue(
        object_type,
        sql("SELECT record_id FROM {changed}", changed=SQL(changed)),
        property_names=list(names),
        event_types=source.event_types,
        hops=source.hops,
    )
