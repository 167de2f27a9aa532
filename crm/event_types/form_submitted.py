from __future__ import annotations

from crm.event_types.base import FORM, PAGE, EventType, event_types


@event_types.register
class FormSubmitted(EventType):
    """The contact filled out a form on a website and sent it."""

    event_type_id = "4-1639801"
    name = "form.submitted"
    api_name = "e_submitted_form"
    label = "Form submission"
    properties = (*FORM, *PAGE)
