"""Association types that programs add: labels, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crm import association_labels
from crm.api.errors import AlreadyExists, ApiError, NotFound
from crm.api.wire import Fields
from crm.association_labels import InvalidLabel, LabelTaken, between
from crm.models import AssociationType
from crm.objects.base import ObjectType

__all__ = ["between", "create", "remove", "rename"]


@contextmanager
def _refused() -> Iterator[None]:
    """What cannot be, in the API's words."""
    try:
        yield
    except LabelTaken as error:
        raise AlreadyExists(" ".join(error.messages)) from error
    except InvalidLabel as error:
        raise ApiError(" ".join(error.messages)) from error


def create(
    start: type[ObjectType], end: type[ObjectType], fields: Fields
) -> tuple[AssociationType, AssociationType]:
    """Make a label and what it is called from the other side."""
    with _refused():
        return association_labels.create(
            start,
            end,
            fields.text("label"),
            name=fields.text("name"),
            inverse_label=_inverse(fields),
        )


def _inverse(fields: Fields) -> str:
    return fields.text("inverseLabel") if fields.json.get("inverseLabel") else ""


def _own(start: type[ObjectType], end: type[ObjectType], number: int) -> AssociationType:
    found = association_labels.find(start, end, number)
    if found is None:
        raise NotFound(f"There is no custom label {number} between these object types.")
    return found


def rename(start: type[ObjectType], end: type[ObjectType], fields: Fields) -> None:
    there = _own(start, end, fields.integer("associationTypeId"))
    with _refused():
        association_labels.rename(there, fields.text("label"), _inverse(fields))


def remove(start: type[ObjectType], end: type[ObjectType], number: int) -> None:
    """Remove a label from everything that carries it; its other direction goes with it."""
    association_labels.remove(_own(start, end, number))
