"""A transport for tests of the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import ClassVar

from crm import clock
from crm.sql import SQL, rows, sql
from workflows import outbox
from workflows.models import OutboxMessage
from workflows.transports import Message, Transport, Unavailable

State = OutboxMessage.State


class Pigeon(Transport):
    """A transport that remembers what it carried and does what a test tells it."""

    kind = "pigeon"
    claims = 4
    carried: ClassVar[list[str]] = []
    noted: ClassVar[list[tuple[str, int, str]]] = []
    answers: ClassVar[dict[str, list[Exception]]] = {}
    is_out: ClassVar[bool] = False
    before: ClassVar[Callable[[Message], None] | None] = None

    @classmethod
    def refusal(cls) -> SQL:
        return SQL("CASE WHEN m.payload ? 'refuse' THEN 'REFUSED' END")

    def ready(self) -> None:
        if self.is_out:
            raise Unavailable("No pigeon answers.")

    def hand_over(self, message: Message) -> None:
        if Pigeon.before is not None:
            Pigeon.before(message)
        answers = self.answers.get(message.key)
        if answers:
            raise answers.pop(0)
        self.carried.append(message.key)

    @classmethod
    def note(cls, finished: SQL) -> None:
        cls.noted.extend(
            rows(sql("SELECT key, state, error FROM ({f}) f ORDER BY key", f=finished))
        )


def enqueue(*keys: str, payload: str = "{}", lane: int = 1) -> int:
    select = sql(
        "SELECT key, {payload}::jsonb AS payload, {lane}::smallint AS lane"
        " FROM unnest({keys}::text[]) AS key",
        payload=payload,
        lane=lane,
        keys=list(keys),
    )
    return outbox.enqueue("pigeon", select)


def states() -> dict[str, State]:
    found = OutboxMessage.objects.values_list("key", "state")
    return {key: State(state) for key, state in found}


def later(**pause: float) -> AbstractContextManager[None]:
    return clock.at(clock.now() + timedelta(**pause))


def run_together(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
