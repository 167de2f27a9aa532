from __future__ import annotations

from dataclasses import dataclass

from crm.filters.fields import Fields
from crm.filters.kinds import Frame
from crm.filters.moments import Moments
from crm.filters.refinements.base import Window, refinements
from crm.filters.time_points import End
from crm.sql import SQL, sql


@dataclass(frozen=True)
class PointWindow(Window):
    """Before, after, between or not between time points."""

    is_turned: bool
    lower: End | None
    upper: End | None

    @property
    def is_time_sensitive(self) -> bool:
        return any(end is not None and end.point.is_relative for end in (self.lower, self.upper))

    def moments(self, frame: Frame) -> Moments:
        lower, upper = self.lower, self.upper
        return Moments(
            None if lower is None else lower.point.at(frame.now, frame.zone),
            None if upper is None else upper.point.at(frame.now, frame.zone),
            includes_least=lower is not None and lower.is_included,
            includes_most=upper is not None and upper.is_included,
        )

    def where(self, at: SQL, frame: Frame) -> SQL:
        inside = self.moments(frame).compared(at)
        return sql("NOT {inside}", inside=inside) if self.is_turned else inside

    def note(self, frame: Frame) -> str:
        if not self.is_time_sensitive:
            return ""
        return f"{'not ' if self.is_turned else ''}{self.moments(frame).words(frame.zone)}"

    def words(self) -> str:
        words = [end.point.words() for end in (self.lower, self.upper) if end is not None]
        if len(words) == 2:
            return f"{'not between' if self.is_turned else 'between'} {words[0]} and {words[1]}"
        return f"{'before' if self.lower is None else 'after'} {words[0]}"


@refinements.register
class AroundPoint(PointWindow):
    """Before or after a time point."""

    name = "TIME_POINT"

    @classmethod
    def parse(cls, fields: Fields) -> AroundPoint:
        is_before = fields.choice("operator", ["IS_BEFORE", "IS_AFTER"]) == "IS_BEFORE"
        end = End.parse(fields, "timePoint", "endpointBehavior", "EXCLUSIVE")
        return cls(False, None if is_before else end, end if is_before else None)


@refinements.register
class BetweenPoints(PointWindow):
    """Between two time points, or not between them."""

    name = "TIME_RANGED"

    @classmethod
    def parse(cls, fields: Fields) -> BetweenPoints:
        is_turned = fields.choice("operator", ["IS_BETWEEN", "IS_NOT_BETWEEN"]) != "IS_BETWEEN"
        lower, upper = (
            End.parse(fields, f"{side}TimePoint", f"{side}EndpointBehavior", "INCLUSIVE")
            for side in ("lowerBound", "upperBound")
        )
        return cls(is_turned, lower, upper)
