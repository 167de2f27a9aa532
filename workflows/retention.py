"""How long workflows keep what is done: the log of steps, and messages that were delivered."""

from __future__ import annotations

import time

from django.conf import settings

from crm import retention
from crm.sql import execute, sql
from workflows.outbox import State

#: Messages that one statement deletes.
BATCH = 10_000


def run(seconds: float) -> bool:
    """Remove what is over its time; returns whether something is left (W-450)."""
    end = time.monotonic() + seconds
    retention.drop_months("workflows_action_run", settings.KEEP_LOG_DAYS)
    while delete_delivered() == BATCH:
        if time.monotonic() >= end:
            return True
    return False


def delete_delivered() -> int:
    """Delete some messages that ended long ago and whose end was noted; returns how many.

    Those of unknown fate stay until somebody settles them.
    """
    if not settings.KEEP_OUTBOX_DAYS:
        return 0
    return execute(
        sql(
            """
            DELETE FROM workflows_outboxmessage WHERE id = ANY(ARRAY(
                SELECT id FROM workflows_outboxmessage
                WHERE state = ANY({ended}) AND is_noted AND finished_at < {before}
                ORDER BY id LIMIT {batch} FOR UPDATE SKIP LOCKED))
            """,
            ended=[State.SENT.value, State.FAILED.value, State.CANCELLED.value],
            before=retention.before(settings.KEEP_OUTBOX_DAYS),
            batch=BATCH,
        )
    )
