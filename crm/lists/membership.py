"""Who is in a static list, changed for whole sets of records at once."""

from __future__ import annotations

from django.db import transaction

from crm import events, statements
from crm.models import List
from crm.sql import SQL, sql, value


@transaction.atomic
def add(target: List, select: SQL, *, hops: int = 0) -> int:
    """Put the records of a SELECT of (record_id) into a list; returns how many are new there.

    Records of another object type and archived ones are left out.
    """
    return _change(
        target,
        sql(
            """
            INSERT INTO crm_listmembership (list_id, record_id, since)
            SELECT {list}, r.id, (SELECT app_now()) FROM crm_record r
            WHERE r.id IN (SELECT record_id FROM ({select}) s)
              AND {is_type} AND r.archived_at IS NULL
            ORDER BY r.id
            ON CONFLICT DO NOTHING RETURNING record_id
            """,
            list=target.pk,
            select=select,
            is_type=statements.is_type("r", target.object_type),
        ),
        hops,
    )


@transaction.atomic
def remove(target: List, select: SQL, *, hops: int = 0) -> int:
    """Take the records of a SELECT of (record_id) out of a list; returns how many were in it."""
    return _change(
        target,
        sql(
            """
            DELETE FROM crm_listmembership m
            WHERE m.list_id = {list} AND m.record_id IN (SELECT record_id FROM ({select}) s)
            RETURNING record_id
            """,
            list=target.pk,
            select=select,
        ),
        hops,
    )


def _change(target: List, statement: SQL, hops: int) -> int:
    count = int(
        value(
            sql(
                "WITH changed AS ({statement}), queued AS ({queue}) SELECT count(*) FROM changed",
                statement=statement,
                queue=events.queue(
                    target.object_type,
                    SQL("SELECT record_id FROM changed"),
                    list_ids=[target.pk],
                    hops=hops,
                ),
            )
        )
    )
    if count:
        events.ring("match")
    return count
