"""The people who log in, what they may do, and their teams."""

from __future__ import annotations

from typing import NotRequired, TypedDict

from crm.api.shapes.base import GivenId, Id


class User(TypedDict):
    id: Id
    email: str
    firstName: str
    lastName: str
    superAdmin: bool
    roleIds: list[Id]
    roleId: NotRequired[Id]
    primaryTeamId: NotRequired[Id]
    secondaryTeamIds: list[Id]


class GivenPlace(TypedDict):
    """What is left out stays; null takes it away."""

    roleId: NotRequired[GivenId | None]
    primaryTeamId: NotRequired[GivenId | None]
    secondaryTeamIds: NotRequired[list[str]]


class NewUser(GivenPlace):
    email: str
    firstName: NotRequired[str]
    lastName: NotRequired[str]
    sendWelcomeEmail: NotRequired[bool]


class UserChange(GivenPlace):
    firstName: NotRequired[str]
    lastName: NotRequired[str]


class Role(TypedDict):
    id: Id
    name: str
    requiresBillingWrite: bool


class Team(TypedDict):
    id: Id
    name: str
    userIds: list[Id]
    secondaryUserIds: list[Id]
