"""Users, roles (permission sets) and teams: /settings/v3/users."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Literal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from crm import users
from crm.access_switches import MANAGE_USERS
from crm.api import paging, scopes, wire
from crm.api.describing import Parameter, describe, paged
from crm.api.endpoint import Endpoint
from crm.api.errors import AlreadyExists, ApiError, Forbidden, NotFound
from crm.api.rules import Rule
from crm.api.shapes import users as shapes
from crm.api.shapes.base import Collection, Page
from crm.api.wire import Fields
from crm.models import PermissionSet, Team, TeamMember
from crm.users import EmailTaken, Place, RightsExceeded

PAGE, MOST = 100, 100
LONGEST_NAME = 150
ID_PROPERTY = Parameter(
    name="idProperty", shape=Literal["USER_ID", "EMAIL"], text="What the user is named by."
)


class UserEndpoint(Endpoint):
    """What endpoints about users have in common."""

    rule: ClassVar[Rule] = Rule(read=MANAGE_USERS, write=MANAGE_USERS)

    def user(self, key: str) -> User:
        """The user that an address names by id or email; raises NotFound."""
        id_property = self.query.text("idProperty", "USER_ID").upper()
        if id_property not in ("USER_ID", "EMAIL"):
            raise ApiError("idProperty must be USER_ID or EMAIL.")
        found = users.staff()
        if id_property == "EMAIL":
            user = found.filter(email__iexact=key.strip()).first()
        else:
            number = wire.record_id(key)
            user = found.filter(pk=number).first() if number is not None else None
        if user is None:
            raise NotFound(f"There is no user {key[:100]}.")
        return user


@contextmanager
def refused() -> Iterator[None]:
    """What cannot be, in the API's words."""
    try:
        yield
    except RightsExceeded as error:
        raise Forbidden(" ".join(error.messages)) from error
    except EmailTaken as error:
        raise AlreadyExists(" ".join(error.messages)) from error
    except ValidationError as error:
        raise ApiError(" ".join(error.messages)) from error


def shown(user: User) -> shapes.User:
    place = users.place_of(user)
    body: shapes.User = {
        "id": str(user.pk),
        "email": user.email,
        "firstName": user.first_name,
        "lastName": user.last_name,
        "superAdmin": user.is_superuser,
        "roleIds": [],
        "secondaryTeamIds": [str(team.pk) for team in place.extra_teams],
    }
    if place.permission_set is not None:
        body["roleId"] = str(place.permission_set.pk)
        body["roleIds"] = [body["roleId"]]
    if place.main_team is not None:
        body["primaryTeamId"] = str(place.main_team.pk)
    return body


def read_place(fields: Fields, now: Place) -> Place:
    """Where a user is to stand: what is not given stays as it is now."""
    return Place(
        permission_set=_role(fields) if "roleId" in fields.json else now.permission_set,
        main_team=_main_team(fields) if "primaryTeamId" in fields.json else now.main_team,
        extra_teams=_extra_teams(fields) if "secondaryTeamIds" in fields.json else now.extra_teams,
    )


def _role(fields: Fields) -> PermissionSet | None:
    text = fields.text("roleId", "")
    if not text:
        return None
    found = PermissionSet.objects.filter(pk=_number(fields, "roleId", text)).first()
    if found is None:
        raise ApiError(f"There is no role {text[:40]}.")
    return found


def _main_team(fields: Fields) -> Team | None:
    text = fields.text("primaryTeamId", "")
    return users.teams_by_id([_number(fields, "primaryTeamId", text)])[0] if text else None


def _extra_teams(fields: Fields) -> list[Team]:
    texts = fields.texts("secondaryTeamIds")
    return users.teams_by_id(_number(fields, "secondaryTeamIds", text) for text in texts)


def _number(fields: Fields, name: str, text: str) -> int:
    number = wire.record_id(text)
    if number is None:
        raise ApiError(f"{fields.place(name)} {text[:40]!r} is not an id.")
    return number


