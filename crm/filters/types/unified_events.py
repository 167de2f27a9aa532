from __future__ import annotations

import re
from dataclasses import dataclass

from crm.filters import happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened
from crm.filters.kinds import Condition, Reader, Subject, Unusable, branch_types, filter_types

OPERATORS = ["HAS_COMPLETED", "HAS_NOT_COMPLETED"]
#: The form of HubSpot's numbers of kinds of events.
EVENT_ID = re.compile(r"\d{1,9}-\d{1,18}", re.ASCII)


def no_data(fields: Fields, reader: Reader, key: str) -> Condition | None:
    """A condition that matches nobody, for a kind of event that is HubSpot's and not ours."""
    if reader.library.event(key) is not None or not EVENT_ID.fullmatch(key):
        return None
    problem = f"integration not connected: no events of the kind {key} are recorded"
    return Unusable(path=fields.path, problem=problem)


@branch_types.register
@dataclass(frozen=True, kw_only=True)
class UnifiedEventsBranch(Happened):
    """An event whose properties meet the filters happened, as often as asked; or it did not."""

    type_name = "UNIFIED_EVENTS"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        key = fields.text("eventTypeId")
        operator = fields.choice("operator", OPERATORS, OPERATORS[0])
        unknown = no_data(fields, reader, key)
        if unknown is not None:
            return unknown
        if fields.objects("filterBranches"):
            raise fields.error("filterBranches", "must be empty: filters on events do not nest")
        event = happened.find(fields, reader, "eventTypeId", key)
        group = reader.group(fields, Subject(event.definitions, is_event=True))
        return cls.of(fields, event, group, is_negative=operator == OPERATORS[1])


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class UnifiedEvents(Happened):
    """The same as the branch, with its filters in `filterLines`."""

    type_name = "UNIFIED_EVENTS"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        key = fields.text("eventTypeId")
        operator = fields.choice("operator", OPERATORS, OPERATORS[0])
        unknown = no_data(fields, reader, key)
        if unknown is not None:
            return unknown
        event = happened.find(fields, reader, "eventTypeId", key)
        group = happened.lines(fields, reader, event)
        return cls.of(fields, event, group, is_negative=operator == OPERATORS[1])
