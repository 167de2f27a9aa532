"""Figures of all emails together, for the home page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from crm import clock
from emails.models import Result, Send

#: Only the latest sends are looked at, so that the number costs the same for ever.
LOOKED_AT = 200_000
WEEK = timedelta(days=7)


def sent_last_week() -> int:
    """How many emails went out in the last seven days (of the latest 200,000)."""
    latest = Send.objects.order_by("-pk")[:LOOKED_AT]
    return Send.objects.filter(
        pk__in=latest.values("pk"), result=Result.SENT, sent_at__gte=clock.now() - WEEK
    ).count()


def latest(most: int) -> Sequence[Send]:
    """The latest sends, with their emails."""
    return list(Send.objects.select_related("email").order_by("-pk")[:most])
