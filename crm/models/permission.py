from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from crm.models.property import Property
from crm.models.team import Team


class PermissionSet(models.Model):
    """What a kind of user may do. Only crm.access reads `records`."""

    name = models.CharField(max_length=100, unique=True)
    description = models.CharField(max_length=300, blank=True)
    #: Object type id -> verb -> scope: {"": {"view": "ALL"}, "0-3": {"view": "TEAM"}}. What an
    #: object type does not say, "" says for all; what that does not say is NONE.
    records: models.JSONField[Any, dict[str, dict[str, str]]] = models.JSONField(
        default=dict, blank=True
    )
    #: Names of crm.access_switches.
    switches = ArrayField(models.CharField(max_length=50), default=list, blank=True)
    sees_unassigned = models.BooleanField(
        "sees records without an owner",
        default=True,
        help_text="Where somebody sees only own records or those of the team.",
    )

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class UserAccess(models.Model):
    """Which permission set a user has."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="access"
    )
    permission_set = models.ForeignKey(PermissionSet, models.PROTECT, related_name="users")

    def __str__(self) -> str:
        return f"{self.user_id}: {self.permission_set_id}"


class PropertyAccess(models.Model):
    """Who may see or edit the values of a property: a user, a team, or with neither everybody.

    What is said of a user counts before what is said of teams, that before everybody.
    """

    class Level(models.IntegerChoices):
        NONE = 0, "No access"
        VIEW = 1, "View"
        EDIT = 2, "View and edit"

    definition = models.ForeignKey(
        Property, models.CASCADE, related_name="access_rules", verbose_name="property"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="+")
    level = models.SmallIntegerField(choices=Level)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user=None) | Q(team=None), name="crm_property_access_one_subject"
            ),
            models.UniqueConstraint(
                fields=["definition", "user", "team"],
                nulls_distinct=False,
                name="crm_property_access_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition_id}: {self.get_level_display()}"
