"""Conditions on what belongs to a record many times over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm.filters.kinds import Condition, Frame
from crm.filters.occurrences import Occurrences
from crm.filters.refinements.base import Tally
from crm.sql import SQL, join, sql


@dataclass(frozen=True, kw_only=True)
class Counted(Condition):
    """Something is so for one of them, or for as many as a tally asks; or it is not."""

    is_negative: bool = False
    tally: Tally | None = None

    def occurrences(self, frame: Frame) -> Occurrences:
        raise NotImplementedError

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        if self.problem:
            return SQL("FALSE")
        occurrences = self.occurrences(frame)
        is_wanted = self.is_negative == negated
        if self.tally is None and is_wanted:
            return occurrences.some(occurrences.holds)
        # Not to be found is an answer only where the search made sense.
        holds = self.tally.where(occurrences) if self.tally else occurrences.some(occurrences.holds)
        answer = holds if is_wanted else sql("NOT {holds}", holds=holds)
        return sql("({parts})", parts=join(" AND ", [answer, *self.requirements(frame)]))

    def requirements(self, frame: Frame) -> Iterator[SQL]:
        yield from super().requirements(frame)
        if self.group is not None:
            yield from self.group.requirements(self.inner(frame))

    def inner(self, frame: Frame) -> Frame:
        """The frame of the filters on what belongs to the record."""
        return frame.inside("r")

    def seen(self, frame: Frame) -> SQL:
        return SQL("NULL::text") if self.problem else self.occurrences(frame).tally()
