from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    Enrolled,
    ObjectType,
    Pipelines,
    Relation,
    choice,
    moment,
    object_types,
    owner,
    pipeline,
    stage,
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
    enrolled = Enrolled.ALWAYS
    shown_in_api = (
        "content", "hs_pipeline", "hs_pipeline_stage", "hs_ticket_category",
        "hs_ticket_priority", "subject",
    )  # fmt: skip
    properties = (
        text("subject", "Ticket name", ABOUT, is_searchable=True),
        text("content", "Ticket description", ABOUT, field_type="textarea"),
        pipeline("hs_pipeline", ABOUT),
        stage("hs_pipeline_stage", "Ticket status", ABOUT),
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
    pipelines = Pipelines(
        property_name="hs_pipeline",
        stage_property_name="hs_pipeline_stage",
        state_name="ticketState",
        state_label="State",
        states={"OPEN": "Open", "CLOSED": "Closed"},
        closed_states=frozenset({"CLOSED"}),
        default_id="0",
        default_label="Support pipeline",
        default_stages={
            "1": ("New", "OPEN"),
            "2": ("Waiting on contact", "OPEN"),
            "3": ("Waiting on us", "OPEN"),
            "4": ("Closed", "CLOSED"),
        },
    )
    relations = (
        Relation(type_id=452, inverse_type_id=452, to_object_type="0-5", name="ticket_to_ticket"),
        Relation(type_id=229, inverse_type_id=230, to_object_type="0-27", name="ticket_to_task"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("subject") or f"Ticket {record_id}"
