from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q

from crm.models.owner import Owner


class Team(models.Model):
    """Owners who work together; whoever is in a team above sees what its teams below own."""

    name = models.CharField(max_length=100, unique=True)
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name="part of",
    )
    #: The same people as users, for the permissions that django-guardian gives to groups.
    group = models.OneToOneField(Group, models.PROTECT, editable=False, related_name="team")
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    """An owner is in a team: in one as the main team, in others besides."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members", db_index=False)
    owner = models.ForeignKey(Owner, models.CASCADE, related_name="memberships")
    is_main = models.BooleanField("main team", default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["team", "owner"], name="crm_team_member_once"),
            models.UniqueConstraint(
                fields=["owner"], condition=Q(is_main=True), name="crm_team_member_one_main"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.owner} in {self.team}"
