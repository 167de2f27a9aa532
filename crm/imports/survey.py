"""One pass over a whole file: how many rows, and how its dates and numbers are written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from crm.imports.dates import DayOrder
from crm.imports.decimals import DecimalMark
from crm.imports.headings import RECORD_ID, Column
from crm.imports.reading import Format, Row
from crm.properties import Definitions


@dataclass(frozen=True)
class Reading:
    """How a file is read; decided once and kept with the job."""

    form: Format
    total_rows: int
    #: The places of the columns whose dates have the day first, whose numbers a decimal comma.
    day_first: frozenset[int]
    decimal_comma: frozenset[int]

    def to_json(self) -> dict[str, Any]:
        return {
            "encoding": self.form.encoding,
            "delimiter": self.form.delimiter,
            "totalRows": self.total_rows,
            "dayFirst": sorted(self.day_first),
            "decimalComma": sorted(self.decimal_comma),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Reading:
        return cls(
            form=Format(kept["encoding"], kept["delimiter"]),
            total_rows=kept["totalRows"],
            day_first=frozenset(kept["dayFirst"]),
            decimal_comma=frozenset(kept["decimalComma"]),
        )


@dataclass
class Survey:
    """What the rows of a file tell about themselves."""

    form: Format
    columns: Sequence[Column]
    #: What was said about all dates of the file; None to go by what they look like.
    day_first: bool | None = None
    total_rows: int = 0
    #: Rows whose key an earlier row has already.
    repeated_rows: int = 0
    day_orders: dict[int, DayOrder] = field(default_factory=dict)
    decimal_marks: dict[int, DecimalMark] = field(default_factory=dict)

    @property
    def reading(self) -> Reading:
        return Reading(
            form=self.form,
            total_rows=self.total_rows,
            day_first=frozenset(
                place for place, order in self.day_orders.items() if self._has_day_first(order)
            ),
            decimal_comma=frozenset(
                place
                for place, mark in self.decimal_marks.items()
                if mark.is_comma(self._is_continental)
            ),
        )

    def _has_day_first(self, order: DayOrder) -> bool:
        if self.day_first is not None:
            return self.day_first
        return order.is_day_first(self._is_day_first)

    @property
    def _is_continental(self) -> bool:
        """Spreadsheets write semicolons where a comma stands before the decimals."""
        return self.form.delimiter == ";"

    @property
    def _is_day_first(self) -> bool:
        """For columns that do not tell themselves: like the columns that do, else by region."""
        votes = [order for order in self.day_orders.values() if order.is_decided]
        day_first = sum(order.day_first > order.month_first for order in votes)
        if votes and day_first * 2 != len(votes):
            return day_first * 2 > len(votes)
        return self._is_continental

    def remarks(self) -> Iterator[str]:
        """What had to be guessed."""
        reading = self.reading
        guessed = self.day_orders if self.day_first is None else {}
        for place, order in guessed.items():
            first = "day" if place in reading.day_first else "month"
            heading = self.columns[place].heading
            if order.day_first and order.month_first:
                yield (
                    f"Column {heading!r} has dates with the day first and with the month first;"
                    f" they are read {first} first."
                )
            elif order.unclear and not order.is_decided:
                yield f"Column {heading!r}: dates such as {order.example} are read {first} first."
        for place, mark in self.decimal_marks.items():
            if mark.unclear and not mark.is_decided:
                yield (
                    f"Column {self.columns[place].heading!r}: numbers such as {mark.example} are"
                    f" read with a decimal {'comma' if place in reading.decimal_comma else 'point'}."
                )


def survey(
    rows: Iterable[Row],
    found: Survey,
    definitions: Definitions,
    keys: Sequence[str],
) -> Survey:
    """Look at all rows of a file; returns `found`."""
    columns = found.columns
    _watch(found, definitions)
    watched: list[tuple[int, DayOrder | DecimalMark]] = [
        *found.day_orders.items(),
        *found.decimal_marks.items(),
    ]
    places = [column.place for name in keys for column in columns if column.name == name]
    seen: set[int] = set()
    for row in rows:
        found.total_rows += 1
        for place, evidence in watched:
            if place < len(row.cells) and row.cells[place]:
                evidence.see(row.cells[place])
        key = _key(row.cells, places)
        if key:
            # Hashes, because a million addresses would take too much memory.
            found.repeated_rows += hash(key) in seen
            seen.add(hash(key))
    return found


def _watch(found: Survey, definitions: Definitions) -> None:
    for column in found.columns:
        kind = definitions[column.name].type if column.name else ""
        if kind in ("date", "datetime"):
            found.day_orders[column.place] = DayOrder()
        elif kind == "number" and column.name != RECORD_ID:
            found.decimal_marks[column.place] = DecimalMark()


def _key(cells: Sequence[str], places: Sequence[int]) -> tuple[int, str] | None:
    for place in places:
        text = cells[place].strip().casefold() if place < len(cells) else ""
        if text:
            return place, text
    return None
