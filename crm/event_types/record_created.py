from __future__ import annotations

from crm.event_types.base import ANY_OBJECT, EventType, event_types


@event_types.register
class RecordCreated(EventType):
    """The record came into being, in whatever way."""

    event_type_id = "4-1463224"
    name = "record.created"
    api_name = "e_created_object"
    label = "Record created"
    object_type = ANY_OBJECT
