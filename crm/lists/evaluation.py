"""Who is in dynamic lists, kept up to date as records change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm import clock, events, statements
from crm.change_queue import Taken
from crm.filters import base as filters
from crm.lists import listening, membership
from crm.lists.listening import Listener
from crm.sql import SQL, execute, join, sql, value


def judge(taken: Sequence[Taken]) -> int:
    """Bring dynamic lists up to date with changes that were taken out of the queue.

    Records that were archived leave static lists too (A-069). What changes in lists is queued and
    found with the next changes: lists that refer to lists follow then. Returns how many
    memberships changed. The caller holds change_queue.lock().
    """
    moved = _drop_archived(taken)
    hearing = [item for item in listening.dynamic() if item.hears(taken)]
    for _, listeners in listening.by_type(hearing):
        moved += _judge(listeners, taken)
    if moved:
        events.ring("match")
    return moved


def _drop_archived(taken: Iterable[Taken]) -> int:
    archived = [change.id for change in taken if "record.archived" in change.event_types]
    if not archived:
        return 0
    gone = sql(
        "SELECT m.list_id, m.record_id, FALSE AS is_in, max(c.hops) AS hops, '' AS mark"
        " FROM changed c JOIN crm_record r ON r.id = c.record_id AND r.archived_at IS NOT NULL"
        " JOIN crm_listmembership m ON m.record_id = c.record_id"
        " WHERE c.change_id = ANY({ids}) GROUP BY 1, 2",
        ids=archived,
    )
    return int(value(membership.move(gone)))


def _judge(listeners: Sequence[Listener], taken: Sequence[Taken]) -> int:
    dependencies = [one for item in listeners for one in item.dependencies]
    candidates = filters.candidates(dict.fromkeys(dependencies), taken)
    if candidates is None:
        return 0
    present = sql(
        "SELECT m.list_id, m.record_id, c.hops, c.mark FROM candidate c"
        " JOIN crm_listmembership m ON m.record_id = c.record_id WHERE m.list_id = ANY({lists})",
        lists=[item.list_id for item in listeners],
    )
    return int(value(membership.move(turned(listeners, candidates, present))))


def turned(listeners: Sequence[Listener], candidates: SQL, present: SQL) -> SQL:
    """A SELECT of who has to enter or leave which of `listeners`, lists of one object type.

    Every candidate is read once and asked all the questions. `candidates` is a SELECT of
    (record_id, hops, mark), `present` of (list_id, record_id, hops, mark): the members who
    leave unless they are among those who match; it may read `candidate`.
    """
    now = clock.now()
    return sql(
        """
        WITH candidate AS MATERIALIZED ({candidates}),
        judged AS MATERIALIZED (
            SELECT r.id AS record_id, c.hops, c.mark, ARRAY[{answers}]::boolean[] AS answers
            FROM candidate c JOIN crm_record r ON r.id = c.record_id
            WHERE {is_type} AND r.archived_at IS NULL
        ),
        wanted AS (
            SELECT t.list_id, j.record_id, j.hops, j.mark, TRUE AS is_in
            FROM judged j CROSS JOIN LATERAL unnest(j.answers, {lists}::bigint[])
                AS t(answer, list_id)
            WHERE t.answer
        )
        SELECT list_id, record_id, w.is_in IS NOT NULL AS is_in,
            coalesce(w.hops, p.hops) AS hops, coalesce(w.mark, p.mark) AS mark
        FROM wanted w
        FULL JOIN (SELECT *, TRUE AS was_in FROM ({present}) m) p USING (list_id, record_id)
        WHERE w.is_in IS NULL OR p.was_in IS NULL
        """,
        candidates=candidates,
        answers=join(", ", [item.where(now) for item in listeners]),
        is_type=statements.is_type("r", listeners[0].object_type),
        lists=[item.list_id for item in listeners],
        present=present,
    )


def fold_tallies() -> int:
    """Make one row of the tallies of each list and day; returns how many rows went into others."""
    return execute(
        SQL(
            """
            WITH many AS (
                SELECT list_id, date_trunc('day', at, 'UTC') AS day FROM crm_listtally
                GROUP BY 1, 2 HAVING count(*) > 1
            ),
            gone AS (
                DELETE FROM crm_listtally t USING many m
                WHERE t.list_id = m.list_id AND date_trunc('day', t.at, 'UTC') = m.day
                RETURNING t.*, m.day
            )
            INSERT INTO crm_listtally (list_id, at, added, removed, added_at, removed_at)
            SELECT list_id, max(at), sum(added), sum(removed), max(added_at), max(removed_at)
            FROM gone GROUP BY list_id, day
            """
        )
    )
