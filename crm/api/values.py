"""Stored values as the API gives them: texts or null, moments in UTC with milliseconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any, overload

from crm.property_types.base import as_text
from crm.property_types.date_time import store_moment

__all__ = ["as_given", "as_moment", "as_text"]


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
