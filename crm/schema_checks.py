"""What can be wrong with a custom object that is made or changed: everything at once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from crm import property_editing, schema_icons
from crm.models import ObjectSchema, Property
from crm.objects import base as objects
from crm.objects import custom
from crm.objects.custom import CustomObject
from crm.property_types.base import Definition

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,49}", re.ASCII)
LONGEST_LABEL = 100
#: Words that HubSpot's addresses and ours use for something else than records.
RESERVED = frozenset(
    [
        "account",
        "association",
        "associations",
        "batch",
        "custom",
        "customs",
        "event",
        "events",
        "export",
        "exports",
        "import",
        "imports",
        "labels",
        "list",
        "lists",
        "object",
        "objects",
        "owner",
        "owners",
        "p",
        "pipeline",
        "pipelines",
        "properties",
        "property",
        "record",
        "records",
        "schema",
        "schemas",
        "search",
        "team",
        "teams",
        "user",
        "users",
        "workflow",
        "workflows",
    ]
)


class InvalidSchema(ValidationError):
    """A custom object cannot be so: attribute -> message, everything that is wrong at once."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__({name: [message] for name, message in errors.items()})


class SchemaTaken(InvalidSchema):
    """There is a custom object of this name already."""


class SchemaInUse(InvalidSchema):
    """There are records of the custom object that is to be taken away."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What can be changed of a custom object; None leaves as it is."""

    singular: str | None = None
    plural: str | None = None
    description: str | None = None
    icon: str | None = None
    #: Names of properties.
    required: Sequence[str] | None = None
    searchable: Sequence[str] | None = None
    primary: str | None = None
    secondary: Sequence[str] | None = None


def of_new(name: str, look: Look, fields: Sequence[Property]) -> dict[str, str]:
    """What is wrong with a new custom object and its first properties: attribute -> message."""
    known = _declared(name) | {item.name: item for item in fields}
    return {
        "name": _name_problem(name),
        **_label_problems(look, None),
        **_field_problems(fields),
        **_look_problems(look, known),
    }


def of_change(
    kind: type[CustomObject], look: Look, known: Mapping[str, Definition]
) -> dict[str, str]:
    """What is wrong with a change of a custom object with these properties."""
    return _label_problems(look, kind) | _look_problems(look, known)


def refuse(found: Mapping[str, str]) -> None:
    """Raise InvalidSchema if any of the messages says something."""
    wrong = {name: message for name, message in found.items() if message}
    if wrong:
        kind = SchemaTaken if wrong.get("name", "").endswith("already.") else InvalidSchema
        raise kind(wrong)


def _name_problem(name: str) -> str:
    if not NAME.fullmatch(name):
        return "Use letters, digits and _, beginning with a letter; at most 50."
    lower = name.lower()
    taken = {word for kind in objects.object_types for word in (kind.name, kind.plural)}
    if lower in taken or lower in RESERVED:
        return f"The name {name} is reserved."
    if ObjectSchema.objects.filter(name__iexact=name, purged_at=None).exists():
        return f"A custom object named {name} exists already."
    return ""


def _label_problems(look: Look, kind: type[CustomObject] | None) -> dict[str, str]:
    """Labels are there, short, and not those of another object."""
    taken = {
        word.lower()
        for other in objects.in_order()
        if kind is None or other.type_id != kind.type_id
        for word in (other.label, other.plural_label)
    }
    return {
        name: _label_problem(label, taken)
        for name, label in (("singular", look.singular), ("plural", look.plural))
        if label is not None or kind is None
    }


def _label_problem(label: str | None, taken: Iterable[str]) -> str:
    text = (label or "").strip()
    if not 0 < len(text) <= LONGEST_LABEL:
        return f"A label has 1 to {LONGEST_LABEL} characters."
    return f"Another object is called {text} already." if text.lower() in taken else ""


def _declared(name: str) -> dict[str, Definition]:
    """The properties that every custom object has."""
    group = custom.group_of(name)
    found = (objects.owner(group), *objects.system(group, "hs_lastmodifieddate", "hs_createdate"))
    return {item.name: item for item in found}


def _field_problems(fields: Sequence[Property]) -> dict[str, str]:
    """What is wrong with the first properties: by the name of each."""
    found: dict[str, str] = {}
    seen = set(_declared(""))
    for item in fields:
        wrong = property_editing.problems(item)
        if item.name in seen:
            wrong["name"] = "A property of this name exists."
        seen.add(item.name)
        if wrong:
            found[f"properties.{item.name[:100]}"] = " ".join(wrong.values())
    return found


def _look_problems(look: Look, known: Mapping[str, Any]) -> dict[str, str]:
    """Properties that are asked for have to be there; required ones can be written."""
    named = {
        "primary": [look.primary] if look.primary else [],
        "secondary": look.secondary or [],
        "searchable": look.searchable or [],
        "required": look.required or [],
    }
    found = {place: _unknown(names, known) for place, names in named.items()}
    fixed = [n for n in named["required"] if n in known and _is_fixed(known[n])]
    found["required"] = found["required"] or (
        f"{', '.join(fixed)} cannot be written, so it cannot be required." if fixed else ""
    )
    if look.icon is not None and look.icon not in schema_icons.ICONS:
        found["icon"] = "Choose one of the icons."
    return found


def _unknown(names: Iterable[str], known: Mapping[str, Any]) -> str:
    missing = [name[:100] for name in names if name not in known]
    return f"There is no property {', '.join(missing)}." if missing else ""


def _is_fixed(item: Definition | Property) -> bool:
    return item.is_read_only or (isinstance(item, Definition) and bool(item.column))
