"""Reading the objects of the filter JSON field by field, with the path of whatever is wrong."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Self

from crm.filters.errors import FilterError

LONGEST_TEXT = 65_536
MOST_VALUES = 5_000
#: Far beyond anything that can be stored, and small enough for every computation.
MOST_NUMBER = Decimal(10) ** 30


@dataclass(frozen=True)
class Fields:
    """One object of the filter JSON and its place, such as `filters[0].operation`."""

    json: Mapping[str, Any]
    path: str

    @classmethod
    def of(cls, value: Any, path: str) -> Self:
        if not isinstance(value, Mapping):
            raise FilterError(path, "must be an object")
        return cls(value, path)

    def place(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def error(self, name: str, message: str) -> FilterError:
        return FilterError(self.place(name), message)

    def has(self, name: str) -> bool:
        return self.json.get(name) is not None

    def required(self, name: str) -> Any:
        if not self.has(name):
            raise self.error(name, "is missing")
        return self.json[name]

    def text(self, name: str) -> str:
        """A text, trimmed and NFC like stored values; never empty, for it would match everyone."""
        return clean_text(self.required(name), self.place(name))

    def texts(self, name: str = "values", lone: str = "value") -> tuple[str, ...]:
        """A list of different texts; a single one may stand in the field `lone` instead."""
        if not self.has(name) and self.has(lone):
            return (self.text(lone),)
        values = self.required(name)
        place = self.place(name)
        if not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
            raise FilterError(place, f"must be a list of 1 to {MOST_VALUES:,} values")
        texts = (clean_text(value, f"{place}[{number}]") for number, value in enumerate(values))
        return tuple(dict.fromkeys(texts))

    def number(self, name: str) -> Decimal:
        value = self.required(name)
        try:
            number = Decimal(str(value).strip())
        except InvalidOperation:
            number = Decimal("NaN")
        if isinstance(value, bool) or not number.is_finite() or abs(number) > MOST_NUMBER:
            raise self.error(name, f"{str(value)[:40]!r} is not a number")
        if number and number.adjusted() < -MOST_NUMBER.adjusted():
            raise self.error(name, "has too many decimal places")
        return number

    def integer(self, name: str, least: int, most: int, default: int | None = None) -> int:
        if default is not None and not self.has(name):
            return default
        number = self.number(name)
        if number != number.to_integral_value() or not least <= number <= most:
            raise self.error(name, f"must be a whole number from {least} to {most}")
        return int(number)

    def flag(self, name: str, *, default: bool | None = None) -> bool:
        if default is not None and not self.has(name):
            return default
        value = self.required(name)
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value.strip().lower(), value)
        if not isinstance(value, bool):
            raise self.error(name, "must be true or false")
        return value

    def choice(self, name: str, choices: Collection[str], default: str | None = None) -> str:
        if default is not None and not self.has(name):
            return default
        value = self.required(name)
        if not isinstance(value, str) or value not in choices:
            offered = ", ".join(choices)
            raise self.error(name, f"{str(value)[:60]!r} is not one of {offered}")
        return value

    def object(self, name: str) -> Fields:
        return Fields.of(self.required(name), self.place(name))

    def objects(self, name: str) -> list[Fields]:
        """A list of objects; a missing list is an empty one."""
        values = self.json.get(name)
        if values is None:
            return []
        place = self.place(name)
        if not isinstance(values, list):
            raise FilterError(place, "must be a list")
        return [Fields.of(value, f"{place}[{number}]") for number, value in enumerate(values)]


def clean_text(value: Any, path: str) -> str:
    """A value of the JSON as text that a stored value can equal."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise FilterError(path, "must be a text")
    text = unicodedata.normalize("NFC", str(value)).strip()
    if not text:
        raise FilterError(path, "must not be empty")
    if len(text) > LONGEST_TEXT:
        raise FilterError(path, f"is longer than {LONGEST_TEXT:,} characters")
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise FilterError(path, "contains characters that cannot be stored")
    return text
