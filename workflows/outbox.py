"""The one way out of the house: messages are written with the effect and delivered after commit.

Delivery is *at most once after hand-over*. A message is claimed with a lease, and each goes
through these steps:

1. "Being sent" is committed, together with the end of the message before it: one commit each.
2. The transport hands it over.
3. Its end is committed: sent, waiting for another try, failed, or cancelled.

A process that dies before 1 loses nothing: the lease runs out and another process takes over. One
that dies between 1 and 3 leaves a message of which nobody knows whether it arrived; when its lease
runs out it becomes "unknown" and is never sent again unless staff say so with `resolve`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from crm import events
from crm.sql import SQL, execute, rows, sql, value
from workflows.delivery import LIVE_SESSIONS, Delivery, claim
from workflows.models import OutboxMessage
from workflows.transports import Transport, transports

logger = logging.getLogger(__name__)

State = OutboxMessage.State

#: Lower lanes go first: 0 transactional, 1 triggered, 2 batch, 3 backfill.
LAST_LANE = 3
#: Messages whose end is noted by the transport in one transaction.
NOTE_AT_ONCE = 1000


def enqueue(kind: str, select: SQL) -> int:
    """Queue a message for every row of a SELECT of (key, payload, lane); returns how many.

    `payload` is a jsonb object, a lower `lane` goes first. A key that exists already is left as
    it is. Nothing leaves before the surrounding transaction commits.
    """
    count = execute(
        sql(
            """
            INSERT INTO workflows_outboxmessage
                (key, kind, payload, state, lane, not_before, attempts, error, created_at, is_noted)
            SELECT key, {kind}, payload, {waiting}, lane, app_now(), 0, '', app_now(), false
            FROM ({select}) chosen
            ON CONFLICT (key) DO NOTHING
            """,
            kind=kind,
            waiting=State.WAITING,
            select=select,
        )
    )
    if count:
        events.ring("deliver")
    return count


def cancel(select: SQL, reason: str) -> int:
    """Cancel the messages of a SELECT of (key) that are not being sent yet; returns how many."""
    return execute(
        sql(
            """
            UPDATE workflows_outboxmessage
            SET state = {cancelled}, error = {reason}, finished_at = app_now(), leased_until = NULL
            WHERE state = {waiting} AND key IN ({select})
            """,
            cancelled=State.CANCELLED,
            waiting=State.WAITING,
            reason=reason,
            select=select,
        )
    )


def resolve(ids: Sequence[int], *, resend: bool) -> int:
    """Settle messages of unknown fate: send them (again), or take them as sent.

    With `resend`, failed messages are tried again too. Returns how many were settled.
    """
    settled = execute(
        sql(
            """
            UPDATE workflows_outboxmessage
            SET state = {target}, not_before = app_now(), leased_until = NULL, is_noted = false,
                finished_at = CASE WHEN {resend} THEN NULL ELSE finished_at END
            WHERE id = ANY({ids}) AND state = ANY({settled})
            """,
            target=State.WAITING if resend else State.SENT,
            resend=resend,
            ids=list(ids),
            settled=[State.UNKNOWN, State.FAILED] if resend else [State.UNKNOWN],
        )
    )
    if settled:
        events.ring("deliver")
    return settled


def run(deadline_seconds: float) -> bool:
    """Deliver what is due, for about `deadline_seconds`; returns whether more is due."""
    end = time.monotonic() + deadline_seconds
    # Durable: inside a transaction "being sent" would be committed after the hand-over.
    with transaction.atomic(durable=True):
        free_orphans()
        give_up_expired()
    while True:
        claimed = sum(deliver(transport, end) for transport in transports)
        if not claimed:
            return False
        if time.monotonic() >= end:
            return True


def free_orphans() -> int:
    """Messages that a worker claimed and died before it began them are anybody's again."""
    return execute(
        sql(
            """
            UPDATE workflows_outboxmessage SET leased_until = NULL, holder = NULL
            WHERE state = {waiting} AND leased_until IS NOT NULL AND holder NOT IN ({live})
            """,
            waiting=SQL(str(State.WAITING.value)),
            live=LIVE_SESSIONS,
        )
    )


def give_up_expired() -> int:
    """Messages whose sender died during the hand-over become unknown; returns how many."""
    count = execute(
        sql(
            """
            UPDATE workflows_outboxmessage
            SET state = {unknown}, finished_at = app_now(), is_noted = false,
                error = 'The sending process ended during the hand-over.'
            WHERE state = {sending} AND (leased_until < app_now() OR holder NOT IN ({live}))
            """,
            live=LIVE_SESSIONS,
            unknown=State.UNKNOWN,
            sending=State.SENDING,
        )
    )
    if count:
        logger.warning("%d messages were lost from sight during the hand-over.", count)
    return count


