"""Dates and moments in SQL that differ from record to record, made comparable.

A date property holds a day, a datetime property a moment in UTC. Where a day meets a moment, or
where clocks decide (an anniversary is at the same local time), both become local times of a zone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from zoneinfo import ZoneInfo

from crm.filters import moments
from crm.filters.operations import Column
from crm.property_types.date_time import store_moment
from crm.sql import SQL, sql

#: What becomes of a property's value before it is compared (A-128).
PARSERS = {
    "VALUE": "",
    "UPDATED_AT": "time of the last change",
    "ANNIVERSARY": "anniversary in this year",
    "VALUE_WITH_ZONE_SAME_LOCAL_CONVERSION": "as local time",
    "ANNIVERSARY_WITH_ZONE_SAME_LOCAL_CONVERSION": "anniversary in this year, as local time",
}


class Form(Enum):
    """How the text of an instant is written; the order of texts is that of time."""

    DAY = "2026-03-01"
    LOCAL = "2026-03-01T12:30:00.000"
    UTC = "2026-03-01T12:30:00.000Z"


@dataclass(frozen=True)
class Instant:
    """SQL for a text that stands for a day or a moment; NULL where there is none."""

    form: Form
    text: SQL

    def as_day(self, zone: ZoneInfo) -> SQL:
        return self.text if self.form is Form.DAY else sql("left({t}, 10)", t=self.as_local(zone))

    def as_local(self, zone: ZoneInfo) -> SQL:
        if self.form is Form.DAY:
            return sql("({text} || 'T00:00:00.000')", text=self.text)
        return _local(self.text, zone) if self.form is Form.UTC else self.text


def _local(text: SQL, zone: ZoneInfo) -> SQL:
    """The clock time in a zone of a stored moment; NULL for a stray value that is none."""
    return sql(
        "CASE WHEN length({text}) = 24 AND pg_input_is_valid({text}, 'timestamptz')"
        """ THEN to_char({text}::timestamptz AT TIME ZONE {zone}::text,
            'YYYY-MM-DD"T"HH24:MI:SS.MS') END""",
        text=text,
        zone=zone.key,
    )


def of(column: Column, parser: str, now: datetime, zone: ZoneInfo) -> Instant:
    """What a parser makes of a date or datetime property, or of any property's last change."""
    if parser == "UPDATED_AT":
        return Instant(Form.UTC, column.changed_at())
    found = Instant(Form.DAY if column.definition.type == "date" else Form.UTC, column.text)
    is_anniversary = parser.startswith("ANNIVERSARY")
    if found.form is Form.UTC and parser.endswith("SAME_LOCAL_CONVERSION"):
        found = Instant(Form.LOCAL, sql("left({text}, 23)", text=found.text))
    elif found.form is Form.UTC and is_anniversary:
        found = Instant(Form.LOCAL, found.as_local(zone))
    if not is_anniversary:
        return found
    return Instant(found.form, _in_year(found.text, moments.day_of(now, zone).year))


def _in_year(text: SQL, year: int) -> SQL:
    """The same day of another year; 29 February is 28 February in a common one (W-490)."""
    rest = sql("substr({text}, 5)", text=text)
    if moments.day_in_month(year, 2, 29).day == 28:
        rest = sql(
            "CASE WHEN substr({text}, 5, 6) = '-02-29' THEN '-02-28' || substr({text}, 11)"
            " ELSE {rest} END",
            text=text,
            rest=rest,
        )
    return sql("({year}::text || {rest})", year=f"{year:04d}", rest=rest)


def constant(moment: datetime) -> Instant:
    """A moment that is the same for every record."""
    return Instant(Form.UTC, sql("{text}::text", text=store_moment(moment)))


def compared(left: Instant, sign: str, right: Instant, zone: ZoneInfo) -> SQL:
    """Whether `left` is before or after `right`; NULL when one is missing. A day stays a day."""
    if left.form is Form.DAY:
        pair = left.text, right.as_day(zone)
    elif left.form is right.form is Form.UTC:
        pair = left.text, right.text
    else:
        pair = left.as_local(zone), right.as_local(zone)
    return sql('({left} COLLATE "C" {sign} {right})', left=pair[0], sign=SQL(sign), right=pair[1])
