"""What the filters of one sitting name: properties of object types and kinds of events."""

from __future__ import annotations

from collections.abc import Mapping

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
        self._targets: Mapping[tuple[str, int], str] | None = None

    def properties(self, object_type: str) -> Mapping[str, Definition]:
        """The properties of an object type; raises UnknownKind."""
        kind = objects.get(object_type)
        if kind.type_id not in self._properties:
            self._properties[kind.type_id] = properties.load(kind.type_id)
        return self._properties[kind.type_id]

    def event(self, key: str) -> EventDefinition | None:
        """A kind of event by its id or one of its names."""
        if self._events is None:
            self._events = event_definitions.load()
        if key in self._events:
            return self._events[key]
        found = (one for one in self._events.values() if key in (one.name, one.api_name))
        return next(found, None)

    def association_target(self, category: str, number: int) -> str | None:
        """The object type that an association type leads to."""
        if self._targets is None:
            found = AssociationType.objects.values_list("category", "type_id", "to_object_type")
            self._targets = {(one, other): target for one, other, target in found}
        return self._targets.get((category, number))
