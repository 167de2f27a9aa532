"""Contacts with one property of each type, and a short way to ask which of them match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.filters import base
from crm.models import List, ListMembership, Property, PropertyGroup, Record
from crm.sql import rows, sql

CONTACT = "0-1"
#: A Monday; summer time began in Oslo the day before.
NOW = datetime(2026, 3, 30, 8, 15, tzinfo=UTC)
OPTIONS = [{"value": value, "label": value.title()} for value in ("red", "green", "blue", "black")]
PROPERTIES = {
    "t_text": ("Text", "string", "text"),
    "t_number": ("Number", "number", "number"),
    "t_flag": ("Flag", "bool", "booleancheckbox"),
    "t_color": ("Color", "enumeration", "select"),
    "t_colors": ("Colors", "enumeration", "checkbox"),
    "t_date": ("Date", "date", "date"),
    "t_moment": ("Moment", "datetime", "date"),
}


class World:
    """An account at NOW."""

    def __init__(self) -> None:
        group = PropertyGroup.objects.filter(object_type=CONTACT).first()
        assert group is not None
        Property.objects.bulk_create(
            Property(
                object_type=CONTACT,
                name=name,
                label=label,
                type=type_name,
                field_type=field_type,
                group=group,
                options=OPTIONS if type_name == "enumeration" else [],
                created_at=NOW,
            )
            for name, (label, type_name, field_type) in PROPERTIES.items()
        )
        self.names: dict[int, str] = {}
        self.ids: dict[str, int] = {}

    def add(self, people: Mapping[str, Mapping[str, Any]]) -> None:
        """Records by name, with their properties as they are stored."""
        made = Record.objects.bulk_create(
            Record(object_type=CONTACT, properties=properties, created_at=NOW, updated_at=NOW)
            for properties in people.values()
        )
        for name, record in zip(people, made, strict=True):
            self.names[record.pk] = name
            self.ids[name] = record.pk

    def had(self, history: Iterable[tuple[str, str, Any, datetime]]) -> None:
        """Values that records once had: (name, property, value, since)."""
        lines: list[Any] = [
            (self.ids[name], property_name, None if value is None else Jsonb(value), at)
            for name, property_name, value, at in history
        ]
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO crm_property_history"
                " (record_id, property_name, value, source, source_id, at)"
                " VALUES (%s, %s, %s, 'API', '', %s)",
                lines,
            )

    def make_list(self, *names: str, object_type: str = CONTACT) -> int:
        made = List.objects.create(name="Guests", object_type=object_type, created_at=NOW)
        ListMembership.objects.bulk_create(
            ListMembership(list=made, record_id=self.ids[name], since=NOW) for name in names
        )
        return made.pk

    def ask(self, branch: Mapping[str, Any], now: datetime = NOW) -> set[str]:
        """The names of the records that match a branch or a lone filter."""
        if "filterType" in branch:
            branch = {"filterBranchType": "AND", "filters": [branch]}
        predicate = base.compile(branch, CONTACT, now)
        return {self.names[row[0]] for row in rows(base.match(predicate, CONTACT))}

    def ask_value(self, property_name: str, operator: str, **fields: Any) -> set[str]:
        """Who passes a property filter; fails when the filter itself is wrong."""
        found = on(property_name, operator, **fields)
        predicate = base.compile({"filterBranchType": "AND", "filters": [found]}, CONTACT, NOW)
        assert predicate.problems == ()
        return self.ask(found)


def on(property_name: str, operator: str, *, empty: bool = False, **fields: Any) -> dict[str, Any]:
    """A property filter; `fields` are the operationType (may be left out) and the values."""
    return {
        "filterType": "PROPERTY",
        "property": property_name,
        "operation": {"operator": operator, "includeObjectsWithNoValueSet": empty, **fields},
    }


def stored(moment: datetime) -> str:
    """A moment as datetime properties store it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + (
        f"{moment.microsecond // 1000:03d}Z"
    )


def ago(**lengths: float) -> datetime:
    return NOW - timedelta(**lengths)


def milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def explain_plan(branch: Mapping[str, Any]) -> str:
    """What PostgreSQL would do to find the matching records, without a full scan if it can."""
    predicate = base.compile(branch, CONTACT, NOW)
    assert predicate.problems == ()
    rows(sql("SELECT set_config('enable_seqscan', 'off', true)"))
    found = rows(sql("EXPLAIN {match}", match=base.match(predicate, CONTACT)))
    return "\n".join(line for (line,) in found)
