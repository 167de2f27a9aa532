"""Writing what the object types declare into the tables: properties, pipelines, association types.

Runs after every migration. What staff may change (labels, options, order) is written only when a
row is new; what the code relies on (types, uniqueness) is written every time.
"""

from __future__ import annotations

from dataclasses import asdict

from django.db import transaction

from crm import clock, pipelines
from crm.models import AssociationType, Property, PropertyGroup
from crm.objects import custom
from crm.objects.base import ObjectType, Relation, in_order, object_types
from crm.sql import execute, sql

WIRED = ["type", "field_type", "is_unique", "is_read_only", "is_searchable", "is_standard"]


@transaction.atomic
def synchronise() -> None:
    """Bring the tables up to what crm/objects declares."""
    # Whoever emptied the tables emptied that of the custom objects too.
    custom.refresh()
    for kind in in_order():
        write(kind)
    _write_relations()


def write(kind: type[ObjectType]) -> None:
    """Bring the groups, properties and pipelines of one object type up to what it declares."""
    _write_groups(kind)
    _write_properties(kind)
    pipelines.seed(kind)


def _write_groups(kind: type[ObjectType]) -> None:
    PropertyGroup.objects.bulk_create(
        [
            PropertyGroup(object_type=kind.type_id, name=name, label=label, display_order=place)
            for place, (name, label) in enumerate(kind.groups.items())
        ],
        ignore_conflicts=True,
    )


def _write_properties(kind: type[ObjectType]) -> None:
    groups = {group.name: group for group in PropertyGroup.objects.filter(object_type=kind.type_id)}
    now = clock.now()
    Property.objects.bulk_create(
        [
            Property(
                object_type=kind.type_id,
                name=item.name,
                label=item.label,
                description=item.description,
                group=groups[item.group],
                type=item.type,
                field_type=item.field_type,
                options=[
                    asdict(option) | {"displayOrder": n} for n, option in enumerate(item.options)
                ],
                display_order=place,
                is_unique=item.is_unique,
                is_read_only=item.is_read_only,
                is_searchable=item.is_searchable,
                is_standard=True,
                is_form_field=not item.is_read_only,
                created_at=now,
                updated_at=now,
            )
            for place, item in enumerate(kind.properties)
        ],
        update_conflicts=True,
        unique_fields=["object_type", "name"],
        update_fields=WIRED,
    )


def _write_relations() -> None:
    """All standard association types at once, each with the one of the way back as its inverse."""
    there = [(kind.type_id, relation) for kind in object_types for relation in kind.relations]
    kinds = {relation.type_id: _there(source, relation) for source, relation in there}
    # A relation among equals has one number for both ways.
    kinds = {
        relation.inverse_type_id: _back(source, relation) for source, relation in there
    } | kinds
    AssociationType.objects.bulk_create(
        kinds.values(),
        update_conflicts=True,
        unique_fields=["category", "type_id"],
        update_fields=["from_object_type", "to_object_type", "name", "label"],
    )
    execute(
        sql(
            """
            UPDATE crm_associationtype t SET inverse_id = other.id
            FROM unnest({there}::int[], {back}::int[]) AS pair(one, two),
                crm_associationtype other
            WHERE t.category = {category} AND other.category = {category}
              AND t.type_id = pair.one AND other.type_id = pair.two
              AND t.inverse_id IS DISTINCT FROM other.id
            """,
            there=[number for _, one in there for number in (one.type_id, one.inverse_type_id)],
            back=[number for _, one in there for number in (one.inverse_type_id, one.type_id)],
            category=AssociationType.Category.HUBSPOT_DEFINED.value,
        )
    )


def _there(source: str, relation: Relation) -> AssociationType:
    return AssociationType(
        type_id=relation.type_id,
        category=AssociationType.Category.HUBSPOT_DEFINED,
        from_object_type=source,
        to_object_type=relation.to_object_type,
        name=relation.name,
        label=relation.label,
    )


def _back(source: str, relation: Relation) -> AssociationType:
    ending = "_unlabeled" if relation.name.endswith("_unlabeled") else ""
    words = relation.name.removesuffix("_unlabeled").split("_to_")
    return AssociationType(
        type_id=relation.inverse_type_id,
        category=AssociationType.Category.HUBSPOT_DEFINED,
        from_object_type=relation.to_object_type,
        to_object_type=source,
        name="_to_".join(reversed(words)) + ending,
        label=relation.inverse_label,
    )
