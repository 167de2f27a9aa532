from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm import properties
from crm.filters import links
from crm.filters.counted import Counted
from crm.filters.fields import Fields
from crm.filters.kinds import TRUE, Frame, Reader, Subject, branch_types, filter_types
from crm.filters.occurrences import Occurrences
from crm.filters.refinements import base as refinements
from crm.filters.types.association import OPERATORS, inside, list_of
from crm.objects import base as objects
from crm.property_types.base import Definition
from crm.sql import SQL, sql
from crm.statements import is_type


@dataclass(frozen=True)
class Holders:
    """From records to those that have their id in a property; a Reach."""

    definition: Definition

    def __call__(self, record_ids: SQL) -> SQL:
        return sql(
            "SELECT r.id AS record_id FROM ({ids}) s JOIN crm_record r"
            " ON {held} = s.record_id::text",
            ids=record_ids,
            held=properties.expression(self.definition, "r"),
        )


@dataclass(frozen=True, kw_only=True)
class Held(Counted):
    """A condition on the record whose id stands in a property."""

    definition: Definition
    to_object_type: str

    def occurrences(self, frame: Frame) -> Occurrences:
        inner = self.inner(frame)
        return Occurrences(
            tables=sql("crm_record {alias}", alias=SQL(inner.alias)),
            owner=inner.id,
            # A stray value that is no id must not break the statement.
            record_id=sql(
                "CASE WHEN {held} ~ '^[0-9]{{1,18}}$' THEN {held}::bigint END",
                held=properties.expression(self.definition, frame.alias),
            ),
            among=sql(
                "{is_type} AND {alias}.archived_at IS NULL",
                is_type=is_type(inner.alias, self.to_object_type),
                alias=SQL(inner.alias),
            ),
            holds=self.group.where(inner, negated=False) if self.group else TRUE,
            # There is one such record at most.
            is_few=True,
        )

    def inner(self, frame: Frame) -> Frame:
        return frame.inside("r", self.to_object_type)

    def shown(self, seen: str | None) -> str:
        return f"{seen} records"

    def noun(self) -> str:
        return f"{objects.get(self.to_object_type).name} in {self.definition.label}"


def held_by(fields: Fields, reader: Reader) -> Definition:
    """The property that holds the id of a record."""
    name = fields.text("propertyWithObjectId")
    definition = reader.subject.definitions.get(name)
    if definition is None:
        raise fields.error("propertyWithObjectId", f"there is no property {name[:100]!r}")
    if definition.type not in ("string", "number"):
        raise fields.error(
            "propertyWithObjectId", f"the {definition.type} property {name!r} holds no record ids"
        )
    return definition


@branch_types.register
@dataclass(frozen=True, kw_only=True)
class HeldBranch(Held):
    """The record whose id stands in a property meets all the filters inside, or does not."""

    type_name = "PROPERTY_ASSOCIATION"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> HeldBranch:
        kind = links.object_type(fields)
        definition = held_by(fields, reader)
        definitions = reader.library.properties(kind.type_id)
        group = reader.group(fields, Subject(definitions, kind.type_id))
        return cls(
            path=fields.path,
            property_names=frozenset({definition.name}),
            is_negative=fields.choice("operator", OPERATORS, "IN_LIST") == "NOT_IN_LIST",
            definition=definition,
            to_object_type=kind.type_id,
            **inside(group, kind.type_id, Holders(definition)),
        )

    def sentence(self, names: Mapping[Any, str]) -> str:
        return f"The {self.noun()} {'does not meet' if self.is_negative else 'meets'} this:"


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class HeldInList(Held):
    """The record whose id stands in a property is in a list, or is not."""

    type_name = "PROPERTY_ASSOCIATION"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> HeldInList:
        kind = links.object_type(fields, "toObjectTypeId")
        definition = held_by(fields, reader)
        return cls(
            path=fields.path,
            property_names=frozenset({definition.name}),
            is_negative=fields.choice("operator", OPERATORS) == "NOT_IN_LIST",
            tally=refinements.tally(fields),
            definition=definition,
            to_object_type=kind.type_id,
            **inside(list_of(fields, reader), kind.type_id, Holders(definition)),
        )

    def sentence(self, names: Mapping[Any, str]) -> str:
        how_often = f" {self.tally.words()}" if self.tally else ""
        verb = "does not meet" if self.is_negative else "meets"
        return f"The {self.noun()} {verb} this{how_often}:"
