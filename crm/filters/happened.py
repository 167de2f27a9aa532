"""Conditions on what happened to a record: events in the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from crm.event_definitions import EventDefinition
from crm.filters.counted import Counted
from crm.filters.fields import Fields
from crm.filters.kinds import TRUE, Frame, Group, Reader, Subject
from crm.filters.occurrences import Occurrences
from crm.filters.refinements import base as refinements
from crm.filters.refinements.base import Window
from crm.sql import SQL, sql


@dataclass(frozen=True, kw_only=True)
class Happened(Counted):
    """An event of a kind happened to the record, as often as asked; or it did not.

    First the window leaves events out, then the filters on their properties are asked, then the
    tally counts; the operator comes last (A-126).
    """

    event: EventDefinition
    window: Window | None = None

    @classmethod
    def of(
        cls, fields: Fields, event: EventDefinition, group: Group, *, is_negative: bool, **more: Any
    ) -> Self:
        """The condition in `fields` on a kind of event; raises FilterError."""
        window = refinements.window(fields)
        is_moving = window is not None and window.is_time_sensitive
        return cls(
            path=fields.path,
            event_types=frozenset({event.name}),
            is_time_sensitive=is_moving or any(one.is_time_sensitive for one in group.conditions),
            is_negative=is_negative,
            event=event,
            window=window,
            tally=refinements.tally(fields),
            group=group,
            **more,
        )

    def occurrences(self, frame: Frame) -> Occurrences:
        inner = self.inner(frame)
        alias = SQL(inner.alias)
        among = sql("{alias}.type = {name}", alias=alias, name=self.event.name)
        if self.window is not None:
            inside = self.window.where(sql("{alias}.at", alias=alias), frame)
            among = sql("{among} AND {inside}", among=among, inside=inside)
        return Occurrences(
            tables=sql("crm_event {alias}", alias=alias),
            owner=sql("{alias}.record_id", alias=alias),
            record_id=frame.id,
            among=among,
            holds=self.group.where(inner, negated=False) if self.group else TRUE,
            is_few=frame.is_few,
        )

    def inner(self, frame: Frame) -> Frame:
        return frame.inside("e")

    def sentence(self, names: Mapping[Any, str]) -> str:
        parts = [self.event.label, "has not happened" if self.is_negative else "has happened"]
        parts += [self.tally.words()] if self.tally else []
        parts += [self.window.words()] if self.window else []
        has_lines = self.group is not None and any(True for _ in self.group.conditions)
        return " ".join(parts) + (" with this:" if has_lines else "")

    def note(self, frame: Frame) -> str:
        return self.window.note(frame) if self.window else ""

    def shown(self, seen: str | None) -> str:
        return f"{seen} times"


def find(fields: Fields, reader: Reader, name: str, key: str) -> EventDefinition:
    """The kind of event `key` that the field `name` stands for; raises FilterError.

    It has to be one that happens to the records that the filter is about.
    """
    event = reader.library.event(key)
    if event is None:
        raise fields.error(name, f"there is no kind of event {key[:60]!r}")
    if reader.subject.object_type and not event.fits(reader.subject.object_type):
        raise fields.error(name, f"{event.label} does not happen to records of this type")
    return event


def lines(
    fields: Fields, reader: Reader, event: EventDefinition, given: Sequence[Mapping[str, Any]] = ()
) -> Group:
    """Filters on the properties of an event, each {property, operation}; all of them have to hold.

    Without `given`, those in the field filterLines.
    """
    holder = Fields({"filterLines": list(given)}, fields.path) if given else fields
    return reader.lines(holder, "filterLines", Subject(event.definitions, is_event=True))


def line(property_name: str, operation_type: str, operator: str, **values: Any) -> dict[str, Any]:
    """One filter on a property of an event."""
    operation = {"operationType": operation_type, "operator": operator, **values}
    return {"property": property_name, "operation": operation}
