"""Records of every object type: /crm/v3/objects/{type}."""

from __future__ import annotations

from collections.abc import Sequence

from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import access_switches
from crm.api import batches, identity, links, paging, records, scopes, wire, writing
from crm.api.describing import ARCHIVED, describe, filtered, paged, several
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import ApiError, NotFound
from crm.api.records import Asked
from crm.api.rules import PER_RECORD, Rule
from crm.api.shapes import records as shapes
from crm.api.shapes.base import Batch, Inputs, Page, PartBatch
from crm.api.wire import Fields
from crm.api.writing import Input, Outcome
from crm.objects.base import ObjectType

PAGE, MOST = 10, 100
MOST_WITH_HISTORY = 50
SEEN = (
    several("properties", "The properties to show."),
    several("propertiesWithHistory", "Properties to show the past values of, too."),
    several("associations", "Object types to show the associated records of."),
)
ID_PROPERTY = filtered("idProperty", "The unique property that the record is named by.")


class RecordEndpoint(Endpoint):
    """What endpoints of records have in common."""

    rule = PER_RECORD

    def asked(self) -> Asked:
        """What the query string asks to see."""
        kinds = [find_kind(key) for key in self.query.names("associations")]
        for kind in kinds:
            scopes.require(self.token, scopes.records(kind, scopes.READ))
        return Asked(
            rights=self.rights,
            names=self.query.names("properties"),
            history=self.query.names("propertiesWithHistory"),
            associations=list(dict.fromkeys(kinds)),
            archived=self.query.flag("archived"),
            base_url=self.request.build_absolute_uri("/").rstrip("/"),
        )

    def written(
        self, kind: type[ObjectType], inputs: Sequence[Input], outcome: Outcome
    ) -> list[shapes.Record]:
        """The records that a batch wrote, each with its trace."""
        names = {name for place in outcome.ids for name in inputs[place].values}
        shells = records.read(
            kind,
            list(outcome.ids.values()),
            outcome.definitions,
            Asked(rights=self.rights, also=names),
        )
        places = {str(record_id): place for place, record_id in outcome.ids.items()}
        for shell in shells:
            trace = inputs[places[shell["id"]]].trace
            if trace:
                shell["objectWriteTraceId"] = trace
        return shells


def read_input(place: int, fields: Fields) -> Input:
    """A new record or a change on the wire."""
    trace = fields.text("objectWriteTraceId", "")
    return Input(
        values=fields.object("properties").json,
        associations=links.read_wanted(place, fields.objects("associations")),
        trace=trace,
    )


def read_change(fields: Fields, id_property: str = "") -> Input:
    """A change of a record that is named by its id or a unique property."""
    return Input(
        values=fields.object("properties").json,
        key=fields.text("id").strip(),
        id_property=fields.text("idProperty", id_property),
        trace=fields.text("objectWriteTraceId", ""),
    )


def failures(inputs: Sequence[Input], outcome: Outcome) -> list[ApiError]:
    """The errors of a batch, each with the trace of its input."""
    for place, error in outcome.errors.items():
        if inputs[place].trace:
            error.context["objectWriteTraceId"] = [inputs[place].trace]
    return [outcome.errors[place] for place in sorted(outcome.errors)]


