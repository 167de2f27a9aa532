from __future__ import annotations

from django.conf import settings
from django.db import models


class MergedRecord(models.Model):
    """A record that was merged away, and where it went; outlives the record itself.

    `into_id` is always the record that is left at the end of a chain of merges.
    """

    record_id = models.BigIntegerField(primary_key=True)
    into_id = models.BigIntegerField(db_index=True)
    object_type = models.CharField(max_length=20)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.record_id} is {self.into_id}"


class ErasedAddress(models.Model):
    """An email address whose owner was erased; no import brings it back.

    Only a keyed digest of it is kept (crm.erasure.digest).
    """

    digest = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest


class Erasure(models.Model):
    """Proof that a record was erased, when and by whom. Says nothing about the person."""

    record_id = models.BigIntegerField()
    object_type = models.CharField(max_length=20)
    #: As in the history of properties.
    source = models.CharField(max_length=30)
    source_id = models.CharField(max_length=200)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.object_type} {self.record_id}"
