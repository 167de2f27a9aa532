"""Conversations. HubSpot publishes the association type from tickets (278) only: the ways back and
those to contacts and companies carry numbers of ours, far above HubSpot's.
"""

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

ABOUT = "conversationinformation"


@object_types.register
class Conversation(ObjectType):
    """An exchange of messages in an inbox or a chat. What it says about itself is read only."""

    type_id = "0-11"
    name = "conversation"
    plural = "conversations"
    label = "Conversation"
    plural_label = "Conversations"
    icon = "forum"
    groups = {ABOUT: "Conversation information"}
    list_columns = ("hs_conversation_status", "hs_conversation_channel", "hs_latest_message_at",
                    "hubspot_owner_id")  # fmt: skip
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_conversation_subject", "Subject", ABOUT, is_read_only=True, is_searchable=True),
        choice("hs_conversation_status", "Status", ABOUT, {
            "OPEN": "Open", "CLOSED": "Closed",
        }, is_read_only=True),
        choice("hs_conversation_channel", "Channel", ABOUT, {
            "CHAT": "Chat", "EMAIL": "Email", "FORM": "Form", "MESSENGER": "Messenger",
            "WHATSAPP": "WhatsApp",
        }, is_read_only=True),
        moment("hs_latest_message_at", "Latest message", ABOUT, is_read_only=True),
        moment("hs_closed_at", "Closed", ABOUT, is_read_only=True),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=100_001, inverse_type_id=100_002, to_object_type="0-1",
                 name="conversation_to_contact"),
        Relation(type_id=100_003, inverse_type_id=100_004, to_object_type="0-2",
                 name="conversation_to_company"),
        Relation(type_id=100_005, inverse_type_id=278, to_object_type="0-5",
                 name="conversation_to_ticket"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_conversation_subject") or f"Conversation {record_id}"
