from __future__ import annotations

from typing import Any

from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types

WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@property_types.register
class Boolean(PropertyType):
    """Yes or no."""

    name = "bool"
    label = "Yes or no"
    field_types = ("booleancheckbox", "radio", "select")

    def clean(self, value: Any, definition: Definition) -> bool:
        if isinstance(value, bool):
            return value
        found = WORDS.get(str(value).strip().lower())
        if found is None:
            raise InvalidValue(f"{str(value)[:40]!r} is neither true nor false")
        return found

    def display(self, value: Any, definition: Definition) -> str:
        return "Yes" if value else "No"
