"""A website of somebody else, on a port of its own, tells Cohort of its visitors."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

import pytest
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from crm import clock
from crm.models import Collected, Event, Form, Record, TrackedSite, Visitor, VisitorEvent
from crm.tracking import processing

Answer = TypeVar("Answer")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: The browser of the tests would say that nobody sits in front of it.
AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML) Chrome/130.0 Safari/537.36"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="There is no chromium: apt install chromium."),
]

FORM = """
<form id="contact" action="/thanks">
  <input name="email" type="email"><input name="first-name">
  <input type="hidden" name="csrf" value="secret-token">
  <input name="card" autocomplete="cc-number"><input name="colour">
  <button>Send</button>
</form>
"""
LOGIN = """
<form id="login" action="/in">
  <input name="email" type="email"><input name="p" type="password"><button>In</button>
</form>
"""


class Website:
    """Pages by path; each has the line that staff copy, with `attributes`."""

    def __init__(self, cohort: str) -> None:
        self.cohort = cohort
        self.bodies = {"/": FORM, "/login": LOGIN, "/thanks": "Thanks", "/pricing": "Prices"}
        self.attributes = ""
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.host = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.host}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                body = site.page(path).encode()
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        return Handler

    def page(self, path: str) -> str:
        return (
            f"<!doctype html><html><head><title>Page {path}</title>"
            f'<script async src="{self.cohort}/tracking/cohort.js" {self.attributes}></script>'
            f"</head><body>{self.bodies.get(path, '')}</body></html>"
        )


@pytest.fixture
def website(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Website]:
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    site = Website(live_server.url)
    TrackedSite.objects.create(host=site.host)
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def somebody(chromium: Browser, private: bool = False) -> BrowserContext:
    context = chromium.new_context(user_agent=AGENT)
    if private:
        context.add_init_script("Object.defineProperty(navigator, 'doNotTrack', {get: () => '1'})")
    return context


def visit(page: Page, address: str) -> None:
    """Open a page and wait until it has reported."""
    with page.expect_response("**/tracking/collect") as told:
        page.goto(address)
    assert told.value.status == 204


def apart(ask: Callable[[], Answer]) -> Answer:
    """Ask the database from a thread of its own: in this one runs the loop of the browser."""

    def run() -> Answer:
        try:
            return ask()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def send(page: Page) -> None:
    """Submit the form of a page; the report outlives the page, which cannot see it arrive."""
    page.locator("form button").click()
    page.wait_for_load_state("load")
    for _ in range(50):
        if apart(Collected.objects.filter(item__kind="submission").exists):
            return
        page.wait_for_timeout(100)
    raise AssertionError("The form was not reported.")


def work() -> None:
    while apart(processing.process):
        pass


def counts() -> tuple[int, int, int]:
    """Reports that wait, visitors, contacts."""
    return apart(
        lambda: (Collected.objects.count(), Visitor.objects.count(), Record.objects.count())
    )


def contact() -> dict[str, Any]:
    return apart(lambda: Record.objects.get().properties)


def told() -> list[Event]:
    """What happened to the one contact there is."""
    found = Event.objects.exclude(type="record.created").order_by("at", "id")
    return apart(lambda: list(found))


def cookies(context: BrowserContext, website: Website) -> list[str]:
    return [cookie["name"] for cookie in context.cookies(website.url)]


def test_a_visitor_becomes_a_contact(website: Website, chromium: Browser) -> None:
    context = somebody(chromium)
    page = context.new_page()
    visit(page, f"{website.url}/pricing?plan=large")
    work()
    assert counts() == (0, 1, 0)
    visit(page, website.url)
    for name, text in (
        ("email", "liv@example.com"), ("first-name", "Liv"),
        ("card", "4111111111111111"), ("colour", "red"),
    ):  # fmt: skip
        page.fill(f"[name={name}]", text)
    with page.expect_request(lambda request: b"/thanks" in (request.post_data_buffer or b"")):
        send(page)
    page.wait_for_timeout(400)
    work()
    known = contact()
    assert (known["email"], known["firstname"]) == ("liv@example.com", "Liv")
    events = told()
    pages = [(event.type, event.properties["hs_title"]) for event in events]
    assert pages[0] == ("page.visited", "Page /pricing")
    assert pages[-1] == ("page.visited", "Page /thanks")
    assert {event.type for event in events[1:-1]} == {
        "page.visited", "form.viewed", "form.interacted", "form.submitted",
    }  # fmt: skip
    assert events[0].properties["hs_url"] == f"{website.url}/pricing?plan=large"
    assert (events[0].source, events[-1].source) == ("VISITOR", "ANALYTICS")
    (submitted,) = (event for event in events if event.type == "form.submitted")
    assert submitted.properties["fields"] == {
        "email": "liv@example.com", "first-name": "Liv", "colour": "red",
    }  # fmt: skip
    assert cookies(context, website) == ["cohort_utk"]


def test_login_forms_and_the_private_are_left_alone(website: Website, chromium: Browser) -> None:
    page = somebody(chromium).new_page()
    visit(page, f"{website.url}/login")
    page.fill("[name=email]", "liv@example.com")
    page.fill("[name=p]", "secret")
    page.locator("button").click()
    page.wait_for_url("**/in*")
    page.wait_for_timeout(600)
    work()
    kept = apart(lambda: set(VisitorEvent.objects.values_list("type", flat=True)))
    assert (kept, told()) == ({"page.visited"}, [])
    private = somebody(chromium, private=True)
    page = private.new_page()
    page.goto(website.url)
    page.fill("[name=email]", "ole@example.com")
    page.locator("button").click()
    page.wait_for_url("**/thanks*")
    page.wait_for_timeout(600)
    assert counts() == (0, 1, 0)
    assert cookies(private, website) == []


def test_a_marked_form_arrives_from_the_private_too_without_a_cookie(
    website: Website, chromium: Browser
) -> None:
    form = apart(lambda: Form.objects.create(name="Contact us", created_at=clock.now()))
    website.bodies["/"] = FORM.replace("<form", f'<form data-cohort-form="{form.pk}"')
    private = somebody(chromium, private=True)
    page = private.new_page()
    page.goto(website.url)
    page.fill("[name=email]", "ole@example.com")
    send(page)
    work()
    assert contact()["email"] == "ole@example.com"
    assert [(event.type, event.source_id) for event in told()] == [("form.submitted", str(form.pk))]
    assert (counts(), cookies(private, website)) == ((0, 0, 1), [])


def test_nothing_is_told_before_consent_and_nothing_after_it_is_taken_back(
    website: Website, chromium: Browser
) -> None:
    website.attributes = 'data-consent="required"'
    context = somebody(chromium)
    page = context.new_page()
    page.goto(website.url)
    page.wait_for_function("() => window.cohort && window.cohort.isRunning")
    page.wait_for_timeout(400)
    assert (counts(), cookies(context, website)) == ((0, 0, 0), [])
    for command in (
        "cohort.push(['consent', true])",
        "cohort.push(['identify', {email: 'liv@example.com', city: 'Oslo'}])",
        "history.pushState({}, '', '/pricing')",
    ):
        with page.expect_response("**/tracking/collect"):
            page.evaluate(command)
    work()
    assert contact()["city"] == "Oslo"
    urls = [event.properties["hs_url"] for event in told() if event.type == "page.visited"]
    assert urls == [f"{website.url}/", f"{website.url}/pricing"]
    page.evaluate("cohort.push(['consent', false])")
    page.goto(f"{website.url}/pricing")
    page.wait_for_timeout(400)
    assert counts() == (0, 1, 1)
    assert cookies(context, website) == ["cohort_consent"]
