"""Definitions of custom events: /events/v3/event-definitions (A-200)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import event_definitions, event_editing
from crm.access_switches import EDIT_PROPERTIES
from crm.api import paging, scopes
from crm.api.describing import describe, filtered, flag, paged
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import AlreadyExists, ApiError, NotFound
from crm.api.rules import Rule
from crm.api.shapes import events as shapes
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.event_definitions import CUSTOM_ID, DEFAULT_PROPERTIES
from crm.models import CustomEvent, CustomEventProperty
from crm.objects import base as objects
from crm.property_editing import InvalidDefinition
from crm.property_types.base import property_types

PAGE, MOST = 10, 100


class DefinitionEndpoint(Endpoint):
    """What endpoints of event definitions have in common."""

    rule = Rule(write=EDIT_PROPERTIES)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        scopes.require(self.token, (scopes.EVENT_DEFINITIONS,))


class Definitions(DefinitionEndpoint):
    @describe(
        "List the custom events",
        answer=shapes.EventDefinitions,
        query=(
            filtered("searchString", "Words in the label or the name."),
            flag("includeProperties", "Whether to show the properties."),
            *paged(PAGE, MOST),
        ),
    )
    def get(self, request: Request) -> Response:
        limit = self.query.limit(PAGE, MOST)
        found = _rows()
        words = self.query.text("searchString").strip()
        if words:
            found = found.filter(label__icontains=words) | found.filter(name__icontains=words)
        rows = list(found.filter(pk__gt=self.query.after()).order_by("pk")[: limit + 1])
        with_properties = self.query.flag("includeProperties", default=True)
        shown = [_shown(row, with_properties=with_properties) for row in rows[:limit]]
        body: shapes.EventDefinitions = {"total": found.count(), "results": shown}
        if len(rows) > limit:
            body["paging"] = paging.next_page(request, rows[limit - 1].pk)
        return Response(body)

    @describe(
        "Define an event",
        body=shapes.GivenEventDefinition,
        answer=shapes.EventDefinition,
        status=201,
    )
    def post(self, request: Request) -> Response:
        fields = self.body()
        event = CustomEvent(
            name=fields.text("name", "") or event_editing.name_from(fields.text("label")),
            label=fields.text("label").strip(),
            description=fields.text("description", ""),
            object_type=find_kind(fields.text("primaryObject", "CONTACT")).type_id,
            has_default_properties=fields.flag("includeDefaultProperties", default=True),
        )
        given = [_read_property(one) for one in fields.objects("propertyDefinitions")]
        with _refused():
            event_editing.create(event, given)
        return Response(_shown(_get(event.name)), status=status.HTTP_201_CREATED)


class OneDefinition(DefinitionEndpoint):
    @describe("Read a custom event", answer=shapes.EventDefinition)
    def get(self, request: Request, name: str) -> Response:
        return Response(_shown(_get(name)))

    @describe(
        "Change a custom event", body=shapes.EventDefinitionChange, answer=shapes.EventDefinition
    )
    def patch(self, request: Request, name: str) -> Response:
        event, fields = _get(name), self.body()
        if fields.json.get("label") is not None:
            event.label = fields.text("label").strip()
        if fields.json.get("description") is not None:
            event.description = fields.text("description")
        with _refused():
            event_editing.change(event)
        return Response(_shown(_get(name)))

    @describe("Archive a custom event")
    def delete(self, request: Request, name: str) -> Response:
        event = event_definitions.find_row(name)
        if event is not None:
            event_editing.archive(event)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Properties(DefinitionEndpoint):
    @describe(
        "Add a property to an event",
        body=shapes.GivenEventProperty,
        answer=shapes.EventProperty,
        status=201,
    )
    def post(self, request: Request, name: str) -> Response:
        item = _read_property(self.body())
        item.event = _get(name)
        with _refused():
            event_editing.add_property(item)
        return Response(_shown_property(item), status=status.HTTP_201_CREATED)


class OneProperty(DefinitionEndpoint):
    @describe(
        "Change a property of an event",
        body=shapes.EventPropertyChange,
        answer=shapes.EventProperty,
    )
    def patch(self, request: Request, name: str, property_name: str) -> Response:
        item, fields = _get_property(name, property_name), self.body()
        if fields.json.get("label") is not None:
            item.label = fields.text("label").strip()
        if fields.json.get("description") is not None:
            item.description = fields.text("description")
        if fields.json.get("options") is not None:
            item.options = _options(fields)
        with _refused():
            event_editing.change_property(item)
        return Response(_shown_property(item))

    @describe("Archive a property of an event")
    def delete(self, request: Request, name: str, property_name: str) -> Response:
        event_editing.archive_property(_get_property(name, property_name))
        return Response(status=status.HTTP_204_NO_CONTENT)


@contextmanager
def _refused() -> Iterator[None]:
    """What cannot be, in the API's words."""
    try:
        yield
    except InvalidDefinition as error:
        if "exists" in error.errors.get("name", ""):
            raise AlreadyExists(error.errors["name"]) from error
        raise ApiError(
            " ".join(error.messages),
            errors=[{"message": text, "in": name} for name, text in error.errors.items()],
        ) from error


