"""Leads. The association type ids from leads outwards are published by HubSpot; those of the way
back are the next number, as everywhere else in its numbering, and are not published. The ids of the
default pipeline are those of HubSpot's accounts; what its stages say of the lead's state is ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    Enrolled,
    ObjectType,
    Pipelines,
    Relation,
    choice,
    object_types,
    owner,
    pipeline,
    stage,
    system,
    text,
)

ABOUT = "leadinformation"


@object_types.register
class Lead(ObjectType):
    """A first interest of a contact, worked on until it becomes a deal or is given up."""

    type_id = "0-136"
    name = "lead"
    plural = "leads"
    label = "Lead"
    plural_label = "Leads"
    icon = "flag"
    in_main_menu = True
    groups = {ABOUT: "Lead information"}
    list_columns = ("hs_pipeline_stage", "hs_lead_label", "hs_lead_type", "hubspot_owner_id")
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_lead_name", "Lead name", ABOUT, is_searchable=True),
        choice("hs_lead_type", "Lead type", ABOUT, {
            "NEW_BUSINESS": "New business", "RE_ATTEMPTING": "Re-attempting",
            "UPSELL": "Upsell",
        }),
        choice("hs_lead_label", "Lead label", ABOUT, {
            "HOT": "Hot", "WARM": "Warm", "COLD": "Cold",
        }),
        pipeline("hs_pipeline", ABOUT),
        stage("hs_pipeline_stage", "Lead stage", ABOUT),
        choice("hs_lead_disqualification_reason", "Disqualification reason", ABOUT, {
            "DUPLICATE": "Duplicate", "NO_BUDGET": "No budget",
            "NO_RESPONSE": "No response", "NOT_A_FIT": "Not a fit", "OTHER": "Other",
        }),
        text("hs_lead_disqualification_note", "Disqualification note", ABOUT,
             field_type="textarea"),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    pipelines = Pipelines(
        property_name="hs_pipeline",
        stage_property_name="hs_pipeline_stage",
        state_name="leadState",
        state_label="State",
        states={
            "NEW": "New", "IN_PROGRESS": "In progress",
            "QUALIFIED": "Qualified", "UNQUALIFIED": "Disqualified",
        },
        closed_states=frozenset({"QUALIFIED", "UNQUALIFIED"}),
        default_id="lead-pipeline-id",
        default_label="Lead pipeline",
        default_stages={
            "new-stage-id": ("New", "NEW"),
            "attempting-stage-id": ("Attempting", "IN_PROGRESS"),
            "connected-stage-id": ("Connected", "IN_PROGRESS"),
            "qualified-stage-id": ("Qualified", "QUALIFIED"),
            "unqualified-stage-id": ("Disqualified", "UNQUALIFIED"),
        },
    )  # fmt: skip
    relations = (
        Relation(type_id=578, inverse_type_id=579, to_object_type="0-1",
                 name="lead_to_primary_contact", label="Primary", inverse_label="Primary"),
        Relation(type_id=608, inverse_type_id=609, to_object_type="0-1", name="lead_to_contact"),
        Relation(type_id=610, inverse_type_id=611, to_object_type="0-2", name="lead_to_company"),
        Relation(type_id=596, inverse_type_id=597, to_object_type="0-48", name="lead_to_call"),
        Relation(type_id=598, inverse_type_id=599, to_object_type="0-49", name="lead_to_email"),
        Relation(type_id=600, inverse_type_id=601, to_object_type="0-47", name="lead_to_meeting"),
        Relation(type_id=602, inverse_type_id=603, to_object_type="0-18",
                 name="lead_to_communication"),
        Relation(type_id=854, inverse_type_id=855, to_object_type="0-46", name="lead_to_note"),
        Relation(type_id=646, inverse_type_id=647, to_object_type="0-27", name="lead_to_task"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_lead_name") or f"Lead {record_id}"
