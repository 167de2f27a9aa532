"""Property definitions: /crm/v3/properties/{type}."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import properties
from crm.access_switches import EDIT_PROPERTIES
from crm.api import batches, definitions, scopes
from crm.api.describing import ARCHIVED, describe, several
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import NotFound
from crm.api.rules import OPEN, Rule
from crm.api.shapes import properties as shapes
from crm.api.shapes.base import Batch, Collection, Inputs, PartBatch
from crm.api.values import as_moment
from crm.models import Property, PropertyGroup
from crm.objects.base import ObjectType
from crm.property_types.base import Definition


class SchemaEndpoint(Endpoint):
    """What endpoints about properties have in common."""

    rule: ClassVar[Rule] = Rule(write=EDIT_PROPERTIES)

    def described(self, key: str, verb: str) -> type[ObjectType]:
        """An object type that the token may read or write the properties of."""
        kind = find_kind(key)
        scopes.require(self.token, scopes.schemas(kind, verb))
        return kind

    def rows(self, kind: type[ObjectType], *, archived: bool = False) -> QuerySet[Property]:
        """The properties of a type without those that are hidden from the user."""
        return definitions.rows(kind, archived=archived).exclude(name__in=self.hidden(kind))

    def hidden(self, kind: type[ObjectType]) -> list[str]:
        return self.rights.hidden(kind.type_id)

    def require_seen(self, kind: type[ObjectType], name: str) -> None:
        """Raise NotFound for a property that is hidden from the user."""
        if name in self.hidden(kind):
            raise NotFound(f"Property {name[:100]} does not exist.")


def declared(kind: type[ObjectType]) -> dict[str, Definition]:
    return {item.name: item for item in kind.properties}


def shown(kind: type[ObjectType], item: Property) -> shapes.Property:
    """A property as the API shows it."""
    ours = declared(kind).get(item.name)
    body: shapes.Property = {
        "name": item.name,
        "label": item.label,
        "type": item.type,
        "fieldType": item.field_type,
        "description": item.description,
        "groupName": item.group.name,
        "options": [_option(option, place) for place, option in enumerate(_options(kind, item))],
        "displayOrder": item.display_order,
        "calculated": bool((ours and ours.is_calculated) or item.formula),
        "externalOptions": bool(ours and ours.external_options),
        "hasUniqueValue": item.is_unique,
        "hidden": item.is_hidden,
        "hubspotDefined": item.is_standard,
        "formField": item.is_form_field,
        "modificationMetadata": {
            "archivable": not item.is_standard,
            "readOnlyDefinition": item.is_standard,
            "readOnlyValue": item.is_read_only,
            "readOnlyOptions": item.is_read_only,
        },
        "createdAt": as_moment(item.created_at),
        "updatedAt": as_moment(item.updated_at),
        "archived": item.archived_at is not None,
        "dataSensitivity": "non_sensitive",
    }
    if ours is not None and ours.external_options == "OWNER":
        body["referencedObjectType"] = ours.external_options
    if item.formula:
        body["calculationFormula"] = item.formula
    if item.archived_at is not None:
        body["archivedAt"] = as_moment(item.archived_at)
    return body


def _options(kind: type[ObjectType], item: Property) -> list[dict[str, Any]]:
    """The options in the row; pipelines and stages are kept elsewhere."""
    ours = declared(kind).get(item.name)
    if ours is None or ours.external_options not in ("PIPELINE", "STAGE"):
        return item.options
    loaded = properties.load(kind.type_id).get(item.name)
    found = loaded.options if loaded else ()
    return [{"label": option.label, "value": option.value} for option in found]


def _option(option: dict[str, Any], place: int) -> shapes.Option:
    return {
        "label": option["label"],
        "value": option["value"],
        "displayOrder": option.get("displayOrder", place),
        "hidden": option.get("hidden", False),
        "description": option.get("description", ""),
    }


class Properties(SchemaEndpoint):
    @describe(
        "List the properties of an object type",
        answer=Collection[shapes.Property],
        query=(ARCHIVED, several("properties", "Only those with these names.")),
    )
    def get(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.READ)
        found = self.rows(kind, archived=self.query.flag("archived"))
        names = self.query.names("properties")
        if names:
            found = found.filter(name__in=names)
        return Response({"results": [shown(kind, item) for item in found]})

    @describe(
        "Create a property",
        body=shapes.NewProperty,
        answer=shapes.Property,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        (made,) = definitions.create(kind, [self.body()])
        return Response(shown(kind, made), status=status.HTTP_201_CREATED)


class OneProperty(SchemaEndpoint):
    @describe("Read a property", answer=shapes.Property, query=(ARCHIVED,))
    def get(self, request: Request, object_type: str, name: str) -> Response:
        kind = self.described(object_type, scopes.READ)
        rows = self.rows(kind, archived=self.query.flag("archived"))
        found = rows.filter(name=name).first()
        if found is None:
            raise NotFound(f"Property {name[:100]} does not exist.")
        return Response(shown(kind, found))

    @describe("Change a property", body=shapes.PropertyChange, answer=shapes.Property)
    def patch(self, request: Request, object_type: str, name: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        self.require_seen(kind, name)
        return Response(shown(kind, definitions.update(kind, name, self.body())))

    @describe("Archive a property")
    def delete(self, request: Request, object_type: str, name: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        self.require_seen(kind, name)
        definitions.archive(kind, [name])
        return Response(status=status.HTTP_204_NO_CONTENT)


class BatchCreate(SchemaEndpoint):
    @describe(
        "Create properties, all or none",
        body=Inputs[shapes.NewProperty],
        answer=Batch[shapes.Property],
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        made = definitions.create(kind, batches.inputs(self.body()))
        results = [shown(kind, item) for item in made]
        return batches.answer(results, success=status.HTTP_201_CREATED)


class BatchRead(SchemaEndpoint):
    rule = OPEN

    @describe(
        "Read properties by their names",
        body=shapes.WantedProperties,
        answer=Batch[shapes.Property],
        partly=PartBatch[shapes.Property],
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.READ)
        body = self.body()
        names = list(dict.fromkeys(item.text("name") for item in batches.inputs(body)))
        rows = self.rows(kind, archived=body.flag("archived", default=False))
        found = {item.name: item for item in rows.filter(name__in=names)}
        missing = [
            NotFound(f"Property {name[:100]} does not exist.", context={"name": [name]})
            for name in names
            if name not in found
        ]
        results = [shown(kind, found[name]) for name in names if name in found]
        return batches.answer(results, missing)


class BatchArchive(SchemaEndpoint):
    @describe("Archive properties", body=Inputs[shapes.PropertyName])
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        names = [item.text("name") for item in batches.inputs(self.body())]
        hidden = self.hidden(kind)
        definitions.archive(kind, [name for name in names if name not in hidden])
        return Response(status=status.HTTP_204_NO_CONTENT)


def shown_group(group: PropertyGroup) -> shapes.PropertyGroup:
    return {
        "name": group.name,
        "label": group.label,
        "displayOrder": group.display_order,
        "archived": False,
    }


class Groups(SchemaEndpoint):
    @describe("List the property groups of an object type", answer=Collection[shapes.PropertyGroup])
    def get(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.READ)
        found = PropertyGroup.objects.filter(object_type=kind.type_id)
        return Response({"results": [shown_group(group) for group in found]})

    @describe(
        "Create a property group",
        body=shapes.NewPropertyGroup,
        answer=shapes.PropertyGroup,
        status=status.HTTP_201_CREATED,
    )
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        made = definitions.create_group(kind, self.body())
        return Response(shown_group(made), status=status.HTTP_201_CREATED)


class Group(SchemaEndpoint):
    @describe("Read a property group", answer=shapes.PropertyGroup)
    def get(self, request: Request, object_type: str, name: str) -> Response:
        kind = self.described(object_type, scopes.READ)
        return Response(shown_group(definitions.group(kind, name)))

    @describe(
        "Change a property group", body=shapes.PropertyGroupChange, answer=shapes.PropertyGroup
    )
    def patch(self, request: Request, object_type: str, name: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        return Response(shown_group(definitions.update_group(kind, name, self.body())))

    @describe("Remove a property group that no property is in")
    def delete(self, request: Request, object_type: str, name: str) -> Response:
        kind = self.described(object_type, scopes.WRITE)
        definitions.archive_group(kind, name)
        return Response(status=status.HTTP_204_NO_CONTENT)
