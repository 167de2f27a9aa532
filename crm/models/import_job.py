from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models


class ImportJob(models.Model):
    """One CSV file on its way into records, with its progress and its report."""

    class State(models.TextChoices):
        WAITING = "WAITING", "waiting"
        RUNNING = "RUNNING", "running"
        DONE = "DONE", "done"
        FAILED = "FAILED", "failed"
        CANCELLED = "CANCELLED", "cancelled"

    #: What people call it; the name of the file when nobody gave one.
    name = models.CharField(max_length=200, blank=True)
    #: Of an import of several files: the job of its first one.
    part_of = models.ForeignKey("self", models.CASCADE, null=True, related_name="parts")
    #: A kind of crm.changes.SourceKind: who sent the file.
    origin = models.CharField(max_length=30, default="CRM_UI", editable=False)
    #: What was asked beyond the mapping: crm.imports.options.
    options: models.JSONField[Any, dict[str, Any]] = models.JSONField(default=dict, editable=False)
    #: The static list that its records join.
    static_list = models.ForeignKey("crm.List", models.SET_NULL, null=True, related_name="+")
    object_type = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255)
    file = models.FileField(upload_to="imports/")
    #: {column heading: property name}; headings that are not here are left out.
    mapping: models.JSONField[Any, dict[str, str]] = models.JSONField(default=dict, blank=True)
    #: How the file is written, found out before the first row is imported: crm.imports.survey.
    reading: models.JSONField[Any, dict[str, Any]] = models.JSONField(default=dict, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    total_rows = models.IntegerField(default=0)
    done_rows = models.IntegerField(default=0)
    created_records = models.IntegerField(default=0)
    updated_records = models.IntegerField(default=0)
    rejected_rows = models.IntegerField(default=0)
    rejects_file = models.FileField(upload_to="imports/", blank=True)
    message = models.TextField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "import"

    def __str__(self) -> str:
        return self.name or self.file_name
