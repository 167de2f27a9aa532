"""The log of what happened to records, and the queue that tells others something changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction

from crm.clock import NOW
from crm.sql import SQL, execute, rows, sql

#: How many records one row of the queue names at most.
QUEUE_CHUNK = 5000
#: The channel on which the ticker listens; the payload is the work that became due.
CHANNEL = "cohort"
#: Of a record into which another one was merged; also in the queue, with whatever that changed.
MERGED = "record.merged"
#: How long a repeated event is recognised; senders give up long before.
KEYS_ARE_KEPT = timedelta(days=30)


def ring(work: str) -> None:
    """Tell the ticker, once this transaction commits, that there is `work`: match, advance ..."""
    execute(sql("SELECT pg_notify({channel}, {work})", channel=CHANNEL, work=work))


def queue(
    object_type: str,
    record_ids: SQL,
    *,
    property_names: Any = (),
    list_ids: Sequence[int] = (),
    event_types: Sequence[str] = (),
    hops: int = 0,
) -> SQL:
    """An INSERT into the change queue for a SELECT of (record_id), for use inside a statement."""
    names = property_names if isinstance(property_names, SQL) else list(property_names)
    return sql(
        """
        INSERT INTO crm_change
            (object_type, record_ids, property_names, list_ids, event_types, hops, at)
        SELECT {type}, array_agg(n.record_id), {names}::text[], {lists}::bigint[],
            {events}::text[], {hops}::smallint, (SELECT app_now())
        FROM (SELECT q.record_id, (row_number() OVER () - 1) / {chunk} AS chunk
              FROM ({ids}) q) n
        GROUP BY n.chunk
        """,
        type=object_type,
        names=names,
        lists=list(list_ids),
        events=list(event_types),
        hops=hops,
        chunk=QUEUE_CHUNK,
        ids=record_ids,
    )


@transaction.atomic
def record(
    type_: str,
    select: SQL,
    object_type: str,
    *,
    source_kind: str,
    hops: int = 0,
    at: SQL = NOW,
) -> int:
    """Log an event of one type for a SELECT of (record_id, properties, source_id).

    `properties` is a jsonb object. What did not happen just now says when in a further column of
    the select, which `at` names. Returns how many were logged.
    """
    count = execute(
        sql(
            """
            WITH happened AS MATERIALIZED ({select}),
            queued AS ({queue})
            INSERT INTO crm_event (type, record_id, object_type, properties, source, source_id, at)
            SELECT {type}, record_id, {object_type}, properties, {kind}, source_id, {at}
            FROM happened
            """,
            select=select,
            queue=queue(
                object_type,
                SQL("SELECT DISTINCT record_id FROM happened"),
                event_types=[type_],
                hops=hops,
            ),
            type=type_,
            object_type=object_type,
            kind=str(source_kind),
            at=at,
        )
    )
    if count:
        ring("match")
    return count


def claim(keys: Sequence[str]) -> set[str]:
    """Those of `keys` that no event had before; from now on they are taken.

    An event sent again with its key is recorded once, also by two senders at the same time.
    """
    found = rows(
        sql(
            """
            INSERT INTO crm_eventkey (key, at)
            SELECT DISTINCT key, (SELECT app_now()) FROM unnest({keys}::text[]) AS u(key)
            ORDER BY key ON CONFLICT DO NOTHING RETURNING key
            """,
            keys=list(keys),
        )
    )
    return {row[0] for row in found}


def forget_keys() -> int:
    """Let go of keys that nobody sends again; returns of how many."""
    return execute(
        sql("DELETE FROM crm_eventkey WHERE at < app_now() - {kept}", kept=KEYS_ARE_KEPT)
    )
