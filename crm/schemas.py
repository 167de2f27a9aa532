"""Making, changing, archiving and purging custom object types (A-138)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F

from crm import (
    association_labels,
    catalogue,
    clock,
    erasure,
    properties,
    property_editing,
    schema_checks,
    search,
)
from crm.features import CUSTOM_OBJECT_TYPES, CUSTOM_OBJECTS
from crm.models import AssociationType, ObjectSchema, Property, PropertyGroup, Record
from crm.objects import base as objects
from crm.objects import custom
from crm.objects.base import ObjectType
from crm.objects.custom import CustomObject
from crm.schema_checks import InvalidSchema, Look, SchemaInUse
from crm.sql import rows, sql, value
from crm.statements import Source

#: Counted no further.
MANY = 1000
#: One schema is made, or taken away, at a time: names and the plan's limit stay exact.
LOCK = "crm.schemas"


def new_properties(name: str, items: Iterable[Property]) -> list[Property]:
    """Property definitions without an object type, as they are given to `create`."""
    group = PropertyGroup(object_type="", name=custom.group_of(name))
    made = list(items)
    for item in made:
        item.object_type, item.group = "", group
    return made


def activities() -> list[type[ObjectType]]:
    """What people do with records: every custom object is related to these from the start."""
    return [kind for kind in objects.in_order() if kind.is_activity]


@transaction.atomic
def create(
    name: str, look: Look, fields: Sequence[Property], related: Sequence[type[ObjectType]] = ()
) -> type[CustomObject]:
    """Make a custom object with its first properties, related to other objects in both directions.

    The first property is the title of a record if `look` names none. Raises InvalidSchema with
    everything that is wrong, UpgradeRequired or LimitReached when the plan has no more of them.
    """
    CUSTOM_OBJECTS.require()
    _one_writer()
    CUSTOM_OBJECT_TYPES.require_room()
    schema_checks.refuse(schema_checks.of_new(name, look, fields))
    now = clock.now()
    row = ObjectSchema(name=name, created_at=now, updated_at=now)
    _apply(row, look)
    row.primary_display_property = look.primary or (fields[0].name if fields else "")
    row.save()
    kind = _kind(row)
    catalogue.write(kind)
    # Their own properties stand before those that every record has.
    standard = Property.objects.filter(object_type=kind.type_id)
    standard.update(display_order=F("display_order") + len(fields))
    group = PropertyGroup.objects.get(object_type=kind.type_id)
    for place, item in enumerate(fields):
        item.object_type, item.group = kind.type_id, group
        item.is_searchable = item.is_searchable or item.name in (look.searchable or ())
        if item.display_order < 0:
            item.display_order = place
    property_editing.create(fields)
    wanted = dict.fromkeys([*related, *activities()])
    for other in wanted:
        relate(kind, kind if other is kind else other)
    _add_permissions(kind)
    return _kind(row)


def _add_permissions(kind: type[CustomObject]) -> None:
    """What Django's groups can be given: to view, add, change and delete its records."""
    content, _ = ContentType.objects.get_or_create(app_label="crm", model=kind.name)
    Permission.objects.bulk_create(
        [
            Permission(
                content_type=content,
                codename=f"{verb}_{kind.name}",
                name=f"Can {verb} {kind.label.lower()}",
            )
            for verb in ("view", "add", "change", "delete")
        ],
        ignore_conflicts=True,
    )


@transaction.atomic
def update(kind: type[CustomObject], look: Look) -> type[CustomObject]:
    """Change what a custom object is called and shows; raises InvalidSchema."""
    _one_writer()
    row = _locked(kind)
    before = properties.load(kind.type_id)
    schema_checks.refuse(schema_checks.of_change(kind, look, before))
    _apply(row, look)
    row.updated_at = clock.now()
    row.save()
    if look.searchable is not None:
        _make_searchable(kind, look.searchable)
    return _kind(row)


@transaction.atomic
def archive(kind: type[CustomObject]) -> None:
    """Take a custom object away; raises SchemaInUse while there are records of it.

    Whoever is just making a record is waited for, and whoever comes later is refused.
    """
    _one_writer()
    row = _locked(kind, exclusively=True)
    count = count_records(kind)
    if count:
        raise SchemaInUse({"records": in_use(kind, count)})
    row.archived_at = row.updated_at = clock.now()
    row.save()
    custom.forget()


