from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.calculations.equation import equation
from crm.objects.base import (
    Enrolled,
    ObjectType,
    Relation,
    calculated,
    choice,
    date,
    number,
    object_types,
    system,
    text,
)
from crm.objects.product import BILLING

ABOUT = "lineiteminformation"


#: What the items cost after the discount on each, by amount or by percentage.
NET_PRICE = """
    if(is_known(discount), price - discount,
       if(is_known(hs_discount_percentage), price * (1 - hs_discount_percentage / 100), price))
    * if(is_known(quantity), quantity, 1)
"""


@object_types.register
class LineItem(ObjectType):
    """One product in a deal or a quote: how many, at what price."""

    type_id = "0-8"
    name = "line_item"
    plural = "line_items"
    label = "Line item"
    plural_label = "Line items"
    icon = "format_list_numbered"
    groups = {ABOUT: "Line item information"}
    list_columns = ("quantity", "price", "amount", "hs_sku")
    enrolled = Enrolled.ON_REQUEST
    properties = (
        text("name", "Name", ABOUT, is_searchable=True),
        # A copy of the product at the time; later changes of the product leave it alone.
        number("hs_product_id", "Product ID", ABOUT),
        text("hs_sku", "SKU", ABOUT, is_searchable=True),
        text("description", "Description", ABOUT, field_type="textarea"),
        number("quantity", "Quantity", ABOUT),
        number("price", "Unit price", ABOUT),
        number("discount", "Unit discount", ABOUT),
        number("hs_discount_percentage", "Discount percentage", ABOUT),
        number("amount", "Net price", ABOUT, **calculated(equation(NET_PRICE))),
        number("hs_cost_of_goods_sold", "Unit cost", ABOUT),
        text("hs_line_item_currency_code", "Currency", ABOUT),
        number("hs_position_on_quote", "Position on the quote", ABOUT),
        number("tax", "Tax", ABOUT),
        choice("recurringbillingfrequency", "Billing frequency", ABOUT, BILLING),
        text("hs_recurring_billing_period", "Term", ABOUT),
        date("hs_recurring_billing_start_date", "Billing start date", ABOUT),
        *system(ABOUT, "hs_lastmodifieddate"),
    )
    relations = (
        Relation(type_id=20, inverse_type_id=19, to_object_type="0-3", name="line_item_to_deal"),
    )

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("name") or f"Line item {record_id}"
