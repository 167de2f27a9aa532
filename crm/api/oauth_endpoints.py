"""OAuth tokens: /oauth/v1."""

from __future__ import annotations

from django.conf import settings
from django.http import QueryDict
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from crm import clock
from crm.api import oauth, tokens, wire
from crm.api.account import PORTAL_ID
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.oauth import Issued, OAuthError
from crm.api.rules import OPEN
from crm.api.shapes import oauth as shapes
from crm.models import ApiToken

FORM = "application/x-www-form-urlencoded"


class OpenEndpoint(Endpoint):
    """Without a bearer token: what is sent says by itself who asks."""

    rule = OPEN

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        APIView.initial(self, request, *args, **kwargs)
        if wire.unstorable(request.path):
            raise ApiError("The address contains characters that cannot be stored.")

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        finished = super().finalize_response(request, response, *args, **kwargs)
        # RFC 6749, 5.1: nobody in between may keep tokens.
        finished["Cache-Control"], finished["Pragma"] = "no-store", "no-cache"
        return finished


class Tokens(OpenEndpoint):
    @describe(
        "Get an access token",
        body=shapes.TokenRequest,
        answer=shapes.Tokens,
        media_type=FORM,
        needs_token=False,
    )
    def post(self, request: Request) -> Response:
        """For an authorization code, or again with the refresh token that came with the first."""
        form = self._form(request)
        app = oauth.require_app(form.get("client_id", ""), form.get("client_secret", ""))
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            issued = oauth.exchange(app, form.get("code", ""), form.get("redirect_uri", ""))
        elif grant_type == "refresh_token":
            issued = oauth.refresh(app, form.get("refresh_token", ""))
        else:
            raise oauth.BadGrantType("grant_type must be authorization_code or refresh_token.")
        return Response(shown(issued))

    def _form(self, request: Request) -> dict[str, str]:
        raw = request.stream.read(wire.MOST_BYTES + 1) if request.stream else b""
        wire.check_size(raw)
        try:
            text = raw.decode()
            form = QueryDict(text, encoding="utf-8").dict()
        except (UnicodeDecodeError, ValueError) as error:
            raise OAuthError("The body must be form-urlencoded.") from error
        return {name: str(value) for name, value in form.items()}


def shown(issued: Issued) -> shapes.Tokens:
    return {
        "access_token": issued.access_token,
        "refresh_token": issued.refresh_token,
        "token_type": "bearer",
        "expires_in": oauth.ACCESS_SECONDS,
    }


def hub_domain() -> str:
    return settings.SITE_URL.partition("://")[2]


class AccessToken(OpenEndpoint):
    @describe("Read about an access token", answer=shapes.AccessToken, needs_token=False)
    def get(self, request: Request, token: str) -> Response:
        """Whose it is and what it may do; whoever has the token may know."""
        found = tokens.find(token)
        if found is None or found.grant_id is None or tokens.why_invalid(found, clock.now()):
            raise NotFound("This access token is not known or has expired.")
        return Response(_about(found, token))


def _about(found: ApiToken, token: str) -> shapes.AccessToken:
    assert found.grant is not None
    assert found.expires_at is not None
    return {
        "token": token,
        "user": found.user.email or found.user.username,
        "hub_domain": hub_domain(),
        "scopes": found.scopes,
        "hub_id": PORTAL_ID,
        "app_id": found.grant.app_id,
        "expires_in": max(0, int((found.expires_at - clock.now()).total_seconds())),
        "user_id": found.user_id,
        "token_type": "access",
    }


class RefreshToken(OpenEndpoint):
    @describe("Read about a refresh token", answer=shapes.RefreshToken, needs_token=False)
    def get(self, request: Request, token: str) -> Response:
        grant = oauth.find_grant(token)
        if grant is None:
            raise NotFound("This refresh token is not known or was revoked.")
        answer: shapes.RefreshToken = {
            "token": token,
            "user": grant.user.email or grant.user.username,
            "hub_domain": hub_domain(),
            "scopes": grant.scopes,
            "hub_id": PORTAL_ID,
            "client_id": str(grant.app.client_id),
            "user_id": grant.user_id,
            "token_type": "refresh",
        }
        return Response(answer)

    @describe("Revoke a refresh token", needs_token=False)
    def delete(self, request: Request, token: str) -> Response:
        """Access tokens that were made with it stay valid until they expire."""
        oauth.forget(token)
        return Response(status=status.HTTP_204_NO_CONTENT)
