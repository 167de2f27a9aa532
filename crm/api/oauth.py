"""OAuth 2: apps of other people get access tokens for what a user allowed (A-029, RFC 6749).

Only the authorization code flow of programs that can keep a secret. Access tokens are API tokens
that end after half an hour; of codes, secrets and tokens only digests are stored.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from django.db import transaction

from crm import access, clock
from crm.api import scopes, tokens
from crm.api.errors import ApiError
from crm.models import ApiToken, OAuthApp, OAuthCode, OAuthGrant

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ACCESS_SECONDS = 1800
CODE_LIFE = timedelta(minutes=10)
#: A scope that every app at HubSpot has, and that allows nothing by itself.
OAUTH = "oauth"
LOCAL = {"localhost", "127.0.0.1", "::1"}
UNPRINTABLE = re.compile(r"[\x00-\x20\x7f]")


class OAuthError(ApiError):
    """The token endpoint refuses; `code` is one of RFC 6749, the category HubSpot's word."""

    code: ClassVar[str] = "invalid_request"

    def body(self) -> dict[str, object]:
        return super().body() | {"error": self.code, "error_description": self.message}


class BadClient(OAuthError):
    code = "invalid_client"
    category = "BAD_CLIENT_ID"


class BadCode(OAuthError):
    code = "invalid_grant"
    category = "BAD_AUTH_CODE"


class BadRedirect(OAuthError):
    code = "invalid_grant"
    category = "BAD_REDIRECT_URI"


class BadRefreshToken(OAuthError):
    code = "invalid_grant"
    category = "BAD_REFRESH_TOKEN"


class BadGrantType(OAuthError):
    code = "unsupported_grant_type"
    category = "BAD_GRANT_TYPE"


@dataclass(frozen=True, kw_only=True)
class Issued:
    """What an app is given; shown only now."""

    access_token: str
    refresh_token: str


def known_scopes() -> list[str]:
    """What an app may ask for."""
    return [OAUTH, *scopes.known()]


def why_bad_redirect(uri: str) -> str:
    """Why users cannot be sent back to an address, "" when they can."""
    try:
        parts = urlsplit(uri)
        host = parts.hostname or ""
    except ValueError:
        return "This is not an address."
    if not host or UNPRINTABLE.search(uri) or len(uri) > 500:
        return "This is not an address."
    if parts.fragment or "#" in uri:
        return "It may have no part behind #."
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOCAL):
        return "It has to begin with https:// (http:// only for localhost)."
    return ""


def register(app: OAuthApp) -> str:
    """Give a new app its client id and secret; returns the secret."""
    secret = str(UUID(bytes=secrets.token_bytes(16)))
    app.client_id = uuid4()
    app.secret_digest = tokens.digest(secret)
    app.created_at = clock.now()
    return secret


def find_app(client_id: str) -> OAuthApp | None:
    try:
        return OAuthApp.objects.filter(client_id=UUID(client_id), archived_at=None).first()
    except ValueError:
        return None


def require_app(client_id: str, secret: str) -> OAuthApp:
    """The app with these credentials; raises BadClient."""
    app = find_app(client_id)
    if app is None or not secrets.compare_digest(app.secret_digest, tokens.digest(secret)):
        raise BadClient("The client id or the client secret is wrong.")
    return app


def grantable(app: OAuthApp, user: User, required: Collection[str]) -> str:
    """Why a user cannot give an app these scopes, "" when they can."""
    beyond = sorted(set(required) - set(app.scopes))
    if beyond:
        return f"{app} may not ask for {', '.join(beyond)}."
    rights = access.of(user)
    missing = [name for name in required if name != OAUTH and not scopes.is_allowed(name, rights)]
    return f"You may not do this yourself: {', '.join(sorted(missing))}." if missing else ""


