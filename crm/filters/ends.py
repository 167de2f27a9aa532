"""The ends of windows of time: time points, or dates in other properties of the same record."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from crm.filters.instants import PARSERS
from crm.filters.time_points import End
from crm.property_types.base import Definition


@dataclass(frozen=True)
class Referenced:
    """The date in another property of the same record, or the time at which that changed."""

    definition: Definition
    parser: str
    zone: ZoneInfo | None

    @property
    def is_relative(self) -> bool:
        return self.parser.startswith("ANNIVERSARY")

    def words(self) -> str:
        words = PARSERS[self.parser]
        return f"{self.definition.label} ({words})" if words else self.definition.label


@dataclass(frozen=True)
class ReferencedEnd:
    """One end of a window that stands in another property."""

    point: Referenced
    is_included: bool


AnyEnd = End | ReferencedEnd
#: Where a window begins and ends; None is open.
Bounds = tuple[AnyEnd | None, AnyEnd | None]


@dataclass(frozen=True)
class Ends:
    """What an operation compares with: one end, or a lower and an upper one."""

    ends: tuple[AnyEnd, ...]
    #: What becomes of the value before it is compared.
    parser: str = "VALUE"

    @property
    def is_relative(self) -> bool:
        is_anniversary = self.parser.startswith("ANNIVERSARY")
        return is_anniversary or any(end.point.is_relative for end in self.ends)

    @property
    def is_change(self) -> bool:
        return self.parser == "UPDATED_AT"

    @property
    def is_window(self) -> bool:
        """Whether the same constants are compared with the stored value of every record."""
        is_plain = self.parser in ("VALUE", "UPDATED_AT")
        return is_plain and not any(isinstance(end, ReferencedEnd) for end in self.ends)
