"""Writing what the object types declare into the tables: properties, groups, association types.

Runs after every migration. What staff may change (labels, options, order) is written only when a
row is new; what the code relies on (types, uniqueness) is written every time.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db import transaction

from crm import clock
from crm.models import AssociationType, Property, PropertyGroup
from crm.objects.base import ObjectType, Relation, object_types

WIRED = ["type", "field_type", "is_unique", "is_read_only", "is_searchable", "is_standard"]


@transaction.atomic
def synchronise() -> None:
    """Bring the tables up to what crm/objects declares."""
    for kind in object_types:
        _write_groups(kind)
        _write_properties(kind)
    for kind in object_types:
        for relation in kind.relations:
            _write_relation(kind.type_id, relation)


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
                created_at=now,
            )
            for place, item in enumerate(kind.properties)
        ],
        update_conflicts=True,
        unique_fields=["object_type", "name"],
        update_fields=WIRED,
    )


def _write_relation(from_object_type: str, relation: Relation) -> None:
    there, _ = AssociationType.objects.update_or_create(
        type_id=relation.type_id,
        category=AssociationType.Category.HUBSPOT_DEFINED,
        defaults=_relation_row(
            from_object_type, relation.to_object_type, relation.name, relation.label
        ),
    )
    back, _ = AssociationType.objects.update_or_create(
        type_id=relation.inverse_type_id,
        category=AssociationType.Category.HUBSPOT_DEFINED,
        defaults=_relation_row(
            relation.to_object_type,
            from_object_type,
            "_to_".join(reversed(relation.name.removesuffix("_unlabeled").split("_to_")))
            + ("_unlabeled" if relation.name.endswith("_unlabeled") else ""),
            relation.inverse_label,
        ),
    )
    if there.inverse_id != back.pk:
        AssociationType.objects.filter(pk=there.pk).update(inverse=back)
        AssociationType.objects.filter(pk=back.pk).update(inverse=there)


def _relation_row(source: str, target: str, name: str, label: str) -> dict[str, Any]:
    return {
        "from_object_type": source,
        "to_object_type": target,
        "name": name,
        "label": label,
    }
