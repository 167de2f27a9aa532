"""What the plan decides about workflows: kinds of workflows, of actions, and how many of what."""

from __future__ import annotations

from crm.objects.base import object_types
from crm.registry import discover
from subscriptions.features import ANY_HUB, EVERY_PLAN, AddOn, Feature, Hub, Limit, Tier

WORKFLOWS = Feature("workflows.workflows", "Workflow tool", ANY_HUB(Tier.PROFESSIONAL))

# What can be enrolled, and whose properties a workflow may write.
STANDARD_WORKFLOWS = Feature(
    "workflows.standard_workflows",
    "Contact, company or deal workflow",
    ANY_HUB(Tier.PROFESSIONAL),
)
QUOTE_WORKFLOWS = Feature(
    "workflows.quote_workflows", "Quote workflow", {Hub.SALES: Tier.ENTERPRISE}
)
QUOTE_PROPERTIES = Feature(
    "workflows.quote_properties",
    "Changing quote properties in a workflow",
    {Hub.SALES: Tier.ENTERPRISE},
)
LEAD_WORKFLOWS = Feature(
    "workflows.lead_workflows", "Lead workflow", {Hub.SALES: Tier.PROFESSIONAL}
)
LEAD_PROPERTIES = Feature(
    "workflows.lead_properties",
    "Changing lead properties in a workflow",
    {Hub.SALES: Tier.PROFESSIONAL},
)
TICKET_WORKFLOWS = Feature(
    "workflows.ticket_workflows", "Ticket workflow", {Hub.SERVICE: Tier.PROFESSIONAL}
)
TICKET_PROPERTIES = Feature(
    "workflows.ticket_properties",
    "Changing ticket properties in a workflow",
    {Hub.SERVICE: Tier.PROFESSIONAL},
)
FEEDBACK_WORKFLOWS = Feature(
    "workflows.feedback_workflows",
    "Feedback submission workflow",
    {Hub.SERVICE: Tier.PROFESSIONAL},
)
FEEDBACK_PROPERTIES = Feature(
    "workflows.feedback_properties",
    "Changing feedback submission properties in a workflow",
    {Hub.SERVICE: Tier.PROFESSIONAL},
)
CUSTOM_OBJECT_WORKFLOWS = Feature(
    "workflows.custom_object_workflows", "Custom object workflow", ANY_HUB(Tier.ENTERPRISE)
)
CUSTOM_OBJECT_PROPERTIES = Feature(
    "workflows.custom_object_properties",
    "Changing custom object properties in a workflow",
    ANY_HUB(Tier.ENTERPRISE),
)

# When a workflow starts.
SCHEDULED_WORKFLOWS = Feature(
    "workflows.scheduled_workflows",
    "Daily, weekly or monthly schedule",
    {Hub.DATA: Tier.PROFESSIONAL},
)
DATE_WORKFLOWS = Feature(
    "workflows.date_workflows",
    "Schedule once or yearly, or around a date",
    ANY_HUB(Tier.PROFESSIONAL),
)

# Steps.
RANDOM_BRANCH = Feature(
    "workflows.random_branch", "Random percentage branch", {Hub.MARKETING: Tier.PROFESSIONAL}
)
STATIC_LISTS = Feature(
    "workflows.static_lists",
    "Add to or remove from a static list",
    {Hub.MARKETING: Tier.PROFESSIONAL},
    note="Simple workflows of an email may do so from Marketing Hub Starter on.",
)
ADS_AUDIENCES = Feature(
    "workflows.ads_audiences",
    "Add to or remove from an ads audience",
    {Hub.MARKETING: Tier.PROFESSIONAL},
    note="Simple workflows of an email may do so from Marketing Hub Starter on.",
)
ROTATE_OWNER = Feature(
    "workflows.rotate_owner",
    "Rotate record to owner",
    {Hub.SALES: Tier.PROFESSIONAL, Hub.SERVICE: Tier.PROFESSIONAL},
)
ASSOCIATION_ACTIONS = Feature(
    "workflows.association_actions",
    "Create associations or change their labels",
    ANY_HUB(Tier.PROFESSIONAL),
)
CONVERSATION_OWNER = Feature(
    "workflows.conversation_owner",
    "Assign conversation owner",
    {Hub.SERVICE: Tier.PROFESSIONAL, Hub.DATA: Tier.PROFESSIONAL},
)
SEND_SURVEY = Feature("workflows.send_survey", "Send survey", {Hub.SERVICE: Tier.PROFESSIONAL})
PROSPECTING_AGENT = Feature(
    "workflows.prospecting_agent",
    "Enroll in prospecting agent",
    {Hub.SALES: Tier.PROFESSIONAL},
)
SEND_SMS = Feature(
    "workflows.send_sms",
    "Send SMS",
    ANY_HUB(Tier.PROFESSIONAL),
    add_on=AddOn.MARKETING_SMS,
)
SEND_WHATSAPP = Feature(
    "workflows.send_whatsapp",
    "Send WhatsApp message",
    ANY_HUB(Tier.FREE),
    note="Needs a connected WhatsApp channel.",
)
CUSTOM_CODE = Feature("workflows.custom_code", "Custom code", {Hub.DATA: Tier.PROFESSIONAL})
FORMAT_DATA = Feature("workflows.format_data", "Format data", {Hub.DATA: Tier.PROFESSIONAL})
WEBHOOKS = Feature("workflows.webhooks", "Send a webhook", {Hub.DATA: Tier.PROFESSIONAL})
ENRICHMENT = Feature(
    "workflows.enrichment",
    "Enrich record",
    {Hub.SMART_CRM: Tier.FREE},
    add_on=AddOn.CREDITS,
    note="Each enriched record uses a credit.",
)

