"""The JSON that says how files are imported, read into what crm.imports takes (A-140)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm import properties
from crm.api.endpoint import find_kind
from crm.api.errors import ApiError
from crm.api.links import types_from
from crm.api.wire import Fields
from crm.imports.headings import RECORD_ID
from crm.imports.options import Link, Operation, Options
from crm.objects.base import ObjectType
from crm.properties import Definitions

DAY_FIRST = {"DAY_MONTH_YEAR": True, "MONTH_DAY_YEAR": False, "YEAR_MONTH_DAY": False}
FORMATS = ("CSV",)
BY_RECORD_ID = "HUBSPOT_OBJECT_ID"
BY_UNIQUE_VALUE = "HUBSPOT_ALTERNATE_ID"
MOST_FILES = 10


@dataclass(frozen=True, kw_only=True)
class FileRequest:
    """One file and where its columns go."""

    name: str
    object_type: str
    mapping: dict[str, str]
    options: Options


@dataclass(frozen=True, kw_only=True)
class ImportRequest:
    name: str
    files: tuple[FileRequest, ...]
    makes_list: bool


def read(json: Any) -> ImportRequest:
    """Raises ApiError for what is missing, unknown or not possible."""
    body = Fields(json)
    name = body.text("name").strip()
    if not 1 <= len(name) <= 200:
        raise ApiError("name must have 1 to 200 characters.")
    files = body.objects("files")
    if not 1 <= len(files) <= MOST_FILES:
        raise ApiError(f"files must name 1 to {MOST_FILES} files.")
    return ImportRequest(
        name=name,
        files=tuple(_file(file, body) for file in files),
        makes_list=body.flag("createContactListFromImport", default=False),
    )


def _file(file: Fields, body: Fields) -> FileRequest:
    name = file.text("fileName")
    file_format = file.text("fileFormat", "CSV").upper()
    if file_format not in FORMATS:
        raise ApiError(f"{file.place('fileFormat')}: only CSV files can be imported.")
    page = file.object("fileImportPage")
    if not page.flag("hasHeader", default=True):
        raise ApiError(f"{file.place('fileImportPage')}: the first line must hold the headings.")
    columns = page.objects("columnMappings")
    kind = _kind(columns, page)
    definitions = properties.load(kind.type_id)
    return FileRequest(
        name=name,
        object_type=kind.type_id,
        mapping=_mapping(columns, definitions),
        options=Options(
            name=body.text("name").strip(),
            operation=_operation(body, kind),
            key=_key(columns, definitions),
            day_first=_day_first(body),
            links=tuple(_link(column, kind) for column in columns if _is_link(column)),
        ),
    )


def _is_link(column: Fields) -> bool:
    return column.json.get("toColumnObjectTypeId") is not None


def _kind(columns: Sequence[Fields], page: Fields) -> type[ObjectType]:
    """The one object type that the rows of the file are."""
    if not columns:
        raise ApiError(f"{page.place('columnMappings')} must map at least one column.")
    kinds = {find_kind(column.text("columnObjectTypeId")) for column in columns}
    if len(kinds) > 1:
        raise ApiError(
            f"{page.place('columnMappings')}: the columns of one file belong to one object type;"
            " a column that names associated records says so with toColumnObjectTypeId."
        )
    return kinds.pop()


def _mapping(columns: Sequence[Fields], definitions: Definitions) -> dict[str, str]:
    mapping = {}
    for column in columns:
        if _is_link(column):
            continue
        name = column.text("propertyName", RECORD_ID if _id_type(column) == BY_RECORD_ID else None)
        if name not in definitions:
            raise ApiError(
                f"{column.place('propertyName')}: there is no property {name[:100]}.",
                context={"propertyName": [name[:100]]},
            )
        mapping[column.text("columnName").strip()] = name
    return mapping


def _id_type(column: Fields) -> str:
    found = column.text("idColumnType", "")
    if found not in ("", BY_RECORD_ID, BY_UNIQUE_VALUE):
        raise ApiError(
            f"{column.place('idColumnType')} must be {BY_RECORD_ID} or {BY_UNIQUE_VALUE}."
        )
    return found


def _key(columns: Sequence[Fields], definitions: Definitions) -> str:
    """The unique property that a column is said to identify records by."""
    for column in columns:
        if not _is_link(column) and _id_type(column) == BY_UNIQUE_VALUE:
            name = column.text("propertyName")
            if not definitions[name].is_unique:
                raise ApiError(f"{column.place('propertyName')}: {name} is not a unique property.")
            return name
    return ""


def _operation(body: Fields, kind: type[ObjectType]) -> Operation:
    given = body.object("importOperations")
    name = given.text(kind.type_id, Operation.UPSERT.value)
    if name not in list(Operation):
        raise ApiError(f"{given.place(kind.type_id)} must be one of {', '.join(Operation)}.")
    return Operation(name)


def _day_first(body: Fields) -> bool | None:
    given = body.text("dateFormat", "")
    if given and given not in DAY_FIRST:
        raise ApiError(f"dateFormat must be one of {', '.join(DAY_FIRST)}.")
    return DAY_FIRST.get(given)


def _link(column: Fields, kind: type[ObjectType]) -> Link:
    other = find_kind(column.text("toColumnObjectTypeId"))
    spec = column.object("foreignKeyType")
    key = (spec.text("associationCategory", "HUBSPOT_DEFINED"), spec.integer("associationTypeId"))
    by = column.text("propertyName", "")
    if _id_type(column) == BY_UNIQUE_VALUE or by:
        _check_names_records(column, by, other)
    return Link(
        heading=column.text("columnName").strip(),
        to_object_type=other.type_id,
        by=by or RECORD_ID,
        association_type_id=types_from(kind, [key], other)[key].pk,
    )


def _check_names_records(column: Fields, name: str, other: type[ObjectType]) -> None:
    definition = properties.load(other.type_id).get(name)
    if definition is None or not (definition.is_unique or name in other.import_keys):
        raise ApiError(
            f"{column.place('propertyName')}: {other.plural_label.lower()} are not told apart by"
            f" {name[:100] or 'nothing'}."
        )
