"""Associations between records, with numbers for their types (v4) and with names (v3)."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict

from crm.api.shapes.base import GivenId, Id, Paging, Says

Category = Annotated[str, Says(enum=["HUBSPOT_DEFINED", "USER_DEFINED"])]
TypeNumber = Annotated[int, Says(minimum=0, maximum=999_999_999)]
Label = Annotated[str, Says(minLength=1, maxLength=100)]


class AssociationSpec(TypedDict):
    """A type of association: one of HubSpot's numbers, or one of the account's own."""

    associationCategory: NotRequired[Category]
    associationTypeId: TypeNumber


class LabelledType(TypedDict):
    category: Category
    typeId: int
    label: str | None


class RelatedRecord(TypedDict):
    """A record at the other end, and how it is related."""

    toObjectId: int
    associationTypes: list[LabelledType]


class RecordId(TypedDict):
    id: Id


class GivenRecordId(TypedDict):
    id: GivenId


class LabelsBetween(TypedDict):
    """Two records and the labels between them."""

    fromObjectTypeId: str
    fromObjectId: int
    toObjectTypeId: str
    toObjectId: int
    labels: list[str]


Ends = TypedDict("Ends", {"from": RecordId, "to": RecordId})
GivenEnds = TypedDict("GivenEnds", {"from": GivenRecordId, "to": GivenRecordId})
From = TypedDict("From", {"from": RecordId})


class DefaultAssociation(Ends):
    """One direction of an association without a label."""

    associationSpec: AssociationSpec


class GivenAssociation(GivenEnds):
    types: Annotated[list[AssociationSpec], Says(minItems=1)]


GivenRemoval = TypedDict("GivenRemoval", {"from": GivenRecordId, "to": list[GivenRecordId]})


class WantedRelations(TypedDict):
    """A record whose related ones are asked for."""

    id: GivenId
    after: NotRequired[str]


class RelatedPage(From):
    """The records related to one."""

    to: list[RelatedRecord]
    paging: NotRequired[Paging]


class NewLabel(TypedDict):
    """A label, and what it is called from the other side."""

    label: Label
    name: Annotated[str, Says(minLength=1)]
    inverseLabel: NotRequired[Label]


class LabelChange(TypedDict):
    associationTypeId: TypeNumber
    label: Label
    inverseLabel: NotRequired[Label]


class NamedAssociation(Ends):
    """An association whose type has a name."""

    type: str


class GivenNamedAssociation(GivenEnds):
    type: str


class NamedRelated(TypedDict):
    id: Id
    type: str


class NamedRelatedPage(From):
    """The records related to one, with the names of the types."""

    to: list[NamedRelated]


class NamedType(TypedDict):
    id: Id
    name: str
