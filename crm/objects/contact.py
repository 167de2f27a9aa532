from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.calculations.associated import AssociatedAs, NumberOf
from crm.calculations.entered import Entered
from crm.objects.base import (
    CALCULATED,
    Enrolled,
    MergeRule,
    ObjectType,
    Relation,
    calculated,
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
from crm.property_types.base import Definition

ABOUT = "contactinformation"
EMAIL = "emailinformation"
ACTIVITY = "contact_activity"
CONVERSION = "conversioninformation"
LIFECYCLE = "contactlcs"
MARKETING = "marketingstatus"
SEQUENCES = "sequences"

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
#: What people do with an email, by the word in the names of the dates.
EMAIL_DATES = ("send", "open", "click", "reply")
EMAIL_COUNTS = ("bounce", "delivered", "open", "click", "replied")
BOUNCES = {
    "UNKNOWN_USER": "Unknown user",
    "MAILBOX_FULL": "Mailbox full",
    "CONTENT": "Content",
    "SPAM": "Spam",
    "POLICY": "Policy",
    "OTHER": "Other",
}


def _became(stage: str, label: str) -> Definition:
    """When a contact last entered a lifecycle stage (W-035)."""
    name = f"hs_lifecyclestage_{stage}_date"
    calculation = Entered(name, "lifecyclestage", stage)
    return moment(name, f"Became a {label.lower()} date", LIFECYCLE, **calculated(calculation))


@object_types.register
class Contact(ObjectType):
    """A person you are in touch with, known by the email address."""

    type_id = "0-1"
    name = "contact"
    plural = "contacts"
    label = "Contact"
    plural_label = "Contacts"
    icon = "person"
    in_main_menu = True
    groups = {
        ABOUT: "Contact information",
        EMAIL: "Email information",
        ACTIVITY: "Activity",
        CONVERSION: "Conversion information",
        LIFECYCLE: "Lifecycle stages",
        MARKETING: "Marketing status",
        SEQUENCES: "Sequences",
    }
    list_columns = ("email", "lifecyclestage", "hs_lead_status", "company", "city", "country")
    enrolled = Enrolled.ALWAYS
    shown_in_api = ("email", "firstname", "lastname")
    import_keys = ("email",)
    additional_values = {"email": "hs_additional_emails"}
    merge_rules = {
        # Who said no once must not get mail because of a merge.
        "hs_email_optout": MergeRule.EITHER,
        "lifecyclestage": MergeRule.FURTHEST,
        **{f"hs_email_{what}": MergeRule.SUM for what in EMAIL_COUNTS},
        **{f"hs_email_first_{what}_date": MergeRule.LEAST for what in EMAIL_DATES},
        **{f"hs_email_last_{what}_date": MergeRule.MOST for what in EMAIL_DATES},
    }
    # What is known about an address is not true of another one.
    merged_together = (
        (
            "email",
            "hs_email_bad_address",
            "hs_email_hard_bounce_reason_enum",
            "hs_email_hard_bounce_reason",
            "hs_email_quarantined",
            "hs_email_quarantined_reason",
        ),
    )
    properties = (
        text("email", "Email", ABOUT, is_unique=True, is_searchable=True),
        text("hs_additional_emails", "Additional email addresses", ABOUT, is_read_only=True,
             is_searchable=True,
             description="Addresses of records that were merged into this one; separated by"
             " semicolons."),
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
        text("hs_whatsapp_phone_number", "WhatsApp phone number", ABOUT, field_type="phonenumber"),
        text("hs_linkedin_url", "LinkedIn URL", ABOUT),
        text("hs_persona", "Persona", ABOUT),
        number("associatedcompanyid", "Primary company ID", ABOUT,
               **calculated(AssociatedAs("0-2", 1))),
        text("hs_calculated_merged_vids", "Merged record IDs with their times", ABOUT,
             **CALCULATED),
        yes_no("hs_email_optout", "Unsubscribed from all email", EMAIL),
        yes_no("hs_email_bad_address", "Invalid email address", EMAIL, is_read_only=True),
        choice("hs_email_hard_bounce_reason_enum", "Email hard bounce reason", EMAIL, BOUNCES,
               is_read_only=True),
        text("hs_email_hard_bounce_reason", "Email hard bounce message", EMAIL,
             is_read_only=True),
        yes_no("hs_email_quarantined", "Email address quarantined", EMAIL, is_read_only=True),
        text("hs_email_quarantined_reason", "Email quarantine reason", EMAIL, is_read_only=True),
        yes_no("hs_email_is_ineligible", "Not eligible for email", EMAIL, is_read_only=True),
        number("hs_email_bounce", "Emails bounced", EMAIL, is_read_only=True),
        number("hs_email_delivered", "Emails delivered", EMAIL, is_read_only=True),
        number("hs_email_open", "Emails opened", EMAIL, is_read_only=True),
        number("hs_email_click", "Emails clicked", EMAIL, is_read_only=True),
        number("hs_email_replied", "Emails replied to", EMAIL, is_read_only=True),
        *(
            moment(f"hs_email_{which}_{what}_date", f"{which.capitalize()} email {what} date",
                   EMAIL, is_read_only=True)
            for which in ("first", "last")
            for what in EMAIL_DATES
        ),
        text("hs_email_last_email_name", "Last email name", EMAIL, is_read_only=True),
        number("hs_email_sends_since_last_engagement", "Emails since the last engagement", EMAIL,
               is_read_only=True),
        moment("hs_email_recipient_fatigue_recovery_time", "Email fatigue ends", EMAIL,
               is_read_only=True),
        text("hs_legal_basis", "Legal basis for processing", EMAIL),
        choice("hs_marketable_status", "Marketing contact status", MARKETING, {
            "true": "Marketing contact", "false": "Non-marketing contact",
        }, is_read_only=True),
        choice("hs_marketable_until_renewal", "Marketing contact until the next renewal", MARKETING,
               {"true": "Yes", "false": "No"}, is_read_only=True),
        text("hs_marketable_reason_type", "Marketing contact because of", MARKETING,
             is_read_only=True),
        text("hs_marketable_reason_id", "Marketing contact because of (ID)", MARKETING,
             is_read_only=True),
        *(
            _became(name, label)
            for name, label in LIFECYCLE_STAGES.items()
        ),
        yes_no("hs_sequences_is_enrolled", "In a sequence", SEQUENCES, **CALCULATED),
        number("hs_sequences_enrolled_count", "Sequences enrolled in", SEQUENCES, **CALCULATED),
        number("hs_sequences_actively_enrolled_count", "Sequences active in", SEQUENCES,
               **CALCULATED),
        text("hs_latest_sequence_enrolled", "Latest sequence", SEQUENCES, is_read_only=True),
        *(
            moment(f"hs_latest_sequence_{what}_date", f"Latest sequence {what} date", SEQUENCES,
                   is_read_only=True)
            for what in ("enrolled", "ended", "finished", "unenrolled")
        ),
        moment("notes_last_contacted", "Last contacted", ACTIVITY),
        moment("notes_last_updated", "Last activity date", ACTIVITY, **CALCULATED),
        moment("notes_next_activity_date", "Next activity date", ACTIVITY, **CALCULATED),
        number("num_notes", "Number of sales activities", ACTIVITY, is_read_only=True),
        number("num_contacted_notes", "Number of times contacted", ACTIVITY, **CALCULATED),
        number("num_associated_deals", "Number of associated deals", ACTIVITY,
               **calculated(NumberOf("0-3"))),
        yes_no("currentlyinworkflow", "Currently in a workflow", ACTIVITY, **CALCULATED),
        *(
            definition
            for which, order in (("first", "First"), ("recent", "Recent"))
            for definition in (
                moment(f"{which}_conversion_date", f"{order} conversion date", CONVERSION,
                       is_read_only=True),
                text(f"{which}_conversion_event_name", f"{order} conversion", CONVERSION,
                     is_read_only=True),
            )
        ),
        number("num_conversion_events", "Number of form submissions", CONVERSION, **CALCULATED),
        number("num_unique_conversion_events", "Number of unique forms submitted", CONVERSION,
               **CALCULATED),
        *system(ABOUT, "lastmodifieddate"),
    )  # fmt: skip
    relations = (
        Relation(type_id=1, inverse_type_id=2, to_object_type="0-2", name="contact_to_company",
                 label="Primary", inverse_label="Primary"),
        Relation(type_id=279, inverse_type_id=280, to_object_type="0-2",
                 name="contact_to_company_unlabeled"),
        Relation(type_id=4, inverse_type_id=3, to_object_type="0-3", name="contact_to_deal"),
        Relation(type_id=15, inverse_type_id=16, to_object_type="0-5", name="contact_to_ticket"),
        Relation(type_id=449, inverse_type_id=449, to_object_type="0-1",
                 name="contact_to_contact"),
        Relation(type_id=203, inverse_type_id=204, to_object_type="0-27", name="contact_to_task"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        name = joined(properties, "firstname", "lastname")
        return name or properties.get("email") or f"Contact {record_id}"
