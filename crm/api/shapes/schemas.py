"""Custom object types: their schemas."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from crm.api.shapes.base import Moment, Says
from crm.api.shapes.properties import GivenOption, Name, Order, Property, PropertyType

Label = Annotated[str, Says(minLength=1, maxLength=100)]


class SchemaLabels(TypedDict):
    singular: str
    plural: str


class SchemaDefinition(TypedDict):
    """An object type without its properties and associations."""

    id: str
    objectTypeId: str
    fullyQualifiedName: str
    name: str
    labels: SchemaLabels
    description: str
    requiredProperties: list[str]
    searchableProperties: list[str]
    primaryDisplayProperty: str | None
    secondaryDisplayProperties: list[str]
    portalId: int
    archived: bool
    createdAt: NotRequired[Moment]
    updatedAt: NotRequired[Moment]


class SchemaAssociation(TypedDict):
    """A type of association, in one direction."""

    id: str
    fromObjectTypeId: str
    toObjectTypeId: str
    name: str


class Schema(SchemaDefinition):
    properties: list[Property]
    associations: list[SchemaAssociation]


class SchemaProperty(TypedDict):
    """One of the first properties of an object type."""

    name: Name
    label: str
    type: PropertyType
    fieldType: str
    groupName: NotRequired[str]
    description: NotRequired[str]
    displayOrder: NotRequired[Order]
    options: NotRequired[list[GivenOption]]
    hasUniqueValue: NotRequired[bool]


class GivenSchemaLabels(TypedDict):
    singular: Label
    plural: Label


class NewSchema(TypedDict):
    name: Annotated[str, Says(pattern="^[A-Za-z][A-Za-z0-9_]{0,49}$")]
    labels: GivenSchemaLabels
    requiredProperties: NotRequired[list[str]]
    searchableProperties: NotRequired[list[str]]
    primaryDisplayProperty: NotRequired[str]
    secondaryDisplayProperties: NotRequired[list[str]]
    description: NotRequired[str]
    properties: list[SchemaProperty]
    associatedObjects: NotRequired[list[str]]


class ChangedSchemaLabels(TypedDict):
    singular: NotRequired[Label]
    plural: NotRequired[Label]


class SchemaChange(TypedDict):
    labels: NotRequired[ChangedSchemaLabels]
    requiredProperties: NotRequired[list[str]]
    searchableProperties: NotRequired[list[str]]
    primaryDisplayProperty: NotRequired[str]
    secondaryDisplayProperties: NotRequired[list[str]]
    description: NotRequired[str]
    clearDescription: NotRequired[bool]


class NewSchemaAssociation(TypedDict):
    fromObjectTypeId: str
    toObjectTypeId: str
    name: NotRequired[str]


class SchemaKey(TypedDict):
    id: str


class WantedSchemas(TypedDict):
    """Type ids or names."""

    inputs: list[SchemaKey | str]
