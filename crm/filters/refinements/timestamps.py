from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from crm.filters import moments, time_points
from crm.filters.fields import Fields
from crm.filters.kinds import Frame
from crm.filters.refinements.base import Window, refinements
from crm.sql import SQL, sql


@refinements.register
@dataclass(frozen=True)
class BeforeOrAfter(Window):
    """Before or after a fixed moment."""

    name = "ABSOLUTE_COMPARATIVE"

    is_before: bool
    moment: datetime

    @classmethod
    def parse(cls, fields: Fields) -> BeforeOrAfter:
        is_before = fields.choice("comparison", ["BEFORE", "AFTER"]) == "BEFORE"
        return cls(is_before, time_points.read_timestamp(fields, "timestamp"))

    def where(self, at: SQL, frame: Frame) -> SQL:
        sign = SQL("<" if self.is_before else ">")
        return sql("{at} {sign} {moment}", at=at, sign=sign, moment=self.moment)

    def words(self) -> str:
        return f"{'before' if self.is_before else 'after'} {_shown(self.moment)}"


@refinements.register
@dataclass(frozen=True)
class BetweenMoments(Window):
    """Between two fixed moments, or not between them; both are included."""

    name = "ABSOLUTE_RANGED"

    is_between: bool
    least: datetime
    most: datetime

    @classmethod
    def parse(cls, fields: Fields) -> BetweenMoments:
        return cls(
            fields.choice("rangeType", ["BETWEEN", "NOT_BETWEEN"]) == "BETWEEN",
            time_points.read_timestamp(fields, "lowerTimestamp"),
            time_points.read_timestamp(fields, "upperTimestamp"),
        )

    def where(self, at: SQL, frame: Frame) -> SQL:
        return between(at, self.least, self.most, is_between=self.is_between)

    def words(self) -> str:
        sign = "between" if self.is_between else "not between"
        return f"{sign} {_shown(self.least)} and {_shown(self.most)}"


def between(at: SQL, least: datetime, most: datetime, *, is_between: bool) -> SQL:
    """Whether a timestamp lies in a window, ends included, or outside of it."""
    template = "({at} >= {least} AND {at} <= {most})"
    if not is_between:
        template = "({at} < {least} OR {at} > {most})"
    return sql(template, at=at, least=least, most=most)


def _shown(moment: datetime) -> str:
    return moments.show_moment(moment, moments.UTC_ZONE) + " UTC"
