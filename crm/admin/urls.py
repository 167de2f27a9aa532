"""Addresses of pages about records, also for the admin pages of other apps."""

from __future__ import annotations

from django.urls import reverse

from crm.objects import base as objects
from crm.objects.base import ObjectType


def record_url(kind: type[ObjectType] | str, record_id: int) -> str:
    """The page of a record, by its object type or the id of that."""
    found = objects.get(kind) if isinstance(kind, str) else kind
    return reverse(f"admin:crm_{found.name}_record", args=[record_id])
