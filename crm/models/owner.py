from __future__ import annotations

from django.conf import settings
from django.db import models


class Owner(models.Model):
    """A person who can own records; the value of every owner property is this id."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="owner"
    )
    email = models.EmailField(unique=True)
    first_name = models.CharField(max_length=150, blank=True)
    last_name = models.CharField(max_length=150, blank=True)
    archived_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email
