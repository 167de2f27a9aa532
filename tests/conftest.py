"""What the tests of the whole product share: the web server as it runs for everybody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import User

from crm.api import scopes, tokens
from tests.web_server import WebServer


@pytest.fixture(scope="session")
def web_server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WebServer]:
    """gunicorn on the test database. Tests that use it commit: `django_db(transaction=True)`."""
    server = WebServer(tmp_path_factory.mktemp("web") / "log")
    try:
        server.start()
        yield server
    finally:
        server.stop()


@dataclass(frozen=True)
class Account:
    """A server, and the secret of a token that may do everything there."""

    url: str
    secret: str


@pytest.fixture
def account(transactional_db: None, web_server: WebServer) -> Account:
    user = User.objects.create(username="ines", is_staff=True, is_superuser=True)
    _, secret = tokens.issue("contract tests", user, scopes.known())
    return Account(web_server.url, secret)
