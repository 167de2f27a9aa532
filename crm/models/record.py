from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Record(models.Model):
    """One CRM record of any object type; `properties` holds its values by property name.

    Values are stored clean: text, enumeration, date (`YYYY-MM-DD`) and datetime
    (`YYYY-MM-DDTHH:MM:SS.mmmZ`) as strings, numbers as numbers, booleans as booleans, multi-select
    as arrays of strings. A missing key means "no value"; null and "" are never stored.

    No index covers `properties`: PostgreSQL can then rewrite a row without touching any index,
    which doubles the speed of property updates. Unique values and search text have tables of their
    own. Only crm.changes writes here.
    """

    object_type = models.CharField(max_length=20)
    properties: models.JSONField[Any, dict[str, Any]] = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                "object_type",
                models.F("id").desc(),
                condition=models.Q(archived_at=None),
                name="crm_record_type_id",
            ),
            # Few: a batch finds the archived ones among its records by looking here.
            models.Index(
                fields=["id"], condition=~models.Q(archived_at=None), name="crm_record_archived"
            ),
            models.Index(
                fields=["object_type", "archived_at"],
                condition=~models.Q(archived_at=None),
                name="crm_record_archived_at",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.object_type} {self.pk}"


class UniqueValue(models.Model):
    """The value of a unique property; the database allows each once per object type."""

    record = models.ForeignKey(Record, models.CASCADE, related_name="+", db_constraint=False)
    object_type = models.CharField(max_length=20)
    property_name = models.CharField(max_length=100)
    #: Lower case, so that two spellings of one email address are the same.
    value = models.CharField(max_length=1000)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["object_type", "property_name", "value"], name="crm_unique_value"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.property_name}={self.value}"


class SearchText(models.Model):
    """The searchable properties of one record in one lower-case text."""

    record = models.OneToOneField(
        Record, models.CASCADE, primary_key=True, related_name="+", db_constraint=False
    )
    object_type = models.CharField(max_length=20)
    text = models.TextField()

    class Meta:
        indexes = [
            GinIndex(fields=["text"], opclasses=["gin_trgm_ops"], name="crm_search_text"),
        ]

    def __str__(self) -> str:
        return self.text
