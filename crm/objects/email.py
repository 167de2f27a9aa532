from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    CALCULATED,
    ObjectType,
    Relation,
    choice,
    moment,
    object_types,
    owner,
    system,
    text,
)

ABOUT = "email"


@object_types.register
class LoggedEmail(ObjectType):
    """One message to or from somebody, kept on the records it is about."""

    type_id = "0-49"
    name = "email"
    plural = "emails"
    # Emails alone are those of marketing, sent to many.
    label = "Logged email"
    plural_label = "Logged emails"
    icon = "drafts"
    is_activity = True
    groups = {ABOUT: "Email information"}
    list_columns = ("hs_timestamp", "hs_email_direction", "hs_email_status", "hubspot_owner_id")
    properties = (
        text("hs_email_subject", "Subject", ABOUT, is_searchable=True),
        text("hs_email_text", "Text", ABOUT, field_type="textarea"),
        text("hs_email_html", "HTML", ABOUT, field_type="html"),
        moment("hs_timestamp", "Activity date", ABOUT),
        choice("hs_email_direction", "Direction", ABOUT, {
            "EMAIL": "Outgoing", "INCOMING_EMAIL": "Incoming", "FORWARDED_EMAIL": "Forwarded",
        }),
        choice("hs_email_status", "Status", ABOUT, {
            "SENT": "Sent", "BOUNCED": "Bounced", "FAILED": "Failed",
            "SCHEDULED": "Scheduled", "SENDING": "Sending",
        }),
        text("hs_email_headers", "Headers", ABOUT, field_type="textarea",
             description="JSON with from, to, cc and bcc."),
        text("hs_email_from_email", "From address", ABOUT, **CALCULATED),
        text("hs_email_from_firstname", "From first name", ABOUT, **CALCULATED),
        text("hs_email_from_lastname", "From last name", ABOUT, **CALCULATED),
        text("hs_email_to_email", "To address", ABOUT, **CALCULATED),
        text("hs_email_to_firstname", "To first name", ABOUT, **CALCULATED),
        text("hs_email_to_lastname", "To last name", ABOUT, **CALCULATED),
        text("hs_attachment_ids", "Attachments", ABOUT, description="File ids, with ; between."),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=198, inverse_type_id=197, to_object_type="0-1", name="email_to_contact"),
        Relation(type_id=186, inverse_type_id=185, to_object_type="0-2", name="email_to_company"),
        Relation(type_id=210, inverse_type_id=209, to_object_type="0-3", name="email_to_deal"),
        Relation(type_id=224, inverse_type_id=223, to_object_type="0-5", name="email_to_ticket"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_email_subject") or f"Logged email {record_id}"