class Records(RecordEndpoint):
    @describe(
        "List records", answer=Page[shapes.Record], query=(*SEEN, ARCHIVED, *paged(PAGE, MOST))
    )
    def get(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.READ)
        asked = self.asked()
        limit = self.query.limit(PAGE, MOST_WITH_HISTORY if asked.history else MOST)
        definitions = self.rights.definitions(kind.type_id)
        shown, more = records.page(kind, self.query.after(), limit, definitions, asked)
        body: Page[shapes.Record] = {"results": shown}
        if more is not None:
            body["paging"] = paging.next_page(request, more)
        return Response(body)

    @describe(
        "Create a record",
        body=shapes.NewRecord,
        answer=shapes.Record,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        inputs = [read_input(0, self.body())]
        # Alone, a record either is created or the answer is its error.
        inputs = [Input(values=one.values, associations=one.associations) for one in inputs]
        outcome = writing.create(kind, inputs, self.source, self.rights)
        (shell,) = self.written(kind, inputs, outcome)
        return Response(shell, status=status.HTTP_201_CREATED)


class Record(RecordEndpoint):
    @describe("Read a record", answer=shapes.Record, query=(*SEEN, ARCHIVED, ID_PROPERTY))
    def get(self, request: Request, object_type: str, key: str) -> Response:
        kind = self.kind(object_type, scopes.READ)
        asked = self.asked()
        definitions = self.rights.definitions(kind.type_id)
        id_property = self.query.text("idProperty")
        found = identity.find(
            kind, definitions, id_property, [key], rights=self.rights, archived=asked.archived
        )
        shown = records.read(kind, list(found.values()), definitions, asked)
        if not shown:
            raise NotFound
        return Response(shown[0])

    @describe(
        "Change a record", body=shapes.RecordChange, answer=shapes.Record, query=(ID_PROPERTY,)
    )
    def patch(self, request: Request, object_type: str, key: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        values = self.body().object("properties").json
        id_property = self.query.text("idProperty")
        inputs = [Input(values=values, key=key, id_property=id_property)]
        outcome = writing.update(kind, inputs, self.source, self.rights)
        if outcome.errors:
            raise NotFound
        return Response(self.written(kind, inputs, outcome)[0])

    @describe("Archive a record")
    def delete(self, request: Request, object_type: str, key: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        record_id = wire.record_id(key)
        if record_id is not None:
            writing.archive(kind, [record_id], self.source, self.rights)
        return Response(status=status.HTTP_204_NO_CONTENT)


class BatchCreate(RecordEndpoint):
    @describe(
        "Create records",
        body=Inputs[shapes.NewRecord],
        answer=Batch[shapes.Record],
        partly=PartBatch[shapes.Record],
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        given = batches.inputs(self.body())
        inputs = [read_input(place, fields) for place, fields in enumerate(given)]
        outcome = writing.create(kind, inputs, self.source, self.rights)
        shown = self.written(kind, inputs, outcome)
        return batches.answer(shown, failures(inputs, outcome), success=status.HTTP_201_CREATED)


class BatchRead(RecordEndpoint):
    @describe(
        "Read records by their ids or a unique property",
        body=shapes.WantedRecords,
        answer=Batch[shapes.Record],
        partly=PartBatch[shapes.Record],
        query=(ARCHIVED,),
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.READ)
        body = self.body()
        keys = list(dict.fromkeys(item.text("id").strip() for item in batches.inputs(body)))
        asked = Asked(
            rights=self.rights,
            names=body.texts("properties"),
            history=body.texts("propertiesWithHistory"),
            archived=self.query.flag("archived"),
        )
        definitions = self.rights.definitions(kind.type_id)
        id_property = body.text("idProperty", "")
        found = identity.find(
            kind, definitions, id_property, keys, rights=self.rights, archived=asked.archived
        )
        ids = list(dict.fromkeys(found[key] for key in keys if key in found))
        shown = records.read(kind, ids, definitions, asked)
        missing = [key for key in keys if key not in found]
        return batches.answer(shown, [writing.not_found(kind, missing)] if missing else [])


class BatchUpdate(RecordEndpoint):
    @describe(
        "Change records",
        body=Inputs[shapes.KeyedChange],
        answer=Batch[shapes.Record],
        partly=PartBatch[shapes.Record],
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        inputs = [read_change(fields) for fields in batches.inputs(self.body())]
        outcome = writing.update(kind, inputs, self.source, self.rights)
        return batches.answer(self.written(kind, inputs, outcome), failures(inputs, outcome))


class BatchUpsert(RecordEndpoint):
    @describe(
        "Change records or create them, by a unique property",
        body=Inputs[shapes.KeyedUpsert],
        answer=Batch[shapes.UpsertedRecord],
        partly=PartBatch[shapes.UpsertedRecord],
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        inputs = [read_change(fields) for fields in batches.inputs(self.body())]
        id_properties = {one.id_property for one in inputs}
        if "" in id_properties or identity.RECORD_ID in id_properties or len(id_properties) > 1:
            raise ApiError(
                "An upsert needs an idProperty, a unique property that is the same for all inputs."
            )
        outcome = writing.upsert(kind, inputs, self.source, self.rights)
        shown = self.written(kind, inputs, outcome)
        new = {str(outcome.ids[place]) for place in outcome.new}
        marked = [shell | {"new": shell["id"] in new} for shell in shown]
        return batches.answer(marked, failures(inputs, outcome))


class BatchArchive(RecordEndpoint):
    @describe("Archive records", body=Inputs[shapes.RecordKey])
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.WRITE)
        keys = [item.text("id") for item in batches.inputs(self.body())]
        ids = [key for text in keys if (key := wire.record_id(text)) is not None]
        if len(ids) > 1:
            Rule(write=access_switches.BULK_DELETE).require(self.rights, self.request.method)
        writing.archive(kind, ids, self.source, self.rights)
        return Response(status=status.HTTP_204_NO_CONTENT)
