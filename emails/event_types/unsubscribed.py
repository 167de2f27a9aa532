from __future__ import annotations

from crm.event_types.base import EventType, event_types
from emails.event_types.base import EMAIL


@event_types.register
class EmailUnsubscribed(EventType):
    """The contact unsubscribed by the link or the button of an email."""

    event_type_id = "4-666289"
    name = "email.unsubscribed"
    api_name = "e_unsubscribed_from_email"
    label = "Email unsubscribed"
    properties = EMAIL
