from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from crm.models import Collected, TrackedSite, TrackingUsage
from crm.tests.browsing import queries_of
from crm.tracking import addresses, collecting, reading

pytestmark = pytest.mark.django_db

TOKEN = "00112233445566778899aabbccddeeff"
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"
PAGE = {"kind": "page", "url": "https://shop.example.com/a?b=1", "title": "A"}


@pytest.fixture(autouse=True)
def site() -> None:
    TrackedSite.objects.create(host="shop.example.com")
    TrackedSite.objects.create(host="example.org", with_subdomains=True)


def report(*items: Any, visitor: Any = TOKEN) -> bytes:
    return json.dumps({"visitor": visitor, "items": list(items)}).encode()


def send(
    raw: bytes,
    *,
    origin: str = "https://shop.example.com",
    method: str = "POST",
    agent: str = BROWSER,
    near: str = "203.0.113.7",
    **headers: str,
) -> Any:
    given = {"Origin": origin, "User-Agent": agent}
    given |= {name.replace("_", "-"): text for name, text in headers.items()}
    return Client(raise_request_exception=False).generic(
        method, "/tracking/collect", raw, content_type="text/plain", headers=given,
        REMOTE_ADDR=near,
    )  # fmt: skip


def test_a_report_waits_to_be_worked_off() -> None:
    answer = send(report(PAGE))
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example.com"
    (waiting,) = Collected.objects.all()
    assert str(waiting.visitor).replace("-", "") == TOKEN
    assert waiting.item == {
        "kind": "page",
        "page": {
            "hs_url": "https://shop.example.com/a?b=1",
            "hs_title": "A",
            "hs_page_id": "shop.example.com/a",
        },
    }


@pytest.mark.parametrize(
    ("origin", "url", "status"),
    [
        ("https://www.example.org", "https://www.example.org/", 204),
        ("https://example.org", "https://example.org/", 204),
        ("https://badexample.org", "https://badexample.org/", 403),
        ("https://shop.example.com:8443", "https://shop.example.com:8443/", 403),
        ("https://www.shop.example.com", "https://www.shop.example.com/", 403),
        ("https://evil.example.net", "https://shop.example.com/", 400),
        ("null", "https://shop.example.com/", 403),
        ("", "https://shop.example.com/", 403),
        ("https://shop.example.com\x00", "https://shop.example.com/", 403),
        ("https://shop.example.com/<script>", "https://shop.example.com/", 403),
    ],
)
def test_only_pages_of_known_sites_may_report(origin: str, url: str, status: int) -> None:
    answer = send(report(PAGE | {"url": url}), origin=origin)
    assert (answer.status_code, answer.content) == (status, b"")
    assert Collected.objects.count() == (1 if status == 204 else 0)
    assert ("Access-Control-Allow-Origin" in answer) == (status == 204)


def test_a_preflight_is_answered_for_known_sites() -> None:
    answer = send(b"", method="OPTIONS")
    assert answer.status_code == 204
    assert answer["Access-Control-Allow-Methods"] == "POST"
    assert send(b"", method="OPTIONS", origin="https://evil.example.net").status_code == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(method: str) -> None:
    assert send(b"", method=method).status_code == 405


@pytest.mark.parametrize(
    "agent",
    [
        "", " ", "Googlebot/2.1 (+http://www.google.com/bot.html)", "curl/8.5",
        "Mozilla/5.0 HeadlessChrome/130", "python-requests/2.32", "Mozilla/5.0 (compatible; bingbot)",
    ],
)  # fmt: skip
def test_programs_are_ignored(agent: str) -> None:
    assert send(report(PAGE), agent=agent).status_code == 204
    assert not Collected.objects.exists()


