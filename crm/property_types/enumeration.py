from __future__ import annotations

from typing import Any

from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types


@property_types.register
class Enumeration(PropertyType):
    """One of the property's options, or with checkboxes a set of them."""

    name = "enumeration"
    label = "Choice"
    field_types = ("select", "radio", "checkbox", "booleancheckbox")

    def clean(self, value: Any, definition: Definition) -> str | list[str]:
        if not definition.is_multiple:
            return self._clean_one(str(value).strip(), definition)
        parts = value if isinstance(value, list) else str(value).split(";")
        given = {
            self._clean_one(str(part).strip(), definition) for part in parts if str(part).strip()
        }
        # In the order of the options, so that equal sets are stored equally.
        return [option.value for option in definition.options if option.value in given]

    def _clean_one(self, text: str, definition: Definition) -> str:
        for option in definition.options:
            if option.value == text:
                return text
        folded = text.casefold()
        for option in definition.options:
            if folded in (option.label.casefold(), option.value.casefold()):
                return option.value
        offered = ", ".join(option.value for option in definition.options[:8])
        raise InvalidValue(f"{text[:40]!r} is not an option ({offered or 'there are none'})")

    def display(self, value: Any, definition: Definition) -> str:
        labels = {option.value: option.label for option in definition.options}
        values = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(item, str(item)) for item in values)
