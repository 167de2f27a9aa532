"""Property definitions and their groups as the API writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from crm import property_editing
from crm.api.errors import AlreadyExists, ApiError, NotFound
from crm.api.wire import Fields
from crm.models import Property, PropertyGroup
from crm.objects.base import ObjectType
from crm.property_editing import EQUATION, LONGEST_LABEL, NAME, InvalidDefinition
from crm.property_types.base import property_types

YES_NO = (("Yes", "true"), ("No", "false"))

#: What can be changed of a property that the product itself relies on.
OF_STANDARD = ("label", "options")


def rows(kind: type[ObjectType], *, archived: bool = False) -> QuerySet[Property]:
    found = Property.objects.filter(object_type=kind.type_id, archived_at__isnull=not archived)
    return found.select_related("group").order_by("display_order", "name")


def create(kind: type[ObjectType], inputs: Sequence[Fields]) -> list[Property]:
    """Make properties, all or none; raises ApiError."""
    groups = {row.name: row for row in PropertyGroup.objects.filter(object_type=kind.type_id)}
    made = [_read(kind.type_id, fields, groups) for fields in inputs]
    names = [item.name for item in made]
    taken = set(
        Property.objects.filter(object_type=kind.type_id, name__in=names).values_list(
            "name", flat=True
        )
    )
    for place, name in enumerate(names):
        if name in taken or name in names[:place]:
            raise AlreadyExists(f'A property named "{name}" already exists, maybe archived.')
    with _refused():
        return property_editing.create(made)


@contextmanager
def _refused() -> Iterator[None]:
    """What cannot be, in the API's words."""
    try:
        yield
    except InvalidDefinition as error:
        raise ApiError(" ".join(error.messages)) from error


def read_first(fields: Fields, group: PropertyGroup) -> Property:
    """One of the first properties of an object type that is not there yet; raises ApiError."""
    whole = {**fields.json, "groupName": fields.json.get("groupName") or group.name}
    return _read("", Fields(whole, fields.place("")[:-1]), {group.name: group})


def _read(type_id: str, fields: Fields, groups: dict[str, PropertyGroup]) -> Property:
    missing = [
        key
        for key in ("name", "label", "type", "fieldType", "groupName")
        if not fields.json.get(key)
    ]
    if missing:
        raise ApiError(f"{', '.join(map(fields.place, missing))} must be given.")
    made = Property(object_type=type_id, name=_name(fields), field_type="", type="")
    _apply(made, fields, groups)
    made.is_unique = fields.flag("hasUniqueValue", default=False)
    made.is_form_field = fields.flag("formField", default=made.field_type != EQUATION)
    return made


def _name(fields: Fields) -> str:
    name = fields.text("name")
    if not NAME.fullmatch(name):
        raise ApiError(
            f"{name[:100]!r} is no name: use up to 100 lower-case letters, digits and _,"
            " beginning with a letter."
        )
    return name


def _apply(item: Property, fields: Fields, groups: dict[str, PropertyGroup]) -> None:
    """Write what is given into a property."""
    if fields.json.get("groupName") is not None:
        name = fields.text("groupName")
        if name not in groups:
            raise ApiError(f"There is no property group {name[:100]!r}.")
        item.group = groups[name]
    if fields.json.get("label") is not None:
        item.label = _label(fields)
    if fields.json.get("description") is not None:
        item.description = fields.text("description")
    if fields.json.get("displayOrder") is not None:
        item.display_order = fields.integer("displayOrder")
    item.is_hidden = fields.flag("hidden", default=item.is_hidden)
    item.is_form_field = fields.flag("formField", default=item.is_form_field)
    item.formula = fields.text("calculationFormula", item.formula)
    _apply_type(item, fields)
    _apply_options(item, fields)


def _label(fields: Fields) -> str:
    label = fields.text("label").strip()
    if not 0 < len(label) <= LONGEST_LABEL:
        raise ApiError(f"{fields.place('label')} must have 1 to {LONGEST_LABEL} characters.")
    return label


def _apply_type(item: Property, fields: Fields) -> None:
    type_name = fields.text("type", item.type)
    field_type = fields.text("fieldType", item.field_type)
    kind = property_types.find(type_name)
    fitting = _field_types(type_name)
    if kind is None or field_type not in fitting:
        raise ApiError(
            f"The type {type_name[:40]!r} cannot be edited as {field_type[:40]!r}."
            + (f" It can as {', '.join(fitting)}." if fitting else "")
        )
    item.type, item.field_type = type_name, field_type


