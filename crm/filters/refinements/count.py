from __future__ import annotations

from dataclasses import dataclass

from crm.filters.fields import Fields
from crm.filters.occurrences import Occurrences
from crm.filters.refinements.base import Tally, refinements
from crm.sql import SQL

MOST = 1_000_000


@refinements.register
@dataclass(frozen=True)
class NumberOfOccurrences(Tally):
    """At least, at most or between some times; without numbers, at least once."""

    name = "NUM_OCCURRENCES"

    least: int
    most: int | None

    @classmethod
    def parse(cls, fields: Fields) -> NumberOfOccurrences:
        most = fields.integer("maxOccurrences", 0, MOST) if fields.has("maxOccurrences") else None
        least = fields.integer("minOccurrences", 0, MOST, 1 if most is None else 0)
        if most is not None and most < least:
            raise fields.error("maxOccurrences", "must not be less than minOccurrences")
        return cls(least, most)

    def where(self, occurrences: Occurrences) -> SQL:
        return occurrences.count(self.least, self.most)

    def words(self) -> str:
        if self.most is None:
            return f"at least {_times(self.least)}"
        if self.least == self.most:
            return f"exactly {_times(self.most)}"
        if not self.least:
            return f"at most {_times(self.most)}"
        return f"{self.least:,} to {_times(self.most)}"


def _times(number: int) -> str:
    return f"{number:,} {'time' if number == 1 else 'times'}"
