"""Figures of all emails together, for the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from crm import access, clock, sharing
from emails.models import Email, Result, Send

#: Only the latest sends are looked at, so that the number costs the same for ever.
LOOKED_AT = 200_000
WEEK = timedelta(days=7)


def sent_last_week() -> int:
    """How many emails went out in the last seven days (of the latest 200,000)."""
    latest = Send.objects.order_by("-pk")[:LOOKED_AT]
    return Send.objects.filter(
        pk__in=latest.values("pk"), result=Result.SENT, sent_at__gte=clock.now() - WEEK
    ).count()


def latest(user: Any, most: int) -> Sequence[Send]:
    """The latest sends of emails that the user sees, with these."""
    found = Send.objects.select_related("email").order_by("-pk")
    if not access.of(user).is_unlimited:
        found = found.filter(email__in=sharing.open_to(user, Email.objects.all()))
    return list(found[:most])
