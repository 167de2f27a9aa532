"""What the apps above keep about records in tables of their own.

Each app declares it in a module `holdings`; crm asks all of them when records are merged or go for
good, in the same transaction.
"""

from __future__ import annotations

from typing import ClassVar

from crm.registry import Registry
from crm.sql import SQL


class Holding:
    """Some tables of one app. Each function is a fixed number of statements, safe to repeat."""

    name: ClassVar[str]

    def merge(self, pairs: SQL) -> None:
        """Give what is about one record to another, for a SELECT of (record_id, into_id)."""
        raise NotImplementedError

    def forget(self, records: SQL) -> None:
        """Remove what could tell about a person, for a SELECT of (record_id); figures may stay.

        The records themselves are deleted afterwards.
        """
        raise NotImplementedError

    def hide(self, addresses: SQL) -> None:
        """Replace email addresses kept for themselves, for a SELECT of (address, digest)."""


holdings: Registry[Holding] = Registry("holding", "name")
