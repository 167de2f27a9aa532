from __future__ import annotations

from dataclasses import dataclass

from crm.filters import happened
from crm.filters.fields import Fields
from crm.filters.happened import Happened
from crm.filters.kinds import Condition, Reader, filter_types
from crm.filters.types.unified_events import no_data

OPERATORS = ["HAS_EVENT", "NOT_HAS_EVENT"]


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class CustomEvent(Happened):
    """A custom event happened; or did not."""

    type_name = "EVENT"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        key = fields.text("eventId")
        operator = fields.choice("operator", OPERATORS)
        unknown = no_data(fields, reader, key)
        if unknown is not None:
            return unknown
        event = happened.find(fields, reader, "eventId", key)
        group = happened.lines(fields, reader, event)
        return cls.of(fields, event, group, is_negative=operator == OPERATORS[1])
