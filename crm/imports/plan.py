"""What importing a file would do: its format, its columns, and how their values are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

from crm import properties
from crm.imports import cleaning, headings, reading
from crm.imports.headings import REASON, RECORD_ID, Column
from crm.imports.reading import Row, UnreadableFile
from crm.imports.rejects import unguard
from crm.objects import base as objects
from crm.properties import Definitions


@dataclass(frozen=True)
class Plan:
    """How one file is read."""

    object_type: str
    form: reading.Format
    headings: tuple[str, ...]
    columns: tuple[Column, ...]
    definitions: Definitions
    #: The properties by which a row's record is found, in order.
    keys: tuple[str, ...]
    survey: cleaning.Survey
    cleaner: cleaning.Cleaner

    @property
    def mapping(self) -> dict[str, str]:
        """Heading -> property name, as ImportJob keeps it."""
        return {column.heading: column.name for column in self.columns if column.name}

    def rows(self, file: IO[bytes]) -> Iterator[Row]:
        """The rows below the heading."""
        return _body(file, self.form, self.headings)

    def remarks(self) -> list[str]:
        """What a person should know before and after importing the file."""
        return [f"Read as {self.form}.", *self._left_out(), *self._readings(), *self._keys()]

    def _left_out(self) -> Iterator[str]:
        for column in self.columns:
            if not column.name:
                shown = f"{column.heading!r}" if column.heading else str(column.place + 1)
                yield f"Column {shown} is left out: {column.note}."

    def _readings(self) -> Iterator[str]:
        for place, order in self.survey.day_orders.items():
            first = "day" if order.is_day_first(self.survey.is_day_first) else "month"
            if order.day_first and order.month_first:
                yield (
                    f"Column {self.headings[place]!r} writes dates both day first and month first;"
                    f" they are read {first} first."
                )
            elif order.unclear and not order.is_decided:
                yield (
                    f"Column {self.headings[place]!r}: dates such as {order.example} are read"
                    f" {first} first."
                )
        for place, mark in self.survey.decimal_marks.items():
            if mark.unclear and not mark.is_decided:
                is_comma = mark.is_comma(self.survey.is_continental)
                yield (
                    f"Column {self.headings[place]!r}: numbers such as {mark.example} are read"
                    f" with a decimal {'comma' if is_comma else 'point'}."
                )

    def _keys(self) -> Iterator[str]:
        kind = objects.get(self.object_type)
        if not self.keys:
            yield (
                f"Nothing identifies {kind.plural_label.lower()} in a file: every row makes a new"
                " one, also when the same file is imported again."
            )
        if self.survey.repeated_rows:
            label = self.definitions[self.keys[0]].label
            yield (
                f"{self.survey.repeated_rows:,} rows repeat the {label} of an earlier row; the"
                " later row's values count."
            )


def make(file: IO[bytes], object_type: str, mapping: Mapping[str, str] | None = None) -> Plan:
    """Read a whole file once and decide how to import it; raises UnreadableFile.

    Without a mapping the headings are recognised.
    """
    form = reading.detect(file)
    names = _headings(file, form)
    definitions = properties.load(object_type)
    columns = (
        headings.chosen(names, mapping, definitions)
        if mapping
        else headings.recognise(names, object_type, definitions)
    )
    keys = _keys(object_type, columns, definitions)
    surveyed = cleaning.survey(
        _body(file, form, names),
        columns,
        definitions,
        keys,
        is_continental=form.delimiter == ";",
    )
    return Plan(
        object_type=object_type,
        form=form,
        headings=names,
        columns=tuple(columns),
        definitions=definitions,
        keys=keys,
        survey=surveyed,
        cleaner=cleaning.cleaner(columns, definitions, keys, surveyed),
    )


def _headings(file: IO[bytes], form: reading.Format) -> tuple[str, ...]:
    first = next(reading.rows(file, form), None)
    if first is None:
        raise UnreadableFile("The file holds nothing but blank lines.")
    if first.fault:
        raise UnreadableFile(f"The headings cannot be read: {first.fault}.")
    return tuple(cell.strip().replace("\x00", "") for cell in first.cells)


def _body(file: IO[bytes], form: reading.Format, names: Sequence[str]) -> Iterator[Row]:
    rows = islice(reading.rows(file, form), 1, None)
    if REASON not in names:
        return rows
    return (Row(row.line, [unguard(cell) for cell in row.cells], row.fault) for row in rows)


def _keys(object_type: str, columns: Sequence[Column], definitions: Definitions) -> tuple[str, ...]:
    kind = objects.get(object_type)
    mapped = [column.name for column in columns if column.name]
    if not mapped:
        known = ", ".join(item.label for item in list(definitions.values())[:6])
        raise UnreadableFile(
            f"No column is a property of {kind.plural_label.lower()}. Is the first row the"
            f" heading? It would say {known} or the like."
        )
    if RECORD_ID in mapped:
        return (RECORD_ID,)
    keys = tuple(name for name in kind.import_keys if name in mapped)
    if kind.import_keys and not keys:
        wanted = " or ".join(definitions[name].label for name in kind.import_keys)
        raise UnreadableFile(
            f"There is no column for {wanted}, by which {kind.plural_label.lower()} are told apart."
        )
    return keys
