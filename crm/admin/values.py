"""Property values of records as staff see them."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest

from crm import access, properties
from crm.models import Record
from crm.properties import Definitions
from crm.property_types.base import Definition
from crm.property_types.date_time import store_moment


def definitions_of(request: HttpRequest, type_id: str) -> Definitions:
    """The properties of an object type as far as the user sees them, read once per request."""
    kept: dict[str, Definitions] = request.__dict__.setdefault("_property_definitions", {})
    if type_id not in kept:
        kept[type_id] = access.of(request.user).definitions(type_id)
    return kept[type_id]


def value_of(record: Record, definition: Definition) -> Any:
    """The stored value, None for none; a few live in columns of their own."""
    if definition.column == "id":
        return record.pk
    if definition.column:
        return store_moment(getattr(record, definition.column))
    return record.properties.get(definition.name)


def shown(record: Record, definition: Definition) -> str:
    """The value in words, "" for none."""
    return display(definition, value_of(record, definition))


def display(definition: Definition, value: Any) -> str:
    """A stored value in words; what does not fit its definition any more is shown as it is."""
    if definition.column == "id":
        return str(value)
    try:
        return properties.display(definition, value)
    except (ValueError, TypeError):
        return str(value)


def from_json(value: Any) -> Any:
    """A jsonb value as a plain cursor gives it: JSON in a text, None for NULL."""
    return json.loads(value) if isinstance(value, str) else value
