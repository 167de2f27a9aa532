from __future__ import annotations

from dataclasses import dataclass

from crm.calculations.base import Calculation, Place
from crm.sql import SQL, sql


@dataclass(frozen=True)
class NumberOf(Calculation):
    """How many records of an object type the record is associated with, archived ones left out."""

    object_type: str
    is_for_new = False

    @property
    def follows(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({self.object_type})

    def value(self, place: Place) -> SQL:
        return sql(
            """
            (SELECT to_jsonb(count(DISTINCT o.id)) FROM crm_association a
             JOIN crm_associationtype t ON t.id = a.type_id AND t.to_object_type = {type}
             JOIN crm_record o ON o.id = a.to_record_id AND o.archived_at IS NULL
             WHERE a.from_record_id = {alias}.id)
            """,
            type=self.object_type,
            alias=SQL(place.alias),
        )


@dataclass(frozen=True)
class AssociatedAs(Calculation):
    """The id of the record that is associated by one of HubSpot's association types (A-112)."""

    object_type: str
    #: HubSpot's number of the type.
    type_id: int
    is_for_new = False

    @property
    def follows(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({self.object_type})

    def value(self, place: Place) -> SQL:
        return sql(
            """
            (SELECT to_jsonb(min(o.id)) FROM crm_association a
             JOIN crm_associationtype t ON t.id = a.type_id AND t.type_id = {type_id}
                AND t.category = 'HUBSPOT_DEFINED'
             JOIN crm_record o ON o.id = a.to_record_id AND o.archived_at IS NULL
             WHERE a.from_record_id = {alias}.id)
            """,
            type_id=self.type_id,
            alias=SQL(place.alias),
        )
