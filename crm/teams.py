"""Teams: who is in them, and which is above which."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction

from crm import clock
from crm.models import Owner, Team, TeamMember
from crm.sql import SQL, execute, sql, value

CIRCLE = "A team cannot be part of itself or of a team below it."


@transaction.atomic
def save(team: Team) -> None:
    """Store a team, a new one with its group. Raises ValidationError for a circle of teams."""
    if team.pk is None:
        # Nobody sees the group's name; two teams may swap theirs.
        team.group = Group.objects.create(name=f"team {uuid4().hex}")
        team.created_at = clock.now()
    elif team.parent_id is not None and is_below(team.parent_id, team.pk):
        raise ValidationError({"parent": CIRCLE})
    team.save()


def is_below(team_id: int, above: int) -> bool:
    """Whether a team is `above`, or part of it."""
    return bool(
        value(
            sql(
                """
                WITH RECURSIVE up AS (
                    SELECT {team}::bigint AS id
                    UNION SELECT t.parent_id FROM crm_team t JOIN up ON up.id = t.id
                ) SELECT {above} IN (SELECT id FROM up WHERE id IS NOT NULL)
                """,
                team=team_id,
                above=above,
            )
        )
    )


@transaction.atomic
def delete(team: Team) -> None:
    """Remove a team; its people stay owners. Raises ProtectedError while teams are part of it."""
    group = team.group
    team.delete()
    group.delete()


@transaction.atomic
def place(owner: Owner, main: Team | None, extra: Iterable[Team]) -> None:
    """Put an owner into exactly these teams."""
    wanted = {team.pk: False for team in extra} | ({main.pk: True} if main else {})
    TeamMember.objects.filter(owner=owner).delete()
    TeamMember.objects.bulk_create(
        TeamMember(owner=owner, team_id=key, is_main=is_main) for key, is_main in wanted.items()
    )
    mirror()


@transaction.atomic
def fill(team: Team, owners: Iterable[Owner]) -> None:
    """Have exactly these owners in a team; it becomes the main team of those without one."""
    wanted = {owner.pk for owner in owners}
    TeamMember.objects.filter(team=team).exclude(owner__in=wanted).delete()
    with_main = set(
        TeamMember.objects.filter(owner__in=wanted, is_main=True).values_list("owner_id", flat=True)
    )
    TeamMember.objects.bulk_create(
        (TeamMember(team=team, owner_id=key, is_main=key not in with_main) for key in wanted),
        ignore_conflicts=True,
    )
    mirror()


def mirror() -> None:
    """Bring the groups of the teams up to their members: django-guardian knows groups only."""
    expected = SQL(
        "SELECT o.user_id, t.group_id FROM crm_teammember m"
        " JOIN crm_owner o ON o.id = m.owner_id AND o.user_id IS NOT NULL"
        " JOIN crm_team t ON t.id = m.team_id"
    )
    execute(
        sql(
            "DELETE FROM auth_user_groups g USING crm_team t WHERE g.group_id = t.group_id"
            " AND (g.user_id, g.group_id) NOT IN ({expected})",
            expected=expected,
        )
    )
    execute(
        sql(
            "INSERT INTO auth_user_groups (user_id, group_id) {expected} ON CONFLICT DO NOTHING",
            expected=expected,
        )
    )
