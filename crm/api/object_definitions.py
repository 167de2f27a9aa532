"""Custom object types as the API names, reads and writes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from crm import schemas
from crm.api import definitions
from crm.api.endpoint import find_kind
from crm.api.errors import AlreadyExists, ApiError, NotFound
from crm.api.shapes import schemas as shapes
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.association_labels import InvalidLabel, LabelTaken
from crm.models import ObjectSchema, Property, PropertyGroup
from crm.objects import custom
from crm.objects.base import ObjectType
from crm.objects.custom import CustomObject
from crm.schema_checks import InvalidSchema, Look, SchemaTaken

#: What a custom object is called in an address: its type id, or its name with or without prefix.
TYPE_ID = re.compile(r"2-([0-9]{1,18})", re.ASCII)
FULL_NAME = re.compile(r"p[0-9]*_(.+)", re.ASCII | re.IGNORECASE)
#: Where the body says what we call otherwise.
PLACES = {
    "singular": "labels.singular",
    "plural": "labels.plural",
    "primary": "primaryDisplayProperty",
    "secondary": "secondaryDisplayProperties",
    "required": "requiredProperties",
    "searchable": "searchableProperties",
}


@contextmanager
def refused() -> Iterator[None]:
    """What cannot be, in the API's words: every mistake with its place in the body."""
    try:
        yield
    except (LabelTaken, InvalidLabel) as error:
        kind = AlreadyExists if isinstance(error, LabelTaken) else ApiError
        raise kind(" ".join(error.messages)) from error
    except InvalidSchema as error:
        kind = AlreadyExists if isinstance(error, SchemaTaken) else ApiError
        raise kind(_sentence(error.errors), errors=_entries(error.errors)) from error


def _sentence(found: Mapping[str, str]) -> str:
    return " ".join(f"{PLACES.get(name, name)}: {message}" for name, message in found.items())


def _entries(found: Mapping[str, str]) -> list[dict[str, str]]:
    return [
        {"message": message, "code": "INVALID_VALUE", "in": PLACES.get(name, name)}
        for name, message in found.items()
    ]


def every(*, archived: bool = False) -> list[type[CustomObject]]:
    """All custom object types, oldest first."""
    found = ObjectSchema.objects.filter(purged_at=None, archived_at__isnull=not archived)
    return _kinds(found.order_by("pk"))


def _kinds(rows: Iterable[ObjectSchema]) -> list[type[CustomObject]]:
    found = (custom.find(row.type_id) for row in rows)
    return [kind for kind in found if kind is not None]


def find(key: str, *, archived: bool = False) -> type[CustomObject]:
    """A custom object type by type id or name in any case; raises NotFound."""
    found = ObjectSchema.objects.filter(purged_at=None, archived_at__isnull=not archived)
    name = key.strip()
    number = TYPE_ID.fullmatch(name)
    full = FULL_NAME.fullmatch(name)
    by_name = found.filter(name__iexact=name)
    if number:
        kinds = _kinds(found.filter(pk=int(number[1])))
    else:
        kinds = _kinds(by_name) or (_kinds(found.filter(name__iexact=full[1])) if full else [])
    if not kinds:
        raise NotFound(f"There is no custom object type {key[:100]}.")
    return kinds[0]


def find_many(keys: Iterable[str]) -> tuple[list[type[CustomObject]], list[ApiError]]:
    """Those of some custom object types that are there, and an error for each of the others."""
    found: list[type[CustomObject]] = []
    missing: list[ApiError] = []
    for key in keys:
        try:
            found.append(find(key))
        except NotFound as error:
            missing.append(NotFound(error.message, context={"id": [key[:100]]}))
    return found, missing


def particulars(kind: type[CustomObject]) -> shapes.SchemaDefinition:
    """What the API says about a custom object type beside what all types have."""
    return {  # type: ignore[typeddict-item]
        "fullyQualifiedName": kind.full_name,
        "name": kind.own_name,
        "description": kind.description,
        "primaryDisplayProperty": kind.title_property or None,
        "secondaryDisplayProperties": list(kind.secondary_properties),
        "createdAt": as_moment(kind.created_at),
        "updatedAt": as_moment(kind.updated_at),
    }


def create(body: Fields) -> type[CustomObject]:
    """Make a custom object type from a body; raises ApiError."""
    name = body.text("name", "").strip()
    labels = body.object("labels")
    look = Look(
        singular=labels.text("singular", ""),
        plural=labels.text("plural", ""),
        description=body.text("description", ""),
        required=body.texts("requiredProperties"),
        searchable=body.texts("searchableProperties"),
        primary=body.text("primaryDisplayProperty", ""),
        secondary=body.texts("secondaryDisplayProperties"),
    )
    related = _related(body.texts("associatedObjects"))
    fields = _properties(name, body.objects("properties"))
    with refused():
        return schemas.create(name, look, fields, related)


def _related(keys: Sequence[str]) -> list[type[ObjectType]]:
    return list(dict.fromkeys(find_kind(key) for key in keys))


def _properties(name: str, given: Sequence[Fields]) -> list[Property]:
    group = PropertyGroup(object_type="", name=custom.group_of(name))
    return [definitions.read_first(fields, group) for fields in given]


def read_change(body: Fields) -> Look:
    """What a body changes of a custom object type; raises ApiError."""
    labels = body.object("labels")
    clears = body.flag("clearDescription", default=False)
    return Look(
        singular=_text(labels, "singular"),
        plural=_text(labels, "plural"),
        description="" if clears else _text(body, "description"),
        required=_texts(body, "requiredProperties"),
        searchable=_texts(body, "searchableProperties"),
        primary=_text(body, "primaryDisplayProperty"),
        secondary=_texts(body, "secondaryDisplayProperties"),
    )


def _text(fields: Fields, name: str) -> str | None:
    return None if fields.json.get(name) is None else fields.text(name)


def _texts(fields: Fields, name: str) -> list[str] | None:
    return None if fields.json.get(name) is None else fields.texts(name)
