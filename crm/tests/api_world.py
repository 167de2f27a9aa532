"""Asking the API in tests: a token with every scope, and a client that speaks JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.test import Client

from crm.api import scopes, tokens
from crm.models import ApiToken, PermissionSet, UserAccess
from crm.tests import conforming
from subscriptions.features import Limit


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Api:
    """Sends requests with one token."""

    token: ApiToken
    secret: str

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        raw = b"" if body is None else json.dumps(body).encode()
        return self.raw(method, path, raw, **headers)

    def raw(self, method: str, path: str, raw: bytes, **headers: str) -> Answer:
        sent = {"Authorization": f"Bearer {self.secret}"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        content_type = sent.pop("Content-Type", "application/json")
        # Errors are to arrive as answers, as they do for everybody else.
        response = Client(raise_request_exception=False).generic(
            method, path, raw, content_type=content_type, headers=sent
        )
        body = json.loads(response.content) if response.content else None
        conforming.check(method, path, response.status_code, body)
        return Answer(response.status_code, body, dict(response.headers))

    def get(self, path: str, **headers: str) -> Answer:
        return self("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self("POST", path, body, **headers)

    def made(self, path: str, body: Any) -> Any:
        """The answer to a POST that has to create something."""
        answer = self.post(path, body)
        assert answer.status == 201, answer.body
        return answer.body


def new_api(*scope_names: str, name: str = "Zapier", user: User | None = None) -> Api:
    """An API client; without names its token has every scope, without a user a superuser's."""
    if user is None:
        user, _ = User.objects.get_or_create(
            username="ines", defaults={"is_staff": True, "is_superuser": True}
        )
    return Api(*tokens.issue(name, user, scope_names or scopes.known()))


def restrict(*switches: str, **verbs: str) -> None:
    """Make the user of all tokens one with a permission set: these switches, these scopes."""
    User.objects.update(is_superuser=False)
    allowed = PermissionSet.objects.create(
        name="Few things", switches=list(switches), records={"": verbs}
    )
    for user in User.objects.all():
        UserAccess.objects.create(user=user, permission_set=allowed)


def agree(limit: Limit, value: int | None) -> None:
    """Give the account a limit of its own; None is unlimited."""
    # By name: the tables of subscriptions are not for crm.
    rows = apps.get_model("subscriptions.AccountLimit")._default_manager
    rows.update_or_create(limit=limit.name, defaults={"value": value})
