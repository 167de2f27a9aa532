"""Who is in a list, changed for whole sets of records at once: the only writer of memberships."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction

from crm import events, statements
from crm.models import List
from crm.sql import SQL, rows, sql


class NotStatic(ValidationError):
    """Who is in a dynamic list follows from its filters alone."""

    def __init__(self, target: List) -> None:
        super().__init__(
            f"{target.name!r} is an active list: its filters decide who is in it."
            " Records can be added to and removed from static lists only."
        )


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What a change of memberships did, by record id."""

    added: tuple[int, ...]
    removed: tuple[int, ...]


def add(target: List, select: SQL, *, hops: int = 0) -> int:
    """Put the records of a SELECT of (record_id) into a static list; returns how many are new.

    Records of another object type and archived ones are left out. Raises NotStatic.
    """
    return len(change(target, added=select, hops=hops).added)


def remove(target: List, select: SQL, *, hops: int = 0) -> int:
    """Take the records of a SELECT of (record_id) out of a static list; returns how many left.

    Raises NotStatic.
    """
    return len(change(target, removed=select, hops=hops).removed)


@transaction.atomic
def change(
    target: List, *, added: SQL | None = None, removed: SQL | None = None, hops: int = 0
) -> Moved:
    """Add and remove at once; who stands in both SELECTs of (record_id) is added.

    Raises NotStatic.
    """
    if target.is_dynamic:
        raise NotStatic(target)
    nobody = SQL("SELECT NULL::bigint AS record_id WHERE FALSE")
    coming = sql(
        "SELECT r.id FROM crm_record r WHERE r.id IN (SELECT a.record_id FROM ({added}) a)"
        " AND {is_type} AND r.archived_at IS NULL",
        added=added or nobody,
        is_type=statements.is_type("r", target.object_type),
    )
    turned = sql(
        """
        SELECT {list}::bigint AS list_id, n.record_id, bool_or(n.is_in) AS is_in,
            {hops}::smallint AS hops, '' AS mark
        FROM (SELECT c.id AS record_id, TRUE AS is_in FROM ({coming}) c
              UNION ALL SELECT g.record_id, FALSE FROM ({going}) g) n
        GROUP BY n.record_id
        """,
        list=target.pk,
        hops=hops,
        coming=coming,
        going=removed or nobody,
    )
    [(came, went)] = rows(
        move(
            turned,
            SQL(
                "SELECT array_agg(record_id ORDER BY record_id) FILTER (WHERE is_in),"
                " array_agg(record_id ORDER BY record_id) FILTER (WHERE NOT is_in) FROM news"
            ),
        )
    )
    if came or went:
        events.ring("match")
    return Moved(added=tuple(came or ()), removed=tuple(went or ()))


#: How many memberships a move() changed.
COUNT = SQL("SELECT count(*) FROM news")


def move(turned: SQL, result: SQL = COUNT) -> SQL:
    """Bring memberships to a SELECT of (list_id, record_id, is_in, hops, mark).

    A pair may occur once. What is so already leaves no trace; the rest, `news` for `result`, is put
    into the change queue in the same statement, with its mark (change_queue.MARKS, or empty). The
    database itself keeps the tallies.
    """
    return sql(
        """
        WITH turned AS MATERIALIZED ({turned}),
        came AS (
            INSERT INTO crm_listmembership (list_id, record_id, since)
            SELECT list_id, record_id, (SELECT app_now()) FROM turned WHERE is_in
            ORDER BY list_id, record_id
            ON CONFLICT DO NOTHING RETURNING list_id, record_id
        ),
        went AS (
            DELETE FROM crm_listmembership m USING turned t
            WHERE NOT t.is_in AND m.list_id = t.list_id AND m.record_id = t.record_id
            RETURNING m.list_id, m.record_id
        ),
        -- Sorted together instead of joined: nobody can tell the planner how many they are.
        news AS MATERIALIZED (
            SELECT list_id, record_id, bool_or(is_in) AS is_in, max(hops) AS hops,
                max(mark) AS mark
            FROM (
                SELECT list_id, record_id, is_in, hops, mark, FALSE AS happened FROM turned
                UNION ALL SELECT list_id, record_id, NULL, NULL, NULL, TRUE FROM came
                UNION ALL SELECT list_id, record_id, NULL, NULL, NULL, TRUE FROM went
            ) n GROUP BY list_id, record_id HAVING bool_or(happened)
        ),
        queued AS (
            INSERT INTO crm_change
                (object_type, record_ids, property_names, list_ids, event_types, hops, at)
            SELECT l.object_type, array_agg(n.record_id ORDER BY n.record_id), '{{}}',
                ARRAY[n.list_id], CASE n.mark WHEN '' THEN '{{}}' ELSE ARRAY[n.mark] END,
                n.hops, (SELECT app_now())
            FROM (SELECT *, (row_number() OVER (PARTITION BY list_id, hops, mark) - 1)
                    / {chunk} AS chunk FROM news) n
            JOIN crm_list l ON l.id = n.list_id
            GROUP BY l.object_type, n.list_id, n.hops, n.mark, n.chunk
        )
        {result}
        """,
        turned=turned,
        chunk=events.QUEUE_CHUNK,
        result=result,
    )