def allow(app: OAuthApp, user: User, redirect_uri: str, wanted: Sequence[str]) -> str:
    """Note that a user allows an app these scopes; returns the code to be exchanged."""
    code = str(UUID(bytes=secrets.token_bytes(16)))
    OAuthCode.objects.create(
        app=app,
        user=user,
        digest=tokens.digest(code),
        redirect_uri=redirect_uri,
        scopes=sorted(set(wanted)),
        expires_at=clock.now() + CODE_LIFE,
    )
    return code


def exchange(app: OAuthApp, code: str, redirect_uri: str) -> Issued:
    """Tokens for a code; raises BadCode, BadRedirect.

    A code that comes twice may be stolen: what was given for it is taken back.
    """
    found = OAuthCode.objects.filter(app=app, digest=tokens.digest(code)).first()
    if found is None or found.expires_at <= clock.now():
        raise BadCode("The code is not known or has expired.")
    if found.redirect_uri != redirect_uri:
        raise BadRedirect("The redirect_uri is not the one that the code was asked for with.")
    issued = _use(found)
    if issued is None:
        # Outside of the transaction above, which is over and done.
        _take_back(found.pk)
        raise BadCode("The code was used already.")
    return issued


@transaction.atomic
def _use(code: OAuthCode) -> Issued | None:
    if not OAuthCode.objects.filter(pk=code.pk, used_at=None).update(used_at=clock.Now()):
        return None
    refresh_token = str(UUID(bytes=secrets.token_bytes(16)))
    grant = OAuthGrant.objects.create(
        app=code.app,
        user=code.user,
        digest=tokens.digest(refresh_token),
        scopes=code.scopes,
        created_at=clock.now(),
    )
    OAuthCode.objects.filter(pk=code.pk).update(grant=grant)
    return Issued(access_token=_access_token(grant), refresh_token=refresh_token)


def _take_back(code_id: int) -> None:
    grant = OAuthGrant.objects.filter(
        pk__in=OAuthCode.objects.filter(pk=code_id).values("grant")
    ).first()
    if grant is not None:
        end([grant.pk])


def refresh(app: OAuthApp, refresh_token: str) -> Issued:
    """A new access token; the refresh token stays. Raises BadRefreshToken."""
    grant = find_grant(refresh_token)
    if grant is None or grant.app_id != app.pk:
        raise BadRefreshToken("The refresh token is not known or was revoked.")
    return Issued(access_token=_access_token(grant), refresh_token=refresh_token)


def _access_token(grant: OAuthGrant) -> str:
    secret = tokens.new_secret()
    token = ApiToken(
        name=grant.app.name,
        user=grant.user,
        scopes=grant.scopes,
        expires_at=clock.now() + timedelta(seconds=ACCESS_SECONDS),
        grant=grant,
    )
    tokens.keep(token, secret)
    token.save()
    return secret


def find_grant(refresh_token: str) -> OAuthGrant | None:
    """What a refresh token stands for, while it is valid."""
    return (
        OAuthGrant.objects.select_related("app", "user")
        .filter(
            digest=tokens.digest(refresh_token),
            revoked_at=None,
            app__archived_at=None,
            user__is_active=True,
        )
        .first()
    )


def forget(refresh_token: str) -> None:
    """End a refresh token; access tokens made with it run out by themselves, as at HubSpot."""
    OAuthGrant.objects.filter(digest=tokens.digest(refresh_token), revoked_at=None).update(
        revoked_at=clock.Now()
    )


@transaction.atomic
def end(grant_ids: Collection[int]) -> None:
    """End grants at once, with all tokens that were made for them."""
    OAuthGrant.objects.filter(pk__in=grant_ids, revoked_at=None).update(revoked_at=clock.Now())
    ApiToken.objects.filter(grant__in=grant_ids, revoked_at=None).update(revoked_at=clock.Now())


@transaction.atomic
def disconnect(app: OAuthApp) -> None:
    """End an app: nobody can allow it anything, and what was allowed is over."""
    OAuthApp.objects.filter(pk=app.pk, archived_at=None).update(archived_at=clock.Now())
    end(list(app.grants.values_list("pk", flat=True)))
