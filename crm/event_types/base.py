"""Event types: what can happen to records, one file per kind.

Custom behavioural events are rows; crm.event_definitions gives both alike.
"""

from __future__ import annotations

from typing import ClassVar

from crm.objects.base import text
from crm.property_types.base import Definition
from crm.registry import Registry

CONTACT = "0-1"
#: Events of records of every type.
ANY_OBJECT = ""
#: Where the options come from that are forms: Definition.external_options.
FORMS = "FORM"


class EventType:
    """A kind of event. The class body is the only place that describes it."""

    #: HubSpot's number, which filters name the kind by (W-165, A-176).
    event_type_id: ClassVar[str]
    #: What the log calls it: the type of rows in crm_event.
    name: ClassVar[str]
    #: What the events API calls it (A-199).
    api_name: ClassVar[str]
    label: ClassVar[str]
    #: The type of the records it happens to, ANY_OBJECT for all.
    object_type: ClassVar[str] = CONTACT
    #: What is known of an occurrence; stored by the rules of record properties.
    properties: ClassVar[tuple[Definition, ...]] = ()


event_types: Registry[EventType] = Registry("event type", "event_type_id")


def about(name: str, label: str) -> Definition:
    """A property of events that is a text; these stand in no group."""
    return text(name, label, "")


#: Where on a website something happened.
PAGE = (
    about("hs_url", "Page URL"),
    about("hs_title", "Page title"),
    about("hs_page_id", "Page"),
    about("hs_referrer", "Referrer"),
)

#: Which form something happened with, and what it was called then.
FORM = (
    Definition(
        name="hs_form_id", label="Form", group="", type="enumeration", field_type="select",
        external_options=FORMS,
    ),
    about("hs_form_name", "Form name"),
)  # fmt: skip
