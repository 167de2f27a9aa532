from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters.kinds import Frame
from crm.filters.memberships import Membership, memberships
from crm.models import ImportJob
from crm.sql import SQL, sql
from crm.statements import SourceKind


@memberships.register
@dataclass(frozen=True, kw_only=True)
class Imported(Membership):
    """An import made the record or wrote values into it."""

    in_list_type = "IMPORT"
    noun = "import"
    verb = "was in"

    @classmethod
    def dependencies(cls, key: int) -> dict[str, Any]:
        # Which properties an import changes is not known before; the clock asks again.
        return {"is_time_sensitive": True}

    @classmethod
    def names(cls, references: Collection[Any]) -> Mapping[Any, str]:
        return dict(ImportJob.objects.filter(pk__in=references).values_list("pk", "file_name"))

    def belongs(self, frame: Frame) -> SQL:
        return sql(
            "EXISTS (SELECT 1 FROM crm_property_history h WHERE h.record_id = {id}"
            " AND h.source = {source} AND h.source_id = ANY(ARRAY("
            "SELECT i.id::text FROM crm_importjob i WHERE {key} IN (i.id, i.part_of_id))))",
            id=frame.id,
            source=SourceKind.IMPORT.value,
            key=self.key,
        )

    def exists(self, frame: Frame) -> SQL:
        return sql("EXISTS (SELECT 1 FROM crm_importjob i WHERE i.id = {key})", key=self.key)
