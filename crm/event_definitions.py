"""Definitions of events, declared and custom ones alike, and the cleaning of what they carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crm.event_types.base import ANY_OBJECT, FORMS, EventType, about, event_types
from crm.models import CustomEvent, CustomEventProperty, Form
from crm.property_types.base import Definition, Option, property_types

#: Fully qualified names begin with the number of the account; one installation serves one.
PREFIX = "pe1_"
#: HubSpot's numbers of custom events begin so.
CUSTOM_ID = "6-"

#: What occurrences of a custom event may carry besides its own properties (A-200).
DEFAULT_PROPERTIES = (
    about("hs_browser", "Browser"),
    about("hs_campaign_id", "Campaign ID"),
    about("hs_city", "City"),
    about("hs_country", "Country"),
    about("hs_device_name", "Device name"),
    about("hs_device_type", "Device type"),
    about("hs_language", "Language"),
    about("hs_operating_system", "Operating system"),
    about("hs_page_id", "Page"),
    about("hs_page_title", "Page title"),
    about("hs_page_url", "Page URL"),
    about("hs_referrer", "Referrer"),
    about("hs_region", "Region"),
    about("hs_touchpoint_source", "Touchpoint source"),
    about("hs_utm_campaign", "UTM campaign"),
    about("hs_utm_content", "UTM content"),
    about("hs_utm_medium", "UTM medium"),
    about("hs_utm_source", "UTM source"),
    about("hs_utm_term", "UTM term"),
)


@dataclass(frozen=True, kw_only=True)
class EventDefinition:
    """A kind of event, declared in an `event_types` folder or read from the table of custom ones."""

    #: The type of its rows in crm_event.
    name: str
    #: What filters call it: "4-96000".
    event_type_id: str
    #: What the API calls it.
    api_name: str
    label: str
    #: "" if it happens to records of every type.
    object_type: str
    #: What an occurrence carries, by name.
    definitions: Mapping[str, Definition]
    is_custom: bool = False

    def fits(self, object_type: str) -> bool:
        """Whether it happens to records of a type."""
        return self.object_type in (ANY_OBJECT, object_type)


def load() -> dict[str, EventDefinition]:
    """All kinds of events by event_type_id, archived custom ones left out."""
    rows = CustomEvent.objects.filter(archived_at=None).prefetch_related("properties")
    found = [*map(_declared, event_types), *map(from_row, rows)]
    return {item.event_type_id: item for item in _with_forms(found)}


def find(key: str) -> EventDefinition | None:
    """A kind of event by its event_type_id, its name in the log or its name in the API."""
    for kind in event_types:
        if key in (kind.event_type_id, kind.name, kind.api_name):
            return _with_forms([_declared(kind)])[0]
    row = find_row(key)
    return None if row is None else from_row(row)


def find_row(key: str) -> CustomEvent | None:
    """A custom event by its number or its name, with or without the prefix of the account."""
    rows = CustomEvent.objects.filter(archived_at=None).prefetch_related("properties")
    number = key.removeprefix(CUSTOM_ID)
    if number != key:
        is_number = number.isascii() and number.isdigit() and len(number) <= 18
        return rows.filter(pk=int(number)).first() if is_number else None
    return rows.filter(name=key.lower().removeprefix(PREFIX)[:100]).first()


def _declared(kind: type[EventType]) -> EventDefinition:
    return EventDefinition(
        name=kind.name,
        event_type_id=kind.event_type_id,
        api_name=kind.api_name,
        label=kind.label,
        object_type=kind.object_type,
        definitions={item.name: item for item in kind.properties},
    )


def from_row(row: CustomEvent) -> EventDefinition:
    """The definition in a row of the table of custom events."""
    own = [_property(item) for item in row.properties.all() if item.archived_at is None]
    defaults = DEFAULT_PROPERTIES if row.has_default_properties else ()
    return EventDefinition(
        name=PREFIX + row.name,
        event_type_id=f"{CUSTOM_ID}{row.pk}",
        api_name=PREFIX + row.name,
        label=row.label,
        object_type=row.object_type,
        definitions={item.name: item for item in (*defaults, *own)},
        is_custom=True,
    )


def _property(row: CustomEventProperty) -> Definition:
    return Definition(
        name=row.name,
        label=row.label,
        type=row.type,
        field_type=property_types.get(row.type).field_types[0],
        group="",
        description=row.description,
        options=tuple(Option(value=one["value"], label=one["label"]) for one in row.options),
    )


def _with_forms(found: Sequence[EventDefinition]) -> list[EventDefinition]:
    """The definitions with the forms there are as options of the properties that name one."""
    if not any(
        item.external_options == FORMS for one in found for item in one.definitions.values()
    ):
        return list(found)
    forms = tuple(
        Option(value=str(form.pk), label=form.name, hidden=form.archived_at is not None)
        for form in Form.objects.all()
    )
    return [
        replace(
            one,
            definitions={
                name: replace(item, options=forms) if item.external_options == FORMS else item
                for name, item in one.definitions.items()
            },
        )
        for one in found
    ]