def _rows() -> QuerySet[CustomEvent]:
    return CustomEvent.objects.filter(archived_at=None).prefetch_related("properties")


def _get(name: str) -> CustomEvent:
    event = event_definitions.find_row(name)
    if event is None:
        raise NotFound(f"There is no event definition {name[:100]!r}.")
    return event


def _get_property(name: str, property_name: str) -> CustomEventProperty:
    for item in _get(name).properties.all():
        if item.name == property_name and item.archived_at is None:
            return item
    raise NotFound(f"The event has no property {property_name[:100]!r}.")


def _read_property(fields: Fields) -> CustomEventProperty:
    label = fields.text("label").strip()
    return CustomEventProperty(
        name=fields.text("name", "") or event_editing.name_from(label, longest=100),
        label=label,
        description=fields.text("description", ""),
        type=fields.text("type"),
        options=_options(fields),
    )


def _options(fields: Fields) -> list[dict[str, Any]]:
    return [
        {"label": one.text("label").strip(), "value": one.text("value").strip()}
        for one in fields.objects("options")
    ]


def _shown(event: CustomEvent, *, with_properties: bool = True) -> shapes.EventDefinition:
    kind = objects.get(event.object_type)
    body: shapes.EventDefinition = {
        "id": str(event.pk),
        "name": event.name,
        "fullyQualifiedName": event_editing.fully_qualified(event),
        "labels": {"singular": event.label, "plural": event.label},
        "description": event.description,
        "objectTypeId": f"{CUSTOM_ID}{event.pk}",
        "primaryObject": kind.name.upper(),
        "primaryObjectId": kind.type_id,
        "trackingType": "MANUAL",
        "archived": event.archived_at is not None,
        "associations": [],
        "createdAt": as_moment(event.created_at),
        "updatedAt": as_moment(event.updated_at),
        "properties": [],
    }
    if with_properties:
        own = [item for item in event.properties.all() if item.archived_at is None]
        body["properties"] = [_shown_property(item) for item in own]
        if event.has_default_properties:
            body["properties"] += [
                _property_body(item.name, item.label, item.type, is_ours=True)
                for item in DEFAULT_PROPERTIES
            ]
    return body


def _shown_property(item: CustomEventProperty) -> shapes.EventProperty:
    body = _property_body(item.name, item.label, item.type)
    body["description"] = item.description
    body["createdAt"] = as_moment(item.created_at)
    body["options"] = [
        {
            "label": one["label"],
            "value": one["value"],
            "displayOrder": place,
            "hidden": False,
            "description": "",
        }
        for place, one in enumerate(item.options)
    ]
    return body


def _property_body(
    name: str, label: str, type_: str, *, is_ours: bool = False
) -> shapes.EventProperty:
    return {
        "name": name,
        "label": label,
        "type": type_,
        "fieldType": property_types.get(type_).field_types[0],
        "groupName": "",
        "description": "",
        "options": [],
        "hubspotDefined": is_ours,
        "archived": False,
    }
