from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import ObjectType, choice, number, object_types, owner, system, text

ABOUT = "productinformation"

BILLING = {
    "weekly": "Weekly",
    "biweekly": "Every two weeks",
    "monthly": "Monthly",
    "quarterly": "Quarterly",
    "per_six_months": "Every six months",
    "annually": "Annually",
    "per_two_years": "Every two years",
    "per_three_years": "Every three years",
}


@object_types.register
class Product(ObjectType):
    """Something you sell, with its price; line items of quotes and deals are made from it."""

    type_id = "0-7"
    name = "product"
    plural = "products"
    label = "Product"
    plural_label = "Products"
    icon = "inventory_2"
    groups = {ABOUT: "Product information"}
    list_columns = ("hs_sku", "price", "hs_cost_of_goods_sold", "recurringbillingfrequency")
    import_keys = ("hs_sku",)
    properties = (
        text("name", "Name", ABOUT, is_searchable=True),
        text("hs_sku", "SKU", ABOUT, is_searchable=True),
        text("description", "Description", ABOUT, field_type="textarea"),
        number("price", "Unit price", ABOUT),
        number("hs_cost_of_goods_sold", "Unit cost", ABOUT),
        choice("recurringbillingfrequency", "Billing frequency", ABOUT, BILLING),
        text("hs_recurring_billing_period", "Term", ABOUT),
        number("tax", "Tax", ABOUT),
        text("hs_url", "URL", ABOUT),
        text("hs_images", "Image URL", ABOUT),
        choice("hs_product_type", "Product type", ABOUT, {
            "inventory": "Inventory", "non_inventory": "Non-inventory", "service": "Service",
        }),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("name") or properties.get("hs_sku") or f"Product {record_id}"