@pytest.mark.parametrize("agent", [BROWSER, "Mozilla/5.0 (iPhone) Version/17.0 Mobile Safari"])
def test_people_are_not_taken_for_programs(agent: str) -> None:
    assert not collecting.is_bot(agent)


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 5000, b'{"items":{}}', b'{"items":[]}',
        report({"kind": "page"}), report({"kind": "eval", "url": "https://shop.example.com/"}),
        report(1, None, "x"), report(PAGE, visitor="x"), report(PAGE | {"url": "javascript:alert(1)"}),
        report({"kind": "view", "url": "https://shop.example.com/", "form": []}),
        report({"kind": "submission", "url": "https://shop.example.com/", "form": {"id": "a"}}),
        report({"kind": "identify", "email": 7}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_without_a_word(raw: bytes) -> None:
    answer = send(raw)
    assert (answer.status_code, answer.content) == (400, b"")
    assert not Collected.objects.exists()


def test_too_much_at_once_is_refused() -> None:
    assert send(b" " * (reading.MOST_BYTES + 1)).status_code == 413
    assert send(report(*[PAGE] * 50)).status_code == 204
    assert Collected.objects.count() == reading.MOST_ITEMS


def test_long_and_odd_texts_are_cut() -> None:
    odd = "\x00<b>\ud83d" + "é" * 3000
    item = PAGE | {"title": odd, "referrer": odd, "page": ["x"], "more": "y"}
    assert send(report(item)).status_code == 204
    page = Collected.objects.get().item["page"]
    assert page["hs_title"] == ("<b>" + "é" * 300)[:300]
    assert len(page["hs_referrer"]) == reading.LONGEST_URL
    assert "more" not in page


def test_fields_of_a_form_are_read() -> None:
    fields = [
        {"name": "Your-Email", "value": " liv@example.com ", "type": "text"},
        {"name": "topic", "value": "a", "type": "checkbox"},
        {"name": "topic", "value": "b", "type": "checkbox"},
        {"name": "", "value": "x"}, {"name": "n", "value": ""}, {"name": 7}, "x",
    ]  # fmt: skip
    item = PAGE | {"kind": "submission", "form": {"id": "", "key": "contact"}, "fields": fields}
    assert send(report(item, visitor=None)).status_code == 204
    (waiting,) = Collected.objects.all()
    assert waiting.visitor is None
    assert (waiting.item["form"], waiting.item["host"], waiting.item["email"]) == (
        "contact", "shop.example.com", "liv@example.com",
    )  # fmt: skip
    assert waiting.item["fields"] == [["Your-Email", "liv@example.com"], ["topic", "a;b"]]


def test_one_address_may_report_so_much_and_no_more(settings: Settings) -> None:
    settings.TRACKING_PER_ADDRESS = 3
    statuses = [send(report(PAGE)).status_code for _ in range(5)]
    assert statuses == [204, 204, 204, 429, 429]
    assert send(report(PAGE), near="203.0.113.8").status_code == 204
    assert Collected.objects.count() == 4
    assert "203" not in "".join(TrackingUsage.objects.values_list("address", flat=True))


def test_all_together_may_report_so_much_and_no_more(settings: Settings) -> None:
    settings.TRACKING_PER_MINUTE = 4
    statuses = [send(report(PAGE, PAGE), near=f"203.0.113.{n}").status_code for n in range(4)]
    assert statuses == [204, 204, 429, 429]
    assert Collected.objects.count() == 4


def test_a_new_minute_begins_anew(settings: Settings) -> None:
    settings.TRACKING_PER_ADDRESS = 1
    assert [send(report(PAGE)).status_code for _ in range(2)] == [204, 429]
    TrackingUsage.objects.update(minute=1)
    assert send(report(PAGE)).status_code == 204
    TrackingUsage.objects.update(minute=1)
    assert collecting.forget_usage() == 1


def test_proxies_are_believed_only_if_they_are_ours(settings: Settings, rf: Any) -> None:
    def sender(near: str, claimed: str) -> str:
        return addresses.sender(rf.get("/", REMOTE_ADDR=near, headers={"X-Forwarded-For": claimed}))

    plain = sender("203.0.113.7", "")
    assert sender("203.0.113.7", "198.51.100.1") == plain
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    assert sender("203.0.113.7", "198.51.100.1") == plain
    assert sender("10.0.0.1", "203.0.113.7") == plain
    assert sender("10.0.0.1", "spoofed, 203.0.113.7, 10.0.0.2") == plain
    assert sender("10.0.0.1", "198.51.100.1") != plain
    assert sender("2001:db8::1", "") == sender("2001:db8::2", "")
    assert sender("2001:db8::1", "") != sender("2001:db8:0:1::1", "")


def test_a_report_costs_one_statement_and_the_script_none(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_num_queries(1):
        send(report(*[PAGE] * 20))
    assert queries_of(Client(), "/tracking/cohort.js") == []


def test_nothing_is_shown_when_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise DatabaseError("secret table is gone")

    monkeypatch.setattr(collecting, "collect", fail)
    answer = send(report(PAGE))
    assert (answer.status_code, answer.content) == (503, b"")


def test_the_script_is_served_and_cached(client: Client) -> None:
    answer = client.get("/tracking/cohort.js")
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert len(answer.content) < 10_000
    assert b"http://" not in answer.content
    again = client.get("/tracking/cohort.js", headers={"If-None-Match": answer["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
