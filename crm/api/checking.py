"""Property values on their way in: cleaned row by row, every mistake of a row reported at once."""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from typing import Any

from crm import properties
from crm.access import Access, Verb
from crm.api import identity
from crm.api.errors import ApiError, Conflict
from crm.api.values import as_given, as_text
from crm.objects.base import ObjectType
from crm.properties import REQUIRED, Definitions, InvalidProperties

Row = dict[str, Any]
#: By the place of the input in its batch.
Rows = dict[int, Row]
Errors = dict[int, ApiError]

CODES = {
    "number": "INVALID_FLOAT",
    "date": "INVALID_DATE",
    "datetime": "INVALID_DATE",
    "bool": "INVALID_OPTION",
    "enumeration": "INVALID_OPTION",
}
EMAIL = "email"
CONTACT = "0-1"


def clean(
    definitions: Definitions,
    given: Mapping[int, Mapping[str, Any]],
    known: Container[int] = (),
) -> tuple[Rows, Errors]:
    """The rows that can be stored, in their stored form, and what is wrong with the others.

    `known` are the places of rows whose records are there; the others will be new ones.
    """
    rows: Rows = {}
    errors: Errors = {}
    for place, values in given.items():
        try:
            read = properties.clean if place in known else properties.clean_new
            rows[place] = read(
                definitions, {name: as_given(value) for name, value in values.items()}
            )
        except InvalidProperties as error:
            errors[place] = invalid(definitions, error.errors)
    return rows, errors


def invalid(definitions: Definitions, messages: Mapping[str, str]) -> ApiError:
    """The error for values that do not fit; its message carries the list, as clients parse it."""
    found = [
        {
            "isValid": False,
            "message": f'Property "{name[:100]}" {message}',
            "error": "REQUIRED_PROPERTY" if message == REQUIRED else _code(definitions, name),
            "name": name[:100],
            "localizedErrorMessage": f'Property "{name[:100]}" {message}',
            "portalId": 1,
        }
        for name, message in messages.items()
    ]
    return ApiError(
        f"Property values were not valid: {json.dumps(found, ensure_ascii=False)}",
        errors=[
            {
                "message": item["message"],
                "code": item["error"],
                "in": f"properties.{item['name']}",
                "context": {"propertyName": [item["name"]]},
            }
            for item in found
        ],
    )


def _code(definitions: Definitions, name: str) -> str:
    definition = definitions.get(name)
    if definition is None:
        return "PROPERTY_DOESNT_EXIST"
    if definition.column or definition.is_read_only:
        return "READ_ONLY_VALUE"
    if name == EMAIL:
        return "INVALID_EMAIL"
    return CODES.get(definition.type, "INVALID_VALUE")


def taken(
    kind: type[ObjectType],
    definitions: Definitions,
    rows: Rows,
    own: Mapping[int, int],
    rights: Access,
) -> Errors:
    """Rows with a unique value that another record, or an earlier row, has.

    `own` are the ids of the records that the rows will be written to, where there are any.
    """
    wanted = [
        (place, name, str(as_text(row[name])))
        for place, row in rows.items()
        for name in row
        if definitions[name].is_unique and row[name] is not None
    ]
    found = identity.holders(kind, [(name, value) for _, name, value in wanted])
    leaving = {(own[place], name) for place, row in rows.items() if place in own for name in row}
    seen: dict[tuple[str, str], int] = {}
    errors: Errors = {}
    clashes: dict[int, tuple[str, str, int]] = {}
    for (place, name, value), holder in zip(wanted, found, strict=True):
        first = seen.setdefault((name, value.lower()), place)
        if first != place:
            errors[place] = ApiError(f"Two inputs of this batch have the {name} {value[:80]}.")
        elif holder is not None and (holder, name) not in leaving:
            clashes[place] = (name, value, holder)
    known = rights.allowed(kind.type_id, {holder for *_, holder in clashes.values()}, Verb.VIEW)
    return errors | {
        place: exists(kind, name, value, holder if holder in known else None)
        for place, (name, value, holder) in clashes.items()
    }


def exists(kind: type[ObjectType], name: str, value: str, holder: int | None) -> Conflict:
    """The error for a value that another record has; None when nobody may know which one."""
    if holder is None:
        return Conflict(
            f"Cannot set {name} to {value[:80]}. Another record already has that value."
        )
    if (kind.type_id, name) == (CONTACT, EMAIL):
        return Conflict(f"{kind.label} already exists. Existing ID: {holder}")
    return Conflict(
        f"Cannot set {name} to {value[:80]}. {kind.label} {holder} already has that value.",
        context={"id": [str(holder)]},
    )
