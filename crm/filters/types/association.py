from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm.associations import CHANGED
from crm.filters import link_forms, links
from crm.filters.counted import Counted
from crm.filters.dependencies import Reach
from crm.filters.fields import Fields
from crm.filters.inputs import Form, Offer, Values
from crm.filters.kinds import TRUE, Frame, Group, Reader, Subject, branch_types, filter_types
from crm.filters.links import Link, WayBack
from crm.filters.occurrences import Occurrences
from crm.filters.refinements import base as refinements
from crm.filters.refinements.count import NumberOfOccurrences
from crm.filters.scopes import Scope
from crm.filters.tree import dependencies_of
from crm.filters.types.in_list import InList
from crm.objects import base as objects
from crm.sql import SQL, sql
from crm.statements import is_type

OPERATORS = ["IN_LIST", "NOT_IN_LIST"]


@dataclass(frozen=True, kw_only=True)
class Associated(Counted):
    """A condition on the records that a record is associated with."""

    link: Link

    @classmethod
    def names(cls, references: Collection[Any]) -> Mapping[Any, str]:
        return links.labels(references)

    def occurrences(self, frame: Frame) -> Occurrences:
        inner = self.inner(frame)
        return Occurrences(
            tables=sql(
                "crm_association a JOIN crm_record {alias} ON {id} = a.to_record_id",
                alias=SQL(inner.alias),
                id=inner.id,
            ),
            owner=SQL("a.from_record_id"),
            record_id=frame.id,
            among=sql(
                "{is_kind} AND {is_type} AND {alias}.archived_at IS NULL",
                is_kind=self.link.condition(frame.object_type),
                is_type=is_type(inner.alias, self.link.to_object_type),
                alias=SQL(inner.alias),
            ),
            holds=self.group.where(inner, negated=False) if self.group else TRUE,
            is_few=frame.is_few,
        )

    def inner(self, frame: Frame) -> Frame:
        return frame.inside("r", self.link.to_object_type)

    def requirements(self, frame: Frame) -> Iterator[SQL]:
        yield self.link.exists(frame.object_type)
        yield from super().requirements(frame)

    def noun(self, names: Mapping[Any, str], *, plural: bool = False) -> str:
        kind = objects.get(self.link.to_object_type)
        noun = kind.plural if plural else kind.name
        label = names.get(self.link)
        return f"associated {noun} ({label})" if label else f"associated {noun}"

    def shown(self, seen: str | None) -> str:
        kind = objects.get(self.link.to_object_type)
        return f"{seen} associated {kind.plural}"


def about(link: Link) -> dict[str, Any]:
    """What conditions on associated records have in common."""
    return {"link": link, "reference": link, "missing": link.missing}


def inside(group: Group, object_type: str, reach: Reach) -> dict[str, Any]:
    """What a condition takes over from the filters on other records that are inside it."""
    dependencies = dependencies_of(group.conditions, object_type)
    return {
        "group": group,
        "others": tuple(item.beyond(reach) for item in dependencies),
        "is_time_sensitive": any(item.is_time_sensitive for item in group.conditions),
    }


@branch_types.register
@dataclass(frozen=True, kw_only=True)
class AssociationBranch(Associated):
    """Some associated record meets all the filters inside, or none does (A-125)."""

    type_name = "ASSOCIATION"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> AssociationBranch:
        kind = links.object_type(fields)
        link = Link.parse(fields, kind, needs_number=False)
        operator = fields.choice("operator", OPERATORS, "IN_LIST")
        definitions = reader.library.properties(kind.type_id)
        group = reader.group(fields, Subject(definitions, kind.type_id))
        return cls(
            path=fields.path,
            event_types=frozenset({CHANGED}),
            is_negative=operator == "NOT_IN_LIST",
            **about(link),
            **inside(group, kind.type_id, WayBack(link)),
        )

    @classmethod
    def offers(cls, scope: Scope) -> Iterable[Offer]:
        return link_forms.offers(scope)

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form | None:
        return link_forms.form(values, scope)

    @classmethod
    def to_form(cls, json: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        return dict(link_forms.to_form(json))

    @classmethod
    def from_form(cls, values: Values, scope: Scope) -> dict[str, Any]:
        return link_forms.from_form(values)

    def sentence(self, names: Mapping[Any, str]) -> str:
        has_filters = self.group is not None and any(True for _ in self.group.conditions)
        if not has_filters:
            return f"Has {'no' if self.is_negative else 'an'} {self.noun(names)}"
        return f"{'No' if self.is_negative else 'Some'} {self.noun(names)} meets this:"


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class AssociatedInList(Associated):
    """Some associated record stands in a list, or as many as asked; or it is not so."""

    type_name = "ASSOCIATION"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> AssociatedInList:
        name = "toObjectTypeId" if fields.has("toObjectTypeId") else "toObjectType"
        kind = links.object_type(fields, name)
        link = Link.parse(fields, kind, needs_number=True)
        return cls(
            path=fields.path,
            event_types=frozenset({CHANGED}),
            is_negative=fields.choice("operator", OPERATORS) == "NOT_IN_LIST",
            tally=refinements.tally(fields),
            **about(link),
            **inside(list_of(fields, reader), kind.type_id, WayBack(link)),
        )

    def sentence(self, names: Mapping[Any, str]) -> str:
        how_often = f" {self.tally.words()}" if self.tally else ""
        is_not = "It is not so that some" if self.is_negative else "Some"
        return f"{is_not} {self.noun(names)} meets this{how_often}:"


def list_of(fields: Fields, reader: Reader) -> Group:
    """The condition that a record stands in the list of a filter on associated records."""
    line = {
        "filterType": InList.type_name,
        "operator": "IN_LIST",
        "listId": fields.required("listId"),
    }
    inner = Fields({"filters": [line]}, fields.path)
    return reader.group(inner, Subject({}))


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class NumberOfAssociations(Associated):
    """How many records are associated."""

    type_name = "NUM_ASSOCIATIONS"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> NumberOfAssociations:
        link = _any_link(fields, reader)
        tally = refinements.tally(fields) or NumberOfOccurrences(1, None)
        if not isinstance(tally, NumberOfOccurrences):
            raise fields.error("coalescingRefineBy", "must be NUM_OCCURRENCES")
        return cls(
            path=fields.path,
            event_types=frozenset({CHANGED}),
            tally=tally,
            **about(link),
        )

    def sentence(self, names: Mapping[Any, str]) -> str:
        assert self.tally is not None
        return f"Has an {self.noun(names)} {self.tally.words()}"


def _any_link(fields: Fields, reader: Reader) -> Link:
    """The association type in the fields, which alone say what it leads to."""
    category = fields.choice("associationCategory", links.CATEGORIES, links.CATEGORIES[0])
    number = fields.integer("associationTypeId", 1, links.LARGEST_NUMBER)
    target = reader.library.association_target(category, number)
    if target is None:
        raise fields.error("associationTypeId", f"there is no association type {number}")
    return Link(category, number, target)
