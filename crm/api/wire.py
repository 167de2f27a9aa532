"""What comes in: JSON bodies and query strings, read with limits and in one way everywhere."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from django.http import QueryDict

from crm.api.errors import ApiError, TooLarge

MOST_BYTES = 10 * 1024 * 1024
MOST_DEPTH = 50
MOST_KEYS = 1000
#: What PostgreSQL's bigint holds.
LARGEST_NUMBER = 2**63 - 1
#: NUL, and halves of a surrogate pair: PostgreSQL takes neither.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
RECORD_ID = re.compile(r"[0-9]{1,18}", re.ASCII)

FLAGS = {"true": True, "1": True, "false": False, "0": False}


def parse(raw: bytes) -> Any:
    """A JSON body; raises ApiError for what is no JSON or could not be stored."""
    try:
        value = json.loads(raw, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise ApiError(f"The body is not valid JSON: {str(error)[:200]}") from None
    for part, depth in _walk(value):
        _check(part, depth)
    return value


def check_size(raw: bytes) -> None:
    if len(raw) > MOST_BYTES:
        raise TooLarge(f"The body is larger than {MOST_BYTES // 1024 // 1024} MB.")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def _walk(value: Any) -> Iterator[tuple[Any, int]]:
    """All values and keys inside `value` with their depth."""
    waiting = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, dict):
            waiting += [(inner, depth + 1) for pair in part.items() for inner in pair]
        elif isinstance(part, list):
            waiting += [(inner, depth + 1) for inner in part]


def _check(part: Any, depth: int) -> None:
    if isinstance(part, str):
        if UNSTORABLE.search(part):
            raise ApiError("The body contains characters that cannot be stored.")
    elif isinstance(part, int):
        if abs(part) > LARGEST_NUMBER:
            raise ApiError(f"The number {str(part)[:40]} is too large.")
    elif isinstance(part, dict | list):
        if depth > MOST_DEPTH:
            raise _too_deep()
        if isinstance(part, dict) and len(part) > MOST_KEYS:
            raise ApiError(f"An object in the body has more than {MOST_KEYS:,} keys.")


def _too_deep() -> ApiError:
    return ApiError(f"The body is nested deeper than {MOST_DEPTH} levels.")


class Fields:
    """An object of a JSON body, read key by key. Unknown keys are left alone."""

    def __init__(self, json: Any, place: str = "") -> None:
        if not isinstance(json, Mapping):
            raise ApiError(f"{place or 'The body'} must be a JSON object.")
        self.json: Mapping[str, Any] = json
        self._place = place

    def place(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def text(self, name: str, default: str | None = None) -> str:
        """A text; numbers are taken as texts, as ids come in both forms."""
        value = self.json.get(name)
        if value is None and default is not None:
            return default
        if value is None or isinstance(value, bool) or not isinstance(value, str | int):
            raise ApiError(f"{self.place(name)} must be a text.")
        return str(value)

    def integer(self, name: str) -> int:
        text = self.text(name).strip()
        if not re.fullmatch(r"-?[0-9]{1,9}", text, re.ASCII):
            raise ApiError(f"{self.place(name)} must be a whole number.")
        return int(text)

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.json.get(name)
        return default if value is None else read_flag(self.place(name), value)

    def texts(self, name: str) -> list[str]:
        """A list of different texts; nothing is an empty list."""
        values = self.json.get(name) or []
        if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
            raise ApiError(f"{self.place(name)} must be a list of texts.")
        return list(dict.fromkeys(values))

    def objects(self, name: str) -> list[Fields]:
        """A list of objects; nothing is an empty list."""
        return objects(self.json.get(name) or [], self.place(name))

    def object(self, name: str) -> Fields:
        """An object; nothing is an empty one."""
        value = self.json.get(name)
        return Fields({} if value is None else value, self.place(name))


def objects(values: Any, place: str) -> list[Fields]:
    if not isinstance(values, list):
        raise ApiError(f"{place} must be a list.")
    return [Fields(item, f"{place}[{number}]") for number, item in enumerate(values)]


class Query:
    """The query string. Unknown parameters are left alone."""

    def __init__(self, given: QueryDict) -> None:
        self._given = given

    def text(self, name: str, default: str = "") -> str:
        return self._given.get(name) or default

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._given.get(name)
        return default if value is None else read_flag(name, value)

    def names(self, name: str) -> list[str]:
        """A list, in repeated parameters or with commas: its different parts in order."""
        parts = (part.strip() for text in self._given.getlist(name) for part in text.split(","))
        return list(dict.fromkeys(part for part in parts if part))

    def limit(self, default: int, most: int) -> int:
        return read_limit(self._given.get("limit"), default, most)

    def after(self) -> int:
        return read_after(self._given.get("after"))


def read_flag(name: str, value: Any) -> bool:
    found = FLAGS.get(str(value).strip().lower())
    if found is None:
        raise ApiError(f"{name} must be true or false.")
    return found


def read_limit(value: Any, default: int, most: int) -> int:
    text = "" if value is None else str(value).strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not 1 <= int(text) <= most:
        raise ApiError(f"limit must be a number from 1 to {most}.")
    return int(text)


def read_after(value: Any) -> int:
    """Where the next page begins; nothing is the beginning."""
    text = "" if value is None else str(value).strip()
    if text and not RECORD_ID.fullmatch(text):
        raise ApiError("after must be what a page gave as its next.")
    return int(text or 0)


def record_id(text: str) -> int | None:
    """The id of a record in `text`, None when no record can have it."""
    text = text.strip()
    return int(text) if RECORD_ID.fullmatch(text) else None


def unstorable(text: str) -> bool:
    return bool(UNSTORABLE.search(text))
