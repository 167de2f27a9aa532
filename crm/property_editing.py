"""Making, changing, archiving and restoring property definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from crm import calculating, clock, properties
from crm.calculations.equation import check
from crm.calculations.formula import FormulaError
from crm.models import Property
from crm.objects import base as objects
from crm.objects.custom import CustomObject
from crm.properties import LONGEST_UNIQUE
from crm.property_types.base import property_types
from crm.sql import execute, literal, rows, sql

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}", re.ASCII)
#: Names that begin so belong to the standard properties.
RESERVED = "hs_"
LONGEST_LABEL = 200
EQUATION = "calculation_equation"
#: Types whose values can be kept apart.
UNIQUE_TYPES = ("string", "number")


class InvalidDefinition(ValidationError):
    """A property cannot be so: attribute -> message, everything that is wrong at once."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        self.errors = dict(errors)
        super().__init__({name: [message] for name, message in errors.items()})


def problems(item: Property) -> dict[str, str]:
    """What is wrong with a definition that is not saved yet: attribute -> message."""
    found = {
        "name": "" if item.pk else _name_problem(item.name),
        "label": ""
        if 0 < len(item.label.strip()) <= LONGEST_LABEL
        else f"A label has 1 to {LONGEST_LABEL} characters.",
        "group": _group_problem(item),
        "type": _type_problem(item),
        "options": _options_problem(item),
        "formula": _formula_problem(item),
        "is_unique": "Only text and numbers can be unique."
        if item.is_unique and item.type not in UNIQUE_TYPES
        else "",
    }
    return {name: message for name, message in found.items() if message}


def _name_problem(name: str) -> str:
    if not NAME.fullmatch(name):
        return "Use lower-case letters, digits and _, beginning with a letter; at most 100."
    return f"Names that begin with {RESERVED} are reserved." if name.startswith(RESERVED) else ""


def _group_problem(item: Property) -> str:
    if item.group.object_type == item.object_type:
        return ""
    return f"Choose a group of the {objects.get(item.object_type).label.lower()}."


def _type_problem(item: Property) -> str:
    kind = property_types.find(item.type)
    if kind is None or item.field_type not in kind.field_types:
        return f"The type {item.type[:40]!r} cannot be edited as {item.field_type[:40]!r}."
    before = Property.objects.filter(pk=item.pk).first() if item.pk else None
    if before is None:
        return ""
    # Every stored value would have to be rewritten.
    stored_alike = all(
        (before.field_type == name) == (item.field_type == name) for name in ("checkbox", EQUATION)
    )
    if before.type != item.type or not stored_alike:
        return f"Its values are stored as {before.type}: make a new property."
    return ""


def _options_problem(item: Property) -> str:
    values = [str(option["value"]) for option in item.options]
    if values and item.type not in ("enumeration", "bool"):
        return "Only choices have options."
    if not values and item.type == "enumeration" and not _has_external_options(item):
        return "A choice needs at least one option."
    if len(set(values)) < len(values):
        return "Two options have the same internal value."
    # Sets of options are written with semicolons between them.
    return "An internal value has no semicolon in it." if ";" in "".join(values) else ""


def _formula_problem(item: Property) -> str:
    """Calculated numbers, and only those, have a formula (A-099)."""
    if item.field_type != EQUATION:
        return "Only calculated numbers have a formula." if item.formula else ""
    if item.is_unique:
        return "A calculated number cannot be unique."
    try:
        check(item.name, item.formula, properties.load(item.object_type))
    except FormulaError as error:
        return f"The formula {error}."
    return ""


def _has_external_options(item: Property) -> bool:
    """Owners, pipelines and stages are kept elsewhere."""
    kind = objects.find(item.object_type)
    declared = kind.properties if kind else ()
    return any(one.external_options for one in declared if one.name == item.name)