def _field_types(type_name: str) -> tuple[str, ...]:
    kind = property_types.find(type_name)
    if kind is None:
        return ()
    written = (EQUATION,) if type_name == "number" else ()
    return (*(n for n in kind.field_types if not n.startswith("calculation")), *written)


def _apply_options(item: Property, fields: Fields) -> None:
    given = fields.objects("options")
    if given:
        item.options = [_option(option, place) for place, option in enumerate(given)]
    elif item.type == "bool" and not item.options:
        item.options = [
            {"label": label, "value": value, "displayOrder": place, "hidden": False}
            for place, (label, value) in enumerate(YES_NO)
        ]


def _option(fields: Fields, place: int) -> dict[str, Any]:
    value, label = fields.text("value").strip(), fields.text("label").strip()
    if not value or not label or ";" in value:
        raise ApiError(
            f"{fields.place('value')} must be a value without a semicolon, with a label."
        )
    order = fields.json.get("displayOrder")
    return {
        "label": label,
        "value": value,
        "displayOrder": place if order is None else fields.integer("displayOrder"),
        "hidden": fields.flag("hidden", default=False),
        "description": fields.text("description", ""),
    }


@transaction.atomic
def update(kind: type[ObjectType], name: str, fields: Fields) -> Property:
    """Change a property; raises ApiError."""
    item = rows(kind).filter(name=name).select_for_update(of=("self",)).first()
    if item is None:
        raise NotFound(f"Property {name[:100]} does not exist.")
    known = (
        "label", "description", "groupName", "options", "displayOrder", "fieldType", "type",
        "calculationFormula",
    )  # fmt: skip
    given = [key for key in known if fields.json.get(key) is not None]
    wrong = [key for key in given if key not in OF_STANDARD]
    if item.is_standard and wrong:
        raise ApiError(f"{', '.join(wrong)} of the standard property {name} cannot be changed.")
    groups = {row.name: row for row in PropertyGroup.objects.filter(object_type=kind.type_id)}
    _apply(item, fields, groups)
    with _refused():
        property_editing.change(item)
    return item


def archive(kind: type[ObjectType], names: Sequence[str]) -> None:
    """Archive properties; those that are not there are left out, standard ones are refused."""
    found = list(rows(kind).filter(name__in=names))
    with _refused():
        property_editing.archive(found)


def group(kind: type[ObjectType], name: str) -> PropertyGroup:
    """A property group; raises NotFound."""
    found = PropertyGroup.objects.filter(object_type=kind.type_id, name=name).first()
    if found is None:
        raise NotFound(f"Property group {name[:100]} does not exist.")
    return found


def create_group(kind: type[ObjectType], fields: Fields) -> PropertyGroup:
    name = _group_name(fields)
    order = fields.integer("displayOrder") if fields.json.get("displayOrder") is not None else -1
    made, is_new = PropertyGroup.objects.get_or_create(
        object_type=kind.type_id,
        name=name,
        defaults={"label": _label(fields), "display_order": order},
    )
    if not is_new:
        raise AlreadyExists(f'A property group named "{name}" already exists.')
    return made


def _group_name(fields: Fields) -> str:
    name = fields.text("name")
    if not NAME.fullmatch(name):
        raise ApiError(f"{name[:100]!r} is no name of a group.")
    return name


def update_group(kind: type[ObjectType], name: str, fields: Fields) -> PropertyGroup:
    found = group(kind, name)
    changes: list[tuple[str, str, Callable[[], Any]]] = [
        ("label", "label", lambda: _label(fields)),
        ("displayOrder", "display_order", lambda: fields.integer("displayOrder")),
    ]
    for key, attribute, read in changes:
        if fields.json.get(key) is not None:
            setattr(found, attribute, read())
    found.save()
    return found


def archive_group(kind: type[ObjectType], name: str) -> None:
    """Remove a group that no property is in."""
    found = group(kind, name)
    if name in kind.groups:
        raise ApiError(f"The standard group {name} cannot be archived.")
    if Property.objects.filter(group=found, archived_at=None).exists():
        raise ApiError(f"There are properties in the group {name}.")
    with transaction.atomic():
        # Archived ones have to stand somewhere, should they be restored.
        refuge = PropertyGroup.objects.filter(
            object_type=kind.type_id, name=next(iter(kind.groups))
        )
        Property.objects.filter(group=found).update(group=refuge.get())
        found.delete()
