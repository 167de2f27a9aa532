"""Three people for tests: one who owns records, one of her team, and a stranger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User

from crm import access, teams
from crm.access import Access
from crm.models import Owner, PermissionSet, Team, UserAccess

#: Everybody sees what the team owns, and changes what is their own.
USUAL: Mapping[str, Mapping[str, str]] = {
    "": {"view": "TEAM", "edit": "OWN", "delete": "OWN", "create": "ALL"}
}


@dataclass(frozen=True)
class Person:
    user: User
    owner: Owner

    @property
    def access(self) -> Access:
        access.forget(self.user)
        return access.of(self.user)


@dataclass(frozen=True)
class People:
    """`ada` owns, `bea` is in her team, `cy` is in another."""

    ada: Person
    bea: Person
    cy: Person
    team: Team
    other_team: Team
    permission_set: PermissionSet


def person(name: str, permission_set: PermissionSet | None = None) -> Person:
    user = User.objects.create_user(name, f"{name}@example.com", "x", is_staff=True)
    if permission_set is not None:
        UserAccess.objects.create(user=user, permission_set=permission_set)
    owner = Owner.objects.create(user=user, email=user.email, first_name=name.capitalize())
    return Person(user, owner)


def new_team(name: str, *members: Person, parent: Team | None = None) -> Team:
    team = Team(name=name, parent=parent)
    teams.save(team)
    teams.fill(team, [one.owner for one in members])
    return team


def three(
    records: Mapping[str, Mapping[str, str]] = USUAL,
    switches: Sequence[str] = (),
    *,
    sees_unassigned: bool = False,
) -> People:
    """The three with one permission set."""
    permission_set = PermissionSet.objects.create(
        name="Usual",
        records={key: dict(rule) for key, rule in records.items()},
        switches=list(switches),
        sees_unassigned=sees_unassigned,
    )
    ada, bea, cy = (person(name, permission_set) for name in ("ada", "bea", "cy"))
    team, other = new_team("North", ada, bea), new_team("South", cy)
    return People(ada, bea, cy, team, other, permission_set)
