"""Lists, their members and their folders."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from crm.api.shapes.base import GivenId, Id, Moment, Next, Paging, Says

ProcessingType = Literal["MANUAL", "DYNAMIC", "SNAPSHOT"]
ListName = Annotated[str, Says(minLength=1, maxLength=200)]
#: Groups of filters, in HubSpot's grammar.
FilterBranch = dict[str, Any]


class ListFields(TypedDict):
    """What every answer says about a list."""

    listId: Id
    listVersion: int
    name: str
    objectTypeId: str
    processingType: ProcessingType
    processingStatus: Literal["COMPLETE", "PROCESSING"]
    createdAt: Moment
    updatedAt: Moment
    filtersUpdatedAt: NotRequired[Moment]
    createdById: NotRequired[Id]
    updatedById: NotRequired[Id]
    deletedAt: NotRequired[Moment]


class ListDetails(ListFields):
    size: int
    filterBranch: NotRequired[FilterBranch]


class FoundList(ListFields):
    additionalProperties: dict[str, str]


class OneList(TypedDict):
    list: ListDetails


class UpdatedList(TypedDict):
    updatedList: ListDetails


class SeveralLists(TypedDict):
    lists: list[ListDetails]


class NewList(TypedDict):
    name: ListName
    objectTypeId: str
    processingType: ProcessingType
    #: Needed by every list that is not MANUAL.
    filterBranch: NotRequired[FilterBranch]
    listFolderId: NotRequired[GivenId]


class NewFilters(TypedDict):
    filterBranch: FilterBranch


class ListSearch(TypedDict):
    query: NotRequired[str]
    listIds: NotRequired[list[GivenId]]
    processingTypes: NotRequired[list[ProcessingType]]
    objectTypeId: NotRequired[str]
    additionalProperties: NotRequired[list[str]]
    offset: NotRequired[Annotated[int, Says(minimum=0)]]
    count: NotRequired[Annotated[int, Says(minimum=1, maximum=500)]]
    sort: NotRequired[str]


class FoundLists(TypedDict):
    total: int
    #: Where the next page begins.
    offset: int
    hasMore: bool
    lists: list[FoundList]


class Member(TypedDict):
    recordId: Id
    membershipTimestamp: Moment


class Previous(TypedDict):
    before: str
    link: Annotated[str, Says(format="uri")]


class MemberPaging(TypedDict):
    next: NotRequired[Next]
    prev: NotRequired[Previous]


class Members(TypedDict):
    results: list[Member]
    total: NotRequired[int]
    paging: NotRequired[MemberPaging]


class JoinedMembers(TypedDict):
    results: list[Member]
    total: NotRequired[int]
    paging: NotRequired[Paging]


class MembershipChange(TypedDict):
    recordIdsToAdd: list[GivenId]
    recordIdsToRemove: list[GivenId]


class ChangedMemberships(TypedDict):
    #: Spelled as HubSpot does.
    recordsIdsAdded: list[Id]
    recordIdsRemoved: list[Id]
    recordIdsMissing: list[str]


class ListOfRecord(TypedDict):
    listId: Id
    listVersion: int
    firstAddedTimestamp: Moment
    lastAddedTimestamp: Moment
    isPublicList: bool


class ListsOfRecord(TypedDict):
    results: list[ListOfRecord]
    total: int


class ListedRecord(TypedDict):
    objectTypeId: str
    recordId: GivenId


class ListedRecords(TypedDict):
    inputs: Annotated[list[ListedRecord], Says(maxItems=100)]


class RecordWithLists(TypedDict):
    objectTypeId: str
    recordId: Id
    recordListMemberships: list[ListOfRecord]


class RecordsWithLists(TypedDict):
    status: Literal["COMPLETE"]
    results: list[RecordWithLists]
    startedAt: Moment
    completedAt: Moment


class ListFolder(TypedDict):
    id: int
    parentFolderId: int
    name: str
    childNodes: list[ListFolder]
    childLists: list[int]
    createdAt: NotRequired[Moment]
    updatedAt: NotRequired[Moment]
    userId: NotRequired[int]


class OneFolder(TypedDict):
    folder: ListFolder


class NewFolder(TypedDict):
    name: ListName
    parentFolderId: NotRequired[GivenId]


class ListMove(TypedDict):
    listId: GivenId
    newFolderId: GivenId


class ListMapping(TypedDict):
    listId: Id
    legacyListId: Id


class ListMappings(TypedDict):
    legacyListIdsToIdsMapping: list[ListMapping]
    missingLegacyListIds: list[str]


class ConversionDate(TypedDict):
    conversionType: Literal["CONVERSION_DATE"]
    year: int
    month: int
    day: int


class ConversionInactivity(TypedDict):
    conversionType: Literal["INACTIVITY"]
    offset: int
    timeUnit: Literal["DAY", "WEEK", "MONTH"]


class ListConversion(TypedDict):
    listId: Id
    requestedConversionTime: NotRequired[ConversionDate | ConversionInactivity]
    convertedAt: NotRequired[Moment]
