from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    Enrolled,
    ObjectType,
    Relation,
    choice,
    moment,
    object_types,
    owner,
    system,
    text,
)

ABOUT = "meeting"


@object_types.register
class Meeting(ObjectType):
    """An appointment with somebody: when, where, and whether it took place."""

    type_id = "0-47"
    name = "meeting"
    plural = "meetings"
    label = "Meeting"
    plural_label = "Meetings"
    icon = "event"
    is_activity = True
    groups = {ABOUT: "Meeting information"}
    list_columns = ("hs_meeting_start_time", "hs_meeting_outcome", "hs_meeting_location",
                    "hubspot_owner_id")  # fmt: skip
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_meeting_title", "Meeting name", ABOUT, is_searchable=True),
        text("hs_meeting_body", "Meeting description", ABOUT, field_type="html"),
        text("hs_internal_meeting_notes", "Internal meeting notes", ABOUT, field_type="html"),
        moment("hs_timestamp", "Activity date", ABOUT),
        moment("hs_meeting_start_time", "Meeting start time", ABOUT),
        moment("hs_meeting_end_time", "Meeting end time", ABOUT),
        text("hs_meeting_location", "Meeting location", ABOUT),
        choice("hs_meeting_outcome", "Meeting outcome", ABOUT, {
            "SCHEDULED": "Scheduled", "COMPLETED": "Completed", "RESCHEDULED": "Rescheduled",
            "NO_SHOW": "No show", "CANCELED": "Cancelled",
        }),
        text("hs_meeting_external_url", "External URL", ABOUT),
        text("hs_activity_type", "Call and meeting type", ABOUT),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=200, inverse_type_id=199, to_object_type="0-1",
                 name="meeting_to_contact"),
        Relation(type_id=188, inverse_type_id=187, to_object_type="0-2",
                 name="meeting_to_company"),
        Relation(type_id=212, inverse_type_id=211, to_object_type="0-3", name="meeting_to_deal"),
        Relation(type_id=226, inverse_type_id=225, to_object_type="0-5", name="meeting_to_ticket"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_meeting_title") or f"Meeting {record_id}"
