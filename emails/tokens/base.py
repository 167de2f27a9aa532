"""Where the values of personalization tokens come from; one file per source."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from crm.registry import Registry


class UnknownToken(ValueError):
    """A token that no source knows; the message is for the person who wrote it."""


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Whom an email is made for."""

    record_id: int
    #: Of the send: what links in the email carry.
    token: UUID


class TokenSource:
    """A kind of token: all names that begin with `name`, such as contact.firstname.

    The class docstring says to staff what these tokens stand for.
    """

    name: ClassVar[str]

    def check(self, fields: Collection[str]) -> dict[str, str]:
        """What is wrong with some names behind the dot ("" for none): field -> message."""
        raise NotImplementedError

    def values(
        self, recipients: Sequence[Recipient], fields: Collection[str]
    ) -> list[Mapping[str, str]]:
        """For each recipient the values of `fields` by name, with a fixed number of queries."""
        raise NotImplementedError

    def names(self) -> dict[str, str]:
        """All tokens of this source for a picker: full name -> label."""
        raise NotImplementedError


token_sources: Registry[TokenSource] = Registry("token source", "name")