@transaction.atomic
def create(items: Sequence[Property]) -> list[Property]:
    """Save new definitions, all or none; raises InvalidDefinition.

    The values of a unique one that records have already, from a property of that name in former
    times, are claimed; two alike are refused.
    """
    now = clock.now()
    for item in items:
        found = problems(item)
        if found:
            raise InvalidDefinition(found)
        item.created_at = item.updated_at = now
        item.is_read_only = item.is_read_only or bool(item.formula)
    try:
        with transaction.atomic():
            made = Property.objects.bulk_create(items)
    except IntegrityError as error:
        raise InvalidDefinition(
            {"name": "A property of this name exists, maybe archived."}
        ) from error
    for item in made:
        if item.is_unique:
            _claim(item)
        if item.formula:
            calculating.begin(item)
    return made


@transaction.atomic
def change(item: Property) -> None:
    """Save a changed definition; raises InvalidDefinition. Its name and type have to stay."""
    before = Property.objects.select_for_update().get(pk=item.pk)
    found = problems(item)
    if found:
        raise InvalidDefinition(found)
    item.updated_at = clock.now()
    item.save()
    if item.formula != before.formula:
        calculating.begin(item)


@transaction.atomic
def archive(items: Sequence[Property]) -> None:
    """Take definitions away; stored values stay. Raises InvalidDefinition for standard ones."""
    standard = [item.name for item in items if item.is_standard]
    if standard:
        names = ", ".join(standard)
        raise InvalidDefinition({"name": f"Standard properties cannot be archived: {names}."})
    _refuse_wanted(items)
    ids = [item.pk for item in items]
    Property.objects.filter(pk__in=ids, archived_at=None).update(archived_at=clock.now())
    for item in items:
        # Claimed again, and looked at anew, when it is restored.
        execute(
            sql(
                "DELETE FROM crm_uniquevalue WHERE object_type = {type} AND property_name = {name}",
                type=item.object_type,
                name=item.name,
            )
        )


def _refuse_wanted(items: Sequence[Property]) -> None:
    """A custom object keeps the properties it requires or shows its records by."""
    for item in items:
        kind = objects.find(item.object_type)
        if kind is None or not issubclass(kind, CustomObject):
            continue
        if item.name in (*kind.required_properties, kind.title_property, *kind.list_columns):
            raise InvalidDefinition(
                {"name": f"The custom object {kind.label} requires or shows {item.name}."}
            )


@transaction.atomic
def restore(item: Property) -> None:
    """Bring an archived definition back; raises InvalidDefinition when values are not unique."""
    Property.objects.filter(pk=item.pk).update(archived_at=None)
    if item.is_unique:
        _claim(item)


def _claim(item: Property) -> None:
    """Fill crm_uniquevalue for all records there are, in a fixed number of statements.

    Nobody can write the property meanwhile: until this transaction ends it does not exist.
    """
    mine: dict[str, Any] = {
        "type": item.object_type,
        "name": literal(item.name),
        "live": sql(
            "crm_record r WHERE r.object_type = {type} AND r.archived_at IS NULL"
            " AND r.properties ? {name}",
            type=item.object_type,
            name=literal(item.name),
        ),
        "longest": LONGEST_UNIQUE,
    }
    alike = rows(
        sql(
            "SELECT left(lower(r.properties->>{name}), 40) FROM {live}"
            " GROUP BY lower(r.properties->>{name})"
            " HAVING count(*) > 1 OR length(lower(r.properties->>{name})) > {longest} LIMIT 3",
            **mine,
        )
    )
    if alike:
        shown = ", ".join(repr(text) for (text,) in alike)
        raise InvalidDefinition(
            {"is_unique": f"Records share values, or they are too long: {shown}."}
        )
    execute(
        sql(
            "INSERT INTO crm_uniquevalue (record_id, object_type, property_name, value)"
            " SELECT r.id, r.object_type, {name}, lower(r.properties->>{name}) FROM {live}",
            **mine,
        )
    )
