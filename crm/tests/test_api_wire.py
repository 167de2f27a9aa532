"""What every endpoint does: the envelope, who may ask and how often, and bodies that are none."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from crm import clock
from crm.api import routing, tokens, wire
from crm.api.objects import Records
from crm.features import API_BURST, API_DAILY
from crm.models import ApiToken, ApiUsage, Record
from crm.tests.api_world import Api, agree, new_api
from crm.tests.writing import people

pytestmark = pytest.mark.django_db

CONTACTS = "/crm/v3/objects/contacts"
MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def is_envelope(body: Any) -> bool:
    UUID(body["correlationId"])
    return (
        body["status"] == "error"
        and bool(body["message"])
        and re.fullmatch("[A-Z_]+", body["category"]) is not None
    )


@pytest.mark.parametrize(
    ("method", "path", "status", "category"),
    [
        ("GET", "/crm/v3/nothing", 404, "OBJECT_NOT_FOUND"),
        ("POST", "/marketing/v3/nothing/", 404, "OBJECT_NOT_FOUND"),
        ("GET", "/crm/v3/objects", 404, "OBJECT_NOT_FOUND"),
        ("DELETE", CONTACTS, 405, "METHOD_NOT_ALLOWED"),
        ("OPTIONS", CONTACTS, 405, "METHOD_NOT_ALLOWED"),
        ("GET", f"{CONTACTS}?archived=maybe", 400, "VALIDATION_ERROR"),
        ("GET", f"{CONTACTS}?after=x", 400, "VALIDATION_ERROR"),
        ("GET", f"{CONTACTS}?properties=a%00b", 400, "VALIDATION_ERROR"),
        ("GET", f"{CONTACTS}?associations=foo", 400, "VALIDATION_ERROR"),
        ("GET", f"{CONTACTS}/%00", 400, "VALIDATION_ERROR"),
    ],
)
def test_every_error_has_the_envelope(
    api: Api, method: str, path: str, status: int, category: str
) -> None:
    answer = api(method, path)
    assert (answer.status, answer.body["category"]) == (status, category)
    assert is_envelope(answer.body)
    assert answer.headers["X-HubSpot-Correlation-Id"] == answer.body["correlationId"]
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_fault_of_ours_has_the_envelope_and_hides_what_it_was(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(Records, "get", break_down)
    answer = api.get(CONTACTS)
    assert (answer.status, answer.body["category"]) == (500, "INTERNAL_ERROR")
    assert is_envelope(answer.body)
    assert "secret" not in str(answer.body)


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer ", "Bearer nope", "Basic eA=="])
def test_without_a_known_token_nothing_is_answered(api: Api, authorization: str) -> None:
    answer = api.get(CONTACTS, Authorization=authorization)
    assert (answer.status, answer.body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert is_envelope(answer.body)


def test_a_token_ends_when_it_expires_is_revoked_or_its_user_leaves(api: Api) -> None:
    def answer() -> tuple[int, str]:
        found = api.get(CONTACTS)
        return found.status, found.body.get("message", "")

    ApiToken.objects.update(expires_at=MOMENT)
    with clock.at(MOMENT - timedelta(seconds=1)):
        assert answer() == (200, "")
    with clock.at(MOMENT):
        assert answer() == (401, "This token has expired.")
    ApiToken.objects.update(expires_at=None)
    api.token.user.is_active = False
    api.token.user.save()
    assert answer() == (401, "The user who answers for this token is not active.")
    api.token.user.is_active = True
    api.token.user.save()
    tokens.revoke(api.token)
    assert answer() == (401, "This token has been revoked.")


def test_of_a_token_only_its_digest_and_its_beginning_are_kept(api: Api) -> None:
    stored = ApiToken.objects.values().get()
    assert api.secret not in str(stored)
    assert api.secret.startswith(stored["prefix"])
    assert re.fullmatch(r"pat-eu1-[0-9a-f-]{36}", api.secret)


@pytest.mark.parametrize(
    ("scope", "method", "path", "is_allowed"),
    [
        ("crm.objects.contacts.read", "GET", CONTACTS, True),
        ("crm.objects.contacts.read", "POST", CONTACTS, False),
        ("crm.objects.contacts.write", "POST", CONTACTS, True),
        ("crm.objects.contacts.write", "GET", CONTACTS, False),
        ("crm.objects.companies.read", "GET", CONTACTS, False),
        ("crm.objects.contacts.read", "GET", f"{CONTACTS}?associations=companies", False),
        ("tickets", "POST", "/crm/v3/objects/tickets", True),
        ("crm.objects.contacts.read", "GET", "/crm/v3/objects/tasks", True),
        ("crm.objects.contacts.read", "POST", f"{CONTACTS}/batch/create", False),
        ("crm.objects.contacts.read", "POST", f"{CONTACTS}/batch/upsert", False),
        ("crm.objects.contacts.read", "POST", f"{CONTACTS}/batch/archive", False),
        ("crm.objects.contacts.read", "DELETE", f"{CONTACTS}/1", False),
        ("crm.objects.contacts.read", "PATCH", f"{CONTACTS}/1", False),
    ],
)
def test_a_token_may_do_what_its_scopes_say(
    scope: str, method: str, path: str, is_allowed: bool
) -> None:
    answer = new_api(scope)(method, path, {} if method == "POST" else None)
    assert (answer.status == 403) is not is_allowed
    if not is_allowed:
        assert answer.body["category"] == "MISSING_SCOPES"
        assert answer.body["errors"][0]["context"]["requiredGranularScopes"]
        assert not Record.objects.exists()


def test_a_scope_that_is_none_is_refused() -> None:
    with pytest.raises(tokens.UnknownScope, match=r"There is no scope crm\.all\."):
        new_api("crm.all")


def test_requests_are_counted_and_limited_by_the_plan(api: Api) -> None:
    agree(API_BURST, 2)
    agree(API_DAILY, 4)
    with clock.at(MOMENT + timedelta(seconds=3)):
        headers = api.get(CONTACTS).headers
        limits = {name: value for name, value in headers.items() if "RateLimit" in name}
        assert limits == {
            "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
            "X-HubSpot-RateLimit-Max": "2",
            "X-HubSpot-RateLimit-Remaining": "1",
            "X-HubSpot-RateLimit-Daily": "4",
            "X-HubSpot-RateLimit-Daily-Remaining": "3",
        }
        assert api.get(CONTACTS).headers["X-HubSpot-RateLimit-Remaining"] == "0"
        refused = api.get(CONTACTS)
    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")
    assert is_envelope(refused.body)
    assert refused.body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (refused.body["policyName"], refused.body["category"], refused.body["errorType"]) == (
        "TEN_SECONDLY_ROLLING", "RATE_LIMITS", "RATE_LIMIT",
    )  # fmt: skip
    with clock.at(MOMENT + timedelta(seconds=10)):
        assert api.get(CONTACTS).status == 200
        refused = api.get(CONTACTS)
        assert (refused.status, refused.body["policyName"]) == (429, "DAILY")
        assert refused.headers["Retry-After"] == str(11 * 3600 + 29 * 60 + 50)
    with clock.at(MOMENT + timedelta(hours=12)):
        assert api.get(CONTACTS).status == 200


def test_another_token_is_counted_by_itself(api: Api) -> None:
    agree(API_BURST, 1)
    other = new_api(name="Make")
    with clock.at(MOMENT):
        assert (api.get(CONTACTS).status, other.get(CONTACTS).status) == (200, 200)
        assert (api.get(CONTACTS).status, ApiUsage.objects.count()) == (429, 2)


def test_no_limit_is_no_header(api: Api) -> None:
    agree(API_BURST, None)
    agree(API_DAILY, None)
    headers = api.get(CONTACTS).headers
    assert "X-HubSpot-RateLimit-Max" not in headers
    assert "X-HubSpot-RateLimit-Daily" not in headers


@pytest.mark.parametrize(
    "raw",
    [
        b"{", b"nope", b"\xff\xfe", b"[1]", b'"x"', b"5", b"true",
        b'{"properties": {"city": NaN}}', b'{"properties": {"city": 1e999}}',
        b'{"properties": {"city": "a\\u0000b"}}', b'{"properties": {"city": "\\ud800"}}',
        b'{"properties": {"\\u0000": "x"}}',
        b'{"properties": {"hubspotscore": 9223372036854775808}}',
        b'{"properties": {"hubspotscore": ' + b"9" * 5000 + b"}}",
        b'{"properties": []}', b'{"properties": "x"}', b'{"associations": {"to": 1}}',
        b'{"associations": [{"to": {"id": "x"}, "types": []}]}',
        b'{"associations": [{"to": {"id": "1"}}]}',
        b'{"associations": [{"to": {"id": "1"}, "types": [{"associationTypeId": 1e3}]}]}',
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 60 + b"1" + b"}" * 60,
        b"{" + b",".join(b'"%d":1' % n for n in range(1001)) + b"}",
    ],
)  # fmt: skip
def test_a_body_that_is_wrong_is_refused(api: Api, raw: bytes) -> None:
    answer = api.raw("POST", CONTACTS, raw)
    assert answer.status == 400
    assert is_envelope(answer.body)
    assert not Record.objects.exists()


@pytest.mark.parametrize("value", [[], {}, ["x"], {"a": 1}, [[1]]])
@pytest.mark.parametrize("name", ["city", "hubspotscore", "closedate", "hs_email_optout"])
def test_a_value_that_is_no_scalar_is_no_fault_of_ours(api: Api, name: str, value: Any) -> None:
    assert api.post(CONTACTS, {"properties": {name: value}}).status in (201, 400)


def test_a_body_has_a_largest_size(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MOST_BYTES", 1000)
    assert api.raw("POST", CONTACTS, b" " * 1001 + b"{}").status == 413
    assert api.raw("POST", CONTACTS, b" " * 998 + b"{}").status == 201


def test_a_body_above_the_limit_of_forms_is_taken(api: Api) -> None:
    text = {"properties": {"message": "a" * 65_000}, "more": ["b" * 60_000] * 60}
    assert api.post(CONTACTS, text).status == 201


def test_only_json_is_read_and_a_type_without_a_body_is_no_matter(api: Api) -> None:
    answer = api.raw("POST", CONTACTS, b"a=b", Content_Type="application/x-www-form-urlencoded")
    assert (answer.status, answer.body["category"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert api.raw("POST", CONTACTS, b"", Content_Type="text/plain").status == 201
    body = b'{"properties": {}}'
    assert (
        api.raw("POST", CONTACTS, body, Content_Type="application/json;charset=UTF-8").status == 201
    )
    assert api.get(CONTACTS, Accept="text/html").status == 200


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("flag", ["False", "false", "0"])
@pytest.mark.parametrize("listed", ["properties=city,phone", "properties=city&properties=phone"])
@pytest.mark.parametrize(
    "version", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09-beta"]
)
def test_all_ways_to_write_an_address_mean_the_same(
    api: Api, slash: str, flag: str, listed: str, version: str
) -> None:
    (pk,) = people(1)
    answer = api.get(f"{version}/contacts/{pk}{slash}?archived={flag}&{listed}&utm=x")
    assert answer.status == 200
    assert {"city", "phone"} < answer.body["properties"].keys()


def test_a_next_page_stays_at_the_address_with_a_date(api: Api) -> None:
    people(2)
    page = api.get("/crm/objects/2026-03/0-1?limit=1").body
    assert page["paging"]["next"]["link"].startswith(
        "http://testserver/crm/objects/2026-03/0-1?limit=1&after="
    )


@pytest.mark.parametrize(
    ("dated", "versioned"),
    [
        ("/crm/objects/2026-03/0-1/5/associations/0-2", "/crm/v4/objects/0-1/5/associations/0-2"),
        ("/crm/objects/2026-03/0-1/batch/read", "/crm/v3/objects/0-1/batch/read"),
        ("/crm/associations/2026-03/a/b/labels", "/crm/v4/associations/a/b/labels"),
        ("/crm/properties/2026-03/0-1", "/crm/v3/properties/0-1"),
        ("/crm/owners/2026-03/", "/crm/v3/owners/"),
        ("/account-info/2026-03/details", "/account-info/v3/details"),
        ("/crm/lists/2026-03/7/memberships/add", "/crm/v3/lists/7/memberships/add"),
        ("/crm/pipelines/2026-03/deals", "/crm/v3/pipelines/deals"),
        ("/crm/imports/2026-03", "/crm/v3/imports"),
        ("/crm/exports/2026-09-beta/export/async", "/crm/v3/exports/export/async"),
        ("/crm-object-schemas/2026-03/schemas/2-7", "/crm-object-schemas/v3/schemas/2-7"),
        ("/webhooks/2026-03/5/settings", "/webhooks/v3/5/settings"),
        ("/settings/users/2026-03/teams", "/settings/v3/users/teams"),
        ("/automation/2026-03/flows/7", "/automation/v4/flows/7"),
        ("/automation/flows/2026-03", "/automation/v4/flows"),
        ("/automation/2026-03/workflow-id-mappings/batch/read",
         "/automation/v4/workflow-id-mappings/batch/read"),
        ("/automation/actions/2026-03/5", "/automation/v4/actions/5"),
        ("/automation/sequences/2026-03/enrollments", "/automation/v4/sequences/enrollments"),
        ("/marketing/emails/2026-03/5", "/marketing/v3/emails/5"),
        ("/marketing/transactional/2026-03/single-email/send",
         "/marketing/v3/transactional/single-email/send"),
        ("/communication-preferences/2026-03/definitions",
         "/communication-preferences/v4/definitions"),
        ("/events/2026-03/send", "/events/v3/send"),
        ("/events/2026-03/event-definitions/x", "/events/v3/event-definitions/x"),
        ("/oauth/2026-03/token", "/oauth/v1/token"),
        ("/automation/actions/callbacks/2026-03/complete", "/automation/v4/actions/callbacks/complete"),
        ("/marketing/email-campaigns/2026-03/single-send", "/marketing/v4/email/single-send"),
        ("/events/event-occurrences/2026-03/event-types", "/events/v3/events/event-types"),
        ("/crm/v3/objects/0-1", None),
        ("/crm/objects/2026-13x/0-1", None),
    ],
)  # fmt: skip
def test_dates_stand_for_versions(dated: str, versioned: str | None) -> None:
    assert routing.undated(dated) == versioned
