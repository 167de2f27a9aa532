"""Schemas of custom object types: /crm-object-schemas/v3/schemas (A-138)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from django.db import transaction
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import schemas
from crm.api import batches, object_definitions, scopes
from crm.api.describing import ARCHIVED, describe
from crm.api.endpoint import find_kind
from crm.api.errors import ApiError, NotFound
from crm.api.object_definitions import refused
from crm.api.properties import SchemaEndpoint
from crm.api.properties import shown as shown_property
from crm.api.rules import OPEN
from crm.api.shapes import schemas as shapes
from crm.api.shapes.base import Batch, Collection, PartBatch
from crm.models import AssociationType, Property
from crm.objects.base import ObjectType
from crm.objects.custom import PORTAL, CustomObject

Kind = type[ObjectType]


class CustomObjects(SchemaEndpoint):
    """What the endpoints of schemas have in common."""

    def require(self, verb: str) -> None:
        scopes.require(self.token, scopes.custom_schemas(verb))

    def own(self, key: str, *, archived: bool = False) -> type[CustomObject]:
        """A custom object that the token may change; raises NotFound."""
        self.require(scopes.WRITE)
        return object_definitions.find(key, archived=archived)

    def schemas(self, kinds: Sequence[Kind]) -> list[shapes.Schema]:
        """The schemas of some types with all that belongs to them, by two queries for all."""
        by_id = {kind.type_id: kind for kind in kinds}
        fields: dict[str, list[Property]] = {key: [] for key in by_id}
        rows = Property.objects.filter(object_type__in=by_id, archived_at=None)
        for item in rows.select_related("group").order_by("display_order", "name"):
            if item.name not in self.hidden(by_id[item.object_type]):
                fields[item.object_type].append(item)
        relations = _relations(by_id)
        return [
            {
                **definition(kind, fields[kind.type_id]),
                "properties": [shown_property(kind, item) for item in fields[kind.type_id]],
                "associations": [shown_relation(one) for one in relations[kind.type_id]],
            }
            for kind in kinds
        ]

    def definition(self, kind: Kind) -> shapes.SchemaDefinition:
        return definition(kind, list(self.rows(kind)))


def _relations(kinds: Iterable[str]) -> dict[str, list[AssociationType]]:
    """The association types of some object types without a label, there and back."""
    wanted = {key: [] for key in kinds}  # type: dict[str, list[AssociationType]]
    found = AssociationType.objects.filter(label="", from_object_type__in=wanted)
    back = AssociationType.objects.filter(label="", to_object_type__in=wanted)
    for one in (found | back).order_by("type_id"):
        for key in {one.from_object_type, one.to_object_type} & wanted.keys():
            wanted[key].append(one)
    return wanted


def definition(kind: Kind, fields: Sequence[Property]) -> shapes.SchemaDefinition:
    """An object type as the API shows it, without its properties."""
    names = {item.name for item in fields}
    body: shapes.SchemaDefinition = {
        "id": kind.type_id.partition("-")[2] if kind.is_custom else kind.type_id,
        "objectTypeId": kind.type_id,
        "fullyQualifiedName": kind.name.upper(),
        "name": kind.name.upper(),
        "labels": {"singular": kind.label, "plural": kind.plural_label},
        "description": "",
        "requiredProperties": [name for name in kind.required_properties if name in names],
        "searchableProperties": [
            item.name
            for item in fields
            if item.is_searchable and not (kind.is_custom and item.is_standard)
        ],
        "primaryDisplayProperty": None,
        "secondaryDisplayProperties": [],
        "portalId": PORTAL,
        "archived": kind.is_archived,
    }
    if issubclass(kind, CustomObject):
        body.update(object_definitions.particulars(kind))
    return body


def shown_relation(item: AssociationType) -> shapes.SchemaAssociation:
    return {
        "id": str(item.type_id),
        "fromObjectTypeId": item.from_object_type,
        "toObjectTypeId": item.to_object_type,
        "name": item.name,
    }


class Schemas(CustomObjects):
    @describe("List the custom object types", answer=Collection[shapes.Schema], query=(ARCHIVED,))
    def get(self, request: Request) -> Response:
        self.require(scopes.READ)
        found = object_definitions.every(archived=self.query.flag("archived"))
        return Response({"results": self.schemas(found)})

    @describe(
        "Create a custom object type",
        body=shapes.NewSchema,
        answer=shapes.Schema,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request) -> Response:
        """It comes with its first properties and is related to other types in both directions."""
        self.require(scopes.WRITE)
        made = object_definitions.create(self.body())
        return Response(self.schemas([made])[0], status=status.HTTP_201_CREATED)


class OneSchema(CustomObjects):
    @describe("Read the schema of an object type", answer=shapes.Schema, query=(ARCHIVED,))
    def get(self, request: Request, object_type: str) -> Response:
        """Standard types have a schema too."""
        archived = self.query.flag("archived")
        kind = self._kind(object_type, archived=archived)
        return Response(self.schemas([kind])[0])

    def _kind(self, key: str, *, archived: bool) -> Kind:
        if archived:
            self.require(scopes.READ)
            return object_definitions.find(key, archived=True)
        try:
            kind = find_kind(key)
        except ApiError as error:
            self.require(scopes.READ)
            raise NotFound(error.message) from error
        scopes.require(self.token, scopes.schemas(kind, scopes.READ))
        return kind

    @describe(
        "Change a custom object type", body=shapes.SchemaChange, answer=shapes.SchemaDefinition
    )
    def patch(self, request: Request, object_type: str) -> Response:
        kind = self.own(object_type)
        look = object_definitions.read_change(self.body())
        with refused():
            changed = schemas.update(kind, look)
        return Response(self.definition(changed))

    @describe("Archive or purge a custom object type", query=(ARCHIVED,))
    def delete(self, request: Request, object_type: str) -> Response:
        """With `archived=true` it is removed for good. Refused while there are records."""
        if not self.query.flag("archived"):
            with refused():
                schemas.archive(self.own(object_type))
            return Response(status=status.HTTP_204_NO_CONTENT)
        with refused(), transaction.atomic():
            # It may be archived already.
            with suppress(NotFound):
                schemas.archive(self.own(object_type))
            schemas.purge(self.own(object_type, archived=True), self.source)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Associations(CustomObjects):
    @describe(
        "Relate a custom object type to another",
        body=shapes.NewSchemaAssociation,
        answer=shapes.SchemaAssociation,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        """The way back is made with it."""
        kind = self.own(object_type)
        fields = self.body()
        ends = [find_kind(fields.text(f"{end}ObjectTypeId")) for end in ("from", "to")]
        if kind.type_id not in [end.type_id for end in ends]:
            raise ApiError(f"One of the two object types has to be {kind.name}.")
        with refused():
            there, _ = schemas.relate(ends[0], ends[1], fields.text("name", ""))
        return Response(shown_relation(there), status=status.HTTP_201_CREATED)


class OneAssociation(CustomObjects):
    @describe("Remove the relation of a custom object type to another")
    def delete(self, request: Request, object_type: str, number: str) -> Response:
        """The way back, and the associations of records, go with it."""
        kind = self.own(object_type)
        if not number.isdecimal() or not schemas.unrelate(kind, int(number[:18])):
            raise NotFound(f"{kind.name} has no association {number[:40]}.")
        return Response(status=status.HTTP_204_NO_CONTENT)


class BatchRead(CustomObjects):
    rule = OPEN

    @describe(
        "Read schemas by their type ids or names",
        body=shapes.WantedSchemas,
        answer=Batch[shapes.Schema],
        partly=PartBatch[shapes.Schema],
    )
    def post(self, request: Request) -> Response:
        self.require(scopes.READ)
        body = self.body()
        given: Any = body.json.get("inputs") or []
        if isinstance(given, list) and all(isinstance(item, str) for item in given):
            keys = [*given]
        else:
            keys = [item.text("id") for item in batches.inputs(body)]
        found, missing = object_definitions.find_many(dict.fromkeys(keys[: batches.MOST_INPUTS]))
        return batches.answer(self.schemas(found), missing)
