"""Property types: how a value is cleaned when written and shown when read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from crm.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Option:
    """One choice of an enumeration: the stored value and what people see."""

    value: str
    label: str
    hidden: bool = False
    #: Of a stage: the pipeline it is in.
    parent: str = ""


@dataclass(frozen=True, kw_only=True)
class Definition:
    """What a property is. Declared in crm/objects or read from the table of properties."""

    name: str
    label: str
    #: A name in `property_types`.
    type: str
    #: How it is edited: HubSpot's fieldType.
    field_type: str
    group: str
    description: str = ""
    options: tuple[Option, ...] = ()
    #: Where the options come from, if not from here: "OWNER", "PIPELINE" or "STAGE".
    external_options: str = ""
    is_unique: bool = False
    is_read_only: bool = False
    #: Read only because it is worked out from other values.
    is_calculated: bool = False
    #: How it is worked out: a crm.calculations.base.Calculation.
    calculation: Any = None
    is_searchable: bool = False
    #: Every new record needs a value of it.
    is_required: bool = False
    #: The column of crm_record that holds it, for the few that are not in `properties`.
    column: str = ""

    @property
    def is_multiple(self) -> bool:
        """Whether the value is a set of options, stored as a JSON array."""
        return self.type == "enumeration" and self.field_type == "checkbox"


class InvalidValue(ValueError):
    """A value does not fit its property; the message says what would."""


class PropertyType:
    """A type of property value. Subclasses say how to store it and how to show it."""

    name: ClassVar[str]
    label: ClassVar[str]
    #: HubSpot's field types that this type may be edited with; the first is the default.
    field_types: ClassVar[tuple[str, ...]]

    def clean(self, value: Any, definition: Definition) -> Any:
        """The stored form of `value` (never empty text); raises InvalidValue."""
        raise NotImplementedError

    def display(self, value: Any, definition: Definition) -> str:
        """A stored value as people read it."""
        return str(value)


property_types: Registry[PropertyType] = Registry("property type", "name")


def type_of(definition: Definition) -> PropertyType:
    """The type of a property, ready to clean and show its values."""
    return property_types.get(definition.type)()


def as_text(stored: Any) -> str | None:
    """A stored value as programs read it: HubSpot's text for it, None for no value."""
    if stored is None or isinstance(stored, str):
        return stored
    if isinstance(stored, bool):
        return "true" if stored else "false"
    if isinstance(stored, list):
        return ";".join(str(item) for item in stored)
    if isinstance(stored, float):
        return f"{Decimal(repr(stored)):f}"
    return str(stored)
