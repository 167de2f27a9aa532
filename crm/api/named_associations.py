"""Associations v3, whose types go by names: /crm/v3/associations."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api import batches, labels, links, scopes
from crm.api.associations import MOST_CREATED, MOST_READ, Kind, PairEndpoint, lost, none_found
from crm.api.describing import describe
from crm.api.errors import ApiError
from crm.api.links import PAGE, TypeKey, Wanted
from crm.api.shapes import associations as shapes
from crm.api.shapes.base import Batch, Collection, Inputs, PartBatch
from crm.api.wire import Fields
from crm.models import AssociationType


def types_by_name(start: Kind, end: Kind) -> dict[str, AssociationType]:
    """Association types by name and by number."""
    found = labels.between(start, end)
    # Where a standard and a custom one share their number, the standard one is meant.
    by_number = {str(item.type_id): item for item in reversed(found)}
    return by_number | {item.name: item for item in found}


def read_wanted(
    given: Sequence[Fields], types: dict[str, AssociationType]
) -> tuple[list[Wanted], dict[TypeKey, AssociationType]]:
    wanted = []
    for fields in given:
        name = fields.text("type")
        if name not in types:
            raise ApiError(
                f"There is no association type {name[:100]!r} between these object types.",
                sub_category="crm.associations.INVALID_ASSOCIATION_TYPE",
            )
        key = (types[name].category, types[name].type_id)
        wanted.append(Wanted(links.read_id(fields, "from"), links.read_id(fields, "to"), key))
    return wanted, {(item.category, item.type_id): item for item in types.values()}


class BatchCreate(PairEndpoint):
    @describe(
        "Associate pairs of records",
        body=Inputs[shapes.GivenNamedAssociation],
        answer=Batch[shapes.NamedAssociation],
        partly=PartBatch[shapes.NamedAssociation],
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        given = batches.inputs(self.body(), MOST_CREATED)
        wanted, types = read_wanted(given, types_by_name(kind, to))
        both = list(dict.fromkeys((item.start, item.to) for item in wanted))
        pairs, errors = lost(kind, to, both, self.rights)
        there = set(pairs)
        made = [item for item in wanted if (item.start, item.to) in there]
        with transaction.atomic():
            links.make(types, made)
        results: list[shapes.NamedAssociation] = [
            {
                "from": {"id": str(item.start)},
                "to": {"id": str(item.to)},
                "type": types[item.type_key].name,
            }
            for item in made
        ]
        return batches.answer(results, errors, success=status.HTTP_201_CREATED)


class BatchRead(PairEndpoint):
    @describe(
        "List the records related to each of some",
        body=Inputs[shapes.GivenRecordId],
        answer=Batch[shapes.NamedRelatedPage],
        partly=PartBatch[shapes.NamedRelatedPage],
    )
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.READ)
        given = batches.inputs(self.body(), MOST_READ)
        starts = dict.fromkeys((links.read_id_of(fields) for fields in given), 0)
        found = links.related(kind, starts, [to], PAGE, self.rights)
        results: list[shapes.NamedRelatedPage] = []
        errors = []
        for pk in starts:
            others = found.get((pk, to.type_id), [])[:PAGE]
            ends: list[shapes.NamedRelated] = [
                {"id": str(other.record_id), "type": name}
                for other in others
                for *_, name in other.kinds
            ]
            if ends:
                results.append({"from": {"id": str(pk)}, "to": ends})
            else:
                errors.append(none_found(kind, to, pk))
        return batches.answer(results, errors)


class BatchArchive(PairEndpoint):
    @describe("Remove associations", body=Inputs[shapes.GivenNamedAssociation])
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        given = batches.inputs(self.body(), MOST_CREATED)
        wanted, types = read_wanted(given, types_by_name(kind, to))
        both = list(dict.fromkeys((item.start, item.to) for item in wanted))
        there = set(links.require_edit(kind, to, both, self.rights))
        with transaction.atomic():
            links.remove(types, [item for item in wanted if (item.start, item.to) in there])
        return Response(status=status.HTTP_204_NO_CONTENT)


class Types(PairEndpoint):
    @describe(
        "List the association types between two object types", answer=Collection[shapes.NamedType]
    )
    def get(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.READ)
        found = labels.between(kind, to)
        return Response(
            {"results": [{"id": str(item.type_id), "name": item.name} for item in found]}
        )
