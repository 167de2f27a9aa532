from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from crm.clock import Now


class SavedView(models.Model):
    """Columns and filters of a list of records under a name. Only crm.saved_views writes here."""

    object_type = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    #: Names of properties in order; empty: the usual columns.
    columns: models.JSONField[Any, list[str]] = models.JSONField(default=list)
    #: Query parameters of the list: search words, simple filters.
    filters: models.JSONField[Any, dict[str, str]] = models.JSONField(default=dict)
    #: The advanced filter.
    filter_branch: models.JSONField[Any, Any] = models.JSONField(null=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    is_shared = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "owner", "object_type", Lower("name"), name="crm_saved_view_name"
            ),
        ]
        indexes = [models.Index(fields=["object_type"], name="crm_saved_view_type")]

    def __str__(self) -> str:
        return self.name
