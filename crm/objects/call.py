from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    Enrolled,
    ObjectType,
    Relation,
    choice,
    moment,
    number,
    object_types,
    owner,
    system,
    text,
)

ABOUT = "call"

#: HubSpot's own call outcomes; their ids are the same in every account.
OUTCOMES = {
    "9d9162e7-6cf3-4944-bf63-4dff82258764": "Busy",
    "f240bbac-87c9-4f6e-bf70-924b57d47db7": "Connected",
    "a4c4c377-d246-4b32-a13b-75a56a4cd0ff": "Left live message",
    "b2cf5968-551e-4856-9783-52b3da59a7d0": "Left voicemail",
    "73a0d17f-1163-4015-bdd5-ec830791da20": "No answer",
    "17b47fee-58de-441e-a44c-c6300d46f273": "Wrong number",
}


@object_types.register
class Call(ObjectType):
    """A telephone call with somebody, and what came of it."""

    type_id = "0-48"
    name = "call"
    plural = "calls"
    label = "Call"
    plural_label = "Calls"
    icon = "call"
    is_activity = True
    groups = {ABOUT: "Call information"}
    list_columns = ("hs_timestamp", "hs_call_direction", "hs_call_disposition", "hubspot_owner_id")
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_call_title", "Call title", ABOUT, is_searchable=True),
        text("hs_call_body", "Call notes", ABOUT, field_type="html"),
        moment("hs_timestamp", "Activity date", ABOUT),
        choice("hs_call_direction", "Call direction", ABOUT, {
            "INBOUND": "Inbound", "OUTBOUND": "Outbound",
        }),
        choice("hs_call_status", "Call status", ABOUT, {
            "BUSY": "Busy", "CALLING_CRM_USER": "Calling user", "CANCELED": "Cancelled",
            "COMPLETED": "Completed", "CONNECTING": "Connecting", "FAILED": "Failed",
            "IN_PROGRESS": "In progress", "MISSED": "Missed", "NO_ANSWER": "No answer",
            "QUEUED": "Queued", "RINGING": "Ringing",
        }),
        choice("hs_call_disposition", "Call outcome", ABOUT, OUTCOMES),
        number("hs_call_duration", "Call duration", ABOUT, description="In milliseconds."),
        text("hs_call_from_number", "From number", ABOUT, field_type="phonenumber"),
        text("hs_call_to_number", "To number", ABOUT, field_type="phonenumber"),
        text("hs_call_recording_url", "Recording URL", ABOUT),
        text("hs_activity_type", "Call and meeting type", ABOUT),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=194, inverse_type_id=193, to_object_type="0-1", name="call_to_contact"),
        Relation(type_id=182, inverse_type_id=181, to_object_type="0-2", name="call_to_company"),
        Relation(type_id=206, inverse_type_id=205, to_object_type="0-3", name="call_to_deal"),
        Relation(type_id=220, inverse_type_id=219, to_object_type="0-5", name="call_to_ticket"),
        Relation(type_id=399, inverse_type_id=400, to_object_type="0-47", name="call_to_meeting"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_call_title") or f"Call {record_id}"
