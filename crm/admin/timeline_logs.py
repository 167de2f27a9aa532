"""What crm knows about a record's past: its property changes and its events."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import Any, ClassVar

from crm import event_definitions, events
from crm.admin import values
from crm.admin.sources import Origin, Words, explain
from crm.admin.timeline import (
    Asked,
    Entry,
    Line,
    TimelineLog,
    Told,
    stretch,
    timeline_logs,
)
from crm.event_definitions import PREFIX, EventDefinition
from crm.models import CustomEvent
from crm.registry import Registry
from crm.sql import SQL, rows, sql

#: A change of more properties than this shows the first ones and how many more there are.
MOST_LINES = 6


@dataclass(frozen=True)
class PropertyChange:
    """One row of the history, with the value before it."""

    at: datetime
    origin: Origin
    name: str
    value: Any
    before: Any = field(compare=False)


@timeline_logs.register
class PropertyChanges(TimelineLog):
    name = "properties"
    label = "Property changes"
    order = 30

    def tell(self, asked: Asked) -> Told:
        changes, has_more = _changes(asked)
        words = explain({change.origin for change in changes})
        groups = groupby(changes, key=lambda change: (change.at, change.origin))
        entries = [_entry(asked, list(group), words) for _, group in groups]
        created = asked.record.created_at
        is_told = any(entry.at == created for entry in entries)
        is_due = asked.before is None or created < asked.before
        if is_due and not is_told and not has_more:
            entries.append(Entry(at=created, title=f"{asked.kind.label} created", icon="add"))
        return Told(entries=entries, has_more=has_more)


def _changes(asked: Asked) -> tuple[list[PropertyChange], bool]:
    seen = sql("property_name <> ALL({hidden}::text[])", hidden=list(asked.hidden))
    mine, has_more = stretch(SQL("crm_property_history"), asked, seen)
    query = sql(
        """
        SELECT h.at, h.source, h.source_id, h.user_id, h.property_name, h.value, (
            SELECT p.value FROM crm_property_history p
            WHERE p.record_id = h.record_id AND p.property_name = h.property_name
              AND (p.at, p.id) < (h.at, h.id)
            ORDER BY p.at DESC, p.id DESC LIMIT 1)
        FROM crm_property_history h WHERE {mine}
        ORDER BY h.at DESC, h.source, h.source_id, h.user_id, h.id
        """,
        mine=mine,
    )
    found = [
        PropertyChange(
            at,
            Origin(kind, source_id, user_id),
            name,
            values.from_json(value),
            values.from_json(old),
        )
        for at, kind, source_id, user_id, name, value, old in rows(query)
    ]
    return found, has_more


def _entry(asked: Asked, changes: Sequence[PropertyChange], words: dict[Origin, Words]) -> Entry:
    first = changes[0]
    is_creation = first.at == asked.record.created_at
    places = {name: place for place, name in enumerate(asked.definitions)}
    ordered = sorted(changes, key=lambda change: places.get(change.name, len(places)))
    lines = [_line(asked, change) for change in ordered]
    shown = lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        shown.append(Line(label=f"and {len(lines) - MOST_LINES} more"))
    return Entry(
        at=first.at,
        title=_title(asked, lines, is_creation=is_creation),
        icon="add" if is_creation else "edit",
        source=words[first.origin],
        lines=shown if is_creation or len(lines) > 1 else [],
    )


def _title(asked: Asked, lines: Sequence[Line], *, is_creation: bool) -> str:
    if is_creation:
        return f"{asked.kind.label} created"
    if len(lines) > 1:
        return f"{len(lines)} properties changed"
    only = lines[0]
    if not only.text:
        return f"{only.label} cleared (was {only.before})"
    if only.before:
        return f"{only.label}: {only.before} → {only.text}"
    return f"{only.label} set to {only.text}"


def _line(asked: Asked, change: PropertyChange) -> Line:
    definition = asked.definitions.get(change.name)
    if definition is None:
        return Line(
            label=change.name, text=str(change.value or ""), before=str(change.before or "")
        )
    texts = [
        "" if value is None else values.display(definition, value)
        for value in (change.value, change.before)
    ]
    return Line(label=definition.label, text=_short(texts[0]), before=_short(texts[1]))


def _short(text: str) -> str:
    return text if len(text) <= 120 else f"{text[:119]}…"


class EventWords:
    """How one type of event reads on a timeline."""

    type: ClassVar[str]
    icon: ClassVar[str] = "event"
    tone: ClassVar[str] = ""

    def title(self, properties: dict[str, Any]) -> str:
        raise NotImplementedError

    def lines(self, properties: dict[str, Any]) -> Iterable[Line]:
        return ()

    def url(self, properties: dict[str, Any]) -> str:
        """A page about it, which then stands for who or what did it."""
        return ""


event_words: Registry[EventWords] = Registry("event", "type")


class PlainEventWords(EventWords):
    """For types nobody has words for: "door.opened" reads "Door opened"."""

    def __init__(self, type_: str) -> None:
        self.kind = type_

    def title(self, properties: dict[str, Any]) -> str:
        return self.kind.replace(".", " ").replace("_", " ").capitalize()


class CustomEventWords(EventWords):
    """A custom event reads as it was named, with what it carries."""

    icon = "bolt"

    def __init__(self, definition: EventDefinition) -> None:
        self.definition = definition

    def title(self, properties: dict[str, Any]) -> str:
        return self.definition.label

    def lines(self, properties: dict[str, Any]) -> Iterable[Line]:
        for name, value in properties.items():
            known = self.definition.definitions.get(name)
            text = values.display(known, value) if known else str(value)
            yield Line(label=known.label if known else name, text=_short(text))


@event_words.register
class Archived(EventWords):
    type = "record.archived"
    icon = "archive"

    def title(self, properties: dict[str, Any]) -> str:
        return "Archived"


@event_words.register
class Restored(EventWords):
    type = "record.restored"
    icon = "unarchive"

    def title(self, properties: dict[str, Any]) -> str:
        return "Restored"


@event_words.register
class Merged(EventWords):
    type = events.MERGED
    icon = "merge"

    def title(self, properties: dict[str, Any]) -> str:
        return f"Record {properties.get('merged_id')} merged into this one"


@timeline_logs.register
class Events(TimelineLog):
    name = "events"
    label = "Activity"
    order = 20

    def tell(self, asked: Asked) -> Told:
        # Creation is told with the values it came with, by PropertyChanges.
        mine, has_more = stretch(SQL("crm_event"), asked, SQL("type <> 'record.created'"))
        query = sql(
            "SELECT at, source, source_id, type, properties FROM crm_event"
            " WHERE {mine} ORDER BY at DESC, id DESC",
            mine=mine,
        )
        found = rows(query)
        words = explain({Origin(kind, source_id) for _, kind, source_id, *_ in found})
        custom = _custom_words({type_ for _, _, _, type_, _ in found})
        entries = [
            _event(
                at,
                custom.get(type_) or words_for(type_),
                values.from_json(properties),
                words[Origin(kind, source_id)],
            )
            for at, kind, source_id, type_, properties in found
        ]
        return Told(entries=entries, has_more=has_more)


def words_for(type_: str) -> EventWords:
    known = event_words.find(type_)
    return known() if known else PlainEventWords(type_)


def _custom_words(types: Collection[str]) -> dict[str, EventWords]:
    """The words of custom events, archived ones too; asked for only if there are any."""
    names = [type_.removeprefix(PREFIX) for type_ in types if type_.startswith(PREFIX)]
    if not names:
        return {}
    found = CustomEvent.objects.filter(name__in=names).prefetch_related("properties")
    return {PREFIX + row.name: CustomEventWords(event_definitions.from_row(row)) for row in found}


def _event(at: datetime, told: EventWords, properties: dict[str, Any], source: Words) -> Entry:
    url = told.url(properties)
    return Entry(
        at=at,
        title=told.title(properties),
        icon=told.icon,
        tone=told.tone,
        lines=list(told.lines(properties)),
        url=url,
        source=None if url else source,
    )
