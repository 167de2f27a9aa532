"""What importing a file would do: its format, its columns, and how their values are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import IO

from crm import properties
from crm.imports import cleaning, headings, reading
from crm.imports.headings import REASON, RECORD_ID, Column
from crm.imports.options import UNASKED, Link, Options
from crm.imports.reading import Row, UnreadableFile
from crm.imports.rejects import unguard
from crm.imports.survey import Reading, Survey, survey
from crm.objects import base as objects
from crm.properties import Definitions


@dataclass(frozen=True)
class Plan:
    """How one file is imported."""

    object_type: str
    headings: tuple[str, ...]
    columns: tuple[Column, ...]
    definitions: Definitions
    #: The properties by which a row's record is found, in order.
    keys: tuple[str, ...]
    reading: Reading
    cleaner: cleaning.Cleaner
    options: Options
    #: What a person should know before and after.
    remarks: tuple[str, ...] = ()

    @property
    def mapping(self) -> dict[str, str]:
        """Heading -> property name, as ImportJob keeps it."""
        return {column.heading: column.name for column in self.columns if column.name}

    def rows(self, file: IO[bytes]) -> Iterator[Row]:
        """The rows below the heading."""
        return _body(file, self.reading.form, self.headings)


def make(
    file: IO[bytes],
    object_type: str,
    mapping: Mapping[str, str] | None = None,
    options: Options = UNASKED,
) -> Plan:
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
    keys = _keys(object_type, columns, definitions, options)
    found = survey(
        _body(file, form, names),
        Survey(form, columns, day_first=options.day_first),
        definitions,
        keys,
    )
    remarks = (
        f"Read as {form}.",
        *_left_out(columns, {link.heading for link in options.links}),
        *found.remarks(),
        *_about_keys(object_type, keys, found.repeated_rows, definitions),
    )
    plan = _plan(object_type, columns, definitions, keys, found.reading, options)
    return replace(plan, remarks=remarks)


def again(
    file: IO[bytes],
    object_type: str,
    mapping: Mapping[str, str],
    kept: Reading,
    options: Options = UNASKED,
) -> Plan:
    """The plan of a file that was read before, without reading it all again."""
    definitions = properties.load(object_type)
    columns = headings.chosen(_headings(file, kept.form), mapping, definitions)
    keys = _keys(object_type, columns, definitions, options)
    return _plan(object_type, columns, definitions, keys, kept, options)


def _plan(
    object_type: str,
    columns: Sequence[Column],
    definitions: Definitions,
    keys: tuple[str, ...],
    kept: Reading,
    options: Options,
) -> Plan:
    links = _links(columns, options)
    return Plan(
        object_type=object_type,
        headings=tuple(column.heading for column in columns),
        columns=tuple(columns),
        definitions=definitions,
        keys=keys,
        reading=kept,
        cleaner=cleaning.cleaner(columns, definitions, keys, kept, links),
        options=options,
    )


def _links(columns: Sequence[Column], options: Options) -> list[tuple[int, Link]]:
    """The place of each column that names another record; raises UnreadableFile."""
    places = {column.heading: column.place for column in columns}
    missing = [link.heading for link in options.links if link.heading not in places]
    if missing:
        raise UnreadableFile(f"There is no column {missing[0]!r}.")
    return [(places[link.heading], link) for link in options.links]


def _left_out(columns: Sequence[Column], linking: Collection[str]) -> Iterator[str]:
    for column in columns:
        if not column.name and column.heading not in linking:
            shown = f"{column.heading!r}" if column.heading else str(column.place + 1)
            yield f"Column {shown} is left out: {column.note}."


def _about_keys(
    object_type: str, keys: Sequence[str], repeated_rows: int, definitions: Definitions
) -> Iterator[str]:
    if not keys:
        yield (
            f"Nothing identifies {objects.get(object_type).plural_label.lower()} in a file: every"
            " row makes a new one, also when the same file is imported again."
        )
    if repeated_rows:
        yield (
            f"{repeated_rows:,} rows repeat the {definitions[keys[0]].label} of an earlier row;"
            " the later row's values count."
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


def _keys(
    object_type: str, columns: Sequence[Column], definitions: Definitions, options: Options
) -> tuple[str, ...]:
    kind = objects.get(object_type)
    mapped = [column.name for column in columns if column.name]
    if not mapped:
        known = ", ".join(item.label for item in list(definitions.values())[:6])
        raise UnreadableFile(
            f"No column is a property of {kind.plural_label.lower()}. Is the first row the"
            f" heading? It would say {known} or the like."
        )
    if options.key:
        if options.key not in mapped:
            raise UnreadableFile(f"There is no column for {definitions[options.key].label}.")
        return (options.key,)
    if RECORD_ID in mapped:
        return (RECORD_ID,)
    keys = tuple(name for name in kind.import_keys if name in mapped)
    if kind.import_keys and not keys:
        wanted = " or ".join(definitions[name].label for name in kind.import_keys)
        raise UnreadableFile(
            f"There is no column for {wanted}, by which {kind.plural_label.lower()} are told apart."
        )
    return keys
