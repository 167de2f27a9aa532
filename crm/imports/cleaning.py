"""Cells of a file to stored values: one cleaner per column, made once for the whole file."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from crm import timezones
from crm.imports import dates, decimals
from crm.imports.headings import RECORD_ID, Column
from crm.imports.options import Link
from crm.imports.reading import Row
from crm.imports.survey import Reading
from crm.models import Owner
from crm.properties import Definitions
from crm.property_types.base import Definition, InvalidValue, type_of

Clean = Callable[[str], Any]


class BadRow(Exception):
    """A row cannot be imported; the message says why."""


@dataclass(frozen=True)
class Cleaner:
    """Turns the cells of rows into property values in their stored form."""

    columns: tuple[tuple[int, str, str, Clean], ...]
    width: int
    #: The properties that identify a record, in order; empty: every row is a new one.
    keys: tuple[str, ...]
    #: The columns that name other records.
    links: tuple[tuple[int, Link], ...]

    def links_of(self, row: Row) -> dict[int, str]:
        """What a row says in the columns that name other records: number of the link -> text."""
        found = {}
        for number, (place, _) in enumerate(self.links):
            text = row.cells[place].strip() if place < len(row.cells) else ""
            if text:
                found[number] = text
        return found

    def clean(self, row: Row) -> tuple[str, str, dict[str, Any]]:
        """The name and value of the row's key, and all its values; raises BadRow."""
        cells = row.cells
        if row.fault:
            raise BadRow(row.fault)
        if len(cells) > self.width and any(cells[self.width :]):
            raise BadRow(f"has {len(cells)} cells, but there are {self.width} headings")
        values: dict[str, Any] = {}
        faults: list[str] = []
        for place, heading, name, clean in self.columns:
            text = cells[place] if place < len(cells) else ""
            if not text or text.isspace():
                continue
            try:
                value = clean(text)
            except InvalidValue as error:
                faults.append(f"{heading}: {error}")
                continue
            if value not in ("", []):
                values[name] = value
        faults += self._bad_ids(row)
        if faults:
            raise BadRow("; ".join(faults))
        return *self._key(values), values

    def _bad_ids(self, row: Row) -> list[str]:
        faults = []
        for number, text in self.links_of(row).items():
            link = self.links[number][1]
            if link.by == RECORD_ID and not re.fullmatch("[0-9]{1,18}", text):
                faults.append(f"{link.heading}: {text[:40]!r} is not a record ID")
        return faults

    def _key(self, values: Mapping[str, Any]) -> tuple[str, str]:
        if not self.keys:
            return "", ""
        for name in self.keys:
            if name in values:
                return name, str(values[name])
        shown = [heading for _, heading, name, _ in self.columns if name in self.keys]
        raise BadRow(f"has no {' and no '.join(shown)}")


def cleaner(
    columns: Sequence[Column],
    definitions: Definitions,
    keys: Sequence[str],
    reading: Reading,
    links: Sequence[tuple[int, Link]] = (),
) -> Cleaner:
    """The cleaner for a file whose columns go where `columns` says."""
    owner_ids = _owner_ids(definitions)
    return Cleaner(
        columns=tuple(
            (
                column.place,
                column.heading,
                column.name,
                _column(column, definitions, owner_ids, reading),
            )
            for column in columns
            if column.name
        ),
        width=len(columns),
        keys=tuple(keys),
        links=tuple(links),
    )


def _column(
    column: Column, definitions: Definitions, owner_ids: Mapping[str, str], reading: Reading
) -> Clean:
    if column.name == RECORD_ID:
        return _record_id
    definition = definitions[column.name]
    if definition.external_options == "OWNER":
        return _owner_cleaner(owner_ids)
    kind = type_of(definition)
    is_day_first = column.place in reading.day_first
    is_comma = column.place in reading.decimal_comma

    def clean_date(text: str) -> Any:
        return kind.clean(_date(text, definition, is_day_first), definition)

    def clean_number(text: str) -> Any:
        return kind.clean(decimals.parse(text, is_comma=is_comma), definition)

    def clean_other(text: str) -> Any:
        return kind.clean(text, definition)

    special = {"date": clean_date, "datetime": clean_date, "number": clean_number}
    return _remembered(special.get(definition.type, clean_other))


def _record_id(text: str) -> int:
    if not re.fullmatch(r"\s*[0-9]{1,18}\s*", text):
        raise InvalidValue(f"{text[:40]!r} is not a record ID")
    return int(text)


def _date(text: str, definition: Definition, is_day_first: bool) -> Any:
    if text.strip().lstrip("-").isdigit() and len(text.strip()) > 8:
        # Milliseconds since 1970, as programs write them.
        return text
    found = dates.parse(text, is_day_first=is_day_first)
    if definition.type == "datetime" and not isinstance(found, datetime):
        return dates.in_account_zone(datetime(found.year, found.month, found.day))  # noqa: DTZ001
    if definition.type == "date" and isinstance(found, datetime):
        return found.astimezone(timezones.account_zone()).date()
    return found


def _remembered(clean: Clean) -> Clean:
    """Columns repeat themselves: a city, a stage, a day is cleaned once."""
    remembered = lru_cache(maxsize=512)(clean)

    def quick(text: str) -> Any:
        return remembered(text) if len(text) <= 60 else clean(text)

    return quick


def _owner_ids(definitions: Definitions) -> dict[str, str]:
    """Exports name an owner by id, by name or by email address: folded spelling -> id."""
    if not any(item.external_options == "OWNER" for item in definitions.values()):
        return {}
    found: dict[str, str] = {}
    for owner in Owner.objects.order_by("-pk"):
        for spelling in (str(owner), owner.email, str(owner.pk)):
            found[spelling.casefold()] = str(owner.pk)
    return found


def _owner_cleaner(ids: Mapping[str, str]) -> Clean:
    def clean(text: str) -> str:
        found = ids.get(text.strip().casefold())
        if found is None:
            raise InvalidValue(f"there is no owner {text[:40]!r}")
        return found

    return clean
