"""Labels of associations that staff or programs add: one for each direction, or one for both."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from crm import associations
from crm.associations import PRIMARY
from crm.features import ASSOCIATION_LABELS, LABELS_PER_PAIR
from crm.models import AssociationType
from crm.objects.base import ObjectType
from crm.sql import rows, sql

USER_DEFINED = AssociationType.Category.USER_DEFINED
#: Labels are numbered one after the other, by one writer at a time.
LOCK = "crm.association_labels"
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
#: The name of the way back is eight characters longer.
LONGEST_NAME, LONGEST_LABEL = 92, 200


class InvalidLabel(ValidationError):
    """A label cannot be so; the message says why."""


class LabelTaken(InvalidLabel):
    """There is such a label, or such a name, between the two object types already."""


def between(start: type[ObjectType], end: type[ObjectType]) -> list[AssociationType]:
    """All types from one object type to another, standard ones too."""
    found = AssociationType.objects.filter(
        from_object_type=start.type_id, to_object_type=end.type_id
    )
    return list(found.order_by("category", "type_id"))


@transaction.atomic
def create(
    start: type[ObjectType],
    end: type[ObjectType],
    label: str,
    *,
    name: str,
    inverse_label: str = "",
) -> tuple[AssociationType, AssociationType]:
    """Make a label and what it is called from the other side: the same, or `inverse_label`.

    Raises InvalidLabel, UpgradeRequired when the plan has no labels or no more of them.
    """
    ASSOCIATION_LABELS.require()
    label = _clean(label)
    back_label = _clean(inverse_label) if inverse_label else label
    if not is_name(name):
        raise InvalidLabel(f"{name[:100]!r} is no name of a label: use letters, digits and _.")
    _one_writer()
    mine = [item for item in between(start, end) if item.category == USER_DEFINED and item.label]
    LABELS_PER_PAIR.require(len(mine) + 1)
    if any(name == item.name or label.lower() == item.label.lower() for item in mine):
        raise LabelTaken(f"There is a label {label!r} or a name {name!r} between these already.")
    number = _next_number()
    there = _save(number, start, end, name, label)
    if start is end and back_label == label:
        # One number is enough where both sides are the same.
        return _pair(there, there)
    return _pair(there, _save(number + 1, end, start, f"{name}_inverse", back_label))


def is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and bool(NAME.fullmatch(name))


def relate(
    start: type[ObjectType], end: type[ObjectType], *, name: str
) -> tuple[AssociationType, AssociationType]:
    """Let records of two object types be associated, by a type without a label in each direction.

    Raises InvalidLabel when they can be already.
    """
    _one_writer()
    if any(not item.label for item in between(start, end)):
        raise LabelTaken(
            f"{start.plural_label} and {end.plural_label.lower()} are related already."
        )
    number = _next_number()
    there = _save(number, start, end, name, "")
    if start is end:
        return _pair(there, there)
    start_name, is_usual, end_name = name.partition("_to_")
    back = f"{end_name}_to_{start_name}" if is_usual else f"{name}_inverse"
    return _pair(there, _save(number + 1, end, start, back, ""))


def _one_writer() -> None:
    rows(sql("SELECT pg_advisory_xact_lock(hashtext({lock}))", lock=LOCK))


def _next_number() -> int:
    last = AssociationType.objects.filter(category=USER_DEFINED).aggregate(last=Max("type_id"))
    return (last["last"] or 0) + 1


def _clean(text: str) -> str:
    label = text.strip()
    if not 0 < len(label) <= LONGEST_LABEL:
        raise InvalidLabel(f"A label has 1 to {LONGEST_LABEL} characters.")
    if label == PRIMARY:
        raise InvalidLabel(f"The label {PRIMARY!r} is a standard one.")
    return label


def _save(
    number: int, start: type[ObjectType], end: type[ObjectType], name: str, label: str
) -> AssociationType:
    return AssociationType.objects.create(
        type_id=number,
        category=USER_DEFINED,
        from_object_type=start.type_id,
        to_object_type=end.type_id,
        name=name,
        label=label,
    )


def _pair(there: AssociationType, back: AssociationType) -> tuple[AssociationType, AssociationType]:
    there.inverse, back.inverse = back, there
    there.save()
    back.save()
    return there, back


def find(start: type[ObjectType], end: type[ObjectType], number: int) -> AssociationType | None:
    """The custom label of this number from one object type to another."""
    return AssociationType.objects.filter(
        type_id=number,
        category=USER_DEFINED,
        from_object_type=start.type_id,
        to_object_type=end.type_id,
    ).first()


@transaction.atomic
def rename(kind: AssociationType, label: str, inverse_label: str = "") -> None:
    """Call a custom label otherwise; an empty `inverse_label` leaves the way back as it is."""
    kind.label = _clean(label)
    kind.save()
    if inverse_label and kind.inverse is not None:
        kind.inverse.label = _clean(inverse_label)
        kind.inverse.save()


@transaction.atomic
def remove(kind: AssociationType) -> None:
    """Remove a custom label from everything that carries it; its other direction goes with it."""
    associations.remove_all(kind)
    kind.delete()
