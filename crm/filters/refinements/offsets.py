from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from crm.filters import moments
from crm.filters.fields import Fields
from crm.filters.kinds import Frame
from crm.filters.moments import Moments
from crm.filters.refinements.base import Window, refinements
from crm.filters.refinements.timestamps import between
from crm.sql import SQL, sql

UNITS = ("MINUTES", "HOURS", "DAYS", "WEEKS")
MOST = 10_000_000


@dataclass(frozen=True)
class Offset:
    """A length of time before or after now; a day is 24 hours."""

    amount: int
    unit: str
    is_past: bool

    @classmethod
    def parse(cls, fields: Fields) -> Offset:
        return cls(
            fields.integer("amount", 0, MOST),
            fields.choice("timeUnit", UNITS),
            fields.choice("offsetDirection", ["PAST", "FUTURE"]) == "PAST",
        )

    def at(self, now: datetime) -> datetime:
        length = timedelta(**{self.unit.lower(): self.amount})
        return moments.add_time(now, -length if self.is_past else length)

    def words(self) -> str:
        unit = self.unit.lower()
        shown = f"{self.amount:,} {unit.removesuffix('s') if self.amount == 1 else unit}"
        return f"{shown} {'ago' if self.is_past else 'from now'}"


@refinements.register
@dataclass(frozen=True)
class BeforeOrAfterOffset(Window):
    """Before or after a moment counted from now."""

    name = "RELATIVE_COMPARATIVE"

    is_before: bool
    offset: Offset

    @classmethod
    def parse(cls, fields: Fields) -> BeforeOrAfterOffset:
        is_before = fields.choice("comparison", ["BEFORE", "AFTER"]) == "BEFORE"
        return cls(is_before, Offset.parse(fields.object("timeOffset")))

    @property
    def is_time_sensitive(self) -> bool:
        return True

    def where(self, at: SQL, frame: Frame) -> SQL:
        sign = SQL("<" if self.is_before else ">")
        return sql("{at} {sign} {moment}", at=at, sign=sign, moment=self.offset.at(frame.now))

    def words(self) -> str:
        return f"{'before' if self.is_before else 'after'} {self.offset.words()}"

    def note(self, frame: Frame) -> str:
        moment = self.offset.at(frame.now)
        window = Moments(most=moment, includes_most=False)
        if not self.is_before:
            window = Moments(moment, includes_least=False)
        return window.words(frame.zone)


@refinements.register
@dataclass(frozen=True)
class BetweenOffsets(Window):
    """Between two moments counted from now, or not between them; both are included."""

    name = "RELATIVE_RANGED"

    is_between: bool
    least: Offset
    most: Offset

    @classmethod
    def parse(cls, fields: Fields) -> BetweenOffsets:
        return cls(
            fields.choice("rangeType", ["BETWEEN", "NOT_BETWEEN"]) == "BETWEEN",
            Offset.parse(fields.object("lowerBoundOffset")),
            Offset.parse(fields.object("upperBoundOffset")),
        )

    @property
    def is_time_sensitive(self) -> bool:
        return True

    def where(self, at: SQL, frame: Frame) -> SQL:
        least, most = self.least.at(frame.now), self.most.at(frame.now)
        return between(at, least, most, is_between=self.is_between)

    def words(self) -> str:
        sign = "between" if self.is_between else "not between"
        return f"{sign} {self.least.words()} and {self.most.words()}"

    def note(self, frame: Frame) -> str:
        window = Moments(self.least.at(frame.now), self.most.at(frame.now))
        return f"{'' if self.is_between else 'not '}{window.words(frame.zone)}"
