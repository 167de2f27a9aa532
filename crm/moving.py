"""What crm keeps about one record given to another: a fixed number of statements for any number.

`pairs` is everywhere a SELECT of (record_id, into_id). Repeating a move changes nothing.
"""

from __future__ import annotations

from crm import events
from crm.associations import CHANGED, PRIMARY
from crm.models import List
from crm.sql import SQL, execute, sql
from crm.statements import Source


def associations(pairs: SQL, source: Source) -> None:
    """Relate the one record to everything that the other one is related to.

    A record that has a primary company keeps it: the other's company comes without that label.
    """
    execute(
        sql(
            """
            WITH pair AS MATERIALIZED ({pairs}),
            gone AS (
                DELETE FROM crm_association WHERE id = ANY(ARRAY({both}))
                RETURNING from_record_id AS f, to_record_id AS t, type_id, created_at
            ),
            turned AS (
                SELECT coalesce(p.into_id, g.f) AS f, coalesce(q.into_id, g.t) AS t, g.type_id,
                    min(g.created_at) AS created_at
                FROM gone g
                LEFT JOIN pair p ON p.record_id = g.f LEFT JOIN pair q ON q.record_id = g.t
                GROUP BY 1, 2, 3
            ),
            wanted AS MATERIALIZED (
                SELECT w.* FROM turned w JOIN crm_associationtype k ON k.id = w.type_id
                WHERE w.f <> w.t AND NOT (k.label = {primary} AND (
                    {has_primary_f} OR {has_primary_t}))
            ),
            made AS (
                INSERT INTO crm_association (from_record_id, to_record_id, type_id, created_at)
                SELECT f, t, type_id, created_at FROM wanted ORDER BY f, type_id, t
                ON CONFLICT DO NOTHING
            ),
            touched AS (
                SELECT f AS id FROM wanted UNION SELECT t FROM wanted
            )
            {queue}
            """,
            pairs=pairs,
            both=both_ways(SQL("SELECT record_id FROM pair")),
            primary=PRIMARY,
            has_primary_f=_has_primary("w.f", "w.t", "w.type_id"),
            has_primary_t=_has_primary("w.t", "w.f", "coalesce(k.inverse_id, k.id)"),
            queue=queue(
                SQL("SELECT r.object_type, r.id FROM touched t JOIN crm_record r ON r.id = t.id"),
                source,
            ),
        )
    )


def both_ways(records: SQL) -> SQL:
    """A SELECT of the ids of the associations from and to the records of a SELECT of (record_id).

    Those that lead to a record are found by their twins.
    """
    return sql(
        """
        SELECT x.id FROM crm_association a
        JOIN crm_associationtype k ON k.id = a.type_id
        CROSS JOIN LATERAL (
            SELECT a.id UNION ALL
            SELECT b.id FROM crm_association b
            WHERE b.from_record_id = a.to_record_id AND b.to_record_id = a.from_record_id
              AND b.type_id = coalesce(k.inverse_id, k.id)
        ) x
        WHERE a.from_record_id IN ({records})
        """,
        records=records,
    )


def _has_primary(owner: str, company: str, type_id: str) -> SQL:
    """SQL: whether the owner stands in a primary relation to another one already.

    Only for the side that has one company: the company has many owners.
    """
    return sql(
        """
        EXISTS (
            SELECT FROM crm_association o JOIN crm_associationtype ok ON ok.id = o.type_id
            WHERE o.from_record_id = {owner} AND o.type_id = {type_id}
              AND o.to_record_id <> {company}
              AND o.to_record_id NOT IN (SELECT record_id FROM pair)
              AND {is_owner}
        )
        """,
        owner=SQL(owner),
        company=SQL(company),
        type_id=SQL(type_id),
        is_owner=SQL(
            "ok.to_object_type = CASE WHEN '0-2' IN (ok.from_object_type, ok.to_object_type)"
            " THEN '0-2' ELSE '0-1' END"
        ),
    )


def queue(touched: SQL, source: Source) -> SQL:
    """Rows of the change queue for a SELECT of (object_type, id)."""
    return sql(
        """
        INSERT INTO crm_change
            (object_type, record_ids, property_names, list_ids, event_types, hops, at)
        SELECT n.object_type, array_agg(n.id), '{{}}', '{{}}', {types}::text[], {hops}::smallint,
            (SELECT app_now())
        FROM (SELECT u.object_type, u.id,
                (row_number() OVER (PARTITION BY u.object_type) - 1) / {chunk} AS chunk
              FROM ({touched}) u(object_type, id)) n
        GROUP BY n.object_type, n.chunk
        """,
        types=[CHANGED, *source.event_types],
        hops=source.hops,
        chunk=events.QUEUE_CHUNK,
        touched=touched,
    )


def lists(pairs: SQL, source: Source) -> None:
    """Put the one record into the static lists of the other; other lists look for themselves."""
    execute(
        sql(
            """
            WITH pair AS MATERIALIZED ({pairs}),
            gone AS (
                DELETE FROM crm_listmembership m USING pair p WHERE m.record_id = p.record_id
                RETURNING m.list_id, p.into_id, m.since
            ),
            made AS (
                INSERT INTO crm_listmembership (list_id, record_id, since)
                SELECT g.list_id, g.into_id, min(g.since)
                FROM gone g JOIN crm_list l ON l.id = g.list_id
                WHERE l.processing_type = ANY({static})
                GROUP BY 1, 2 ORDER BY 1, 2
                ON CONFLICT DO NOTHING RETURNING list_id, record_id
            )
            INSERT INTO crm_change
                (object_type, record_ids, property_names, list_ids, event_types, hops, at)
            SELECT l.object_type, array_agg(m.record_id), '{{}}', ARRAY[m.list_id],
                {types}::text[], {hops}::smallint, (SELECT app_now())
            FROM made m JOIN crm_list l ON l.id = m.list_id GROUP BY l.object_type, m.list_id
            """,
            pairs=pairs,
            static=[List.ProcessingType.MANUAL.value, List.ProcessingType.SNAPSHOT.value],
            types=source.event_types,
            hops=source.hops,
        )
    )


def past(pairs: SQL) -> None:
    """Give one record the history of the other's values, its events and its browsers.

    That the other one was created and archived stays with it.
    """
    for table, column, where in (
        ("crm_property_history", "record_id", "TRUE"),
        ("crm_event", "record_id", "NOT starts_with(h.type, 'record.')"),
        ("crm_visitor", "contact_id", "TRUE"),
    ):
        execute(
            sql(
                "UPDATE {table} h SET {column} = p.into_id FROM ({pairs}) p"
                " WHERE h.{column} = p.record_id AND {where}",
                table=SQL(table),
                column=SQL(column),
                pairs=pairs,
                where=SQL(where),
            )
        )


def settle_history(record_id: int, source: Source) -> None:
    """Note the present values where the history, with another record's in it, ends otherwise.

    The last value in the history is always the present one.
    """
    execute(
        sql(
            """
            INSERT INTO crm_property_history
                (record_id, property_name, value, source, source_id, user_id, at)
            SELECT r.id, h.property_name, r.properties->h.property_name, {kind}, {source_id},
                {user}, (SELECT app_now())
            FROM crm_record r JOIN (
                SELECT DISTINCT ON (property_name) property_name, value
                FROM crm_property_history WHERE record_id = {id}
                ORDER BY property_name, at DESC, id DESC
            ) h ON h.value IS DISTINCT FROM r.properties->h.property_name
            WHERE r.id = {id}
            """,
            id=record_id,
            kind=source.kind.value,
            source_id=source.id,
            user=source.user_id,
        )
    )
