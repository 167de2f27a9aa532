"""What pages report, as it comes in from anybody: read with limits, the senseless left out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

MOST_BYTES = 64 * 1024
MOST_ITEMS = 20
MOST_FIELDS = 100
LONGEST_URL = 2000
LONGEST_NAME = 100
LONGEST_VALUE = 5000
LONGEST_TEXT = 300
#: PostgreSQL takes neither NUL nor halves of surrogate pairs; other controls mean nothing.
UNWANTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Item = dict[str, Any]


class Senseless(ValueError):
    """Nothing can be made of it."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one page reported at once."""

    #: None from those who do not want to be recognised.
    visitor: UUID | None
    items: list[Item]


def read(raw: bytes, host: str) -> Report:
    """The report of a page of `host`; raises Senseless."""
    try:
        given = json.loads(raw)
    except (ValueError, RecursionError):
        raise Senseless("This is not JSON.") from None
    if not isinstance(given, dict) or not isinstance(given.get("items"), list):
        raise Senseless("This is no report.")
    items = [_item(one, host) for one in given["items"][:MOST_ITEMS]]
    found = [item for item in items if item is not None]
    if not found:
        raise Senseless("Nothing is reported.")
    return Report(visitor=_visitor(given.get("visitor")), items=found)


def _visitor(value: Any) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(str(value)[:40])
    except ValueError:
        raise Senseless("This is no visitor.") from None


def _item(given: Any, host: str) -> Item | None:
    """An item in the form in which it waits, None for what is none."""
    if not isinstance(given, dict):
        return None
    reader = READERS.get(str(given.get("kind")))
    item = None if reader is None else reader(given, host)
    return None if item is None else {"kind": given["kind"]} | item


def text(value: Any, longest: int) -> str:
    """A text of a page without what cannot be stored; anything else is ""."""
    return UNWANTED.sub("", value)[:longest].strip() if isinstance(value, str) else ""


def _place(given: Item, host: str) -> Item | None:
    """The page something happened on, which has to be one of the site that reports."""
    url = text(given.get("url"), LONGEST_URL)
    scheme, _, rest = url.partition("://")
    if scheme not in ("http", "https") or re.split("[/?#]", rest)[0].lower() != host:
        return None
    path = re.split("[?#]", rest)[0].rstrip("/")
    found = {
        "hs_url": url,
        "hs_title": text(given.get("title"), LONGEST_TEXT),
        "hs_referrer": text(given.get("referrer"), LONGEST_URL),
        # Without a name of its own, a page is known by its address.
        "hs_page_id": text(given.get("page"), LONGEST_NAME) or path[:LONGEST_URL],
    }
    return {"page": {name: value for name, value in found.items() if value}}


def _about_form(given: Item, host: str) -> Item | None:
    place, form = _place(given, host), given.get("form")
    if place is None or not isinstance(form, dict):
        return None
    name = text(form.get("id"), LONGEST_NAME) or text(form.get("key"), LONGEST_NAME)
    return place | {"form": name, "host": host} if name else None


def _submission(given: Item, host: str) -> Item | None:
    item, fields = _about_form(given, host), given.get("fields")
    if item is None or not isinstance(fields, list):
        return None
    values: dict[str, str] = {}
    email = ""
    for field in fields[:MOST_FIELDS]:
        if not isinstance(field, dict):
            continue
        name = text(field.get("name"), LONGEST_NAME)
        value = text(field.get("value"), LONGEST_VALUE)
        if not name or not value:
            continue
        # Several boxes of one name are one answer.
        values[name] = f"{values[name]};{value}"[:LONGEST_VALUE] if name in values else value
        if not email and (
            field.get("type") == "email" or re.search("e-?mail", name, re.IGNORECASE)
        ):
            email = value
    # Pairs, for the order is that of the form.
    return item | {"fields": list(values.items()), "email": email}


def _identification(given: Item, host: str) -> Item | None:
    email, properties = text(given.get("email"), LONGEST_TEXT), given.get("properties")
    if not email:
        return None
    values: dict[str, str] = {}
    for key, value in list((properties if isinstance(properties, dict) else {}).items()):
        name, content = text(key, LONGEST_NAME), text(value, LONGEST_VALUE)
        if name and content and len(values) < MOST_FIELDS:
            values[name] = content
    return {"email": email, "fields": list(values.items())}


READERS: dict[str, Callable[[Item, str], Item | None]] = {
    "page": _place,
    "view": _about_form,
    "interaction": _about_form,
    "submission": _submission,
    "identify": _identification,
}
