from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    ObjectType,
    Relation,
    choice,
    date,
    number,
    object_types,
    owner,
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
    properties = (
        text("dealname", "Deal name", ABOUT, is_searchable=True),
        choice("pipeline", "Pipeline", ABOUT, {"default": "Sales pipeline"}),
        choice("dealstage", "Deal stage", ABOUT, {
            "appointmentscheduled": "Appointment scheduled",
            "qualifiedtobuy": "Qualified to buy",
            "presentationscheduled": "Presentation scheduled",
            "decisionmakerboughtin": "Decision maker bought in",
            "contractsent": "Contract sent",
            "closedwon": "Closed won",
            "closedlost": "Closed lost",
        }, field_type="radio"),
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
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=451, inverse_type_id=451, to_object_type="0-3", name="deal_to_deal"),
        Relation(type_id=27, inverse_type_id=28, to_object_type="0-5", name="deal_to_ticket"),
        Relation(type_id=215, inverse_type_id=216, to_object_type="0-27", name="deal_to_task"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("dealname") or f"Deal {record_id}"
