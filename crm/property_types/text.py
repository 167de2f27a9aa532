from __future__ import annotations

import unicodedata
from typing import Any

from email_validator import EmailNotValidError, validate_email

from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types

LONGEST = 65_536


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
        text = unicodedata.normalize("NFC", str(value)).strip()
        if len(text) > LONGEST:
            raise InvalidValue(f"is longer than {LONGEST:,} characters")
        if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
            raise InvalidValue("contains characters that cannot be stored")
        return clean_email(text) if definition.name == "email" else text


def clean_email(text: str) -> str:
    """`text` as one email address in lower case; raises InvalidValue."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=True)
    except EmailNotValidError:
        raise InvalidValue(f"{text[:80]!r} is not an email address") from None
    return found.normalized.lower()
