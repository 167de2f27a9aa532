"""Every route answers every error in JSON, and every success with the code that clients know.

JavaScript cannot read an error that is a page or nothing (A-037), and throws over a code of
success that it does not expect (A-035); codes are held to the document by every test of the API.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm import clock
from crm.api import document, wire
from crm.features import API_BURST
from crm.tests import conforming
from crm.tests.api_world import Answer, Api, agree, new_api
from crm.tests.writing import people
from tests.recording import MOMENT

pytestmark = pytest.mark.django_db

OPERATIONS = [
    (method.upper(), path, operation)
    for path, methods in document.build()["paths"].items()
    for method, operation in methods.items()
]
#: A path, with something in its braces.
PARTS = {"object_type": "0-3", "start": "0-1", "end": "0-2", "key": "999999"}


def filled(path: str) -> str:
    for name, part in PARTS.items():
        path = path.replace(f"{{{name}}}", part)
    return path.replace("{", "").replace("}", "")


def require(answer: Answer, status: int, what: str) -> None:
    assert answer.status == status, (what, answer.body)
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8", what
    conforming.check_error(answer.body)


def test_without_a_token_every_operation_says_so() -> None:
    stranger = Api(new_api().token, "pat-eu1-unknown")
    for method, path, operation in OPERATIONS:
        if operation.get("security"):
            require(stranger(method, filled(path)), 401, f"{method} {path}")


def test_without_scopes_every_operation_that_has_one_says_so() -> None:
    powerless = new_api("tickets")
    refused = 0
    for method, path, operation in OPERATIONS:
        if operation.get("security"):
            answer = powerless(method, filled(path), {})
            if answer.status >= 400:
                conforming.check_error(answer.body)
            refused += answer.status == 403
    assert refused > len(OPERATIONS) * 0.8


def test_every_route_names_a_method_that_it_does_not_have() -> None:
    api = new_api()
    agree(API_BURST, None)
    for path, methods in document.build()["paths"].items():
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - {
            name.upper() for name in methods
        }:
            answer = api(method, filled(path))
            # Where a name may stand for what another route is called, that one is asked.
            if answer.status != 405:
                assert answer.status in (200, 204, 400, 404), (method, path)
            if answer.body is not None and answer.status >= 400:
                conforming.check_error(answer.body)


@pytest.mark.parametrize(
    ("raw", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"a=b", {"Content_Type": "text/plain"}, 415),
        (b"[" * 100_000, {}, 400),
        (b" " * 2000, {}, 413),
    ],
)
def test_every_body_that_cannot_be_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, raw: bytes, headers: dict[str, str], status: int
) -> None:
    api = new_api()
    agree(API_BURST, None)
    if status == 413:
        monkeypatch.setattr(wire, "MOST_BYTES", 1000)
    for method, path, operation in OPERATIONS:
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            continue
        answer = api.raw(method, filled(path), raw, **headers)
        # Some look for what the address names first.
        assert answer.status in (status, 404), (method, path, answer.body)
        conforming.check_error(answer.body)


def test_beyond_the_limit_every_operation_says_when_to_come_again() -> None:
    api = new_api()
    agree(API_BURST, 0)
    with clock.at(MOMENT):
        for method, path, operation in OPERATIONS:
            if operation.get("security"):
                answer = api(method, filled(path))
                require(answer, 429, f"{method} {path}")
                assert answer.headers["Retry-After"] == "10"


def test_a_fault_of_ours_is_in_the_envelope_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(*args: Any) -> None:
        raise RuntimeError("secret detail")

    api = new_api()
    monkeypatch.setattr("crm.api.endpoint.rate_limits.count", break_down)
    for method, path, operation in OPERATIONS:
        if operation.get("security"):
            answer = api(method, filled(path))
            require(answer, 500, f"{method} {path}")
            assert "secret" not in str(answer.body)


def test_conflicts_say_that_they_are_not_to_be_repeated() -> None:
    """A-045: a client that tries again after a conflict would write twice."""
    api = new_api()
    person = {"properties": {"email": "ana@example.com"}}
    api.made("/crm/v3/objects/contacts", person)
    answer = api.post("/crm/v3/objects/contacts", person)
    require(answer, 409, "contacts")
    assert answer.headers["x-should-retry"] == "false"
    group = {"name": "cars", "label": "Cars"}
    api.made("/crm/v3/properties/contacts/groups", group)
    answer = api.post("/crm/v3/properties/contacts/groups", group)
    require(answer, 409, "groups")
    assert answer.headers["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "path",
    ["/crm/v3/objects/contacts", "/crm/objects/2026-03/0-1", "/crm/v3/objects/contacts/"],
)
def test_pages_are_walked_by_their_links(path: str) -> None:
    """A-052: the link is absolute and repeats everything; the last page has no paging."""
    api, ids = new_api(), people(5)
    address, seen = f"{path}?limit=2&properties=email&properties=city&archived=False", []
    for _ in range(3):
        page = api.get(address).body
        seen += [row["id"] for row in page["results"]]
        if "paging" in page:
            link = page["paging"]["next"]["link"]
            assert link.startswith(f"http://testserver{path}?limit=2&properties=email&")
            assert link.endswith(f"&after={page['paging']['next']['after']}")
            address = link.removeprefix("http://testserver")
    assert seen == [str(key) for key in ids]
    assert "paging" not in page


@pytest.mark.parametrize("path", ["/crm/v3/objects/contacts", "/api/nothing", "/events/v3/send"])
def test_a_host_that_is_not_ours_is_refused_in_json(path: str) -> None:
    answer = Client(raise_request_exception=False).get(path, headers={"host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/json; charset=utf-8")
    conforming.check_error(answer.json())


def test_other_pages_keep_their_errors() -> None:
    answer = Client(raise_request_exception=False).get("/nowhere")
    assert (answer.status_code, answer["Content-Type"]) == (404, "text/html; charset=utf-8")
