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
    moment,
    number,
    object_types,
    owner,
    system,
    text,
)

ABOUT = "invoiceinformation"


@object_types.register
class Invoice(ObjectType):
    """A bill to a customer, and whether it was paid."""

    type_id = "0-53"
    name = "invoice"
    plural = "invoices"
    label = "Invoice"
    plural_label = "Invoices"
    icon = "receipt_long"
    groups = {ABOUT: "Invoice information"}
    list_columns = ("hs_invoice_status", "hs_amount_billed", "hs_due_date", "hs_balance_due")
    enrolled = Enrolled.ALWAYS
    properties = (
        text("hs_number", "Invoice number", ABOUT, is_searchable=True),
        text("hs_title", "Invoice title", ABOUT, is_searchable=True),
        choice("hs_invoice_status", "Invoice status", ABOUT, {
            "draft": "Draft", "open": "Open", "paid": "Paid", "voided": "Voided",
        }),
        text("hs_currency", "Currency", ABOUT),
        date("hs_invoice_date", "Invoice date", ABOUT),
        date("hs_due_date", "Due date", ABOUT),
        text("hs_purchase_order_number", "Purchase order number", ABOUT),
        text("hs_tax_id", "Tax ID", ABOUT),
        text("hs_comments", "Comments", ABOUT, field_type="textarea"),
        number("hs_amount_billed", "Amount billed", ABOUT, **CALCULATED),
        number("hs_amount_paid", "Amount paid", ABOUT, is_read_only=True),
        number("hs_balance_due", "Balance due", ABOUT, **CALCULATED),
        moment("hs_payment_date", "Payment date", ABOUT, is_read_only=True),
        text("hs_invoice_link", "Invoice link", ABOUT, is_read_only=True),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=177, inverse_type_id=178, to_object_type="0-1",
                 name="invoice_to_contact"),
        Relation(type_id=179, inverse_type_id=180, to_object_type="0-2",
                 name="invoice_to_company"),
        Relation(type_id=175, inverse_type_id=176, to_object_type="0-3", name="invoice_to_deal"),
        Relation(type_id=407, inverse_type_id=408, to_object_type="0-14",
                 name="invoice_to_quote"),
        Relation(type_id=409, inverse_type_id=410, to_object_type="0-8",
                 name="invoice_to_line_item"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        name = properties.get("hs_title") or properties.get("hs_number")
        return name or f"Invoice {record_id}"
