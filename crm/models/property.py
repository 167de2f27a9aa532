from __future__ import annotations

from typing import Any

from django.db import models

from crm.clock import Now


class PropertyGroup(models.Model):
    """A heading under which the properties of an object type are shown."""

    object_type = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    label = models.CharField(max_length=200)
    display_order = models.IntegerField(default=-1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object_type", "name"], name="crm_property_group"),
        ]
        ordering = ["object_type", "display_order", "label"]

    def __str__(self) -> str:
        return self.label


class Property(models.Model):
    """A property definition. Standard ones come from crm/objects, custom ones from staff."""

    object_type = models.CharField(max_length=20)
    name = models.CharField("internal name", max_length=100)
    label = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    group = models.ForeignKey(PropertyGroup, models.PROTECT, related_name="properties")
    #: A name in crm.property_types: string, number, date, datetime, enumeration, bool.
    type = models.CharField(max_length=30)
    #: How it is edited: text, textarea, number, select, checkbox ... (HubSpot's fieldType).
    field_type = models.CharField(max_length=30)
    #: For enumerations: [{"label", "value", "displayOrder", "hidden"}].
    options: models.JSONField[Any, list[dict[str, Any]]] = models.JSONField(
        default=list, blank=True
    )
    display_order = models.IntegerField(default=-1)
    is_unique = models.BooleanField("unique value", default=False)
    is_read_only = models.BooleanField("read only", default=False)
    is_standard = models.BooleanField(default=False, editable=False)
    is_searchable = models.BooleanField("found by search", default=False)
    #: Kept from forms and pickers; programs still see it.
    is_hidden = models.BooleanField("hidden", default=False)
    #: Whether visitors may be asked for it.
    is_form_field = models.BooleanField("may stand in forms", default=False)
    #: What its values are worked out from: crm.calculations.reading.
    formula = models.TextField(blank=True)
    #: While all records are worked out anew: the last one that is done.
    calculated_up_to = models.BigIntegerField(null=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False, db_default=Now())
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["object_type", "name"], name="crm_property_name_once"),
        ]
        ordering = ["object_type", "display_order", "label"]
        verbose_name_plural = "properties"

    def __str__(self) -> str:
        return self.label


class PropertyHistory(models.Model):
    """One value a property had, from `at` on. Append-only, partitioned by month."""

    record = models.ForeignKey("crm.Record", models.DO_NOTHING, related_name="+")
    property_name = models.CharField(max_length=100)
    #: The value as stored in Record.properties; null when it was cleared.
    value: models.JSONField[Any, Any] = models.JSONField(null=True)
    #: Who wrote it: a kind of crm.changes.SourceKind and an id that the kind explains.
    source = models.CharField(max_length=30)
    source_id = models.CharField(max_length=200)
    user_id = models.IntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        # Made by hand in the migration: Django knows no partitioned tables.
        managed = False
        db_table = "crm_property_history"

    def __str__(self) -> str:
        return f"{self.property_name} of {self.record_id}"
