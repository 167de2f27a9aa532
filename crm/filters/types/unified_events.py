from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters import event_forms, happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened
from crm.filters.inputs import Ask, Form, Input, Offer, Values
from crm.filters.kinds import Condition, Reader, Subject, Unusable, branch_types, filter_types
from crm.filters.scopes import Scope

OPERATORS = ["HAS_COMPLETED", "HAS_NOT_COMPLETED"]
EVENT_INPUTS = (
    Input(name="eventTypeId", ask=Ask.HIDDEN, label=""),
    event_forms.operator(
        ("HAS_COMPLETED", "has happened"), ("HAS_NOT_COMPLETED", "has not happened")
    ),
)
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

    @classmethod
    def offers(cls, scope: Scope) -> Iterable[Offer]:
        return event_forms.offers(scope)

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form | None:
        event = event_forms.event_of(values, scope)
        if event is None:
            return None
        form = event_forms.form(event, EVENT_INPUTS, values)
        return event_forms.with_lines(form, event, scope)

    @classmethod
    def to_form(cls, json: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        return event_forms.to_form(json, EVENT_INPUTS)

    @classmethod
    def from_form(cls, values: Values, scope: Scope) -> dict[str, Any]:
        return event_forms.from_form(values, EVENT_INPUTS)


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
