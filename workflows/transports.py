"""Transports: the ways a message of the outbox can leave the house.

A kind of message is one class, registered with `transports`; the outbox drives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from crm.registry import Registry
from crm.sql import SQL


class DeliveryError(Exception):
    """A hand-over that did not succeed; the subclass says what that means for the message."""


class Temporary(DeliveryError):
    """The message was not taken now and may be later."""


class Permanent(DeliveryError):
    """The message will never be taken."""


class Unavailable(DeliveryError):
    """The far end takes nothing at the moment; no message was handed over."""


class Unclear(DeliveryError):
    """Nobody knows whether the message was taken."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """A claimed message."""

    id: int
    key: str
    payload: dict[str, Any]
    attempts: int
    leased_until: datetime


class Transport:
    """A way out of the house for one kind of message; an instance delivers one claimed set.

    `__init__` loads what the whole set needs, with a fixed number of queries.
    """

    kind: ClassVar[str]
    #: How many messages are claimed at once.
    claims: ClassVar[int] = 50

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages = messages

    @classmethod
    def refusal(cls) -> SQL:
        """SQL over alias `m` of the outbox: why the message may not go out any more, or NULL.

        It is evaluated in the statement that begins the hand-over.
        """
        return SQL("NULL::text")

    def ready(self) -> None:
        """Make sure the far end can be reached; raises Unavailable."""

    def hand_over(self, message: Message) -> None:
        """Deliver one message; raises a DeliveryError."""
        raise NotImplementedError

    def close(self) -> None:
        """The claimed set is done with."""

    @classmethod
    def note(cls, finished: SQL) -> None:
        """Write down elsewhere how messages ended.

        `finished` gives (key, state, error, begun_at, finished_at); it runs in the transaction
        that marks them as noted, so each end is noted once.
        """


transports: Registry[Transport] = Registry("transport", "kind")
