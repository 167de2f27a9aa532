"""The people who can own records: /crm/v3/owners."""

from __future__ import annotations

from typing import Literal

from django.db.models import Prefetch, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from crm.api import paging, scopes, wire
from crm.api.describing import ARCHIVED, Parameter, describe, filtered, paged
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.rules import OPEN
from crm.api.shapes import owners as shapes
from crm.api.shapes.base import Page
from crm.api.values import as_moment
from crm.models import Owner, TeamMember

PAGE, MOST = 100, 500
ID_PROPERTY = Parameter(
    name="idProperty", shape=Literal["id", "userId"], text="What the owner is named by."
)


def shown(owner: Owner) -> shapes.Owner:
    body: shapes.Owner = {
        "id": str(owner.pk),
        "email": owner.email,
        "type": "PERSON",
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "archived": owner.archived_at is not None,
        "teams": [
            {"id": str(one.team_id), "name": one.team.name, "primary": one.is_main}
            for one in owner.memberships.all()
        ],
    }
    if owner.user is not None:
        body["userId"] = owner.user.pk
        body["userIdIncludingInactive"] = owner.user.pk
        body["createdAt"] = body["updatedAt"] = as_moment(owner.user.date_joined)
    return body


def with_teams(found: QuerySet[Owner]) -> QuerySet[Owner]:
    """Owners with everything that is shown of them, the main team first."""
    members = TeamMember.objects.select_related("team").order_by("-is_main", "team_id")
    return (
        found.select_related("user")
        .prefetch_related(Prefetch("memberships", members))
        .order_by("pk")
    )


class Owners(Endpoint):
    rule = OPEN

    @describe(
        "List the owners",
        answer=Page[shapes.Owner],
        query=(filtered("email", "Only the one with this address."), ARCHIVED, *paged(PAGE, MOST)),
    )
    def get(self, request: Request) -> Response:
        scopes.require(self.token, (scopes.OWNERS,))
        found = Owner.objects.filter(archived_at__isnull=not self.query.flag("archived"))
        email = self.query.text("email")
        if email:
            found = found.filter(email__iexact=email.strip())
        limit = self.query.limit(PAGE, MOST)
        owners = list(with_teams(found.filter(pk__gt=self.query.after()))[: limit + 1])
        body: Page[shapes.Owner] = {"results": [shown(owner) for owner in owners[:limit]]}
        if len(owners) > limit:
            body["paging"] = paging.next_page(request, owners[limit - 1].pk)
        return Response(body)


class OneOwner(Endpoint):
    rule = OPEN

    @describe("Read an owner", answer=shapes.Owner, query=(ID_PROPERTY, ARCHIVED))
    def get(self, request: Request, key: str) -> Response:
        scopes.require(self.token, (scopes.OWNERS,))
        id_property = self.query.text("idProperty", "id")
        if id_property not in ("id", "userId"):
            raise ApiError("idProperty must be id or userId.")
        wanted = {"pk" if id_property == "id" else "user_id": wire.record_id(key)}
        found = with_teams(
            Owner.objects.filter(archived_at__isnull=not self.query.flag("archived"), **wanted)
        )
        # Without a number in the address nobody is asked for.
        owner = found.first() if wire.record_id(key) is not None else None
        if owner is None:
            raise NotFound
        return Response(shown(owner))
