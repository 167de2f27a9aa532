"""Imports of files, and exports into them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict

from crm.api.shapes.base import Id, Moment, Says

FileName = Annotated[str, Says(minLength=1)]


class ForeignKey(TypedDict):
    """How the row's record is associated with the one that a column names."""

    associationCategory: NotRequired[str]
    associationTypeId: int


class ColumnMapping(TypedDict):
    """Where a column goes: into a property, or to an associated record."""

    columnObjectTypeId: str
    columnName: str
    propertyName: NotRequired[str]
    idColumnType: NotRequired[Literal["HUBSPOT_OBJECT_ID", "HUBSPOT_ALTERNATE_ID"]]
    toColumnObjectTypeId: NotRequired[str]
    foreignKeyType: NotRequired[ForeignKey]


class FileColumns(TypedDict):
    hasHeader: NotRequired[bool]
    columnMappings: Annotated[list[ColumnMapping], Says(minItems=1)]


class ImportFile(TypedDict):
    fileName: FileName
    fileFormat: NotRequired[Literal["CSV"]]
    fileImportPage: FileColumns


class ImportRequest(TypedDict):
    """How the files are imported."""

    name: Annotated[str, Says(minLength=1, maxLength=200)]
    files: Annotated[list[ImportFile], Says(minItems=1, maxItems=10)]
    importOperations: NotRequired[dict[str, Literal["UPSERT", "CREATE", "UPDATE"]]]
    dateFormat: NotRequired[Literal["DAY_MONTH_YEAR", "MONTH_DAY_YEAR", "YEAR_MONTH_DAY"]]
    createContactListFromImport: NotRequired[bool]


class ImportForm(TypedDict):
    """The parts of the form: how, as JSON, and the files themselves."""

    importRequest: ImportRequest
    files: list[Annotated[str, Says(format="binary")]]


class ObjectList(TypedDict):
    """A static list that the records of an import have joined."""

    listId: Id
    objectType: str


class ImportMetadata(TypedDict):
    counters: dict[str, int]
    fileIds: list[Id]
    objectLists: list[ObjectList]


ImportState = Literal["STARTED", "PROCESSING", "DONE", "FAILED", "CANCELED"]


class Import(TypedDict):
    id: Id
    state: ImportState
    createdAt: Moment
    updatedAt: Moment
    optOutImport: bool
    importName: str
    importSource: Literal["API", "CRM_UI"]
    mappedObjectTypeIds: list[str]
    metadata: ImportMetadata


class SourceData(TypedDict):
    """Where in the file a row stood, and what it held."""

    rowData: list[str]
    lineNumber: int
    fileId: int
    containsEncryptedProperties: bool


class RejectedRow(TypedDict):
    """A row that was not imported."""

    id: str
    #: Milliseconds since 1970.
    createdAt: int
    errorType: str
    errorMessage: str
    objectTypeId: str
    sourceData: SourceData


class Cancelled(TypedDict):
    status: Literal["CANCELED"]
    startedAt: Moment
    completedAt: Moment


class ExportRequest(TypedDict):
    """The members of a list, or what a search finds."""

    exportType: Literal["LIST", "VIEW"]
    exportName: NotRequired[Annotated[str, Says(maxLength=200)]]
    format: NotRequired[Literal["CSV", "XLSX"]]
    language: NotRequired[str]
    objectType: str
    objectProperties: Annotated[list[str], Says(minItems=1)]
    exportInternalValuesOptions: NotRequired[list[Literal["NAMES", "VALUES"]]]
    listId: NotRequired[str]
    publicCrmSearchRequest: NotRequired[dict[str, Any]]


class StartedExport(TypedDict):
    id: Id
    links: dict[str, str]


ExportState = Literal["PENDING", "PROCESSING", "COMPLETE", "CANCELED"]


class Trouble(TypedDict):
    message: str


class ExportStatus(TypedDict):
    """How far an export is; with the address of the file when it is complete."""

    status: ExportState
    startedAt: Moment
    requestedAt: Moment
    completedAt: Moment
    result: NotRequired[Annotated[str, Says(format="uri")]]
    errors: NotRequired[list[Trouble]]
    numErrors: NotRequired[int]


class Export(TypedDict):
    id: Id
    exportName: str
    exportState: ExportState
    objectType: str
    objectProperties: list[str]
    recordCount: int
    createdAt: Moment
    updatedAt: Moment
