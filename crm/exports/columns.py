"""The columns of an export: headings, and the cells of a record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from crm import properties
from crm.property_types.base import Definition, as_text


@dataclass(frozen=True)
class Columns:
    """What stands in each column, and how values are written."""

    definitions: tuple[Definition, ...]
    #: Internal names and values instead of what people see.
    is_internal: bool

    @property
    def headings(self) -> list[str]:
        return [item.name if self.is_internal else item.label for item in self.definitions]

    def cells(self, values: Mapping[str, Any]) -> list[str]:
        """The texts of one record; `values` by property name, "" for no value."""
        return [self._cell(item, values.get(item.name)) for item in self.definitions]

    def _cell(self, definition: Definition, value: Any) -> str:
        if value is None:
            return ""
        if self.is_internal or definition.type in ("number", "date", "datetime"):
            # As programs, spreadsheets and our own import read them, whatever the language.
            return as_text(value) or ""
        try:
            return properties.display(definition, value)
        except (ValueError, TypeError):
            # It does not fit its definition any more.
            return as_text(value) or ""


def columns(object_type: str, names: Sequence[str], *, is_internal: bool) -> Columns:
    """The columns of some properties; those that are gone by now are left out."""
    definitions = properties.load(object_type)
    found = tuple(definitions[name] for name in names if name in definitions)
    return Columns(found, is_internal)


def check(object_type: str, names: Iterable[str], hidden: Collection[str] = ()) -> list[str]:
    """The names without repetitions; raises ValidationError for none, unknown or hidden ones."""
    wanted = list(dict.fromkeys(names))
    definitions = properties.load(object_type)
    unknown = [name for name in wanted if name not in definitions or name in hidden]
    if unknown:
        raise ValidationError(f"There is no property {unknown[0][:100]}.")
    if not wanted:
        raise ValidationError("Choose at least one property.")
    return wanted
