"""Property definitions and their groups."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from crm.api.shapes.base import Moment, Says

PropertyType = Literal["bool", "enumeration", "date", "datetime", "string", "number"]
Name = Annotated[str, Says(pattern="^[a-z][a-z0-9_]{0,99}$")]
Order = Annotated[int, Says(minimum=-999_999_999, maximum=999_999_999)]


class Option(TypedDict):
    label: str
    value: str
    displayOrder: int
    hidden: bool
    description: str


class ModificationMetadata(TypedDict):
    archivable: bool
    readOnlyDefinition: bool
    readOnlyValue: bool
    readOnlyOptions: bool


class Property(TypedDict):
    name: str
    label: str
    type: str
    fieldType: str
    description: str
    groupName: str
    options: list[Option]
    displayOrder: int
    calculated: bool
    externalOptions: bool
    hasUniqueValue: bool
    hidden: bool
    hubspotDefined: bool
    formField: bool
    modificationMetadata: ModificationMetadata
    createdAt: Moment
    updatedAt: Moment
    archived: bool
    archivedAt: NotRequired[Moment]
    dataSensitivity: Literal["non_sensitive"]
    referencedObjectType: NotRequired[str]
    calculationFormula: NotRequired[str]


class GivenOption(TypedDict):
    label: str
    value: str
    displayOrder: NotRequired[Order]
    hidden: NotRequired[bool]
    description: NotRequired[str]


class PropertyChange(TypedDict):
    label: NotRequired[str]
    type: NotRequired[PropertyType]
    fieldType: NotRequired[str]
    groupName: NotRequired[str]
    description: NotRequired[str]
    displayOrder: NotRequired[Order]
    hidden: NotRequired[bool]
    formField: NotRequired[bool]
    calculationFormula: NotRequired[str]
    options: NotRequired[list[GivenOption]]


class NewProperty(TypedDict):
    name: Name
    label: str
    type: PropertyType
    fieldType: str
    groupName: str
    description: NotRequired[str]
    displayOrder: NotRequired[Order]
    hidden: NotRequired[bool]
    formField: NotRequired[bool]
    #: For fieldType calculation_equation: arithmetic over other properties.
    calculationFormula: NotRequired[str]
    options: NotRequired[list[GivenOption]]
    hasUniqueValue: NotRequired[bool]


class PropertyName(TypedDict):
    name: str


class WantedProperties(TypedDict):
    inputs: list[PropertyName]
    archived: NotRequired[bool]


class PropertyGroup(TypedDict):
    name: str
    label: str
    displayOrder: int
    archived: bool


class NewPropertyGroup(TypedDict):
    name: Name
    label: str
    displayOrder: NotRequired[Order]


class PropertyGroupChange(TypedDict):
    label: NotRequired[str]
    displayOrder: NotRequired[Order]
