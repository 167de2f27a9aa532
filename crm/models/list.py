from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce, Lower

from crm.clock import Now
from crm.models.sharing import Shareable


class ListFolder(models.Model):
    """A place for lists; without a parent it stands at the top."""

    name = models.CharField(max_length=200)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "list folder"
        constraints = [
            models.UniqueConstraint(
                Lower("name"), Coalesce("parent", 0), name="crm_list_folder_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class List(Shareable):
    """A set of records of one object type.

    A dynamic list always holds who meets its filters, a snapshot began with those who did, a manual
    one holds who was put in. Only crm.lists writes here.
    """

    class ProcessingType(models.TextChoices):
        MANUAL = "MANUAL", "Static"
        DYNAMIC = "DYNAMIC", "Active"
        SNAPSHOT = "SNAPSHOT", "Snapshot"

    class ConversionUnit(models.TextChoices):
        DAY = "DAY", "days"
        WEEK = "WEEK", "weeks"
        MONTH = "MONTH", "months"

    name = models.CharField(max_length=256)
    object_type = models.CharField(max_length=20)
    processing_type = models.CharField(
        max_length=10, choices=ProcessingType, default=ProcessingType.MANUAL
    )
    filter_branch: models.JSONField[Any, Any] = models.JSONField(null=True)
    #: Grows with every change of the filters.
    version = models.IntegerField(default=1)
    folder = models.ForeignKey(
        ListFolder, models.SET_NULL, null=True, blank=True, related_name="lists"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)
    filters_updated_at = models.DateTimeField(null=True, editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    #: The filters are new, and not everybody has been judged by them yet.
    is_processing = models.BooleanField(default=False, editable=False)
    #: Everybody up to this record id was judged in the pass that is going on; null: none is.
    build_cursor = models.BigIntegerField(null=True, editable=False)
    #: Who enters or leaves in this pass starts no workflow (W-199).
    is_build_quiet = models.BooleanField(default=False, editable=False)
    #: When a dynamic list becomes static: on a day, or so long after its members last changed.
    convert_on = models.DateField(null=True, editable=False)
    convert_after = models.IntegerField(null=True, editable=False)
    convert_unit = models.CharField(
        max_length=5, choices=ConversionUnit, blank=True, editable=False
    )
    converted_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=models.Q(archived_at=None), name="crm_list_name"
            ),
        ]
        indexes = [
            # Few: the ticker asks every second whether there is one.
            models.Index(
                fields=["build_cursor"],
                condition=models.Q(build_cursor__isnull=False, archived_at=None),
                name="crm_list_building",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_dynamic(self) -> bool:
        return self.processing_type == self.ProcessingType.DYNAMIC

    @property
    def processing_status(self) -> str:
        return "PROCESSING" if self.is_processing else "COMPLETE"


class ListMembership(models.Model):
    """A record stands in a list since a moment. Only crm.lists.membership writes here."""

    list = models.ForeignKey(List, models.CASCADE, related_name="memberships", db_index=False)
    record = models.ForeignKey("crm.Record", models.CASCADE, related_name="+", db_constraint=False)
    since = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["list", "record"], name="crm_list_membership"),
        ]
        indexes = [models.Index(fields=["list", "since", "record"], name="crm_list_joined")]

    def __str__(self) -> str:
        return f"{self.record_id} in {self.list_id}"


class ListTally(models.Model):
    """How many records entered and left a list: one row per statement, later one per day.

    A trigger writes them, so that every writer of memberships is counted. The sum is the size of the list. Rows are only added, so that nobody who adds records to a list
    waits for another who does.
    """

    list = models.ForeignKey(List, models.CASCADE, related_name="tallies", db_index=False)
    at = models.DateTimeField()
    added = models.IntegerField()
    removed = models.IntegerField()
    added_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["list", "at"], name="crm_list_tally")]

    def __str__(self) -> str:
        return f"{self.list_id}: +{self.added} -{self.removed}"
