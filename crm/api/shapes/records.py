"""Records of all object types, and the search for them."""

from __future__ import annotations

from typing import Annotated, Literal, NotRequired, TypedDict

from crm.api.shapes.associations import AssociationSpec
from crm.api.shapes.base import GivenId, Id, Moment, Paging, Says

#: Whatever clients take a value for; answers have texts only.
GivenValue = str | int | float | bool | None


class PastValue(TypedDict):
    """A value that a property had, and who set it."""

    value: str | None
    timestamp: Moment
    sourceType: str
    sourceId: str
    updatedByUserId: NotRequired[int]


class AssociatedRecord(TypedDict):
    id: Id
    type: str


class AssociatedRecords(TypedDict):
    results: list[AssociatedRecord]
    paging: NotRequired[Paging]


class Record(TypedDict):
    id: Id
    properties: dict[str, str | None]
    createdAt: Moment
    updatedAt: Moment
    archived: bool
    archivedAt: NotRequired[Moment]
    propertiesWithHistory: NotRequired[dict[str, list[PastValue]]]
    associations: NotRequired[dict[str, AssociatedRecords]]
    objectWriteTraceId: NotRequired[str]


class UpsertedRecord(Record):
    """A record that was changed, or is new."""

    new: bool


class RecordReference(TypedDict):
    id: GivenId


class NewAssociation(TypedDict):
    """What a new record is associated with, and how."""

    to: RecordReference
    types: Annotated[list[AssociationSpec], Says(minItems=1)]


class RecordChange(TypedDict):
    properties: dict[str, GivenValue]


class NewRecord(RecordChange):
    associations: NotRequired[list[NewAssociation]]
    objectWriteTraceId: NotRequired[str]


class KeyedChange(RecordChange):
    """A change of the record that has this id, or this value of its unique property."""

    id: str | int
    idProperty: NotRequired[str]
    objectWriteTraceId: NotRequired[str]


class KeyedUpsert(RecordChange):
    """A change of the record with this value of a unique property, or a new one."""

    id: str | int
    idProperty: str
    objectWriteTraceId: NotRequired[str]


class RecordKey(TypedDict):
    id: str | int


class WantedRecords(TypedDict):
    inputs: Annotated[list[RecordKey], Says(maxItems=100)]
    properties: NotRequired[list[str]]
    propertiesWithHistory: NotRequired[list[str]]
    idProperty: NotRequired[str]


Operator = Literal[
    "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY",
    "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
]  # fmt: skip


class SearchFilter(TypedDict):
    """A condition on a property; `value` for most operators, `values` for IN and NOT_IN."""

    propertyName: str
    operator: Operator
    value: NotRequired[GivenValue]
    highValue: NotRequired[GivenValue]
    values: NotRequired[list[GivenValue]]


class SearchFilterGroup(TypedDict):
    """All of its filters have to fit."""

    filters: Annotated[list[SearchFilter], Says(maxItems=10)]


class SearchSort(TypedDict):
    propertyName: str
    direction: NotRequired[Literal["ASCENDING", "DESCENDING"]]


class Search(TypedDict):
    """One of the groups has to fit."""

    filterGroups: NotRequired[Annotated[list[SearchFilterGroup], Says(maxItems=10)]]
    query: NotRequired[Annotated[str, Says(maxLength=3000)]]
    sorts: NotRequired[Annotated[list[str | SearchSort], Says(maxItems=5)]]
    properties: NotRequired[list[str]]
    limit: NotRequired[Annotated[int, Says(minimum=1, maximum=200, default=10)]]
    after: NotRequired[GivenId]


class Found(TypedDict):
    """A page of what was found, and how many there are altogether."""

    total: int
    results: list[Record]
    paging: NotRequired[Paging]


class Merge(TypedDict):
    """Two records of one type; the first is left."""

    primaryObjectId: GivenId
    objectIdToMerge: GivenId


class Erasure(TypedDict):
    """A contact by its id, or by its address with `idProperty` "email"."""

    objectId: GivenId | str
    idProperty: NotRequired[Literal["email", "hs_object_id"]]
