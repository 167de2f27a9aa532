"""What the events of emails have in common; emails.sending writes them."""

from __future__ import annotations

from crm.event_types.base import about
from crm.objects.base import number

#: Which email an event is about.
EMAIL = (
    number("email_id", "Email ID", ""),
    about("email_name", "Email"),
    number("send_id", "Send ID", ""),
)
