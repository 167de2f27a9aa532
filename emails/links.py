"""Addresses of our own pages that stand in emails."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings


def unsubscribe(token: UUID) -> str:
    """The page of one send; the token is random, so it says nothing and cannot be guessed."""
    return f"{settings.SITE_URL}/u/{token.hex}/"
