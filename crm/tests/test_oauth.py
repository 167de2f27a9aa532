"""Apps that users connect: what they are asked, what the app is given, and when that ends."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from crm import clock, retention
from crm.api import oauth, tokens
from crm.models import ApiToken, OAuthApp, OAuthCode, OAuthGrant, PropertyHistory
from crm.sql import SQL, rows
from crm.tests.api_world import Api
from crm.tests.browsing import main_text, text_of
from crm.tests.people import three

pytestmark = pytest.mark.django_db

BACK = "https://app.example.com/back?from=cohort"
READ, WRITE = "crm.objects.contacts.read", "crm.objects.contacts.write"
Json = dict[str, Any]


class App:
    """An app that is registered, and what it does."""

    def __init__(self, name: str = "Sync") -> None:
        user, _ = User.objects.get_or_create(username="dev", defaults={"is_superuser": True})
        self.app = OAuthApp(
            name=name, user=user, redirect_uris=[BACK], scopes=["oauth", READ, WRITE]
        )
        self.secret = oauth.register(self.app)
        self.app.save()

    def address(self, **more: str) -> str:
        asked = {
            "client_id": str(self.app.client_id), "redirect_uri": BACK,
            "scope": f"oauth {READ}", "state": "a&b",
        }  # fmt: skip
        return f"/oauth/authorize?{urlencode(asked | more)}"

    def code(self, client: Client, **more: str) -> str:
        answer = client.post(self.address(**more), {"allow": "yes"})
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer["Location"]).query)["code"][0]

    def token(self, **fields: str) -> tuple[int, Json]:
        form = {"client_id": str(self.app.client_id), "client_secret": self.secret} | fields
        answer = Client().post(
            "/oauth/v1/token", urlencode(form), content_type="application/x-www-form-urlencoded"
        )
        assert answer["Cache-Control"] == "no-store"
        return answer.status_code, json.loads(answer.content)

    def exchange(self, code: str, **more: str) -> tuple[int, Json]:
        given = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        return self.token(**given | more)

    def refresh(self, token: str) -> tuple[int, Json]:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def connected(self, client: Client) -> Json:
        status, body = self.exchange(self.code(client))
        assert status == 200
        return body


@pytest.fixture
def app(db: None) -> App:
    return App()


def works(secret: str) -> bool:
    token = tokens.find(secret)
    return token is not None and Api(token, secret).get("/crm/v3/objects/contacts").status == 200


def test_a_user_gives_access_and_the_app_reads_what_it_may(app: App, admin_client: Client) -> None:
    page = main_text(admin_client.get(app.address()))
    assert "Sync wants to act in this account as admin" in page
    assert READ in page
    answer = admin_client.post(app.address(), {"allow": "yes"})
    sent = urlsplit(answer["Location"])
    query = parse_qs(sent.query)
    assert (f"{sent.scheme}://{sent.netloc}{sent.path}", query["from"], query["state"]) == (
        "https://app.example.com/back", ["cohort"], ["a&b"],
    )  # fmt: skip
    status, body = app.exchange(query["code"][0])
    assert status == 200
    assert (body["token_type"], body["expires_in"]) == ("bearer", 1800)
    token = tokens.find(body["access_token"])
    assert token is not None
    assert (token.user.username, token.scopes, token.name) == ("admin", [READ, "oauth"], "Sync")
    api = Api(token, body["access_token"])
    assert api.get("/crm/v3/objects/contacts").status == 200
    assert api.post("/crm/v3/objects/contacts", {"properties": {}}).status == 403
    assert api.get("/crm/v3/objects/deals").status == 403


def test_what_the_app_writes_is_told_by_its_name(app: App, admin_client: Client) -> None:
    status, body = app.exchange(app.code(admin_client, scope=f"{READ} {WRITE}"))
    token = tokens.find(body["access_token"])
    assert (status, token is not None) == (200, True)
    assert token is not None
    api = Api(token, body["access_token"])
    api.made("/crm/v3/objects/contacts", {"properties": {"city": "Oslo"}})
    assert PropertyHistory.objects.get().source_id == "Sync"


def test_nothing_that_opens_anything_is_stored(app: App, admin_client: Client) -> None:
    code = app.code(admin_client)
    _, body = app.exchange(code)
    for secret in (code, app.secret, body["access_token"], body["refresh_token"]):
        for table in ("crm_oauthapp", "crm_oauthgrant", "crm_oauthcode", "crm_apitoken"):
            text = rows(SQL(f"SELECT coalesce(string_agg(t::text, ' '), '') FROM {table} t"))
            assert secret not in text[0][0]


def test_access_ends_after_half_an_hour_and_is_renewed(app: App, admin_client: Client) -> None:
    body = app.connected(admin_client)
    assert works(body["access_token"])
    with clock.at(clock.now() + timedelta(seconds=1801)):
        assert not works(body["access_token"])
        status, again = app.refresh(body["refresh_token"])
        assert (status, again["refresh_token"]) == (200, body["refresh_token"])
        assert again["access_token"] != body["access_token"]
        assert works(again["access_token"])


def test_a_code_is_for_one_use_and_a_second_one_takes_everything_back(
    app: App, admin_client: Client
) -> None:
    code = app.code(admin_client)
    _, body = app.exchange(code)
    status, refused = app.exchange(code)
    assert (status, refused["error"], refused["category"]) == (
        400, "invalid_grant", "BAD_AUTH_CODE",
    )  # fmt: skip
    assert not works(body["access_token"])
    assert app.refresh(body["refresh_token"])[0] == 400


def test_a_code_is_for_minutes_for_its_app_and_its_address(app: App, admin_client: Client) -> None:
    code = app.code(admin_client)
    assert app.exchange(code, redirect_uri="https://app.example.com/")[1]["category"] == (
        "BAD_REDIRECT_URI"
    )
    assert App("Other").exchange(code)[1]["category"] == "BAD_AUTH_CODE"
    assert app.exchange("nonsense")[1]["category"] == "BAD_AUTH_CODE"
    with clock.at(clock.now() + timedelta(minutes=11)):
        assert app.exchange(code)[1]["category"] == "BAD_AUTH_CODE"
    assert app.exchange(code)[0] == 200


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"client_secret": "x"}, "invalid_client"), ({"client_id": "x"}, "invalid_client"),
        ({"client_id": ""}, "invalid_client"), ({"grant_type": ""}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, "invalid_grant"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "authorization_code"}, "invalid_grant"),
    ],
)  # fmt: skip
def test_what_the_app_gets_wrong_is_told(app: App, fields: dict[str, str], error: str) -> None:
    status, body = app.token(**fields)
    assert (status, body["error"], body["status"]) == (400, error, "error")
    assert body["error_description"] == body["message"]


def test_bytes_that_are_no_form_are_refused(app: App) -> None:
    for raw in (b"\xff\xfe", b"a=" + b"x" * 11_000_000, b"&".join([b"a=1"] * 2000)):
        answer = Client().post("/oauth/v1/token", raw, content_type="text/plain")
        assert answer.status_code in (400, 413)


def test_a_refresh_token_belongs_to_its_app_and_its_user(app: App, admin_client: Client) -> None:
    body = app.connected(admin_client)
    assert App("Other").refresh(body["refresh_token"])[1]["category"] == "BAD_REFRESH_TOKEN"
    User.objects.filter(username="admin").update(is_active=False)
    assert app.refresh(body["refresh_token"])[0] == 400
    assert not works(body["access_token"])


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"client_id": "x"}, "There is no such app here."),
        ({"redirect_uri": "https://evil.example.com/"}, "an address that is not its own"),
        ({"redirect_uri": BACK + "/x"}, "an address that is not its own"),
        ({"response_type": "token"}, "not supported"),
        ({"scope": "crm.objects.deals.read"}, "may not ask for crm.objects.deals.read"),
        ({"scope": "nonsense"}, "may not ask for nonsense"),
    ],
)
def test_a_request_that_is_wrong_sends_nobody_anywhere(
    app: App, admin_client: Client, more: dict[str, str], problem: str
) -> None:
    for answer in (
        admin_client.get(app.address(**more)),
        admin_client.post(app.address(**more), {"allow": "yes"}),
    ):
        assert (answer.status_code, problem in text_of(answer)) == (400, True)
    assert not OAuthCode.objects.exists()


def test_a_refusal_is_told_to_the_app(app: App, admin_client: Client) -> None:
    answer = admin_client.post(app.address(), {"refuse": "yes"})
    query = parse_qs(urlsplit(answer["Location"]).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["a&b"])
    assert not OAuthCode.objects.exists()


def test_optional_scopes_are_given_where_they_can_be(app: App, admin_client: Client) -> None:
    code = app.code(admin_client, scope=READ, optional_scope=f"{WRITE} crm.objects.deals.read")
    app.exchange(code)
    assert OAuthGrant.objects.get().scopes == [READ, WRITE]


def test_the_page_is_for_users_who_may_give_what_is_asked(app: App) -> None:
    answer = Client().get(app.address())
    assert (answer.status_code, answer["Location"].startswith("/admin/login/")) == (302, True)
    found = three(switches=["api_tokens"])
    client = Client()
    client.force_login(found.ada.user)
    assert client.get(app.address()).status_code == 200
    app.app.scopes = [READ, "crm.export"]
    app.app.save()
    refused = client.get(app.address(scope="crm.export"))
    assert (refused.status_code, "You may not do this yourself" in text_of(refused)) == (400, True)


def test_who_may_not_make_tokens_connects_nothing(app: App) -> None:
    client = Client()
    client.force_login(three().ada.user)
    refused = client.get(app.address())
    assert (refused.status_code, "You may not give programs access" in text_of(refused)) == (
        400, True,
    )  # fmt: skip


def test_the_page_takes_no_forged_posts_and_stands_in_no_frame(app: App) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(app.app.user)
    app.app.user.is_staff = True
    app.app.user.save()
    assert strict.post(app.address(), {"allow": "yes"}).status_code == 403
    assert strict.get(app.address())["X-Frame-Options"] == "DENY"


def test_tokens_say_whose_they_are(app: App, admin_client: Client) -> None:
    body = app.connected(admin_client)
    answer = Client().get(f"/oauth/v1/access-tokens/{body['access_token']}")
    assert answer.status_code == 200
    told = json.loads(answer.content)
    assert (told["token"], told["app_id"], told["token_type"]) == (
        body["access_token"], app.app.pk, "access",
    )  # fmt: skip
    assert 1790 < told["expires_in"] <= 1800
    answer = Client().get(f"/oauth/v1/refresh-tokens/{body['refresh_token']}")
    assert json.loads(answer.content)["client_id"] == str(app.app.client_id)
    for address in ("access-tokens/x", "refresh-tokens/x", "access-tokens/pat-eu1-x"):
        assert Client().get(f"/oauth/v1/{address}").status_code == 404


def test_a_private_token_is_not_told_about(admin_user: User) -> None:
    _, secret = tokens.issue("Zapier", admin_user, [READ])
    assert Client().get(f"/oauth/v1/access-tokens/{secret}").status_code == 404


def test_a_refresh_token_is_revoked_and_access_runs_out(app: App, admin_client: Client) -> None:
    body = app.connected(admin_client)
    address = f"/oauth/v1/refresh-tokens/{body['refresh_token']}"
    for _ in range(2):
        answer = Client().delete(address)
        assert (answer.status_code, answer.content) == (204, b"")
    assert Client().get(address).status_code == 404
    assert app.refresh(body["refresh_token"])[0] == 400
    assert works(body["access_token"])


def test_staff_register_an_app_and_disconnect_it(admin_client: Client) -> None:
    given = {"name": "Sync", "redirect_uris": f"{BACK}\nhttp://localhost:3000/x", "scopes": [READ]}
    added = admin_client.post("/admin/crm/oauthapp/add/", given, follow=True)
    found = OAuthApp.objects.get()
    (secret,) = re.findall(r"shown again: ([0-9a-f-]{36})", text_of(added))
    assert oauth.require_app(str(found.client_id), secret) == found
    app = App("Other")
    app.app, app.secret = found, secret
    body = app.exchange(app.code(admin_client, scope=READ))[1]
    shown = text_of(admin_client.get(f"/admin/crm/oauthapp/{found.pk}/change/"))
    assert str(found.client_id) in shown
    assert secret not in shown
    assert not admin_client.get("/admin/crm/apitoken/").context["cl"].result_count
    admin_client.post(f"/admin/crm/oauthapp/{found.pk}/delete/")
    assert not works(body["access_token"])
    assert app.refresh(body["refresh_token"])[1]["error"] == "invalid_client"
    assert admin_client.get(app.address()).status_code == 400
    # The name is free again.
    admin_client.post("/admin/crm/oauthapp/add/", given)
    assert OAuthApp.objects.filter(name="Sync").count() == 2


@pytest.mark.parametrize(
    "address",
    [
        "nowhere",
        "http://app.example.com/",
        "javascript:alert(1)",
        "https://",
        "https://a/#x",
        "https://[::1",
        "ftp://a.example/",
        "https://a.example/ x",
    ],
)
def test_an_address_to_which_nobody_is_sent(admin_client: Client, address: str) -> None:
    given = {"name": "Sync", "redirect_uris": address, "scopes": [READ]}
    answer = admin_client.post("/admin/crm/oauthapp/add/", given)
    assert answer.status_code == 200
    assert not OAuthApp.objects.exists()


def test_what_ended_is_forgotten(app: App, admin_client: Client) -> None:
    app.connected(admin_client)
    _, secret = tokens.issue("Zapier", app.app.user, [READ], clock.now())
    with clock.at(clock.now() + timedelta(days=2)):
        retention.forget_tokens()
    assert not OAuthCode.objects.exists()
    # The grant and the tokens that staff made stay.
    assert OAuthGrant.objects.count() == 1
    assert list(ApiToken.objects.values_list("name", flat=True)) == ["Zapier"]
    assert tokens.find(secret) is not None


@pytest.mark.django_db(transaction=True)
def test_a_code_that_comes_many_times_at_once_is_used_once(admin_client: Client) -> None:
    app = App()
    code = app.code(admin_client)

    def attempt(_: int) -> bool:
        try:
            oauth.exchange(app.app, code, BACK)
        except oauth.BadCode:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(attempt, range(4))) == 1
    assert OAuthGrant.objects.filter(revoked_at__isnull=False).count() == 1