def deliver(transport: type[Transport], end: float) -> int:
    """Deliver one claimed set until `end` on the monotonic clock; returns how many were claimed."""
    messages = claim(transport)
    if messages:
        Delivery(transport, messages).run(end)
    while note(transport) == NOTE_AT_ONCE:
        pass
    return len(messages)


@transaction.atomic
def note(transport: type[Transport]) -> int:
    """Let the transport write down how messages ended; returns how many."""
    query = sql(
        """
        UPDATE workflows_outboxmessage SET is_noted = true
        WHERE id = ANY(ARRAY(
            SELECT id FROM workflows_outboxmessage
            WHERE kind = {kind} AND state >= {sent} AND NOT is_noted
            ORDER BY id LIMIT {limit} FOR UPDATE SKIP LOCKED))
        RETURNING id
        """,
        kind=transport.kind,
        sent=State.SENT,
        limit=NOTE_AT_ONCE,
    )
    ids = [row[0] for row in rows(query)]
    if ids:
        transport.note(
            sql(
                "SELECT key, state, error, begun_at, finished_at FROM workflows_outboxmessage"
                " WHERE id = ANY({ids})",
                ids=ids,
            )
        )
    return len(ids)


def next_due() -> datetime | None:
    """When the outbox has to be looked at next; None while nothing waits."""
    query = sql(
        """
        SELECT min(at) FROM (
            SELECT greatest(o.next_try_at, (
                SELECT m.not_before FROM workflows_outboxmessage m
                WHERE m.state = {waiting} AND m.kind = k.kind AND m.lane = l.lane
                ORDER BY m.not_before LIMIT 1)) AS at
            FROM unnest({kinds}::text[]) AS k(kind) CROSS JOIN generate_series(0, {lanes}) AS l(lane)
            LEFT JOIN workflows_outage o ON o.kind = k.kind
            WHERE EXISTS (SELECT FROM workflows_outboxmessage m
                          WHERE m.state = {waiting} AND m.kind = k.kind AND m.lane = l.lane)
            UNION ALL
            SELECT min(CASE WHEN holder NOT IN ({live}) THEN app_now() ELSE leased_until END)
            FROM workflows_outboxmessage WHERE state = {sending}
        ) due
        """,
        waiting=State.WAITING,
        sending=State.SENDING,
        live=LIVE_SESSIONS,
        kinds=[transport.kind for transport in transports],
        lanes=LAST_LANE,
    )
    found = value(query)
    assert found is None or isinstance(found, datetime)
    return found


@dataclass(frozen=True, kw_only=True)
class Health:
    """How one kind of message fares."""

    kind: str
    waiting: int
    sending: int
    failed: int
    unknown: int
    oldest_waiting: datetime | None
    #: What the far end said last to a message that waits or failed.
    last_error: str
    #: Since when nothing goes out because the far end does not answer.
    out_since: datetime | None
    next_try_at: datetime | None

    @property
    def needs_attention(self) -> bool:
        return bool(self.failed or self.unknown or self.out_since)


def health() -> list[Health]:
    """Every transport's queue and trouble; does not count what was sent, which may be millions."""
    query = sql(
        """
        WITH counts AS (
            SELECT kind, count(*) FILTER (WHERE state = 1) AS waiting,
                count(*) FILTER (WHERE state = 2) AS sending,
                count(*) FILTER (WHERE state = 4) AS failed,
                count(*) FILTER (WHERE state = 5) AS unknown,
                min(created_at) FILTER (WHERE state = 1) AS oldest
            FROM workflows_outboxmessage
            WHERE state = 1 OR state = 2 OR state IN (4, 5)
            GROUP BY kind
        )
        SELECT k.kind, coalesce(c.waiting, 0), coalesce(c.sending, 0), coalesce(c.failed, 0),
            coalesce(c.unknown, 0), c.oldest,
            coalesce(o.error, (
                SELECT e.error FROM workflows_outboxmessage e
                WHERE e.kind = k.kind AND e.error <> '' AND e.state = ANY({told})
                ORDER BY e.begun_at DESC NULLS LAST LIMIT 1), ''),
            o.since, o.next_try_at
        FROM (SELECT unnest({kinds}::text[]) UNION SELECT kind FROM counts) AS k(kind)
        LEFT JOIN workflows_outage o ON o.kind = k.kind
        LEFT JOIN counts c ON c.kind = k.kind
        ORDER BY k.kind
        """,
        kinds=[transport.kind for transport in transports],
        told=[State.WAITING, State.FAILED, State.UNKNOWN],
    )
    names = Health.__dataclass_fields__
    return [Health(**dict(zip(names, row, strict=True))) for row in rows(query)]
