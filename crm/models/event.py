from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Event(models.Model):
    """A fact about a record: created, email opened, form submitted. Append-only, partitioned."""

    #: A name in crm.events: "record.created", "email.opened" ...
    type = models.CharField(max_length=60)
    record = models.ForeignKey("crm.Record", models.DO_NOTHING, related_name="+")
    object_type = models.CharField(max_length=20)
    properties: models.JSONField[Any, dict[str, Any]] = models.JSONField(default=dict)
    source = models.CharField(max_length=30)
    source_id = models.CharField(max_length=200)
    at = models.DateTimeField()

    class Meta:
        # Made by hand in the migration: Django knows no partitioned tables.
        managed = False
        db_table = "crm_event"

    def __str__(self) -> str:
        return f"{self.type} of {self.record_id}"


class EventKey(models.Model):
    """The id an integration gave an event, so that sending it again changes nothing."""

    key = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="crm_eventkey_at")]

    def __str__(self) -> str:
        return self.key


class Change(models.Model):
    """A queue row: these records changed in this way; written in the transaction that did it.

    Readers *take* rows (DELETE ... FOR UPDATE SKIP LOCKED). Nobody remembers a highest id: a slow
    transaction may commit a row with a low id long after later ones were read.
    """

    object_type = models.CharField(max_length=20)
    record_ids = ArrayField(models.BigIntegerField())
    #: Names of the properties that changed.
    property_names = ArrayField(models.TextField(), default=list)
    #: Lists whose membership changed.
    list_ids = ArrayField(models.BigIntegerField(), default=list)
    #: Types of events that happened.
    event_types = ArrayField(models.TextField(), default=list)
    #: How many automations in a row led here; the loop guard refuses above 10.
    hops = models.SmallIntegerField(default=0)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{len(self.record_ids)} records of {self.object_type}"
