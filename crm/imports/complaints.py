"""Reading a rejects file back: which rows were refused, where, and for what kind of reason."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from crm.imports.reading import LONGEST_CELL
from crm.imports.rejects import unguard
from crm.models import ImportJob
from crm.properties import Definitions

#: What a reason is about, in HubSpot's words: by the type of the property that it names ...
BY_TYPE = {
    "date": "COULD_NOT_PARSE_DATE",
    "datetime": "COULD_NOT_PARSE_DATE",
    "number": "COULD_NOT_PARSE_NUMBER",
    "enumeration": "INVALID_ENUMERATION_OPTION",
    "bool": "INVALID_ENUMERATION_OPTION",
}
#: ... or by how it ends.
BY_ENDING = {
    "already": "DUPLICATE_UNIQUE_PROPERTY_VALUE",
    "is not a record ID": "COULD_NOT_PARSE_NUMBER",
}


@dataclass(frozen=True)
class Complaint:
    """One rejected row."""

    line: int
    reason: str
    cells: tuple[str, ...]
    error_type: str


def read(
    job: ImportJob, definitions: Definitions, *, start: int = 0, limit: int | None = None
) -> list[Complaint]:
    """Rejected rows of a job in the order of the file, from the `start`-th on."""
    if not job.rejects_file:
        return []
    csv.field_size_limit(LONGEST_CELL + 1)
    stop = None if limit is None else start + limit
    path = job.rejects_file.path
    with open(path, encoding="utf-8-sig", newline="") as file:  # noqa: PTH123 (csv wants newline)
        rows = csv.reader(file, delimiter=job.reading["delimiter"])
        return list(islice(_complaints(rows, job, definitions), start, stop))


def _complaints(
    rows: Iterator[list[str]], job: ImportJob, definitions: Definitions
) -> Iterator[Complaint]:
    next(rows, None)
    for row in rows:
        # The last line may be half written while the import is going.
        if len(row) > 1 and row[0].isdecimal():
            line, reason, *cells = row
            yield Complaint(
                line=int(line),
                reason=unguard(reason),
                cells=tuple(unguard(cell) for cell in cells),
                error_type=_error_type(unguard(reason), job, definitions),
            )


def _error_type(reason: str, job: ImportJob, definitions: Definitions) -> str:
    for ending, error_type in BY_ENDING.items():
        if reason.endswith(ending):
            return error_type
    heading, colon, _ = reason.partition(": ")
    name = job.mapping.get(heading, "") if colon else ""
    if name not in definitions:
        return "INVALID_ROW"
    if name == "email":
        return "INVALID_EMAIL"
    return BY_TYPE.get(definitions[name].type, "INVALID_PROPERTY_VALUE")
