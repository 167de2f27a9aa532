"""An app that a user has connected: its tokens."""

from __future__ import annotations

from django.test import Client

from crm.tests.test_oauth import BACK, App
from tests.recording import Call

TOKEN = "/oauth/v1/token"


def tell(call: Call) -> None:
    app, browser = App(), Client()
    browser.force_login(call.api.token.user)
    grant = {
        "grant_type": "authorization_code", "client_id": str(app.app.client_id),
        "client_secret": app.secret, "redirect_uri": BACK, "code": app.code(browser),
    }  # fmt: skip
    made = call("POST", TOKEN, grant)
    call("GET", "/oauth/v1/access-tokens/{token}", token=made["access_token"])
    refresh = {"token": made["refresh_token"]}
    call("GET", "/oauth/v1/refresh-tokens/{token}", **refresh)
    call("DELETE", "/oauth/v1/refresh-tokens/{token}", **refresh)
