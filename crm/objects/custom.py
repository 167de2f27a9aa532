"""Custom object types: kept in rows, in all else equal to those that are declared in files.

They are read in one query and kept for a moment, by each thread for itself. A type that is not
among those kept is looked for once more, so a new one is there for everybody as soon as it is
committed; of a changed one a thread may see the former labels for SCHEMA_MAX_AGE_SECONDS. What
must be exact asks the row itself: crm.schema_rules.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import CharField, OuterRef, Value
from django.db.models.functions import Cast, Concat

from crm.models import ObjectSchema, Property
from crm.objects.base import Enrolled, ObjectType, owner, sources, system

PREFIX = "2-"
#: The number of the account, of which an installation has one; it stands before the names.
PORTAL = 1


class CustomObject(ObjectType):
    """Records of a kind of your own, defined in the settings or through the API."""

    icon = "category"
    in_main_menu = True
    enrolled = Enrolled.ALWAYS
    is_custom = True
    #: The name that was chosen, and what it is called in the API: "Car", "p1_Car".
    own_name: ClassVar[str]
    full_name: ClassVar[str]
    schema_id: ClassVar[int]
    #: The property whose value is the title of a record.
    title_property: ClassVar[str]
    #: Properties worth seeing beside it.
    secondary_properties: ClassVar[tuple[str, ...]]
    description: ClassVar[str]
    created_at: ClassVar[datetime]
    updated_at: ClassVar[datetime]

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        shown = properties.get(cls.title_property)
        return f"{cls.label} {record_id}" if shown in (None, "", []) else str(shown)


@dataclass(frozen=True)
class _Row:
    """What of a row makes the type; equal rows make the very same class."""

    id: int
    name: str
    singular_label: str
    plural_label: str
    icon: str
    required_properties: tuple[str, ...]
    primary_display_property: str
    secondary_display_properties: tuple[str, ...]
    is_archived: bool
    unique_names: tuple[str, ...]
    description: str
    created_at: datetime
    updated_at: datetime


@lru_cache(maxsize=512)
def _kind_of(row: _Row) -> type[CustomObject]:
    full_name = f"p{PORTAL}_{row.name}"
    group = group_of(row.name)
    body = {
        "__module__": __name__,
        "__doc__": CustomObject.__doc__,
        "type_id": f"{PREFIX}{row.id}",
        "schema_id": row.id,
        "own_name": row.name,
        "full_name": full_name,
        # In addresses, where there are no capitals; nor has it another form for several.
        "name": full_name.lower(),
        "plural": full_name.lower(),
        "label": row.singular_label,
        "plural_label": row.plural_label,
        "icon": row.icon,
        "title_property": row.primary_display_property,
        "secondary_properties": row.secondary_display_properties,
        "description": row.description,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "required_properties": row.required_properties,
        "import_keys": row.unique_names,
        "list_columns": (*row.secondary_display_properties, "hubspot_owner_id", "hs_createdate"),
        "is_archived": row.is_archived,
        "groups": {group: f"{row.singular_label} information"},
        "properties": (owner(group), *system(group, "hs_lastmodifieddate", "hs_createdate")),
    }
    return type(full_name, (CustomObject,), body)


def group_of(name: str) -> str:
    """The name of the group in which the properties of a custom type stand (A-097)."""
    return f"{name.lower()}_information"


class _Kept(threading.local):
    """What this thread has read, and when."""

    def __init__(self) -> None:
        self.kinds: dict[str, type[CustomObject]] = {}
        self.read_at: float | None = None


_kept = _Kept()


def forget() -> None:
    """Read again at the next question: this thread has changed something."""
    _kept.read_at = None


def refresh() -> None:
    """Read now, at the beginning of a request."""
    unique = (
        Property.objects.filter(
            object_type=Concat(Value(PREFIX), Cast(OuterRef("pk"), CharField())),
            is_unique=True,
            archived_at=None,
        )
        .order_by("display_order", "name")
        .values("name")
    )
    found = ObjectSchema.objects.order_by("pk").annotate(unique_names=ArraySubquery(unique))
    kinds = [
        _kind_of(
            _Row(
                id=row.pk,
                name=row.name,
                singular_label=row.singular_label,
                plural_label=row.plural_label,
                icon=row.icon,
                required_properties=tuple(row.required_properties),
                primary_display_property=row.primary_display_property,
                secondary_display_properties=tuple(row.secondary_display_properties),
                is_archived=row.archived_at is not None,
                unique_names=tuple(row.unique_names),
                description=row.description,
                created_at=row.created_at,
                updated_at=row.updated_at,
            )
        )
        for row in found
    ]
    _kept.kinds = {kind.type_id: kind for kind in kinds}
    _kept.read_at = time.monotonic()


def _kinds() -> Mapping[str, type[CustomObject]]:
    read_at = _kept.read_at
    if read_at is None or time.monotonic() - read_at > settings.SCHEMA_MAX_AGE_SECONDS:
        refresh()
    return _kept.kinds


def live() -> list[type[CustomObject]]:
    """The types that are in use, oldest first."""
    return [kind for kind in _kinds().values() if not kind.is_archived]


def find(key: str) -> type[CustomObject] | None:
    """A custom type by its id, or one in use by its name; None if there is none."""
    before = _kept.read_at
    found = _find(key)
    if found is None and before is not None and _kept.read_at == before:
        refresh()
        found = _find(key)
    return found


def _find(key: str) -> type[CustomObject] | None:
    kinds = _kinds()
    if key in kinds:
        return kinds[key]
    return next((kind for kind in live() if key == kind.name), None)


class Rows:
    """These types for `crm.objects.base`."""

    find = staticmethod(find)
    live = staticmethod(live)


sources.append(Rows())
