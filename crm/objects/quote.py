from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    CALCULATED,
    Enrolled,
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

ABOUT = "quoteinformation"

STATUSES = {
    "DRAFT": "Draft",
    "PENDING_APPROVAL": "Pending approval",
    "REJECTED": "Rejected",
    "APPROVAL_NOT_NEEDED": "Approval not needed",
    "APPROVED": "Approved",
}


@object_types.register
class Quote(ObjectType):
    """An offer to a buyer: line items, prices and how long they hold."""

    type_id = "0-14"
    name = "quote"
    plural = "quotes"
    label = "Quote"
    plural_label = "Quotes"
    icon = "request_quote"
    groups = {ABOUT: "Quote information"}
    list_columns = ("hs_status", "hs_quote_amount", "hs_expiration_date", "hubspot_owner_id")
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_title", "Quote name", ABOUT, is_searchable=True),
        choice("hs_status", "Quote status", ABOUT, STATUSES),
        date("hs_expiration_date", "Expiration date", ABOUT),
        text("hs_quote_number", "Quote number", ABOUT, is_searchable=True),
        text("hs_currency", "Currency", ABOUT),
        number("hs_quote_amount", "Quote amount", ABOUT, **CALCULATED),
        choice("hs_payment_status", "Payment status", ABOUT, {
            "PENDING": "Pending", "PAID": "Paid",
        }, is_read_only=True),
        text("hs_comments", "Comments to the buyer", ABOUT, field_type="textarea"),
        text("hs_terms", "Purchase terms", ABOUT, field_type="textarea"),
        text("hs_public_url_key", "Link key", ABOUT, is_read_only=True),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=64, inverse_type_id=63, to_object_type="0-3", name="quote_to_deal"),
        Relation(type_id=69, inverse_type_id=70, to_object_type="0-1", name="quote_to_contact"),
        Relation(type_id=71, inverse_type_id=72, to_object_type="0-2", name="quote_to_company"),
        Relation(type_id=67, inverse_type_id=68, to_object_type="0-8", name="quote_to_line_item"),
        Relation(type_id=217, inverse_type_id=218, to_object_type="0-27", name="quote_to_task"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_title") or f"Quote {record_id}"
