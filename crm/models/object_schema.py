from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower


class ObjectSchema(models.Model):
    """A custom object type. Its type id is "2-" and the id of this row, which is never used again.

    The row stays when the type is purged, so that what refers to it can still say what it was.
    Only crm.schemas writes here.
    """

    name = models.CharField("internal name", max_length=50)
    singular_label = models.CharField("singular", max_length=100)
    plural_label = models.CharField("plural", max_length=100)
    description = models.TextField(blank=True)
    #: A name of Google's Material Symbols, for menus.
    icon = models.CharField(max_length=40, default="category")
    #: Names of properties.
    required_properties = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    #: What a record is called.
    primary_display_property = models.CharField(max_length=100, blank=True)
    secondary_display_properties = ArrayField(
        models.CharField(max_length=100), default=list, blank=True
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)
    archived_at = models.DateTimeField(null=True, editable=False)
    #: Its properties and relations are gone, and its name is free for another.
    purged_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=models.Q(purged_at=None), name="crm_schema_name_once"
            ),
        ]
        verbose_name = "custom object"

    def __str__(self) -> str:
        return self.singular_label

    @property
    def type_id(self) -> str:
        return f"2-{self.pk}"
