"""What OAuth asks and tells."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict


class TokenRequest(TypedDict):
    grant_type: Literal["authorization_code", "refresh_token"]
    client_id: str
    client_secret: str
    code: NotRequired[str]
    redirect_uri: NotRequired[str]
    refresh_token: NotRequired[str]


class Tokens(TypedDict):
    access_token: str
    refresh_token: str
    token_type: Literal["bearer"]
    expires_in: int


class TokenOwner(TypedDict):
    """Whose token it is, and what it may do."""

    token: str
    user: str
    hub_domain: str
    scopes: list[str]
    hub_id: int
    user_id: int


class AccessToken(TokenOwner):
    app_id: int
    expires_in: int
    token_type: Literal["access"]


class RefreshToken(TokenOwner):
    client_id: str
    token_type: Literal["refresh"]
