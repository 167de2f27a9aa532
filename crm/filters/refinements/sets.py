from __future__ import annotations

from dataclasses import dataclass

from crm.filters.fields import Fields
from crm.filters.occurrences import Occurrences
from crm.filters.refinements.base import Tally, refinements
from crm.sql import SQL, sql

WORDS = {
    "ANY": "any of them",
    "ANY_INCLUDE_EMPTY": "any of them, or there is none",
    "ALL": "all of them",
    "ALL_INCLUDE_EMPTY": "all of them, or there is none",
    "NONE": "none of them",
    "NONE_EXCLUDE_EMPTY": "none of them, and there are some",
}


@refinements.register
@dataclass(frozen=True)
class SetOfOccurrences(Tally):
    """Any, all or none of the occurrences, and what records without any get."""

    name = "SET_OCCURRENCES"

    kind: str

    @classmethod
    def parse(cls, fields: Fields) -> SetOfOccurrences:
        return cls(fields.choice("setType", WORDS))

    def where(self, occurrences: Occurrences) -> SQL:
        some, fits = occurrences.some(), occurrences.some(occurrences.holds)
        if self.kind.startswith("ANY"):
            words = "{fits}" if self.kind == "ANY" else "({fits} OR NOT {some})"
        elif self.kind.startswith("ALL"):
            words = "{every}" if self.kind == "ALL_INCLUDE_EMPTY" else "({some} AND {every})"
        else:
            words = "NOT {fits}" if self.kind == "NONE" else "({some} AND NOT {fits})"
        return sql(words, some=some, fits=fits, every=occurrences.every())

    def words(self) -> str:
        return f"for {WORDS[self.kind]}"
