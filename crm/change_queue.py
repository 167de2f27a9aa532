"""Taking rows out of the change queue.

One consumer takes rows in the transaction that acts on them, so that nothing is lost and nothing is
done twice: rows that are rolled back are in the queue again.
"""

from __future__ import annotations

from dataclasses import dataclass

from crm.events import MERGED
from crm.sql import SQL, execute, rows, sql, value

#: The advisory lock of the one consumer, and of whoever asks the same questions about everybody.
LOCK = 7_201_001
#: The event type of changes that may start nothing: they are noted, but enroll nobody.
QUIET = "change.quiet"
#: What is passed on with the changes of lists that follow from a change.
MARKS = (QUIET, MERGED)
#: These change whether a record meets a filter at all, whatever the filter asks.
EXISTENCE = frozenset({"record.created", "record.archived", "record.restored"})

_CREATE_CHANGED = SQL(
    """
    CREATE TEMPORARY TABLE IF NOT EXISTS changed (
        change_id bigint NOT NULL, record_id bigint NOT NULL, hops smallint NOT NULL,
        mark text NOT NULL
    ) ON COMMIT DELETE ROWS
    """
)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One row of the change queue; its records stand in the temporary table `changed`."""

    id: int
    object_type: str
    property_names: frozenset[str]
    list_ids: frozenset[int]
    event_types: frozenset[str]


def lock() -> None:
    """Wait until nobody consumes the queue, and keep it so until this transaction ends."""
    execute(sql("SELECT pg_advisory_xact_lock({key})", key=LOCK))


def try_lock() -> bool:
    """Like lock(), without waiting: whether nobody else held it."""
    return bool(value(sql("SELECT pg_try_advisory_xact_lock({key})", key=LOCK)))


def take(limit: int) -> list[Taken]:
    """Move up to `limit` rows of the queue into `changed` (change_id, record_id, hops, mark).

    `mark` is one of MARKS, or empty. The table lasts until the transaction ends and holds only what was taken last. FOR UPDATE SKIP
    LOCKED instead of a remembered id: a row that commits late is found late.
    """
    execute(_CREATE_CHANGED)
    # Empty already, unless something was taken earlier in the same transaction.
    execute(SQL("DELETE FROM changed"))
    found = rows(
        sql(
            """
            WITH taken AS (
                DELETE FROM crm_change WHERE id = ANY(ARRAY(
                    SELECT id FROM crm_change ORDER BY id LIMIT {limit} FOR UPDATE SKIP LOCKED
                )) RETURNING *
            ),
            kept AS (
                INSERT INTO changed
                SELECT t.id, u.record_id, t.hops, coalesce(
                    (SELECT m FROM unnest({marks}::text[]) m WHERE m = ANY(t.event_types) LIMIT 1), '')
                FROM taken t CROSS JOIN unnest(t.record_ids) AS u(record_id)
            )
            SELECT id, object_type, property_names, list_ids, event_types FROM taken
            """,
            limit=limit,
            marks=list(MARKS),
        )
    )
    return [
        Taken(
            id=row[0],
            object_type=row[1],
            property_names=frozenset(row[2]),
            list_ids=frozenset(row[3]),
            event_types=frozenset(row[4]),
        )
        for row in sorted(found)
    ]
