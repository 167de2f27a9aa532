"""Events: custom ones as they are defined and sent, and what happened."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from crm.api.shapes.base import GivenId, Id, Moment, Paging, Says
from crm.api.shapes.properties import GivenOption, Option

EventName = Annotated[str, Says(pattern="^[a-z][a-z0-9_-]{0,49}$")]
PropertyName = Annotated[str, Says(pattern="^[a-z][a-z0-9_]{0,99}$")]
Label = Annotated[str, Says(minLength=1, maxLength=100)]
Token = Annotated[
    str, Says(pattern="^[0-9a-fA-F]{32}$|^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
]


class SentEvent(TypedDict):
    """Something that happened to a record: named by its id, or a contact by email or visitor."""

    eventName: str
    objectId: NotRequired[GivenId]
    email: NotRequired[str]
    utk: NotRequired[Token]
    uuid: NotRequired[Annotated[str, Says(maxLength=100)]]
    occurredAt: NotRequired[Moment]
    properties: NotRequired[dict[str, Any]]


class SentEvents(TypedDict):
    inputs: Annotated[list[SentEvent], Says(maxItems=500)]


class Occurrence(TypedDict):
    """Something that happened to a record."""

    id: str
    eventType: str
    objectType: str
    objectId: Id
    occurredAt: Moment
    properties: dict[str, str]


class EventTypes(TypedDict):
    eventTypes: list[str]


class EventPropertyChange(TypedDict):
    label: NotRequired[Label]
    description: NotRequired[str]
    options: NotRequired[list[GivenOption]]


class GivenEventProperty(TypedDict):
    """A property of an event; without a name one is made of the label."""

    name: NotRequired[PropertyName]
    label: Label
    type: Literal["string", "number", "enumeration", "datetime", "date", "bool"]
    description: NotRequired[str]
    options: NotRequired[list[GivenOption]]


class EventProperty(TypedDict):
    name: str
    label: str
    type: str
    fieldType: str
    groupName: str
    description: str
    options: list[Option]
    hubspotDefined: bool
    archived: bool
    createdAt: NotRequired[Moment]


class EventDefinitionChange(TypedDict):
    label: NotRequired[Label]
    description: NotRequired[str]


class GivenEventDefinition(TypedDict):
    """A custom event; without a name one is made of the label."""

    name: NotRequired[EventName]
    label: Label
    description: NotRequired[str]
    primaryObject: NotRequired[str]
    includeDefaultProperties: NotRequired[bool]
    propertyDefinitions: NotRequired[list[GivenEventProperty]]


class EventLabels(TypedDict):
    singular: str
    plural: str


class EventDefinition(TypedDict):
    id: Id
    name: str
    fullyQualifiedName: str
    labels: EventLabels
    description: str
    objectTypeId: str
    primaryObject: str
    primaryObjectId: str
    trackingType: Literal["MANUAL"]
    archived: bool
    associations: list[str]
    createdAt: Moment
    updatedAt: Moment
    properties: list[EventProperty]


class EventDefinitions(TypedDict):
    total: int
    results: list[EventDefinition]
    paging: NotRequired[Paging]
