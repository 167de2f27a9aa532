"""The file with the rows that could not be imported, ready to be corrected and imported again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from crm.imports.headings import LINE, REASON
from crm.imports.reading import LONGEST_CELL, Row

#: A spreadsheet runs a cell that begins with one of these as a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\x00")


def guard(cell: str) -> str:
    """`cell` so that spreadsheets show it as text."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def unguard(cell: str) -> str:
    """What `guard` was given, for reading a corrected rejects file."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


class Rejects:
    """A rejects file being written: line and reason, then the original columns."""

    def __init__(self, path: Path, headings: Sequence[str], delimiter: str) -> None:
        self.path = path
        self._headings = [heading for heading in headings if heading not in (LINE, REASON)]
        #: Set aside when an earlier rejects file is imported: they are written anew.
        self._aside = {n for n, heading in enumerate(headings) if heading in (LINE, REASON)}
        self._delimiter = delimiter

    def write(self, rejected: Iterable[tuple[Row, str]]) -> None:
        """Add rows with their reasons, after the file's heading."""
        lines = [self._line(row, reason) for row, reason in rejected]
        if not lines:
            return
        is_new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # The mark at the beginning tells spreadsheets that this is UTF-8.
        encoding = "utf-8-sig" if is_new else "utf-8"
        with self.path.open("a", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=self._delimiter)
            if is_new:
                writer.writerow([LINE, REASON, *map(guard, self._headings)])
            writer.writerows(lines)

    def _line(self, row: Row, reason: str) -> list[str]:
        cells = [cell for place, cell in enumerate(row.cells) if place not in self._aside]
        return [str(row.line), guard(reason), *map(guard, cells)]

    def forget_after(self, line: int) -> None:
        """Drop rows that a killed worker noted without finishing their chunk."""
        if not self.path.exists():
            return
        csv.field_size_limit(LONGEST_CELL + 1)
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            heading, *noted = csv.reader(file, delimiter=self._delimiter)
        # The last row may be cut off, but then it belongs to what is dropped.
        kept = [row for row in noted if len(row) > 1 and int(row[0]) <= line]
        with self.path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, delimiter=self._delimiter).writerows([heading, *kept])
