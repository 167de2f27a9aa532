"""Associations v4: /crm/v4/objects/.../associations and /crm/v4/associations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from django.db import transaction
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import association_editing, associations
from crm.access import Access
from crm.access_switches import EDIT_PROPERTIES
from crm.api import batches, labels, links, paging, scopes, wire
from crm.api.describing import describe, paged
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.links import PAGE, Related, Wanted
from crm.api.rules import PER_RECORD, Rule
from crm.api.shapes import associations as shapes
from crm.api.shapes.base import Batch, Collection, Inputs, Page, PartBatch, Says
from crm.api.wire import Fields
from crm.models import AssociationType
from crm.objects.base import ObjectType

MOST_CREATED, MOST_READ = 2000, 1000
Kind = type[ObjectType]
Pair = tuple[int, int]


class PairEndpoint(Endpoint):
    """What endpoints between two object types have in common."""

    rule = PER_RECORD

    def kinds(self, start: str, end: str, verb: str) -> tuple[Kind, Kind]:
        return self.kind(start, verb), self.kind(end, verb)


def record_id(kind: Kind, key: str) -> int:
    found = wire.record_id(key)
    if found is None:
        raise NotFound(f"No {kind.name} with the id {key[:40]} exists.")
    return found


def plain_type(start: Kind, end: Kind) -> AssociationType:
    """The association without a label; raises ApiError where there is none."""
    try:
        return associations.between(start.type_id, end.type_id)
    except AssociationType.DoesNotExist as error:
        raise ApiError(str(error)) from error


def read_pair(fields: Fields) -> Pair:
    return links.read_id(fields, "from"), links.read_id(fields, "to")


def lost(
    start: Kind, end: Kind, pairs: Sequence[Pair], rights: Access
) -> tuple[list[Pair], list[ApiError]]:
    """Of some pairs those whose records are there, and an error for each side that is not.

    Raises Forbidden when neither end of one that is there may be edited.
    """
    starts = links.missing(start, [pair[0] for pair in pairs], rights)
    ends = links.missing(end, [pair[1] for pair in pairs], rights)
    errors: list[ApiError] = [
        NotFound(
            f"No {kind.name} with the id {key} exists.",
            sub_category=f"crm.associations.{side}_OBJECT_NOT_FOUND",
            context={f"{side.lower()}ObjectId": [str(key)]},
        )
        for kind, side, gone in ((start, "FROM", starts), (end, "TO", ends))
        for key in sorted(gone)
    ]
    there = [pair for pair in pairs if pair[0] not in starts and pair[1] not in ends]
    return links.require_edit(start, end, there, rights), errors


class RelatedRecords(PairEndpoint):
    @describe(
        "List the records related to one",
        answer=Page[shapes.RelatedRecord],
        query=paged(PAGE, PAGE),
    )
    def get(self, request: Request, start: str, key: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.READ)
        pk = record_id(kind, key)
        links.require_records(kind, [pk], self.rights)
        limit = self.query.limit(PAGE, PAGE)
        found = links.related(kind, {pk: self.query.after()}, [to], limit, self.rights)
        others = found.get((pk, to.type_id), [])
        body: Page[shapes.RelatedRecord] = {"results": [other.as_v4() for other in others[:limit]]}
        if len(others) > limit:
            body["paging"] = paging.next_page(request, others[limit - 1].record_id)
        return Response(body)


class Relation(PairEndpoint):
    @describe(
        "Associate two records",
        body=Annotated[list[shapes.AssociationSpec], Says(minItems=1)],
        answer=shapes.LabelsBetween,
        status=status.HTTP_201_CREATED,
    )
    def put(self, request: Request, start: str, key: str, end: str, to_key: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        pair = record_id(kind, key), record_id(to, to_key)
        keys = links.read_types(wire.objects(self.json(), "The body"))
        wanted = [Wanted(*pair, type_key) for type_key in keys]
        types = links.types_from(kind, {item.type_key for item in wanted}, to)
        links.require_records(kind, pair[:1], self.rights)
        links.require_records(to, pair[1:], self.rights)
        links.require_edit(kind, to, [pair], self.rights)
        with transaction.atomic():
            links.make(types, wanted)
        (body,) = links.labels_between(kind, to, [pair])
        return Response(body, status=status.HTTP_201_CREATED)

    @describe("Remove all associations between two records")
    def delete(self, request: Request, start: str, key: str, end: str, to_key: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        pair = record_id(kind, key), record_id(to, to_key)
        allowed = links.require_edit(kind, to, [pair], self.rights)
        association_editing.remove(kind, to, allowed)
        return Response(status=status.HTTP_204_NO_CONTENT)


def default_results(
    item: AssociationType, pairs: Sequence[Pair]
) -> list[shapes.DefaultAssociation]:
    """Both directions of every pair."""
    back = item.inverse or item
    return [
        {
            "from": {"id": str(one)},
            "to": {"id": str(other)},
            "associationSpec": {
                "associationCategory": kind.category,
                "associationTypeId": kind.type_id,
            },
        }
        for start, end in pairs
        for one, other, kind in ((start, end, item), (end, start, back))
    ]


class DefaultRelation(PairEndpoint):
    @describe("Associate two records without a label", answer=Batch[shapes.DefaultAssociation])
    def put(self, request: Request, start: str, key: str, end: str, to_key: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        pair = record_id(kind, key), record_id(to, to_key)
        item = plain_type(kind, to)
        links.require_records(kind, pair[:1], self.rights)
        links.require_records(to, pair[1:], self.rights)
        links.require_edit(kind, to, [pair], self.rights)
        associations.associate(item, associations.pairs([pair]))
        return batches.answer(default_results(item, [pair]))


class BatchDefault(PairEndpoint):
    @describe(
        "Associate pairs of records without a label",
        body=Inputs[shapes.GivenEnds],
        answer=Batch[shapes.DefaultAssociation],
        partly=PartBatch[shapes.DefaultAssociation],
    )
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        item = plain_type(kind, to)
        given = [read_pair(fields) for fields in batches.inputs(self.body(), MOST_CREATED)]
        pairs, errors = lost(kind, to, list(dict.fromkeys(given)), self.rights)
        associations.associate(item, associations.pairs(pairs))
        return batches.answer(default_results(item, pairs), errors)


def read_wanted(given: Sequence[Fields]) -> list[Wanted]:
    return [
        Wanted(*read_pair(fields), key)
        for fields in given
        for key in links.read_types(fields.objects("types"))
    ]


class BatchCreate(PairEndpoint):
    @describe(
        "Associate pairs of records",
        body=Inputs[shapes.GivenAssociation],
        answer=Batch[shapes.LabelsBetween],
        partly=PartBatch[shapes.LabelsBetween],
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        wanted = read_wanted(batches.inputs(self.body(), MOST_CREATED))
        types = links.types_from(kind, {item.type_key for item in wanted}, to)
        given = list(dict.fromkeys((item.start, item.to) for item in wanted))
        pairs, errors = lost(kind, to, given, self.rights)
        there = set(pairs)
        with transaction.atomic():
            links.make(types, [item for item in wanted if (item.start, item.to) in there])
        results = links.labels_between(kind, to, pairs)
        return batches.answer(results, errors, success=status.HTTP_201_CREATED)


class BatchRead(PairEndpoint):
    @describe(
        "List the records related to each of some",
        body=Inputs[shapes.WantedRelations],
        answer=Batch[shapes.RelatedPage],
        partly=PartBatch[shapes.RelatedPage],
    )
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.READ)
        given = batches.inputs(self.body(), MOST_READ)
        starts = {
            links.read_id_of(fields): wire.read_after(fields.json.get("after")) for fields in given
        }
        found = links.related(kind, starts, [to], PAGE, self.rights)
        results, errors = [], []
        for pk in starts:
            others = found.get((pk, to.type_id), [])
            if others:
                results.append(self._page(pk, others))
            else:
                errors.append(none_found(kind, to, pk))
        return batches.answer(results, errors)

    def _page(self, pk: int, others: Sequence[Related]) -> shapes.RelatedPage:
        page: shapes.RelatedPage = {
            "from": {"id": str(pk)},
            "to": [other.as_v4() for other in others[:PAGE]],
        }
        if len(others) > PAGE:
            page["paging"] = paging.next_page(self.request, others[PAGE - 1].record_id)
        return page


def none_found(kind: Kind, to: Kind, pk: int) -> NotFound:
    return NotFound(
        f"No {to.name} is associated with {kind.name} {pk}.",
        sub_category="crm.associations.NO_ASSOCIATIONS_FOUND",
        context={
            "fromObjectId": [str(pk)],
            "fromObjectType": [kind.name],
            "toObjectType": [to.name],
        },
    )


class BatchArchive(PairEndpoint):
    @describe("Remove all associations between pairs of records", body=Inputs[shapes.GivenRemoval])
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        given = batches.inputs(self.body(), MOST_CREATED)
        starts = [links.read_id(fields, "from") for fields in given]
        pairs = [
            (one, links.read_id_of(other))
            for one, fields in zip(starts, given, strict=True)
            for other in fields.objects("to")
        ]
        allowed = links.require_edit(kind, to, pairs, self.rights)
        association_editing.remove(kind, to, allowed)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BatchArchiveLabels(PairEndpoint):
    @describe("Remove associations of certain types", body=Inputs[shapes.GivenAssociation])
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        wanted = read_wanted(batches.inputs(self.body(), MOST_CREATED))
        types = links.types_from(kind, {item.type_key for item in wanted}, to)
        given = list(dict.fromkeys((item.start, item.to) for item in wanted))
        there = set(links.require_edit(kind, to, given, self.rights))
        with transaction.atomic():
            links.remove(types, [item for item in wanted if (item.start, item.to) in there])
        return Response(status=status.HTTP_204_NO_CONTENT)


def shown_label(item: AssociationType) -> shapes.LabelledType:
    return {"category": item.category, "typeId": item.type_id, "label": item.label or None}


class Labels(PairEndpoint):
    rule = Rule(write=EDIT_PROPERTIES)

    @describe(
        "List the association types between two object types",
        answer=Collection[shapes.LabelledType],
    )
    def get(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.READ)
        return Response({"results": [shown_label(item) for item in labels.between(kind, to)]})

    @describe("Create a label", body=shapes.NewLabel, answer=Collection[shapes.LabelledType])
    def post(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        both = labels.create(kind, to, self.body())
        return Response({"results": [shown_label(item) for item in dict.fromkeys(both)]})

    @describe("Rename a label", body=shapes.LabelChange)
    def put(self, request: Request, start: str, end: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        labels.rename(kind, to, self.body())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Label(PairEndpoint):
    rule = Rule(write=EDIT_PROPERTIES)

    @describe("Remove a label from everything that carries it")
    def delete(self, request: Request, start: str, end: str, number: str) -> Response:
        kind, to = self.kinds(start, end, scopes.WRITE)
        labels.remove(kind, to, wire.Fields({"typeId": number}).integer("typeId"))
        return Response(status=status.HTTP_204_NO_CONTENT)
