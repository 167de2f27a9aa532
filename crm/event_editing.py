"""Making, changing and archiving custom events and their properties."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction

from crm import clock, event_definitions
from crm.event_definitions import DEFAULT_PROPERTIES
from crm.models import CustomEvent, CustomEventProperty
from crm.objects import base as objects
from crm.property_editing import InvalidDefinition
from crm.property_types.base import property_types
from crm.registry import UnknownKind

NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}", re.ASCII)
PROPERTY_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)
LONGEST_LABEL = 100
MOST_PROPERTIES = 50
DEFAULT_NAMES = frozenset(item.name for item in DEFAULT_PROPERTIES)


def name_from(label: str, longest: int = 50) -> str:
    """An internal name for something people call `label`; "" when none can be made of it."""
    name = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    return re.sub(r"^[0-9_]+", "", name)[:longest]


@transaction.atomic
def create(event: CustomEvent, properties: Sequence[CustomEventProperty] = ()) -> CustomEvent:
    """Save a new custom event and its properties; raises InvalidDefinition for all or none."""
    event.created_at = event.updated_at = clock.now()
    _require(_event_problems(event))
    names = [item.name for item in properties]
    if len(set(names)) < len(names):
        raise InvalidDefinition({"name": "Two properties have the same name."})
    try:
        with transaction.atomic():
            event.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidDefinition(
            {"name": f"An event named {event.name!r} exists, maybe archived."}
        ) from error
    for item in properties:
        item.event = event
    _require(_all_problems(event, properties))
    now = clock.now()
    for item in properties:
        item.created_at = now
    CustomEventProperty.objects.bulk_create(properties)
    return event


@transaction.atomic
def change(event: CustomEvent) -> None:
    """Save a changed custom event; raises InvalidDefinition. Name and object have to stay."""
    before = CustomEvent.objects.select_for_update().get(pk=event.pk)
    found = _event_problems(event)
    if before.name != event.name or before.object_type != event.object_type:
        found["name"] = "What occurrences are kept by cannot be changed: make a new event."
    _require(found)
    event.updated_at = clock.now()
    event.save()


@transaction.atomic
def archive(event: CustomEvent) -> None:
    """Take an event away: nobody can send it any more; what happened stays in the log."""
    CustomEvent.objects.filter(pk=event.pk, archived_at=None).update(
        archived_at=clock.now(), updated_at=clock.now()
    )


@transaction.atomic
def restore(event: CustomEvent) -> None:
    CustomEvent.objects.filter(pk=event.pk).update(archived_at=None, updated_at=clock.now())


@transaction.atomic
def add_property(item: CustomEventProperty) -> CustomEventProperty:
    """Save a new property of an event; raises InvalidDefinition."""
    event = CustomEvent.objects.select_for_update().get(pk=item.event_id)
    _require(_all_problems(event, [item], event.properties.filter(archived_at=None).count()))
    item.created_at = clock.now()
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError as error:
        raise InvalidDefinition(
            {"name": f"A property named {item.name!r} exists, maybe archived."}
        ) from error
    _touch(item)
    return item


@transaction.atomic
def change_property(item: CustomEventProperty) -> None:
    """Save a changed property; raises InvalidDefinition. Its name and type have to stay."""
    before = CustomEventProperty.objects.select_for_update().get(pk=item.pk)
    found = _property_problems(item)
    if (before.name, before.type) != (item.name, item.type):
        found["type"] = f"Its values are stored as {before.type}: make a new property."
    _require(found)
    item.save()
    _touch(item)


@transaction.atomic
def archive_property(item: CustomEventProperty) -> None:
    """Take a property away; the values that occurrences have stay."""
    CustomEventProperty.objects.filter(pk=item.pk, archived_at=None).update(archived_at=clock.now())
    _touch(item)


def _touch(item: CustomEventProperty) -> None:
    CustomEvent.objects.filter(pk=item.event_id).update(updated_at=clock.now())


def _require(found: Mapping[str, str]) -> None:
    wrong = {name: message for name, message in found.items() if message}
    if wrong:
        raise InvalidDefinition(wrong)


def problems(event: CustomEvent) -> dict[str, str]:
    """What is wrong with an event that is not saved yet: attribute -> message."""
    found = _event_problems(event)
    if not event.pk and CustomEvent.objects.filter(name=event.name).exists():
        found["name"] = f"An event named {event.name!r} exists, maybe archived."
    return {name: message for name, message in found.items() if message}


def property_problems(item: CustomEventProperty) -> dict[str, str]:
    """What is wrong with a property that is not saved yet: attribute -> message."""
    return {name: message for name, message in _property_problems(item).items() if message}


def _event_problems(event: CustomEvent) -> dict[str, str]:
    return {
        "name": ""
        if NAME.fullmatch(event.name)
        else "Use lower-case letters, digits, - and _, beginning with a letter; at most 50.",
        "label": _label_problem(event.label),
        "object_type": "" if _is_object_type(event.object_type) else "There is no such object.",
    }


def _is_object_type(key: str) -> bool:
    try:
        return objects.get(key).type_id == key
    except UnknownKind:
        return False


def _label_problem(label: str) -> str:
    is_good = 0 < len(label.strip()) <= LONGEST_LABEL
    return "" if is_good else f"A label has 1 to {LONGEST_LABEL} characters."


def _all_problems(
    event: CustomEvent, items: Iterable[CustomEventProperty], before: int = 0
) -> dict[str, str]:
    """The first property with problems tells them; so does one too many."""
    defaults = DEFAULT_NAMES if event.has_default_properties else frozenset()
    count = before
    for item in items:
        count += 1
        found = _property_problems(item)
        if item.name in defaults:
            found["name"] = "This is the name of a default property."
        if count > MOST_PROPERTIES:
            found["name"] = f"An event has at most {MOST_PROPERTIES} properties."
        if any(found.values()):
            return found
    return {}


def _property_problems(item: CustomEventProperty) -> dict[str, str]:
    return {
        "name": ""
        if PROPERTY_NAME.fullmatch(item.name)
        else "Use lower-case letters, digits and _, beginning with a letter; at most 100.",
        "label": _label_problem(item.label),
        "type": "" if item.type in property_types else f"There is no type {item.type[:40]!r}.",
        "options": _options_problem(item),
    }


def _options_problem(item: CustomEventProperty) -> str:
    values = [str(option["value"]) for option in item.options]
    if item.type != "enumeration":
        return "Only choices have options." if values else ""
    if not values:
        return "A choice needs at least one option."
    if len(set(values)) < len(values):
        return "Two options have the same internal value."
    return "An internal value has no semicolon in it." if ";" in "".join(values) else ""


def fully_qualified(event: CustomEvent) -> str:
    """What integrations call an event."""
    return event_definitions.PREFIX + event.name
