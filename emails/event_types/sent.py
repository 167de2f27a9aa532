from __future__ import annotations

from crm.event_types.base import EventType, about, event_types
from emails.event_types.base import EMAIL


@event_types.register
class EmailSent(EventType):
    """An email to the contact was handed over to a mail server."""

    event_type_id = "4-667638"
    name = "email.sent"
    api_name = "e_sent_email"
    label = "Email sent"
    properties = (*EMAIL, about("result", "Result"))
