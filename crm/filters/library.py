"""What the filters of one sitting name: properties of object types and kinds of events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crm import event_definitions, properties
from crm.event_definitions import EventDefinition
from crm.models import AssociationType
from crm.objects import base as objects
from crm.property_types.base import Definition


class Library:
    """Definitions, each read when a filter first asks for it and then kept.

    Filters that are read one after the other may share one; it must not outlive the moment.
    """

    def __init__(self, known: Mapping[str, Mapping[str, Definition]] | None = None) -> None:
        self._properties = dict(known or {})
        self._events: Mapping[str, EventDefinition] | None = None
        self._links: Sequence[AssociationType] | None = None

    def properties(self, object_type: str) -> Mapping[str, Definition]:
        """The properties of an object type; raises UnknownKind."""
        kind = objects.get(object_type)
        if kind.type_id not in self._properties:
            self._properties[kind.type_id] = properties.load(kind.type_id)
        return self._properties[kind.type_id]

    def event(self, key: str) -> EventDefinition | None:
        """A kind of event by its id or one of its names."""
        known = self._all_events()
        if key in known:
            return known[key]
        found = (one for one in known.values() if key in (one.name, one.api_name))
        return next(found, None)

    def events(self) -> Iterable[EventDefinition]:
        """Every kind of event."""
        return self._all_events().values()

    def _all_events(self) -> Mapping[str, EventDefinition]:
        if self._events is None:
            self._events = event_definitions.load()
        return self._events

    def association_target(self, category: str, number: int) -> str | None:
        """The object type that an association type leads to."""
        found = (
            link.to_object_type
            for link in self._all_links()
            if (link.category, link.type_id) == (category, number)
        )
        return next(found, None)

    def association_types(self, from_object_type: str) -> list[AssociationType]:
        """The types of association that begin at records of a type, in HubSpot's order."""
        found = self._all_links()
        return [link for link in found if link.from_object_type == from_object_type]

    def _all_links(self) -> Sequence[AssociationType]:
        if self._links is None:
            self._links = list(AssociationType.objects.order_by("category", "type_id"))
        return self._links
