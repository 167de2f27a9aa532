"""Delivering one claimed set of the outbox."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

from crm.sql import SQL, execute, rows, sql, value
from workflows.models import OutboxMessage
from workflows.transports import Message, Permanent, Temporary, Transport, Unavailable, Unclear

logger = logging.getLogger(__name__)

State = OutboxMessage.State

#: A hand-over must end well within it; a message whose lease ran out while it was being sent is
#: given up as unknown.
LEASE = timedelta(minutes=10)
#: SQL for the name of this database session, and a SELECT of all that live. A session ends with
#: its worker, also with one that is killed, so what a dead worker held is free at once.
_SESSION = "pid || '/' || extract(epoch FROM backend_start)"
THIS_SESSION = SQL(f"(SELECT {_SESSION} FROM pg_stat_activity WHERE pid = pg_backend_pid())")
LIVE_SESSIONS = SQL(f"SELECT {_SESSION} FROM pg_stat_activity WHERE backend_start IS NOT NULL")
#: Pauses after a temporary refusal, 72 hours together; then the message has failed.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=4),
    timedelta(hours=12),
    timedelta(hours=24),
    timedelta(hours=24),
    timedelta(hours=6),
)
#: The longest pause between two looks whether an unreachable far end is back.
LONGEST_OUTAGE_PAUSE = timedelta(minutes=5)


def claim(transport: type[Transport]) -> list[Message]:
    """Lease the next due messages of a kind, none while its far end is known to be out."""
    query = sql(
        """
        WITH due AS MATERIALIZED (
            SELECT id, lane, not_before FROM workflows_outboxmessage
            WHERE kind = {kind} AND state = {waiting} AND not_before <= app_now()
              AND (leased_until IS NULL OR leased_until < app_now())
              AND NOT EXISTS (SELECT FROM workflows_outage
                              WHERE kind = {kind} AND next_try_at > app_now())
            ORDER BY lane, not_before, id LIMIT {limit} FOR UPDATE SKIP LOCKED
        )
        UPDATE workflows_outboxmessage m
        SET leased_until = app_now() + {lease}, holder = {session}
        FROM due WHERE m.id = due.id
        RETURNING m.id, m.key, m.payload, m.attempts, m.leased_until, m.lane, due.not_before
        """,
        lease=LEASE,
        session=THIS_SESSION,
        kind=transport.kind,
        waiting=State.WAITING,
        limit=transport.claims,
    )
    found = sorted(rows(query), key=lambda row: (row[5], row[6], row[0]))
    return [
        Message(
            id=row[0],
            key=row[1],
            payload=json.loads(row[2]),
            attempts=row[3],
            leased_until=row[4],
        )
        for row in found
    ]


@dataclass(frozen=True, kw_only=True)
class _Ending:
    """How a hand-over went, before it is written down."""

    message: Message
    state: OutboxMessage.State
    error: str = ""
    pause: timedelta = timedelta()


class Delivery:
    """Hands over one claimed set, message by message (see workflows.outbox for the steps)."""

    def __init__(self, transport: type[Transport], messages: Sequence[Message]) -> None:
        self.kind = transport
        self.messages = messages
        #: The last message handed over; written down with the beginning of the next.
        self.ending: _Ending | None = None
        self.sent = 0

    def run(self, end: float) -> None:
        try:
            with closing(self.kind(self.messages)) as transport:
                self._deliver(transport, end)
        except Unavailable as error:
            note_outage(self.kind.kind, str(error))
        else:
            self._end_outage()
        finally:
            self._write_ending()
            self._release()

    def _deliver(self, transport: Transport, end: float) -> None:
        for message in self.messages:
            if time.monotonic() >= end:
                break
            transport.ready()
            if self._begin(message):
                self._hand_over(transport, message)

    def _end_outage(self) -> None:
        if self.sent:
            execute(sql("DELETE FROM workflows_outage WHERE kind = {kind}", kind=self.kind.kind))

    def _hand_over(self, transport: Transport, message: Message) -> None:
        try:
            transport.hand_over(message)
        except Unavailable as error:
            self._end(message, State.WAITING, str(error))
            raise
        except Temporary as error:
            self._put_off(message, str(error))
        except Permanent as error:
            self._end(message, State.FAILED, str(error))
        except Unclear as error:
            self._end(message, State.UNKNOWN, str(error))
        except BaseException as error:
            self._end(message, State.UNKNOWN, f"{type(error).__name__}: {error}")
            logger.exception("Handing over %s broke off.", message.key)
            if not isinstance(error, Exception):
                raise
        else:
            self.sent += 1
            self._end(message, State.SENT)

    def _end(self, message: Message, state: OutboxMessage.State, error: str = "") -> None:
        self.ending = _Ending(message=message, state=state, error=error)

    def _put_off(self, message: Message, error: str) -> None:
        if message.attempts >= len(PAUSES):
            self._end(
                message, State.FAILED, f"Given up after {message.attempts + 1} tries. {error}"
            )
            return
        pause = PAUSES[message.attempts]
        self.ending = _Ending(message=message, state=State.WAITING, error=error, pause=pause)

    def _begin(self, message: Message) -> bool:
        """Commit "being sent", with the end of the message before; False when it may not go."""
        query = sql(
            """
            WITH ended AS ({ended}),
            next AS MATERIALIZED (
                SELECT m.id, {refusal} AS refusal FROM workflows_outboxmessage m
                WHERE m.id = {id} AND m.state = {waiting} AND m.leased_until = {lease}
            )
            UPDATE workflows_outboxmessage m
            SET state = CASE WHEN n.refusal IS NULL THEN {sending} ELSE {cancelled} END,
                attempts = m.attempts + (n.refusal IS NULL)::int,
                begun_at = app_now(),
                leased_until = CASE WHEN n.refusal IS NULL THEN app_now() + {for_sending} END,
                finished_at = CASE WHEN n.refusal IS NULL THEN NULL ELSE app_now() END,
                error = coalesce(n.refusal, m.error)
            FROM next n
            WHERE m.id = n.id AND m.state = {waiting} AND m.leased_until = {lease}
            RETURNING m.state
            """,
            ended=_ended(self.ending),
            refusal=self.kind.refusal(),
            id=message.id,
            lease=message.leased_until,
            for_sending=LEASE,
            waiting=State.WAITING,
            sending=State.SENDING,
            cancelled=State.CANCELLED,
        )
        self.ending, state = None, value(query)
        return bool(state == State.SENDING)

    def _write_ending(self) -> None:
        if self.ending is not None:
            execute(_ended(self.ending))
            self.ending = None

    def _release(self) -> None:
        """Give back what was claimed and not begun."""
        execute(
            sql(
                "UPDATE workflows_outboxmessage SET leased_until = NULL WHERE id = ANY({ids})"
                " AND state = {waiting} AND leased_until = {lease}",
                ids=[message.id for message in self.messages],
                waiting=State.WAITING,
                lease=self.messages[0].leased_until,
            )
        )


def _ended(ending: _Ending | None) -> SQL:
    """The statement that writes down an ending.

    A worker that was believed dead may come back with the truth; the number of attempts says
    whether it still speaks about the last one.
    """
    if ending is None:
        return SQL("SELECT")
    is_over = ending.state != State.WAITING
    return sql(
        """
        UPDATE workflows_outboxmessage
        SET state = {state}, error = {error}, leased_until = NULL, is_noted = false,
            not_before = app_now() + {pause},
            finished_at = CASE WHEN {is_over} THEN app_now() END
        WHERE id = {id} AND attempts = {attempts} AND state IN ({sending}, {unknown})
        """,
        state=ending.state,
        error=ending.error[:2000],
        pause=ending.pause,
        is_over=is_over,
        id=ending.message.id,
        attempts=ending.message.attempts + 1,
        sending=State.SENDING,
        unknown=State.UNKNOWN,
    )


def note_outage(kind: str, error: str) -> None:
    """Pause a kind whose far end does not answer, longer each time."""
    logger.warning("%s: %s", kind, error)
    execute(
        sql(
            """
            INSERT INTO workflows_outage AS o (kind, since, failures, next_try_at, error)
            VALUES ({kind}, app_now(), 1, app_now() + {first}, {error})
            ON CONFLICT (kind) DO UPDATE SET
                failures = o.failures + 1, error = excluded.error,
                next_try_at = app_now() + least({first} * 2 ^ least(o.failures, 20), {longest})
            """,
            kind=kind,
            first=PAUSES[0],
            longest=LONGEST_OUTAGE_PAUSE,
            error=error[:2000],
        )
    )
