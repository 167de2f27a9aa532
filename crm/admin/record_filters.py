"""The filters beside a list of records, made from its property definitions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact
from django.http import HttpRequest

from crm import clock
from crm.admin.advanced_filter import AdvancedFilter
from crm.admin_theme import DropdownFilter, PlainDropdownForm, TextFilter
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.property_types.base import Definition

#: The value of a filter that asks for records without one.
NONE = "__none__"
DAYS = {"1": "Last 24 hours", "7": "Last 7 days", "30": "Last 30 days", "365": "Last 365 days"}


def filters_of(kind: type[ObjectType], definitions: Definitions) -> list[type[Any]]:
    """Filters for the list columns and the owner, then the age."""
    names = dict.fromkeys((*kind.list_columns, "hubspot_owner_id"))
    known = [definitions[name] for name in names if name in definitions]
    made = [_filter_of(definition) for definition in known]
    return [*(item for item in made if item), CreatedFilter, AdvancedFilter]


def _filter_of(definition: Definition) -> type[Any] | None:
    if definition.is_multiple or definition.column:
        return None
    base = {"enumeration": ChoiceFilter, "string": EqualTextFilter}.get(definition.type)
    if base is None:
        return None
    body = {
        "title": definition.label,
        "parameter_name": definition.name,
        "definition": definition,
    }
    return type(f"{definition.name}_filter", (base,), body)


class ChoiceFilter(DropdownFilter):
    """One of the options of a property, or none."""

    definition: Definition
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        options = [(option.value, option.label) for option in self.definition.options]
        return [*options, (NONE, "(no value)")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        return equal(queryset, self.definition.name, self.value())


class EqualTextFilter(TextFilter):
    """The exact text of a property; typing parts of it is what the search is for."""

    definition: Definition

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        return equal(queryset, self.definition.name, (self.value() or "").strip())


def equal(queryset: QuerySet[Record], property_name: str, wanted: str | None) -> QuerySet[Record]:
    if not wanted:
        return queryset
    if wanted == NONE:
        return queryset.filter(~Q(properties__has_key=property_name))
    return queryset.filter(Exact(KeyTextTransform(property_name, "properties"), Value(wanted)))


class CreatedFilter(DropdownFilter):
    """How long ago the record was created."""

    title = "Created"
    parameter_name = "created"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(DAYS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Record]) -> QuerySet[Record]:
        value = self.value()
        if value not in DAYS:
            return queryset
        return queryset.filter(created_at__gte=clock.now() - timedelta(days=int(value)))
