"""Tokens of the API: made, found, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crm import clock
from crm.api import scopes
from crm.models import ApiToken

if TYPE_CHECKING:
    from django.contrib.auth.models import User

#: Clients take tokens as they are; some people's scripts look for this beginning.
BEGINNING = "pat-eu1-"
SHOWN = len(BEGINNING) + 8


class UnknownScope(ValueError):
    """There is no such scope."""


def issue(
    name: str, user: User, scope_names: Iterable[str], expires_at: datetime | None = None
) -> tuple[ApiToken, str]:
    """Make a token; returns it and its secret, which can be shown only now.

    Raises UnknownScope.
    """
    wanted = sorted(set(scope_names))
    unknown = set(wanted) - set(scopes.known())
    if unknown:
        raise UnknownScope(f"There is no scope {', '.join(sorted(unknown))}.")
    secret = new_secret()
    token = ApiToken(name=name, user=user, scopes=wanted, expires_at=expires_at)
    keep(token, secret)
    token.save()
    return token, secret


def new_secret() -> str:
    return BEGINNING + str(UUID(bytes=secrets.token_bytes(16)))


def keep(token: ApiToken, secret: str) -> None:
    """Write into a new token what is kept of its secret."""
    token.prefix, token.digest = secret[:SHOWN], digest(secret)
    token.created_at = clock.now()


def digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def find(secret: str) -> ApiToken | None:
    """The token with this secret, also one that is not valid any more."""
    return ApiToken.objects.select_related("user").filter(digest=digest(secret)).first()


def why_invalid(token: ApiToken, now: datetime) -> str:
    """Why a token cannot be used, "" when it can."""
    if token.revoked_at is not None:
        return "This token has been revoked."
    if token.expires_at is not None and token.expires_at <= now:
        return "This token has expired."
    if not token.user.is_active:
        return "The user who answers for this token is not active."
    return ""


def revoke(token: ApiToken) -> None:
    """End a token now; what is revoked stays revoked."""
    ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=clock.Now())
