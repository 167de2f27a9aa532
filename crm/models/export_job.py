from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models


class ExportJob(models.Model):
    """Some records on their way into a file."""

    class State(models.TextChoices):
        WAITING = "WAITING", "waiting"
        RUNNING = "RUNNING", "running"
        DONE = "DONE", "done"
        FAILED = "FAILED", "failed"
        CANCELLED = "CANCELLED", "cancelled"

    class Format(models.TextChoices):
        CSV = "CSV", "CSV"
        XLSX = "XLSX", "Excel"

    name = models.CharField(max_length=200)
    object_type = models.CharField(max_length=20)
    format = models.CharField(max_length=10, choices=Format, default=Format.CSV)
    #: The columns: names of properties in order.
    property_names = ArrayField(models.CharField(max_length=100))
    #: Internal names and values instead of what people see.
    is_internal = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    total_rows = models.IntegerField(default=0)
    done_rows = models.IntegerField(default=0)
    #: The last record that is in the file, and how long the file is with it.
    last_record_id = models.BigIntegerField(default=0, editable=False)
    written_bytes = models.BigIntegerField(default=0, editable=False)
    file = models.FileField(upload_to="exports/", blank=True)
    message = models.TextField(blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        verbose_name = "export"

    def __str__(self) -> str:
        return self.name


class ExportRow(models.Model):
    """A record that an export is to hold, chosen when it was asked for."""

    pk = models.CompositePrimaryKey("job_id", "record_id")
    job = models.ForeignKey(ExportJob, models.CASCADE, related_name="+", db_index=False)
    record_id = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.record_id} in {self.job_id}"
