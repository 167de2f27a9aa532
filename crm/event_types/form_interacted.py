from __future__ import annotations

from crm.event_types.base import FORM, PAGE, EventType, event_types


@event_types.register
class FormInteracted(EventType):
    """The contact began to fill out a form on a website."""

    event_type_id = "4-1639799"
    name = "form.interacted"
    api_name = "e_interacted_with_form"
    label = "Form interaction"
    properties = (*FORM, *PAGE)