# Around a workflow.
LIST_OF_MATCHES = Feature(
    "workflows.list_of_matches",
    "Static list of the matching contacts at review",
    {Hub.MARKETING: Tier.STARTER},
)
GOAL_CONVERSION = Feature(
    "workflows.goal_conversion", "Goal conversion rate", {Hub.MARKETING: Tier.PROFESSIONAL}
)
LIMITED_ACCESS = Feature(
    "workflows.limited_access",
    "Limiting access to a workflow",
    dict.fromkeys((Hub.MARKETING, Hub.SALES, Hub.SERVICE), Tier.ENTERPRISE),
)


def _custom_workflows() -> int:
    from workflows.models import Workflow

    # Those embedded in an email or a sequence name it as their origin and do not count.
    made_in_the_tool = Workflow.objects.filter(document__origin__isnull=True)
    return made_in_the_tool.filter(archived_at=None).count()


CUSTOM_WORKFLOWS = Limit(
    "workflows.custom_workflows",
    "Custom workflows",
    {
        (Hub.MARKETING, Tier.PROFESSIONAL): 300,
        (Hub.MARKETING, Tier.ENTERPRISE): 1_000,
        (Hub.SALES, Tier.PROFESSIONAL): 300,
        (Hub.SALES, Tier.ENTERPRISE): 1_000,
        (Hub.SERVICE, Tier.PROFESSIONAL): 300,
        (Hub.SERVICE, Tier.ENTERPRISE): 1_000,
        (Hub.DATA, Tier.PROFESSIONAL): 400,
        (Hub.DATA, Tier.ENTERPRISE): 1_100,
        # No numbers are published for these two.
        (Hub.COMMERCE, Tier.PROFESSIONAL): 300,
        (Hub.COMMERCE, Tier.ENTERPRISE): 1_000,
        (Hub.SMART_CRM, Tier.PROFESSIONAL): 300,
        (Hub.SMART_CRM, Tier.ENTERPRISE): 1_000,
    },
    per_add_on={AddOn.BRANDS: 100, AddOn.WORKFLOW_PACK: 100},
    at_most=10_000,
    is_off_at_first=True,
    used=_custom_workflows,
)
TRIGGER_FILTERS = Limit(
    "workflows.trigger_filters", "Filters in the triggers of a workflow", {EVERY_PLAN: 250}
)
VALUE_BRANCHES = Limit(
    "workflows.value_branches", "Branches of a branch by one value", {EVERY_PLAN: 250}
)
FILTER_BRANCHES = Limit(
    "workflows.filter_branches", "Branches of an if/then branch", {EVERY_PLAN: 20}
)
ACTIONS = Limit("workflows.actions", "Actions in a workflow", {EVERY_PLAN: 500})
SUCCESS_LOGS = Limit(
    "workflows.success_logs",
    "Action log entries without an error a day",
    {EVERY_PLAN: 100_000},
    is_off_at_first=True,
)
LOG_DAYS = Limit("workflows.log_days", "Action log kept", {EVERY_PLAN: 90}, unit="days")
HISTORY_MONTHS = Limit(
    "workflows.history_months", "Enrollment history kept", {EVERY_PLAN: 6}, unit="months"
)
CODE_SECONDS = Limit("workflows.code_seconds", "Custom code runs", {EVERY_PLAN: 20}, unit="seconds")
CODE_MEMORY = Limit("workflows.code_memory", "Custom code memory", {EVERY_PLAN: 128}, unit="MB")
CODE_OUTPUT = Limit(
    "workflows.code_output",
    "Length of a text that custom code gives back",
    {EVERY_PLAN: 65_000},
    unit="characters",
)
CODE_PROPERTIES = Limit(
    "workflows.code_properties", "Properties given to custom code", {EVERY_PLAN: 50}
)
WEBHOOK_CONNECT = Limit(
    "workflows.webhook_connect", "Webhook waits for a connection", {EVERY_PLAN: 3}, unit="seconds"
)
WEBHOOK_RESPONSE = Limit(
    "workflows.webhook_response", "Webhook waits for the answer", {EVERY_PLAN: 30}, unit="seconds"
)
WEBHOOK_RATE = Limit("workflows.webhook_rate", "Webhook requests a second", {EVERY_PLAN: 20})
WEBHOOK_RETRIES = Limit(
    "workflows.webhook_retries", "Webhook is tried again", {EVERY_PLAN: 3}, unit="days"
)
CALLBACK_DAYS = Limit(
    "workflows.callback_days", "App action waits for its callback", {EVERY_PLAN: 7}, unit="days"
)
NOTIFICATIONS = Limit(
    "workflows.notifications",
    "Email notifications of one type a user gets a day",
    {EVERY_PLAN: 1_000},
)

discover("crm.objects")

#: What a workflow of an object needs; an object that is not here is a custom one.
WORKFLOWS_BY_OBJECT = {
    # Most objects' workflows no plan singles out.
    **dict.fromkeys((kind.type_id for kind in object_types), WORKFLOWS),
    **dict.fromkeys(("0-1", "0-2", "0-3"), STANDARD_WORKFLOWS),
    "0-5": TICKET_WORKFLOWS,
    "0-14": QUOTE_WORKFLOWS,
    "0-19": FEEDBACK_WORKFLOWS,
    "0-136": LEAD_WORKFLOWS,
}
