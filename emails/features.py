"""What the plan decides about emails and the simple workflows made inside one."""

from __future__ import annotations

from subscriptions.features import EVERY_PLAN, UNLIMITED, Feature, Gate, Hub, Limit, Tier

SEND_EMAIL = Feature(
    "emails.send_email",
    "Send email",
    {Hub.MARKETING: Tier.PROFESSIONAL, Hub.SERVICE: Tier.PROFESSIONAL},
    note="Simple workflows of an email may do so from Marketing Hub Starter on.",
)
TICKET_EMAIL = Feature(
    "emails.ticket_email",
    "Email when a ticket is received or closed",
    {Hub.SERVICE: Tier.PROFESSIONAL},
    or_by=(
        Gate(
            hub=Hub.SERVICE,
            tier=Tier.STARTER,
            also_hub=Hub.SALES,
            also_tier=Tier.PROFESSIONAL,
        ),
        Gate(
            hub=Hub.SERVICE,
            tier=Tier.STARTER,
            also_hub=Hub.MARKETING,
            also_tier=Tier.STARTER,
        ),
    ),
)
INTERNAL_MARKETING_EMAIL = Feature(
    "emails.internal_marketing_email",
    "Send internal marketing email",
    {Hub.MARKETING: Tier.PROFESSIONAL},
)

# Workflows made in the editor of an email, which start from what people do with that email.
SIMPLE_WORKFLOWS = Feature(
    "emails.simple_workflows", "Simple workflow of an email", {Hub.MARKETING: Tier.STARTER}
)
UNRESTRICTED_SIMPLE_WORKFLOWS = Feature(
    "emails.unrestricted_simple_workflows",
    "Every action in a simple workflow",
    {Hub.MARKETING: Tier.PROFESSIONAL},
    note="Before that: delays for a set time or until a day or time, emails, records, tasks,"
    " static lists and ads audiences.",
)
SIMPLE_SEND_EMAIL = Feature(
    "emails.simple_send_email",
    "Send email in a simple workflow",
    {Hub.MARKETING: Tier.STARTER},
)
SIMPLE_STATIC_LISTS = Feature(
    "emails.simple_static_lists",
    "Add to or remove from a static list in a simple workflow",
    {Hub.MARKETING: Tier.STARTER},
)
SIMPLE_ADS_AUDIENCES = Feature(
    "emails.simple_ads_audiences",
    "Add to or remove from an ads audience in a simple workflow",
    {Hub.MARKETING: Tier.STARTER},
)
SIMPLE_ACTIONS = Limit(
    "emails.simple_actions",
    "Actions in a simple workflow",
    {
        (Hub.MARKETING, Tier.STARTER): 10,
        (Hub.MARKETING, Tier.PROFESSIONAL): UNLIMITED,
    },
)
SIMPLE_PER_TRIGGER = Limit(
    "emails.simple_per_trigger",
    "Simple workflows for one trigger of an email",
    {
        (Hub.MARKETING, Tier.STARTER): 1,
        (Hub.MARKETING, Tier.PROFESSIONAL): UNLIMITED,
    },
)

MARKETING_CONTACTS = Limit(
    "emails.marketing_contacts", "Marketing contacts (contact tier)", {EVERY_PLAN: UNLIMITED}
)
SENDS_PER_CONTACT = Limit(
    "emails.sends_per_contact",
    "Marketing emails a month, per contact of the contact tier",
    {
        (Hub.MARKETING, Tier.STARTER): 5,
        (Hub.MARKETING, Tier.PROFESSIONAL): 10,
    },
    is_off_at_first=True,
)
