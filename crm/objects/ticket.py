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

ABOUT = "ticketinformation"


@object_types.register
class Ticket(ObjectType):
    """A customer's question or problem, in a pipeline of stages."""

    type_id = "0-5"
    name = "ticket"
    plural = "tickets"
    label = "Ticket"
    plural_label = "Tickets"
    icon = "confirmation_number"
    in_main_menu = True
    groups = {ABOUT: "Ticket information"}
    list_columns = ("hs_pipeline_stage", "hs_ticket_priority", "source_type", "hubspot_owner_id")
    properties = (
        text("subject", "Ticket name", ABOUT, is_searchable=True),
        text("content", "Ticket description", ABOUT, field_type="textarea"),
        choice("hs_pipeline", "Pipeline", ABOUT, {"0": "Support pipeline"}),
        choice("hs_pipeline_stage", "Ticket status", ABOUT, {
            "1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed",
        }, field_type="radio"),
        choice("hs_ticket_priority", "Priority", ABOUT, {
            "LOW": "Low", "MEDIUM": "Medium", "HIGH": "High", "URGENT": "Urgent",
        }),
        choice("hs_ticket_category", "Category", ABOUT, {
            "PRODUCT_ISSUE": "Product issue", "BILLING_ISSUE": "Billing issue",
            "FEATURE_REQUEST": "Feature request", "GENERAL_INQUIRY": "General inquiry",
        }, field_type="checkbox"),
        text("hs_resolution", "Resolution", ABOUT, field_type="textarea"),
        choice("source_type", "Source", ABOUT, {
            "CHAT": "Chat", "EMAIL": "Email", "FORM": "Form", "PHONE": "Phone",
        }),
        moment("closed_date", "Close date", ABOUT),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=452, inverse_type_id=452, to_object_type="0-5", name="ticket_to_ticket"),
        Relation(type_id=229, inverse_type_id=230, to_object_type="0-27", name="ticket_to_task"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("subject") or f"Ticket {record_id}"
