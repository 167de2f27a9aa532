"""OAuth through HubSpot's own Python library."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hubspot import HubSpot
from hubspot.oauth.exceptions import ApiException
from pytest_django.live_server_helper import LiveServer

from crm.api import oauth
from crm.models import OAuthApp

pytestmark = pytest.mark.django_db(transaction=True)

BACK = "https://app.example.com/back"
READ = "crm.objects.contacts.read"


def connected(server: str, token: str | None = None) -> Any:
    return HubSpot(access_token=token, host=server, base_url=server)


def test_the_flow_of_an_app(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # The library keeps its sockets, hence the server its threads: they must not keep the database.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    user = User.objects.create(
        username="ines", is_staff=True, is_superuser=True, email="i@x.example"
    )
    app = OAuthApp(name="Sync", user=user, redirect_uris=[BACK], scopes=[READ])
    secret = oauth.register(app)
    app.save()
    code = oauth.allow(app, user, BACK, [READ])
    api = connected(live_server.url).oauth
    client = {"client_id": str(app.client_id), "client_secret": secret}
    made = api.tokens_api.create(
        grant_type="authorization_code", code=code, redirect_uri=BACK, **client
    )
    assert (made.token_type, made.expires_in) == ("bearer", 1800)
    again = api.tokens_api.create(
        grant_type="refresh_token", refresh_token=made.refresh_token, **client
    )
    page = connected(live_server.url, again.access_token).crm.contacts.basic_api.get_page()
    assert page.results == []
    told = api.access_tokens_api.get(again.access_token)
    assert (told.hub_id, told.user, told.scopes, told.app_id) == (1, "i@x.example", [READ], app.pk)
    told = api.refresh_tokens_api.get(made.refresh_token)
    assert (told.client_id, told.user_id, told.token_type) == (
        str(app.client_id), user.pk, "refresh",
    )  # fmt: skip
    assert api.refresh_tokens_api.archive(made.refresh_token) is None
    with pytest.raises(ApiException) as refused:
        api.refresh_tokens_api.get(made.refresh_token)
    assert refused.value.status == 404
