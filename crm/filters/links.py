"""Types of associations as filters name them, and the way back along them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from crm.filters.fields import Fields
from crm.models import AssociationType
from crm.objects import base as objects
from crm.objects.base import ObjectType
from crm.registry import UnknownKind
from crm.sql import SQL, sql

CATEGORIES = ["HUBSPOT_DEFINED", "USER_DEFINED", "INTEGRATOR_DEFINED"]
LARGEST_NUMBER = 2**31 - 1


@dataclass(frozen=True)
class Link:
    """A type of association that leads to records of a type; any type without a number."""

    category: str
    number: int | None
    to_object_type: str

    @classmethod
    def parse(cls, fields: Fields, kind: type[ObjectType], *, needs_number: bool) -> Link:
        """The type in the fields associationTypeId and associationCategory."""
        if not needs_number and not fields.has("associationTypeId"):
            return cls("", None, kind.type_id)
        return cls(
            fields.choice("associationCategory", CATEGORIES, CATEGORIES[0]),
            fields.integer("associationTypeId", 1, LARGEST_NUMBER),
            kind.type_id,
        )

    def types(self, column: str, from_object_type: str = "") -> SQL:
        """A SELECT of a column of the association types that are meant.

        It gives nothing when there is no such type between the two object types any more.
        """
        query = sql(
            "SELECT {column} FROM crm_associationtype t WHERE t.to_object_type = {to}",
            column=SQL(column),
            to=self.to_object_type,
        )
        if from_object_type:
            query = sql(
                "{query} AND t.from_object_type = {kind}", query=query, kind=from_object_type
            )
        if self.number is None:
            return query
        return sql(
            "{query} AND t.category = {category} AND t.type_id = {number}",
            query=query,
            category=self.category,
            number=self.number,
        )

    def condition(self, from_object_type: str) -> SQL:
        """Whether the association `a` is of the type; it is looked up once per statement."""
        types = self.types("t.id", from_object_type)
        if self.number is None:
            return sql("a.type_id = ANY(ARRAY({types}))", types=types)
        return sql("a.type_id = ({types})", types=types)

    def exists(self, from_object_type: str) -> SQL:
        return sql("EXISTS ({types})", types=self.types("1", from_object_type))

    @property
    def missing(self) -> str:
        kind = objects.get(self.to_object_type)
        return f"there is no association type {self.number} to a {kind.name}"


@dataclass(frozen=True)
class WayBack:
    """From records at the end of an association to those it begins at; a Reach."""

    link: Link

    def __call__(self, record_ids: SQL) -> SQL:
        return sql(
            "SELECT a.to_record_id AS record_id FROM ({ids}) s JOIN crm_association a"
            " ON a.from_record_id = s.record_id AND a.type_id = ANY(ARRAY({types}))",
            ids=record_ids,
            types=self.link.types("coalesce(t.inverse_id, t.id)"),
        )


def labels(links: Collection[Link]) -> dict[Link, str]:
    """The labels of those types that there are; one query."""
    numbers = [link.number for link in links if link.number is not None]
    found = AssociationType.objects.filter(type_id__in=numbers) if numbers else []
    labelled = {Link(row.category, row.type_id, row.to_object_type): row.label for row in found} | {
        link: "" for link in links if link.number is None
    }
    return {link: labelled[link] for link in links if link in labelled}


def object_type(fields: Fields, name: str = "objectTypeId") -> type[ObjectType]:
    """The object type that a field names; raises FilterError."""
    key = fields.text(name)
    try:
        return objects.get(key)
    except UnknownKind:
        raise fields.error(name, f"there is no object type {key[:60]!r}") from None
