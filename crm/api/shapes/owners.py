"""The people who can own records."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from crm.api.shapes.base import Id, Moment


class OwnerTeam(TypedDict):
    id: Id
    name: str
    primary: bool


class Owner(TypedDict):
    id: Id
    email: str
    type: Literal["PERSON"]
    firstName: str
    lastName: str
    archived: bool
    teams: list[OwnerTeam]
    userId: NotRequired[int]
    userIdIncludingInactive: NotRequired[int]
    createdAt: NotRequired[Moment]
    updatedAt: NotRequired[Moment]