@transaction.atomic
def purge(kind: type[CustomObject], source: Source) -> None:
    """Remove what an archived custom object consists of for good, and set its name free.

    Its records, all archived by now, go too. Raises InvalidSchema while it is in use.
    """
    _one_writer()
    row = ObjectSchema.objects.select_for_update().get(pk=kind.schema_id)
    if row.archived_at is None:
        raise InvalidSchema({"records": f"{kind.label} has to be archived before it is purged."})
    _remove_records(kind, source)
    ContentType.objects.filter(app_label="crm", model=kind.name).delete()
    AssociationType.objects.filter(from_object_type=kind.type_id).delete()
    AssociationType.objects.filter(to_object_type=kind.type_id).delete()
    Property.objects.filter(object_type=kind.type_id).delete()
    PropertyGroup.objects.filter(object_type=kind.type_id).delete()
    row.purged_at = clock.now()
    row.save()
    custom.forget()


#: Erased at once.
CHUNK = 5000


def _remove_records(kind: type[CustomObject], source: Source) -> None:
    ids = list(Record.objects.filter(object_type=kind.type_id).values_list("pk", flat=True))
    for start in range(0, len(ids), CHUNK):
        erasure.remove(ids[start : start + CHUNK], source)


@transaction.atomic
def relate(
    start: type[ObjectType], end: type[ObjectType], name: str = ""
) -> tuple[AssociationType, AssociationType]:
    """Let records of a custom object be associated with those of another; there and back.

    Raises InvalidLabel when the name cannot be or the two are related already.
    """
    names = [own_name(start), own_name(end)]
    if name and not association_labels.is_name(name):
        raise association_labels.InvalidLabel(f"{name[:100]!r} is no name of an association.")
    return association_labels.relate(start, end, name=name or "_to_".join(names))


def own_name(kind: type[ObjectType]) -> str:
    """What people call a type in the names of its relations: "car", "contact"."""
    return kind.own_name if issubclass(kind, CustomObject) else kind.name


def relations(kind: type[CustomObject]) -> list[AssociationType]:
    """The association types of a custom object without a label, from it and to it."""
    found = AssociationType.objects.filter(label="", from_object_type=kind.type_id)
    back = AssociationType.objects.filter(label="", to_object_type=kind.type_id)
    return list((found | back).order_by("type_id"))


def unrelate(kind: type[CustomObject], number: int) -> bool:
    """Remove a relation of a custom object, and the associations of its records in both directions.

    False when there is none of this number.
    """
    found = next((one for one in relations(kind) if one.type_id == number), None)
    if found is None:
        return False
    association_labels.remove(found)
    return True


def count_records(kind: type[CustomObject]) -> int:
    """How many records there are, archived ones left out; MANY + 1 for all above MANY."""
    return int(
        value(
            sql(
                "SELECT count(*) FROM (SELECT FROM crm_record WHERE object_type = {type}"
                " AND archived_at IS NULL LIMIT {most}) n",
                type=kind.type_id,
                most=MANY + 1,
            )
        )
    )


def in_use(kind: type[CustomObject], count: int) -> str:
    """Why a custom object with this many records stays."""
    many = f"more than {MANY:,}" if count > MANY else f"{count:,}"
    shown = (kind.label if count == 1 else kind.plural_label).lower()
    are = "is" if count == 1 else "are"
    return f"There {are} {many} {shown}. Archive them first."


def _kind(row: ObjectSchema) -> type[CustomObject]:
    custom.forget()
    found = custom.find(row.type_id)
    assert found is not None, "it was just written"
    return found


def _one_writer() -> None:
    rows(sql("SELECT pg_advisory_xact_lock(hashtext({lock}))", lock=LOCK))
    # Another may have written while this one waited.
    custom.forget()


def _locked(kind: type[CustomObject], *, exclusively: bool = False) -> ObjectSchema:
    found = ObjectSchema.objects.select_for_update(no_key=not exclusively)
    row = found.filter(pk=kind.schema_id, archived_at=None).first()
    if row is None:
        raise InvalidSchema({"name": f"{kind.label} is not in use any more."})
    return row


def _apply(row: ObjectSchema, look: Look) -> None:
    given: dict[str, Any] = {
        "singular_label": look.singular.strip() if look.singular is not None else None,
        "plural_label": look.plural.strip() if look.plural is not None else None,
        "description": look.description,
        "icon": look.icon,
        "required_properties": None if look.required is None else list(look.required),
        "primary_display_property": look.primary or None,
        "secondary_display_properties": None if look.secondary is None else list(look.secondary),
    }
    for name, wanted in given.items():
        if wanted is not None:
            setattr(row, name, wanted)


def _make_searchable(kind: type[CustomObject], names: Sequence[str]) -> None:
    found = Property.objects.filter(object_type=kind.type_id, is_standard=False)
    changed = [item for item in found if item.is_searchable != (item.name in names)]
    for item in changed:
        item.is_searchable = not item.is_searchable
    if changed:
        Property.objects.bulk_update(changed, ["is_searchable"])
        search.refresh_type(kind.type_id, properties.load(kind.type_id))
