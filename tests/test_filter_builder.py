"""The filter builder in a real browser: built with the keyboard, built on a phone, changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page
from pytest_django.live_server_helper import LiveServer

from crm import changes
from crm.changes import Source, SourceKind
from crm.tests import filter_page
from crm.tests.filter_world import on
from tests.test_pages import CHROMIUM, QUIET, WCAG, WIDTHS, browser

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("crm.tests.filter_page"),
    pytest.mark.skipif(CHROMIUM is None, reason="There is no chromium: apt install chromium."),
]


@pytest.fixture(autouse=True)
def _patient_estimates(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the first count may take longer than people would wait."""
    monkeypatch.setattr("crm.filters.estimate.MILLISECONDS", 30_000)


@pytest.fixture
def session() -> str:
    user = User.objects.create_superuser("liv", "liv@example.com", "x")
    cities = ["Oslo", "Bergen", "Rome"]
    rows = [
        {"email": f"p{n}@example.com", "city": cities[n % 3], "hubspotscore": n} for n in range(30)
    ]
    changes.create("0-1", rows, Source(kind=SourceKind.CRM_UI, user_id=user.pk))
    client = Client()
    client.force_login(user)
    filter_page.saved.clear()
    filter_page.initial.clear()
    return client.cookies["sessionid"].value


@contextmanager
def opened(server: LiveServer, session: str, view: str) -> Iterator[Page]:
    """The page with a builder; fails when a script did, also against the policy of the page."""
    with browser() as chromium:
        size: Any = {"width": WIDTHS[view], "height": 900}
        context = chromium.new_context(viewport=size, reduced_motion="reduce")
        context.add_cookies([{"name": "sessionid", "value": session, "url": server.url}])
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        page.goto(f"{server.url}/admin/demo/")
        page.wait_for_function(QUIET)
        yield page
        assert errors == []


def accessible(page: Page, view: str) -> bool:
    found = Axe().run(page, options={"runOnly": WCAG}).response["violations"]
    assert found == [], found
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS[view]
    return True


def active(page: Page) -> tuple[str, str]:
    """The role of what has the focus, and the option that it speaks of."""
    role, label = page.evaluate(
        "() => { const input = document.activeElement; const id ="
        " input.getAttribute('aria-activedescendant'); return [input.getAttribute('role'),"
        " document.getElementById(id).querySelector('span').firstChild.textContent]; }"
    )
    return role, label


def save(page: Page) -> Any:
    with page.expect_response("**/admin/demo/"):
        page.get_by_role("button", name="Save").click()
    page.wait_for_load_state()
    return filter_page.saved[-1] if filter_page.saved else None


def test_a_filter_is_built_with_the_keyboard_alone(live_server: LiveServer, session: str) -> None:
    with opened(live_server, session, "desk") as page:
        keys = page.keyboard
        page.get_by_role("button", name="Add filter").focus()
        keys.press("Enter")
        keys.type("cit")
        page.locator("[role=option][aria-selected=true]", has_text="City").wait_for()
        assert active(page) == ("combobox", "City")
        assert accessible(page, "desk")
        keys.press("Enter")
        page.get_by_label("City: texts").wait_for()
        keys.type("Oslo")
        keys.press("Enter")
        keys.type("Rome")
        page.get_by_text("20 contacts match now").wait_for()
        for _ in range(3):
            keys.press("Tab")
        keys.press("Enter")
        page.get_by_role("combobox", name="Search properties").wait_for()
        keys.press("Escape")
        assert page.evaluate("document.activeElement.innerText.trim()").endswith("Add filter")
        keys.press("Enter")
        keys.type("score")
        keys.press("Enter")
        page.get_by_label("Score: number").wait_for()
        keys.type("many")
        page.get_by_text("Number: 'many' is not a number.").wait_for()
        keys.press("Control+a")
        keys.type("3")
        page.get_by_text("1 contact matches now").wait_for()
        assert accessible(page, "desk")
        made = save(page)
    (group,) = made["filterBranches"]
    assert [item["property"] for item in group["filters"]] == ["city", "hubspotscore"]
    assert group["filters"][0]["operation"]["values"] == ["Oslo", "Rome"]


def test_a_filter_is_built_on_a_phone(live_server: LiveServer, session: str) -> None:
    with opened(live_server, session, "phone") as page:
        page.get_by_role("button", name="Add filter").click()
        page.get_by_label("Search properties and other filters").fill("create date")
        page.get_by_role("option", name="Create date").click()
        page.get_by_label("Create date: operator").select_option(label="is in this …")
        page.get_by_label("Create date: unit").select_option("YEAR")
        page.get_by_text("(UTC)").first.wait_for()
        page.get_by_role("button", name="Or: add a group").click()
        page.get_by_role("option", name="City").click()
        entry = page.get_by_label("City: texts")
        entry.evaluate(
            "(input) => { const data = new DataTransfer(); data.setData('text', 'Oslo\\nRome\\n');"
            " input.dispatchEvent(new ClipboardEvent('paste',"
            " {clipboardData: data, bubbles: true, cancelable: true})); }"
        )
        page.get_by_role("button", name="Remove Rome").click()
        page.get_by_role("button", name="Copy the group").last.click()
        page.get_by_text("Group 3").wait_for()
        page.get_by_role("button", name="Remove the group").last.click()
        page.get_by_text("30 contacts match now").wait_for()
        assert accessible(page, "phone")
        made = save(page)
    first, second = made["filterBranches"]
    assert first["filters"][0]["operation"]["timeUnit"] == "YEAR"
    assert second["filters"][0]["operation"]["values"] == ["Oslo"]


def test_a_filter_is_changed_and_what_cannot_be_drawn_stays(
    live_server: LiveServer, session: str
) -> None:
    deep = {"filterBranchType": "NOT_ANY", "filters": [on("city", "IS_UNKNOWN")]}
    city = on("city", "IS_EQUAL_TO", operationType="MULTISTRING", values=["Oslo"])
    rows = {"filters": [city], "filterBranches": [deep]}
    filter_page.initial.append(
        {"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "AND", **rows}]}
    )
    with opened(live_server, session, "desk") as page:
        page.get_by_text("10 contacts match now").wait_for()
        page.get_by_text("This part can be read and removed here").wait_for()
        page.get_by_label("City: operator").select_option(label="contains")
        page.get_by_role("button", name="Remove Oslo").wait_for()
        page.get_by_role("button", name="Add filter").click()
        page.keyboard.type("email")
        page.keyboard.press("Enter")
        page.get_by_label("Email: texts").wait_for()
        save(page)
        assert filter_page.saved == []
        assert page.get_by_text("A filter needs attention").is_visible()
        page.get_by_text("Fill in what is empty.").wait_for()
        assert accessible(page, "desk")
        page.get_by_role("button", name="Remove the filter Email").click()
        made = save(page)
    (group,) = made["filterBranches"]
    assert group["filterBranches"] == [deep]
    assert [item["operation"]["operator"] for item in group["filters"]] == ["CONTAINS"]
