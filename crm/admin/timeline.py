"""What happened to a record, newest first, told from several logs.

Every log answers with its entries before a moment, whole moments only, so that pages can be cut by
time alone and nothing is lost or shown twice where one transaction wrote many rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from crm.admin.sources import Words
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.registry import Registry
from crm.sql import SQL, rows, sql

#: How many moments a part of the timeline spans in each log.
SIZE = 30


@dataclass(frozen=True, kw_only=True)
class Line:
    """A detail of an entry: a label, the value now, the value before."""

    label: str
    text: str = ""
    before: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened."""

    at: datetime
    title: str
    #: A name of Google's Material Symbols.
    icon: str
    source: Words | None = None
    lines: Sequence[Line] = ()
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which part of whose timeline is wanted."""

    record: Record
    kind: type[ObjectType]
    definitions: Definitions
    #: Names of properties that are not told about.
    hidden: Sequence[str] = ()
    before: datetime | None = None
    size: int = SIZE


@dataclass(frozen=True, kw_only=True)
class Told:
    """Entries, newest first, and whether the log holds older ones."""

    entries: list[Entry]
    has_more: bool = False


class TimelineLog:
    """One log that knows something about records."""

    name: ClassVar[str]
    #: On the button that shows this log alone.
    label: ClassVar[str]
    order: ClassVar[int] = 50

    def tell(self, asked: Asked) -> Told:
        """The entries of the next `asked.size` moments before `asked.before`."""
        raise NotImplementedError


EVERYTHING = SQL("true")


def stretch(table: SQL, asked: Asked, where: SQL = EVERYTHING) -> tuple[SQL, bool]:
    """A condition on the rows of a log with columns record_id and at: those of the next moments.

    Also whether the log has older rows. `table` is a FROM item.
    """
    mine = sql("record_id = {record} AND ({where})", record=asked.record.pk, where=where)
    if asked.before is not None:
        mine = sql("{mine} AND at < {before}", mine=mine, before=asked.before)
    moments = rows(
        sql(
            "SELECT DISTINCT at FROM {table} WHERE {mine} ORDER BY at DESC LIMIT {most}",
            table=table,
            mine=mine,
            most=asked.size + 1,
        )
    )
    if len(moments) <= asked.size:
        return mine, False
    return sql("{mine} AND at >= {last}", mine=mine, last=moments[asked.size - 1][0]), True


timeline_logs: Registry[TimelineLog] = Registry("timeline log", "name")


def logs() -> list[type[TimelineLog]]:
    return sorted(timeline_logs, key=lambda log: (log.order, log.name))


def told(asked: Asked, only: str = "") -> Told:
    """The next part of the timeline, from all logs or only one."""
    parts = [log().tell(asked) for log in logs() if only in ("", log.name)]
    # Below the last entry of a log that was cut short, that log may know more: the cut is there.
    cuts = [part.entries[-1].at for part in parts if part.has_more and part.entries]
    cut = max(cuts, default=None)
    entries = [entry for part in parts for entry in part.entries if cut is None or entry.at >= cut]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    return Told(entries=entries, has_more=cut is not None)
