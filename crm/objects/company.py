from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.calculations.associated import NumberOf
from crm.objects.base import (
    Enrolled,
    MergeRule,
    ObjectType,
    Relation,
    calculated,
    choice,
    number,
    object_types,
    owner,
    system,
    text,
)
from crm.objects.contact import LEAD_STATUSES, LIFECYCLE_STAGES

ABOUT = "companyinformation"


@object_types.register
class Company(ObjectType):
    """An organisation, known by its domain."""

    type_id = "0-2"
    name = "company"
    plural = "companies"
    label = "Company"
    plural_label = "Companies"
    icon = "apartment"
    in_main_menu = True
    groups = {ABOUT: "Company information"}
    list_columns = ("domain", "industry", "city", "country", "numberofemployees", "lifecyclestage")
    enrolled = Enrolled.ALWAYS
    shown_in_api = ("domain", "name")
    import_keys = ("domain", "name")
    additional_values = {"domain": "hs_additional_domains"}
    merge_rules = {"lifecyclestage": MergeRule.FURTHEST}
    properties = (
        text("name", "Name", ABOUT, is_searchable=True),
        text("domain", "Company domain name", ABOUT, is_searchable=True),
        text("hs_additional_domains", "Additional domains", ABOUT, is_read_only=True,
             description="Domains of records that were merged into this one; separated by"
             " semicolons."),
        text("description", "Description", ABOUT, field_type="textarea"),
        text("phone", "Phone number", ABOUT, field_type="phonenumber"),
        text("website", "Website URL", ABOUT),
        text("address", "Street address", ABOUT),
        text("city", "City", ABOUT),
        text("state", "State/Region", ABOUT),
        text("zip", "Postal code", ABOUT),
        text("country", "Country/Region", ABOUT),
        text("industry", "Industry", ABOUT),
        number("numberofemployees", "Number of employees", ABOUT),
        number("annualrevenue", "Annual revenue", ABOUT),
        choice("lifecyclestage", "Lifecycle stage", ABOUT, LIFECYCLE_STAGES, field_type="radio"),
        choice("hs_lead_status", "Lead status", ABOUT, LEAD_STATUSES, field_type="radio"),
        number("num_associated_contacts", "Number of associated contacts", ABOUT,
               **calculated(NumberOf("0-1"))),
        number("num_associated_deals", "Number of associated deals", ABOUT,
               **calculated(NumberOf("0-3"))),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=6, inverse_type_id=5, to_object_type="0-3", name="company_to_deal",
                 label="Primary", inverse_label="Primary"),
        Relation(type_id=342, inverse_type_id=341, to_object_type="0-3",
                 name="company_to_deal_unlabeled"),
        Relation(type_id=25, inverse_type_id=26, to_object_type="0-5", name="company_to_ticket",
                 label="Primary", inverse_label="Primary"),
        Relation(type_id=340, inverse_type_id=339, to_object_type="0-5",
                 name="company_to_ticket_unlabeled"),
        Relation(type_id=13, inverse_type_id=14, to_object_type="0-2",
                 name="parent_to_child_company", label="Child company",
                 inverse_label="Parent company"),
        Relation(type_id=450, inverse_type_id=450, to_object_type="0-2",
                 name="company_to_company"),
        Relation(type_id=191, inverse_type_id=192, to_object_type="0-27", name="company_to_task"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("name") or properties.get("domain") or f"Company {record_id}"
