from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters.fields import Fields
from crm.filters.kinds import FALSE, Condition, Frame, Reader, branch_types
from crm.sql import SQL


@branch_types.register
@dataclass(frozen=True, kw_only=True)
class Restricted(Condition):
    """Filters that are hidden from whoever reads them; nobody matches what cannot be seen."""

    type_name = "RESTRICTED"

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Restricted:
        return cls(path=fields.path, problem="these filters are hidden and match nobody")

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        return FALSE

    def sentence(self, names: Mapping[Any, str]) -> str:
        return "Filters that are hidden from you"
