from __future__ import annotations

from django.db import models

from crm.models.sharing import Shareable


class List(Shareable):
    """A set of records of one object type."""

    class ProcessingType(models.TextChoices):
        MANUAL = "MANUAL", "static"
        SNAPSHOT = "SNAPSHOT", "snapshot"

    name = models.CharField(max_length=256)
    object_type = models.CharField(max_length=20)
    processing_type = models.CharField(
        max_length=10, choices=ProcessingType, default=ProcessingType.MANUAL
    )
    created_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.name


class ListMembership(models.Model):
    """A record stands in a list since a moment."""

    list = models.ForeignKey(List, models.CASCADE, related_name="memberships", db_index=False)
    record = models.ForeignKey("crm.Record", models.CASCADE, related_name="+", db_constraint=False)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list", "record"], name="crm_list_membership"),
        ]

    def __str__(self) -> str:
        return f"{self.record_id} in {self.list_id}"
