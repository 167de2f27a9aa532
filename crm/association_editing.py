"""What staff say two records are to each other: the labels of a pair are written together."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from crm import association_labels, associations
from crm.associations import PRIMARY
from crm.models import Association, AssociationType
from crm.objects.base import ObjectType

Pair = tuple[int, int]


class InvalidLabels(ValidationError):
    """Two records cannot be related so; the message says why."""


def labels(start: type[ObjectType], end: type[ObjectType]) -> list[AssociationType]:
    """The types with a label from one object type to another, the primary one first."""
    found = [item for item in association_labels.between(start, end) if item.label]
    return sorted(found, key=lambda item: (not is_primary(item), item.label.lower()))


def is_primary(item: AssociationType) -> bool:
    return item.label == PRIMARY and item.category == AssociationType.Category.HUBSPOT_DEFINED


def needs_label(start: type[ObjectType], end: type[ObjectType]) -> bool:
    """Whether records of these types are related by labels alone, such as a parent company."""
    return all(item.label for item in association_labels.between(start, end))


def types_of(pair: Pair) -> set[int]:
    """The ids of all types by which the first of two records is related to the second."""
    found = Association.objects.filter(from_record_id=pair[0], to_record_id=pair[1])
    return set(found.values_list("type_id", flat=True))


@transaction.atomic
def relate(
    start: type[ObjectType], end: type[ObjectType], pair: Pair, wanted: Collection[int]
) -> None:
    """Let two records be related with these labels (ids of types) and no others.

    The primary label stays where it is until another record takes it. Raises InvalidLabels for
    what is no label between these types, and without one where one is needed.
    """
    types = {item.pk: item for item in association_labels.between(start, end)}
    known = {key: item for key, item in types.items() if item.label}
    if not set(wanted) <= set(known):
        raise InvalidLabels(f"This is no label between {start.label} and {end.label}.")
    there = types_of(pair)
    kept = {key for key in there & set(known) if is_primary(known[key])}
    if not wanted and not kept and len(known) == len(types):
        raise InvalidLabels("Choose at least one label.")
    plain = {key for key in types if key not in known}
    added = set(wanted) - there or (plain - there if not there else set())
    for key in sorted(added):
        associations.associate(types[key], associations.pairs([pair]))
    for key in sorted((there & set(known)) - set(wanted) - kept):
        associations.dissociate(types[key], associations.pairs([pair]))


@transaction.atomic
def remove(start: type[ObjectType], end: type[ObjectType], pairs: Sequence[Pair]) -> None:
    """Remove every association between pairs of records: one statement per type."""
    for item in AssociationType.objects.filter(
        from_object_type=start.type_id, to_object_type=end.type_id
    ).order_by("pk"):
        associations.dissociate(item, associations.pairs(pairs))