def apply_names(user: User, fields: Fields) -> None:
    """Write first and last name, where they are given."""
    for name, attribute in (("firstName", "first_name"), ("lastName", "last_name")):
        if fields.json.get(name) is not None:
            text = fields.text(name)
            if len(text) > LONGEST_NAME:
                raise ApiError(f"{name} is longer than {LONGEST_NAME} characters.")
            setattr(user, attribute, text)
    user.save(update_fields=["first_name", "last_name"])


class Users(UserEndpoint):
    @describe("List the users", answer=Page[shapes.User], query=paged(PAGE, MOST))
    def get(self, request: Request) -> Response:
        scopes.require(self.token, (scopes.USERS_READ,))
        limit = self.query.limit(PAGE, MOST)
        found = list(users.staff().filter(pk__gt=self.query.after())[: limit + 1])
        body: Page[shapes.User] = {"results": [shown(user) for user in found[:limit]]}
        if len(found) > limit:
            body["paging"] = paging.next_page(request, found[limit - 1].pk)
        return Response(body)

    @describe("Add a user", answer=shapes.User, body=shapes.NewUser, status=201)
    def post(self, request: Request) -> Response:
        scopes.require(self.token, (scopes.USERS_WRITE,))
        fields = self.body()
        if fields.flag("sendWelcomeEmail", default=False):
            raise ApiError("Welcome emails are not sent from here: leave sendWelcomeEmail false.")
        with refused(), transaction.atomic():
            user = users.add(fields.text("email"), read_place(fields, Place()), self.rights)
            apply_names(user, fields)
        return Response(shown(users.staff().get(pk=user.pk)), status=status.HTTP_201_CREATED)


class OneUser(UserEndpoint):
    @describe("Read a user", answer=shapes.User, query=(ID_PROPERTY,))
    def get(self, request: Request, key: str) -> Response:
        scopes.require(self.token, (scopes.USERS_READ,))
        return Response(shown(self.user(key)))

    @describe("Change a user", answer=shapes.User, body=shapes.UserChange, query=(ID_PROPERTY,))
    def put(self, request: Request, key: str) -> Response:
        scopes.require(self.token, (scopes.USERS_WRITE,))
        user, fields = self.user(key), self.body()
        with refused(), transaction.atomic():
            users.put(user, read_place(fields, users.place_of(user)), self.rights)
            apply_names(user, fields)
        return Response(shown(users.staff().get(pk=user.pk)))

    @describe("Remove a user", query=(ID_PROPERTY,))
    def delete(self, request: Request, key: str) -> Response:
        """The user cannot log in any more; what the user did stays in the histories."""
        scopes.require(self.token, (scopes.USERS_WRITE,))
        user = self.user(key)
        with refused():
            users.shut_out(user, self.rights)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Roles(UserEndpoint):
    @describe("List the roles", answer=Collection[shapes.Role])
    def get(self, request: Request) -> Response:
        """A role is a permission set."""
        scopes.require(self.token, (scopes.USERS_READ,))
        found = PermissionSet.objects.order_by("pk")
        results: list[shapes.Role] = [
            {"id": str(one.pk), "name": one.name, "requiresBillingWrite": False} for one in found
        ]
        return Response({"results": results})


class Teams(UserEndpoint):
    @describe("List the teams", answer=Collection[shapes.Team])
    def get(self, request: Request) -> Response:
        scopes.require(self.token, (scopes.TEAMS_READ, scopes.USERS_READ))
        members: dict[tuple[int, bool], list[str]] = {}
        found = TeamMember.objects.filter(owner__user__is_active=True).order_by("owner__user_id")
        for team_id, user_id, is_main in found.values_list("team_id", "owner__user_id", "is_main"):
            members.setdefault((team_id, is_main), []).append(str(user_id))
        results: list[shapes.Team] = [
            {
                "id": str(team.pk),
                "name": team.name,
                "userIds": members.get((team.pk, True), []),
                "secondaryUserIds": members.get((team.pk, False), []),
            }
            for team in Team.objects.order_by("pk")
        ]
        return Response({"results": results})
