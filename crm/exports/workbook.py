"""Excel workbooks, written row by row so that memory stays flat."""

from __future__ import annotations

import csv
from pathlib import Path

import xlsxwriter
from django.core.exceptions import ValidationError

from crm.exports.columns import Columns

#: What a sheet of Excel holds, without the headings.
MOST_ROWS = 1_048_575
LONGEST_CELL = 32_767
LONGEST_SHEET_NAME = 31


def check_size(count: int) -> None:
    """Raise ValidationError for more rows than a sheet holds."""
    if count > MOST_ROWS:
        raise ValidationError(
            f"An Excel sheet holds {MOST_ROWS:,} rows, these are {count:,}. Export them as CSV."
        )


def write(source: Path, target: Path, table: Columns, name: str) -> None:
    """The rows of a CSV export as a workbook with one sheet; numbers become numbers."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    numeric = {place for place, item in enumerate(table.definitions) if item.type == "number"}
    with (
        xlsxwriter.Workbook(str(target), options) as book,
        source.open(encoding="utf-8-sig", newline="") as file,
    ):
        sheet = book.add_worksheet(_sheet_name(name))
        bold = book.add_format({"bold": True})
        for row, cells in enumerate(csv.reader(file)):
            for place, cell in enumerate(cells):
                if row and place in numeric and cell:
                    sheet.write_number(row, place, float(cell))
                elif cell:
                    sheet.write_string(row, place, cell[:LONGEST_CELL], None if row else bold)
        sheet.freeze_panes(1, 0)


def _sheet_name(name: str) -> str:
    allowed = "".join(letter for letter in name if letter not in "[]:*?/\\").strip("' ")
    return allowed[:LONGEST_SHEET_NAME] or "Export"
