from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters.fields import Fields
from crm.filters.kinds import FALSE, TRUE, Condition, Frame, Reader, filter_types
from crm.sql import SQL


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class Constant(Condition):
    """Every record, or none."""

    type_name = "CONSTANT"

    accepts: bool

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Constant:
        accepts = fields.flag("shouldAccept")
        return cls(path=fields.path, constant=accepts, accepts=accepts)

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        return TRUE if self.accepts != negated else FALSE

    def sentence(self, names: Mapping[Any, str]) -> str:
        return "Every record" if self.accepts else "No record"
