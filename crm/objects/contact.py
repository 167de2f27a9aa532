from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.objects.base import (
    ObjectType,
    Relation,
    choice,
    date,
    joined,
    moment,
    number,
    object_types,
    owner,
    system,
    text,
    yes_no,
)

ABOUT = "contactinformation"
EMAIL = "emailinformation"
ACTIVITY = "contact_activity"

LIFECYCLE_STAGES = {
    "subscriber": "Subscriber",
    "lead": "Lead",
    "marketingqualifiedlead": "Marketing qualified lead",
    "salesqualifiedlead": "Sales qualified lead",
    "opportunity": "Opportunity",
    "customer": "Customer",
    "evangelist": "Evangelist",
    "other": "Other",
}
LEAD_STATUSES = {
    "NEW": "New",
    "OPEN": "Open",
    "IN_PROGRESS": "In progress",
    "OPEN_DEAL": "Open deal",
    "UNQUALIFIED": "Unqualified",
    "ATTEMPTED_TO_CONTACT": "Attempted to contact",
    "CONNECTED": "Connected",
    "BAD_TIMING": "Bad timing",
}


@object_types.register
class Contact(ObjectType):
    """A person you are in touch with, known by the email address."""

    type_id = "0-1"
    name = "contact"
    plural = "contacts"
    label = "Contact"
    plural_label = "Contacts"
    icon = "person"
    groups = {ABOUT: "Contact information", EMAIL: "Email information", ACTIVITY: "Activity"}
    list_columns = ("email", "lifecyclestage", "hs_lead_status", "company", "city", "country")
    import_keys = ("email",)
    properties = (
        text("email", "Email", ABOUT, is_unique=True, is_searchable=True),
        text("firstname", "First name", ABOUT, is_searchable=True),
        text("lastname", "Last name", ABOUT, is_searchable=True),
        text("phone", "Phone number", ABOUT, field_type="phonenumber", is_searchable=True),
        text("mobilephone", "Mobile phone number", ABOUT, field_type="phonenumber"),
        text("company", "Company name", ABOUT, is_searchable=True),
        text("jobtitle", "Job title", ABOUT),
        text("website", "Website URL", ABOUT),
        text("address", "Street address", ABOUT),
        text("city", "City", ABOUT),
        text("state", "State/Region", ABOUT),
        text("zip", "Postal code", ABOUT),
        text("country", "Country/Region", ABOUT),
        text("industry", "Industry", ABOUT),
        choice("lifecyclestage", "Lifecycle stage", ABOUT, LIFECYCLE_STAGES, field_type="radio"),
        choice("hs_lead_status", "Lead status", ABOUT, LEAD_STATUSES, field_type="radio"),
        owner(ABOUT),
        number("hubspotscore", "Score", ABOUT),
        text("hs_language", "Preferred language", ABOUT),
        text("hs_timezone", "Time zone", ABOUT),
        # A single line of text, bound to the ads tool: it cannot anchor a date workflow (W-036).
        text("date_of_birth", "Date of birth", ABOUT),
        date("closedate", "Became a customer date", ABOUT),
        text("message", "Message", ABOUT, field_type="textarea"),
        yes_no("hs_email_optout", "Unsubscribed from all email", EMAIL),
        yes_no("hs_email_bad_address", "Invalid email address", EMAIL, is_read_only=True),
        number("hs_email_bounce", "Emails bounced", EMAIL, is_read_only=True),
        number("hs_email_delivered", "Emails delivered", EMAIL, is_read_only=True),
        number("hs_email_open", "Emails opened", EMAIL, is_read_only=True),
        number("hs_email_click", "Emails clicked", EMAIL, is_read_only=True),
        moment("hs_email_last_send_date", "Last email send date", EMAIL, is_read_only=True),
        moment("notes_last_contacted", "Last contacted", ACTIVITY),
        number("num_notes", "Number of sales activities", ACTIVITY, is_read_only=True),
        *system(ABOUT, "lastmodifieddate"),
    )
    relations = (
        Relation(type_id=1, inverse_type_id=2, to_object_type="0-2", name="contact_to_company",
                 label="Primary", inverse_label="Primary"),
        Relation(type_id=279, inverse_type_id=280, to_object_type="0-2",
                 name="contact_to_company_unlabeled"),
        Relation(type_id=4, inverse_type_id=3, to_object_type="0-3", name="contact_to_deal"),
        Relation(type_id=15, inverse_type_id=16, to_object_type="0-5", name="contact_to_ticket"),
        Relation(type_id=203, inverse_type_id=204, to_object_type="0-27", name="contact_to_task"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        name = joined(properties, "firstname", "lastname")
        return name or properties.get("email") or f"Contact {record_id}"
