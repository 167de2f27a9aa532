"""Stored values as the API gives them: texts or null, moments in UTC with milliseconds."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, overload

from crm.property_types.date_time import store_moment


def as_text(stored: Any) -> str | None:
    """A stored property value on the wire."""
    if stored is None or isinstance(stored, str):
        return stored
    if isinstance(stored, bool):
        return "true" if stored else "false"
    if isinstance(stored, list):
        return ";".join(str(item) for item in stored)
    if isinstance(stored, float):
        return f"{Decimal(repr(stored)):f}"
    return str(stored)


def as_given(value: Any) -> Any:
    """A value from the wire for cleaning: 5.0 is how some languages write 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


@overload
def as_moment(moment: datetime) -> str: ...
@overload
def as_moment(moment: None) -> None: ...
@overload
def as_moment(moment: datetime | None) -> str | None: ...
def as_moment(moment: datetime | None) -> str | None:
    return None if moment is None else store_moment(moment)
