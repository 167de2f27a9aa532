"""The columns of a list of records: what people call it, then the object type's list columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.utils.html import format_html

from crm.admin import values
from crm.admin_theme import display
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.property_types.base import Definition

Column = Callable[[Record], Any]
#: Choices with more options than this read better as plain text than as coloured labels.
MOST_CHIPS = 12
TONES = ("grey", "blue", "teal", "amber", "violet", "green", "rose")


def columns_of(
    kind: type[ObjectType], definitions: Definitions, chosen: Sequence[str] = ()
) -> list[Column]:
    """The record itself, then the `chosen` properties as far as they are seen, else the usual."""
    if chosen:
        seen = [definitions[name] for name in dict.fromkeys(chosen) if name in definitions]
        return [_title_column(kind, None), *(_property_column(item) for item in seen)]
    known = [definitions[name] for name in kind.list_columns if name in definitions]
    # A text such as the email stands below the name and needs no column of its own.
    below = known.pop(0) if known and known[0].type == "string" else None
    return [_title_column(kind, below), *(_property_column(item) for item in known)]


def _title_column(kind: type[ObjectType], below: Definition | None) -> Column:

    @display(description=kind.label)
    def title(record: Record) -> str:
        called = kind.title(record.properties, record.pk)
        second = values.shown(record, below) if below else ""
        return format_html(
            '<span class="co-who"><span class="co-avatar" aria-hidden="true">{}</span>'
            '<span class="co-names"><strong>{}</strong> <span class="co-muted">{}</span></span></span>',
            initials(called),
            called,
            second if second != called else "",
        )

    return title


def initials(name: str) -> str:
    words = [word for word in name.replace("@", " ").split() if word[:1].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "–"


def _property_column(definition: Definition) -> Column:
    def column(record: Record) -> str:
        value = values.value_of(record, definition)
        if value is None:
            return ""
        return chip(definition, value) or values.display(definition, value)

    column.short_description = definition.label  # type: ignore[attr-defined]
    column.__name__ = definition.name
    return column


def chip(definition: Definition, value: Any) -> str:
    """A coloured label for one of a few choices, "" for other values."""
    is_choice = definition.type == "enumeration" and definition.external_options != "OWNER"
    if not is_choice or isinstance(value, list):
        return ""
    places = [option.value for option in definition.options[:MOST_CHIPS]]
    if len(definition.options) > MOST_CHIPS or value not in places:
        return ""
    tone = TONES[places.index(value) % len(TONES)]
    text = values.display(definition, value)
    return format_html('<span class="co-chip co-{}">{}</span>', tone, text)
