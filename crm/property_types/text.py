from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any

from email_validator import EmailNotValidError, validate_email

from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types

LONGEST = 65_536
#: NUL, and halves of a surrogate pair: PostgreSQL takes neither.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
#: The part before the @ of nearly every address; anything else is looked at more slowly.
PLAIN_LOCAL_PART = re.compile(r"[a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*", re.ASCII | re.IGNORECASE)


@property_types.register
class Text(PropertyType):
    """Text of one or more lines, up to 65,536 characters."""

    name = "string"
    label = "Text"
    field_types = ("text", "textarea", "html", "phonenumber", "file")

    def clean(self, value: Any, definition: Definition) -> str:
        if isinstance(value, bool):
            value = "true" if value else "false"
        if not isinstance(value, str | int | float):
            raise InvalidValue("is not text")
        text = str(value).strip()
        if not text.isascii():
            text = unicodedata.normalize("NFC", text)
        if len(text) > LONGEST:
            raise InvalidValue(f"is longer than {LONGEST:,} characters")
        if UNSTORABLE.search(text):
            raise InvalidValue("contains characters that cannot be stored")
        return clean_email(text) if definition.name == "email" else text


def clean_email(text: str) -> str:
    """`text` as one email address in lower case; raises InvalidValue."""
    local_part, at, domain = text.rpartition("@")
    try:
        if (
            at
            and len(text) < 254
            and len(local_part) <= 64
            and PLAIN_LOCAL_PART.fullmatch(local_part)
        ):
            return f"{local_part}@{_clean_domain(domain)}".lower()
        return _validated(text)
    except EmailNotValidError:
        raise InvalidValue(f"{text[:80]!r} is not an email address") from None


@lru_cache(maxsize=4096)
def _clean_domain(domain: str) -> str:
    """The domain of an address, checked once for all addresses that share it."""
    return _validated(f"a@{domain}").removeprefix("a@")


def _validated(address: str) -> str:
    found = validate_email(address, check_deliverability=False, allow_smtputf8=True)
    return found.normalized.lower()
