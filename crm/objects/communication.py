from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    ObjectType,
    Relation,
    choice,
    moment,
    object_types,
    owner,
    system,
    text,
)

ABOUT = "communication"

CHANNELS = {
    "SMS": "SMS",
    "WHATS_APP": "WhatsApp",
    "LINKEDIN_MESSAGE": "LinkedIn message",
    "CUSTOM_CHANNEL_CONVERSATION": "Another channel",
}


@object_types.register
class Communication(ObjectType):
    """An SMS, a WhatsApp or a LinkedIn message with somebody."""

    type_id = "0-18"
    name = "communication"
    plural = "communications"
    label = "Communication"
    plural_label = "Communications"
    icon = "sms"
    is_activity = True
    groups = {ABOUT: "Communication information"}
    list_columns = ("hs_timestamp", "hs_communication_channel_type", "hubspot_owner_id")
    properties = (
        text("hs_communication_body", "Text", ABOUT, field_type="html", is_searchable=True),
        choice("hs_communication_channel_type", "Channel", ABOUT, CHANNELS),
        choice("hs_communication_logged_from", "Logged from", ABOUT, {"CRM": "CRM"}),
        moment("hs_timestamp", "Activity date", ABOUT),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )
    relations = (
        Relation(type_id=81, inverse_type_id=82, to_object_type="0-1",
                 name="communication_to_contact"),
        Relation(type_id=87, inverse_type_id=88, to_object_type="0-2",
                 name="communication_to_company"),
        Relation(type_id=85, inverse_type_id=86, to_object_type="0-3",
                 name="communication_to_deal"),
        Relation(type_id=83, inverse_type_id=84, to_object_type="0-5",
                 name="communication_to_ticket"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        channel = CHANNELS.get(properties.get("hs_communication_channel_type") or "")
        return f"{channel or 'Communication'} {record_id}"
