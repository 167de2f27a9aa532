from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.calculations.associated import NumberOf
from crm.objects.base import (
    Enrolled,
    ObjectType,
    Pipelines,
    Relation,
    calculated,
    choice,
    date,
    number,
    object_types,
    owner,
    pipeline,
    stage,
    system,
    text,
)

ABOUT = "dealinformation"


@object_types.register
class Deal(ObjectType):
    """A sale you work on, in a pipeline of stages."""

    type_id = "0-3"
    name = "deal"
    plural = "deals"
    label = "Deal"
    plural_label = "Deals"
    icon = "handshake"
    in_main_menu = True
    groups = {ABOUT: "Deal information"}
    list_columns = ("dealstage", "amount", "closedate", "hubspot_owner_id")
    enrolled = Enrolled.ALWAYS
    shown_in_api = ("amount", "closedate", "dealname", "dealstage", "pipeline")
    properties = (
        text("dealname", "Deal name", ABOUT, is_searchable=True),
        pipeline("pipeline", ABOUT),
        stage("dealstage", "Deal stage", ABOUT),
        number("amount", "Amount", ABOUT),
        date("closedate", "Close date", ABOUT),
        choice("dealtype", "Deal type", ABOUT, {
            "newbusiness": "New business", "existingbusiness": "Existing business",
        }, field_type="radio"),
        choice("hs_priority", "Priority", ABOUT, {
            "low": "Low", "medium": "Medium", "high": "High",
        }),
        text("description", "Deal description", ABOUT, field_type="textarea"),
        text("closed_lost_reason", "Closed lost reason", ABOUT, field_type="textarea"),
        number("num_associated_contacts", "Number of associated contacts", ABOUT,
               **calculated(NumberOf("0-1"))),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate"),
    )  # fmt: skip
    pipelines = Pipelines(
        property_name="pipeline",
        stage_property_name="dealstage",
        state_name="probability",
        state_label="Probability",
        states={"0.0": "Lost", **{f"0.{n}": f"{n}0 %" for n in range(1, 10)}, "1.0": "Won"},
        closed_states=frozenset({"0.0", "1.0"}),
        default_id="default",
        default_label="Sales pipeline",
        default_stages={
            "appointmentscheduled": ("Appointment scheduled", "0.2"),
            "qualifiedtobuy": ("Qualified to buy", "0.4"),
            "presentationscheduled": ("Presentation scheduled", "0.6"),
            "decisionmakerboughtin": ("Decision maker bought in", "0.8"),
            "contractsent": ("Contract sent", "0.9"),
            "closedwon": ("Closed won", "1.0"),
            "closedlost": ("Closed lost", "0.0"),
        },
    )
    relations = (
        Relation(type_id=451, inverse_type_id=451, to_object_type="0-3", name="deal_to_deal"),
        Relation(type_id=27, inverse_type_id=28, to_object_type="0-5", name="deal_to_ticket"),
        Relation(type_id=215, inverse_type_id=216, to_object_type="0-27", name="deal_to_task"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("dealname") or f"Deal {record_id}"
