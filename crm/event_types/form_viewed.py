from __future__ import annotations

from crm.event_types.base import FORM, PAGE, EventType, event_types


@event_types.register
class FormViewed(EventType):
    """A form came into the contact's view on a website."""

    event_type_id = "4-1639797"
    name = "form.viewed"
    api_name = "e_viewed_form"
    label = "Form view"
    properties = (*FORM, *PAGE)
