"""Calculated properties: how a value follows from others.

A declared property names its calculation (`Definition.calculation`); one made by staff holds a
formula. Values are written in the transaction of the change that they follow from, so nobody sees
one without the other (W-127).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from crm.sql import SQL


@dataclass(frozen=True)
class Place:
    """Where the record is that a calculation looks at."""

    #: An alias with `properties`; for records that exist it is one of crm_record.
    alias: str = "r"
    #: The record is about to be made: it has no row, no history and no associations yet.
    is_new: bool = False


class Calculation:
    """One way to work out a value."""

    #: Properties of the record from which the value follows.
    reads: frozenset[str] = frozenset()
    #: Object types: the value follows from which of their records are associated.
    follows: frozenset[str] = frozenset()
    #: Whether a new record can have a value.
    is_for_new: ClassVar[bool] = True

    def value(self, place: Place) -> SQL:
        """SQL for the value as jsonb, NULL for none."""
        raise NotImplementedError
