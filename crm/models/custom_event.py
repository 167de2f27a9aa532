from __future__ import annotations

from typing import Any

from django.db import models


class CustomEvent(models.Model):
    """A behavioural event that staff or an integration defined; integrations send occurrences."""

    #: As integrations call it, without the prefix of the account (pe1_).
    name = models.CharField("internal name", max_length=50, unique=True)
    label = models.CharField(max_length=100)
    description = models.TextField(blank=True)
    #: The type of the records it happens to.
    object_type = models.CharField("object", max_length=20, default="0-1")
    #: Whether occurrences may carry the properties of pages, campaigns and devices (A-200).
    has_default_properties = models.BooleanField("default properties", default=True)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["label", "pk"]

    def __str__(self) -> str:
        return self.label


class CustomEventProperty(models.Model):
    """What an occurrence of a custom event may carry."""

    event = models.ForeignKey(CustomEvent, models.CASCADE, related_name="properties")
    name = models.CharField("internal name", max_length=100)
    label = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    #: A name in crm.property_types.
    type = models.CharField(max_length=30)
    #: For enumerations: [{"label", "value"}].
    options: models.JSONField[Any, list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True
    )
    created_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["event", "name"], name="crm_customevent_property"),
        ]
        ordering = ["pk"]
        verbose_name_plural = "custom event properties"

    def __str__(self) -> str:
        return self.label
