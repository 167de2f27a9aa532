"""The log of what happened to records, and the queue that tells others something changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from crm.sql import SQL, execute, sql

#: How many records one row of the queue names at most.
QUEUE_CHUNK = 5000
#: The channel on which the ticker listens; the payload is the work that became due.
CHANNEL = "cohort"
#: Of a record into which another one was merged; also in the queue, with whatever that changed.
MERGED = "record.merged"


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
def record(type_: str, select: SQL, object_type: str, *, source_kind: str, hops: int = 0) -> int:
    """Log an event of one type for a SELECT of (record_id, properties, source_id).

    `properties` is a jsonb object. Returns how many were logged.
    """
    count = execute(
        sql(
            """
            WITH happened AS MATERIALIZED ({select}),
            queued AS ({queue})
            INSERT INTO crm_event (type, record_id, object_type, properties, source, source_id, at)
            SELECT {type}, record_id, {object_type}, properties, {kind}, source_id, (SELECT app_now())
            FROM happened
            """,
            select=select,
            queue=queue(
                object_type,
                SQL("SELECT record_id FROM happened"),
                event_types=[type_],
                hops=hops,
            ),
            type=type_,
            object_type=object_type,
            kind=str(source_kind),
        )
    )
    if count:
        ring("match")
    return count
