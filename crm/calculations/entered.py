from __future__ import annotations

from dataclasses import dataclass

from crm.calculations.base import Calculation, Place
from crm.sql import SQL, literal, sql

_NOW = SQL(
    """to_jsonb(to_char((SELECT app_now()) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))"""
)


@dataclass(frozen=True)
class Entered(Calculation):
    """When a property was last given a certain value: "became a customer" (W-035)."""

    #: The property that holds the moment.
    name: str
    property_name: str
    wanted: str

    @property
    def reads(self) -> frozenset[str]:  # type: ignore[override]
        return frozenset({self.property_name})

    def value(self, place: Place) -> SQL:
        has_it = sql(
            "{alias}.properties->>{property} = {wanted}",
            alias=SQL(place.alias),
            property=literal(self.property_name),
            wanted=self.wanted,
        )
        if place.is_new:
            return sql("CASE WHEN {has_it} THEN {now} END", has_it=has_it, now=_NOW)
        # What was written just now stands in the history; other changes leave the moment alone.
        return sql(
            """
            CASE WHEN {has_it} AND EXISTS (
                SELECT FROM crm_property_history h WHERE h.record_id = {alias}.id
                AND h.property_name = {property} AND h.at = (SELECT app_now())
            ) THEN {now} ELSE {alias}.properties->{name} END
            """,
            has_it=has_it,
            alias=SQL(place.alias),
            property=literal(self.property_name),
            name=literal(self.name),
            now=_NOW,
        )
