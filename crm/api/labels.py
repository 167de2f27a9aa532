"""Association types that staff or programs add: labels, in both directions."""

from __future__ import annotations

import re

from django.db import connection, transaction
from django.db.models import Max

from crm.api.errors import AlreadyExists, ApiError, NotFound
from crm.api.wire import Fields
from crm.features import ASSOCIATION_LABELS, LABELS_PER_PAIR
from crm.models import AssociationType
from crm.objects.base import ObjectType

USER_DEFINED = AssociationType.Category.USER_DEFINED
#: Labels are numbered one after the other, by one writer at a time.
LOCK = "crm.association_labels"
LONGEST_NAME, LONGEST_LABEL = 100, 200


def between(start: type[ObjectType], end: type[ObjectType]) -> list[AssociationType]:
    """All types from one object type to another."""
    found = AssociationType.objects.filter(
        from_object_type=start.type_id, to_object_type=end.type_id
    )
    return list(found.order_by("category", "type_id"))


@transaction.atomic
def create(
    start: type[ObjectType], end: type[ObjectType], fields: Fields
) -> tuple[AssociationType, AssociationType]:
    """Make a label and what it is called from the other side."""
    ASSOCIATION_LABELS.require()
    label, name = _label(fields, "label"), fields.text("name")
    back_label = _label(fields, "inverseLabel") if fields.json.get("inverseLabel") else label
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name) or len(name) > LONGEST_NAME - 8:
        raise ApiError(f"{name[:100]!r} is no name of a label: use letters, digits and _.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [LOCK])
    mine = [item for item in between(start, end) if item.category == USER_DEFINED]
    LABELS_PER_PAIR.require(len(mine) + 1)
    if any(name == item.name or label.lower() == item.label.lower() for item in mine):
        raise AlreadyExists(f"There is a label {label!r} or a name {name!r} between these already.")
    last = AssociationType.objects.filter(category=USER_DEFINED).aggregate(last=Max("type_id"))
    number = (last["last"] or 0) + 1
    there = AssociationType.objects.create(
        type_id=number, category=USER_DEFINED, name=name, label=label,
        from_object_type=start.type_id, to_object_type=end.type_id,
    )  # fmt: skip
    if start is end and back_label == label:
        # One number is enough where both sides are the same.
        there.inverse = there
        there.save()
        return there, there
    back = AssociationType.objects.create(
        type_id=number + 1, category=USER_DEFINED, name=f"{name}_inverse", label=back_label,
        from_object_type=end.type_id, to_object_type=start.type_id, inverse=there,
    )  # fmt: skip
    there.inverse = back
    there.save()
    return there, back


def _label(fields: Fields, name: str) -> str:
    label = fields.text(name).strip()
    if not 0 < len(label) <= LONGEST_LABEL:
        raise ApiError(f"{name} must have 1 to {LONGEST_LABEL} characters.")
    return label


def _own(start: type[ObjectType], end: type[ObjectType], number: int) -> AssociationType:
    found = AssociationType.objects.filter(
        type_id=number,
        category=USER_DEFINED,
        from_object_type=start.type_id,
        to_object_type=end.type_id,
    ).first()
    if found is None:
        raise NotFound(f"There is no custom label {number} between these object types.")
    return found


@transaction.atomic
def rename(start: type[ObjectType], end: type[ObjectType], fields: Fields) -> None:
    there = _own(start, end, fields.integer("associationTypeId"))
    there.label = _label(fields, "label")
    there.save()
    if fields.json.get("inverseLabel") and there.inverse is not None:
        there.inverse.label = _label(fields, "inverseLabel")
        there.inverse.save()


def remove(start: type[ObjectType], end: type[ObjectType], number: int) -> None:
    """Remove a label from everything that carries it; its other direction goes with it."""
    _own(start, end, number).delete()
