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
from crm.objects.product import BILLING

ABOUT = "subscriptioninformation"


@object_types.register
class Subscription(ObjectType):
    """What a customer pays again and again until it ends."""

    type_id = "0-69"
    name = "subscription"
    plural = "subscriptions"
    label = "Subscription"
    plural_label = "Subscriptions"
    icon = "autorenew"
    groups = {ABOUT: "Subscription information"}
    list_columns = ("hs_status", "hs_recurring_revenue", "hs_next_payment_due_date",
                    "hs_recurring_billing_start_date")  # fmt: skip
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_name", "Subscription name", ABOUT, is_searchable=True),
        choice("hs_status", "Status", ABOUT, {
            "active": "Active", "past_due": "Past due", "canceled": "Cancelled",
            "expired": "Expired", "paused": "Paused", "scheduled": "Scheduled",
            "unpaid": "Unpaid",
        }),
        text("hs_currency_code", "Currency", ABOUT),
        choice("hs_recurring_billing_frequency", "Billing frequency", ABOUT, BILLING),
        date("hs_recurring_billing_start_date", "Start date", ABOUT),
        date("hs_recurring_billing_end_date", "End date", ABOUT),
        number("hs_last_payment_amount", "Last payment amount", ABOUT, is_read_only=True),
        choice("hs_last_payment_status", "Last payment status", ABOUT, {
            "succeeded": "Succeeded", "failed": "Failed", "processing": "Processing",
            "refunded": "Refunded",
        }, is_read_only=True),
        number("hs_next_payment_amount", "Next payment amount", ABOUT),
        date("hs_next_payment_due_date", "Next payment due date", ABOUT),
        number("hs_recurring_revenue", "Recurring revenue", ABOUT, **CALCULATED),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=295, inverse_type_id=296, to_object_type="0-1",
                 name="subscription_to_contact"),
        Relation(type_id=297, inverse_type_id=298, to_object_type="0-2",
                 name="subscription_to_company"),
        Relation(type_id=299, inverse_type_id=300, to_object_type="0-3",
                 name="subscription_to_deal"),
        Relation(type_id=301, inverse_type_id=302, to_object_type="0-8",
                 name="subscription_to_line_item"),
        Relation(type_id=303, inverse_type_id=304, to_object_type="0-14",
                 name="subscription_to_quote"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_name") or f"Subscription {record_id}"
