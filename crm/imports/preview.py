"""A look at a file before it is imported; nothing is written."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import IO

from crm.imports import plan
from crm.imports.cleaning import BadRow
from crm.imports.headings import Column

#: How many rows are cleaned to see what is wrong with them.
TRIED_ROWS = 1000
SHOWN_ROWS = 10
SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class Preview:
    """What people see before they start an import."""

    columns: tuple[Column, ...]
    #: Heading -> property name; what `job.start` takes, changed or not.
    mapping: dict[str, str]
    first_rows: tuple[tuple[str, ...], ...]
    total_rows: int
    #: How the file is read, and what is left out of it.
    remarks: tuple[str, ...]
    #: What is wrong with rows among the first thousand.
    problems: tuple[str, ...]


def preview(file: IO[bytes], object_type: str, mapping: dict[str, str] | None = None) -> Preview:
    """Read a file without writing anything; raises UnreadableFile."""
    made = plan.make(file, object_type, mapping)
    rows = list(islice(made.rows(file), TRIED_ROWS))
    problems = []
    for row in rows:
        try:
            made.cleaner.clean(row)
        except BadRow as error:
            problems.append(f"Line {row.line}: {error}.")
    return Preview(
        columns=made.columns,
        mapping=made.mapping,
        first_rows=tuple(tuple(cell[:200] for cell in row.cells) for row in rows[:SHOWN_ROWS]),
        total_rows=made.reading.total_rows,
        remarks=made.remarks,
        problems=tuple(problems[:SHOWN_PROBLEMS]),
    )
