from __future__ import annotations

from django.db import models


class AssociationType(models.Model):
    """A kind of relation from one object type to another, in HubSpot's numbering."""

    class Category(models.TextChoices):
        HUBSPOT_DEFINED = "HUBSPOT_DEFINED", "standard"
        USER_DEFINED = "USER_DEFINED", "custom"

    type_id = models.IntegerField()
    category = models.CharField(max_length=20, choices=Category)
    from_object_type = models.CharField(max_length=20)
    to_object_type = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    #: Shown to people; empty for the unlabelled type.
    label = models.CharField(max_length=200, blank=True)
    #: The same relation seen from the other side.
    inverse = models.OneToOneField("self", models.CASCADE, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["category", "type_id"], name="crm_association_type"),
        ]
        # What staff see of them.
        verbose_name = "association label"

    def __str__(self) -> str:
        return self.label or self.name


class Association(models.Model):
    """One record points at another; every relation is stored once in each direction."""

    # The unique constraint serves look-ups from this side, its twin row those from the other.
    from_record = models.ForeignKey(
        "crm.Record", models.CASCADE, related_name="associations", db_index=False
    )
    to_record = models.ForeignKey("crm.Record", models.CASCADE, related_name="+", db_index=False)
    type = models.ForeignKey(AssociationType, models.CASCADE, related_name="+", db_index=False)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["from_record", "type", "to_record"], name="crm_association_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_record_id} to {self.to_record_id}"
