"""People who log in: added, given a permission set and teams, and shut out.

Whoever gives rights has them: nobody makes a user who may do more than they may themselves, and
only superusers change superusers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Prefetch, QuerySet

from crm import access, clock, teams
from crm.access import Access
from crm.models import Owner, PermissionSet, Team, TeamMember, UserAccess

TOO_LARGE = "This permission set allows more than you may do yourself."
NO_ADDRESS = "Only users with an email address can be in a team."


class RightsExceeded(ValidationError):
    """Somebody would give rights that they lack, or change one who has more."""


class EmailTaken(ValidationError):
    """There is a user with this address already."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a user stands: what the user may do, and with whom the user works."""

    permission_set: PermissionSet | None = None
    main_team: Team | None = None
    extra_teams: Sequence[Team] = ()


def staff() -> QuerySet[User]:
    """The users who may log in, each with permission set, owner and teams."""
    return every().filter(is_active=True, is_staff=True)


def every() -> QuerySet[User]:
    """All users, each with permission set, owner and teams."""
    memberships = TeamMember.objects.select_related("team").order_by("team__name")
    return (
        User.objects.select_related("access__permission_set", "owner")
        .prefetch_related(Prefetch("owner__memberships", memberships))
        .order_by("pk")
    )


def place_of(user: User) -> Place:
    """Where a user of `staff` stands."""
    chosen = getattr(user, "access", None)
    owner = getattr(user, "owner", None)
    members = list(owner.memberships.all()) if owner else []
    return Place(
        permission_set=chosen.permission_set if chosen else None,
        main_team=next((one.team for one in members if one.is_main), None),
        extra_teams=[one.team for one in members if not one.is_main],
    )


@transaction.atomic
def add(email: str, place: Place, by: Access) -> User:
    """Make a user, or let one in again who was shut out; the user has no password yet.

    Raises ValidationError for what is no address, EmailTaken, RightsExceeded.
    """
    email = email.strip()
    validate_email(email)
    user = User.objects.select_for_update().filter(email__iexact=email).first()
    if user is not None and user.is_active:
        raise EmailTaken("There is a user with this address already.")
    if user is None:
        user = _new(email)
    require_rights_over(user, by)
    user.is_active = user.is_staff = True
    user.save()
    put(user, place, by)
    return user


def _new(email: str) -> User:
    if User.objects.filter(username__iexact=email[:150]).exists():
        raise EmailTaken("There is a user with this name already.")
    user = User(username=email[:150], email=email)
    user.set_unusable_password()
    return user


@transaction.atomic
def put(user: User, place: Place, by: Access) -> None:
    """Give a user a permission set and teams, taking the ones before away.

    Raises RightsExceeded; ValidationError when a user without an address is put into a team, as
    people in teams are owners.
    """
    require_rights_over(user, by)
    if place.permission_set is not None and not by.covers(access.of_set(place.permission_set)):
        raise RightsExceeded(TOO_LARGE)
    if place.permission_set is None:
        UserAccess.objects.filter(user=user).delete()
    else:
        UserAccess.objects.update_or_create(
            user=user, defaults={"permission_set": place.permission_set}
        )
    owner = owner_of(user)
    if owner is None and (place.main_team or place.extra_teams):
        raise ValidationError(NO_ADDRESS)
    if owner is not None:
        teams.place(owner, place.main_team, place.extra_teams)
    access.forget(user)


def owner_of(user: User) -> Owner | None:
    """The owner that a user is, made when there is none yet; None without an address."""
    owner = Owner.objects.filter(user=user).first()
    if owner is not None or not user.email:
        return owner
    owner, _ = Owner.objects.get_or_create(
        email__iexact=user.email,
        defaults={
            "email": user.email,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "user": user,
        },
    )
    if owner.user_id is None:
        owner.user = user
        owner.archived_at = None
        owner.save(update_fields=["user", "archived_at"])
    # An address that two users share belongs to the first of them.
    return owner if owner.user_id == user.pk else None


def problems(email: str, place: Place, by: Access) -> dict[str, str]:
    """What keeps a user with this address from standing somewhere: field -> message."""
    found = {}
    if place.permission_set and not by.covers(access.of_set(place.permission_set)):
        found["permission_set"] = TOO_LARGE
    if not email and (place.main_team or place.extra_teams):
        found["main_team"] = NO_ADDRESS
    return found


def has_rights_over(user: User, by: Access) -> bool:
    """Whether `by` may do everything that a user may, or could once let in again."""
    as_active = User(pk=user.pk, is_superuser=user.is_superuser, is_active=True)
    return by.covers(access.of(as_active))


def require_rights_over(user: User, by: Access) -> None:
    """Raise RightsExceeded unless `by` may do everything that a user may."""
    if not has_rights_over(user, by):
        raise RightsExceeded("This user may do more than you; only somebody who may do it can.")


@transaction.atomic
def shut_out(user: User, by: Access) -> None:
    """Let a user in no more, nor the user's tokens; histories keep the name, records their owner.

    Raises RightsExceeded, and ValidationError for the last superuser.
    """
    require_rights_over(user, by)
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(pk=user.pk)
    if user.is_superuser and not others.exists():
        raise ValidationError("The last superuser cannot be removed.")
    User.objects.filter(pk=user.pk).update(is_active=False)
    Owner.objects.filter(user=user).update(archived_at=clock.now())


def teams_by_id(keys: Iterable[int]) -> list[Team]:
    """Teams by id, in order; raises ValidationError for one that is not there."""
    wanted = list(dict.fromkeys(keys))
    found = Team.objects.in_bulk(wanted)
    missing = [str(key) for key in wanted if key not in found]
    if missing:
        raise ValidationError(f"There is no team {', '.join(missing)}.")
    return [found[key] for key in wanted]
