"""Every main page in a real browser: accessible, without other hosts, usable with the keyboard."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, Request, sync_playwright
from pytest_django.live_server_helper import LiveServer

from crm import associations, changes, clock, event_editing, event_sending
from crm.changes import Source, SourceKind
from crm.event_sending import Given
from crm.lists import membership
from crm.models import (
    Collected,
    CustomEvent,
    CustomEventProperty,
    Form,
    ImportJob,
    List,
    TrackedSite,
)
from crm.sql import sql
from crm.tests.custom_world import make_car
from crm.tracking import processing
from emails import publishing as emails
from emails.models import Email
from workflows import engine, enrollment, flows, publishing, triggers
from workflows.models import Enrollment, OutboxMessage, Workflow
from workflows.tests.documents import branch, city, delay, edit, flow, list_based, node

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Width of the window.
WIDTHS = {"desk": 1440, "phone": 390}
QUIET = "() => !document.querySelector('.htmx-request') && document.body.dataset.ready"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="There is no chromium: apt install chromium."),
]


@dataclass
class World:
    """An installation in which something has happened, and what a browser needs to see it."""

    url: str
    session: str
    record: int
    email: int
    contact_list: int
    job: int
    workflow: int
    unfinished: int
    message: int
    schema: int
    event: int
    form: str

    def pages(self) -> list[str]:
        contact, workflow = f"/admin/crm/contact/{self.record}", "/admin/workflows/workflow"
        mine = f"{workflow}/{self.workflow}"
        return [
            "/admin/",
            "/admin/health/",
            "/admin/api/",
            "/admin/crm/contact/",
            "/admin/crm/contact/?q=nobody",
            "/admin/crm/contact/?lifecyclestage=lead",
            "/admin/crm/contact/add/",
            "/admin/crm/contact/filter/",
            "/admin/crm/deal/",
            f"{contact}/",
            f"{contact}/?tab=properties",
            f"{contact}/?tab=workflows",
            f"{contact}/change/",
            f"{contact}/delete/",
            f"{contact}/merge/?q=berg",
            f"{contact}/merge/?with={self.record - 1}",
            f"{contact}/erase/",
            f"{contact}/associate/?to=company&q=e",
            "/admin/crm/contact/columns/",
            "/admin/crm/contact/views/add/",
            "/admin/crm/company/archived/",
            "/admin/crm/list/",
            f"/admin/crm/list/{self.contact_list}/change/",
            "/admin/crm/list/add/?object_type=0-1",
            "/admin/crm/list/deleted/",
            "/admin/crm/exportjob/",
            "/admin/crm/team/",
            "/admin/crm/team/add/",
            "/admin/crm/permissionset/add/",
            "/admin/crm/associationtype/",
            "/admin/crm/associationtype/add/",
            "/admin/crm/property/",
            "/admin/crm/property/add/",
            "/admin/crm/objectschema/",
            "/admin/crm/objectschema/add/",
            f"/admin/crm/objectschema/{self.schema}/change/",
            "/admin/crm/p1_car/",
            "/admin/crm/p1_car/add/",
            "/admin/crm/importjob/",
            "/admin/crm/importjob/add/",
            f"/admin/crm/importjob/{self.job}/change/",
            "/admin/crm/owner/",
            "/admin/crm/pipeline/",
            "/admin/crm/pipeline/add/",
            "/admin/crm/apitoken/",
            "/admin/crm/customevent/",
            "/admin/crm/customevent/add/",
            f"/admin/crm/customevent/{self.event}/change/",
            "/admin/crm/form/",
            "/admin/crm/form/add/",
            f"/admin/crm/form/{self.form}/change/",
            "/admin/crm/trackedsite/",
            "/admin/crm/trackedsite/add/",
            "/admin/crm/apitoken/add/",
            "/admin/crm/oauthapp/add/",
            "/oauth/authorize?client_id=nobody",
            f"{workflow}/",
            f"{workflow}/add/",
            f"{mine}/",
            f"{mine}/?tab=enrollments&why={self.record}",
            f"{mine}/?tab=log",
            f"{mine}/?tab=revisions&revision=1",
            f"{mine}/change/",
            f"{mine}/enroll/",
            f"{mine}/trigger/",
            f"{workflow}/{self.unfinished}/",
            f"{workflow}/{self.unfinished}/turn-on/",
            "/admin/emails/email/",
            "/admin/emails/email/add/",
            f"/admin/emails/email/{self.email}/change/",
            "/admin/workflows/outboxmessage/",
            f"/admin/workflows/outboxmessage/{self.message}/change/",
            "/admin/subscriptions/plan/",
            "/admin/auth/user/",
            "/admin/auth/user/add/",
            "/admin/auth/group/",
            "/mailbox/",
        ]


@pytest.fixture
def world(live_server: LiveServer) -> World:
    user = User.objects.create_superuser("liv", "liv@example.com", "x", first_name="Liv")
    client = Client()
    client.force_login(user)
    source = Source(kind=SourceKind.CRM_UI, user_id=user.pk)
    begin = clock.now() - timedelta(days=8)
    email = Email(name="Welcome", subject="Hello {{ contact.firstname }}",
                  from_address="ada@example.com", html="<h1>Hello</h1>")  # fmt: skip
    emails.publish(email)
    stages = ["lead", "customer", "subscriber", "opportunity"]
    with clock.at(begin):
        rows = [
            {"email": f"p{n}@example.com", "firstname": "Ana", "lastname": f"Berg {n}",
             "lifecyclestage": stages[n % 4], "city": "Oslo", "hs_lead_status": "NEW"}
            for n in range(60)
        ]  # fmt: skip
        ids = changes.create("0-1", rows, source)
        companies = changes.create("0-2", [{"name": "Nord Energi"}], source)
        changes.create("0-3", [{"dealname": "Renewal", "amount": 900}], source)
        changes.archive(
            "0-2", changes.these(changes.create("0-2", [{"name": "Old"}], source)), source
        )
        kind = associations.between("0-1", "0-2")
        associations.associate(kind, associations.pairs((n, companies[0]) for n in ids))
        workflow = _workflow(email)
        publishing.turn_on(workflow.pk, enroll_existing=True)
        enrollment.enroll(flows.published(workflow), ids[-10:])
        triggers.match()
        engine.run(10)
    with clock.at(begin + timedelta(days=4)):
        engine.run(10)
    for value in range(40):
        changes.update("0-1", {ids[-1]: {"hubspotscore": value}}, source)
    newsletter = List.objects.create(name="Newsletter", object_type="0-1", created_at=begin)
    chosen = sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=ids)
    membership.add(newsletter, chosen)
    _make_trouble()
    return World(
        url=live_server.url,
        session=client.cookies["sessionid"].value,
        record=ids[-1],
        email=email.pk,
        contact_list=newsletter.pk,
        job=ImportJob.objects.create(
            object_type="0-1", file_name="people.csv", state="DONE", total_rows=10, done_rows=10,
            rejected_rows=2, created_records=8, message="Read as UTF-8.", created_at=begin,
            updated_at=begin,
        ).pk,
        workflow=workflow.pk,
        unfinished=publishing.create(flow(node("1", "0-99"), name="Unfinished")).pk,
        message=OutboxMessage.objects.order_by("pk")[0].pk,
        schema=make_car().schema_id,
        event=_order_paid(ids[-1]),
        form=_submitted_form(),
    )  # fmt: skip


def _order_paid(record: int) -> int:
    """A custom event with properties, that happened once."""
    amount = CustomEventProperty(name="amount", label="Amount", type="number")
    event = event_editing.create(CustomEvent(name="order_paid", label="Order paid"), [amount])
    given = Given(name="pe1_order_paid", record_id=record, properties={"amount": 12})
    assert event_sending.send([given], Source(kind=SourceKind.API)) == {}
    return event.pk


def _submitted_form() -> str:
    """A form that was found on a tracked website."""
    TrackedSite.objects.create(host="www.example.com")
    item = {
        "kind": "submission", "form": "contact", "host": "www.example.com",
        "email": "p1@example.com", "page": {"hs_url": "https://www.example.com/contact"},
        "fields": [["email", "p1@example.com"], ["city", "Oslo"]],
    }  # fmt: skip
    Collected.objects.create(item=item, at=clock.now())
    processing.process()
    return str(Form.objects.get().pk)


def _workflow(email: Email) -> Workflow:
    arms = [("In Oslo", city("Oslo"), "4"), ("In Rome", city("Rome"), None)]
    return publishing.create(
        flow(
            node("1", "0-4", "2", content_id=str(email.pk)),
            delay("2", 3, then="3"),
            branch("3", arms, None),
            edit("4", "industry", "Food"),
            name="Lead nurture",
            criteria=list_based(),
        )
    )


def _make_trouble() -> None:
    """A failed enrollment, and messages that failed or are of unknown fate."""
    stuck = Enrollment.objects.filter(state=1).order_by("pk").first()
    if stuck is None:
        stuck = Enrollment.objects.order_by("pk")[0]
    Enrollment.objects.filter(pk=stuck.pk).update(
        state=4, slot=stuck.pk, error="It broke.", ended_at=clock.now()
    )
    messages = list(OutboxMessage.objects.order_by("pk")[:2])
    for message, state in zip(messages, (5, 4), strict=True):
        OutboxMessage.objects.filter(pk=message.pk).update(state=state, error="550 no mailbox")


@dataclass
class Visit:
    """A page in a browser, and what went wrong on it."""

    page: Page
    world: World
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        response = self.page.goto(self.world.url + path)
        assert response is None or response.status != 404, path
        self.settle()

    def settle(self) -> None:
        """Wait until scripts have run and the fragments of the page have come."""
        self.page.wait_for_function(QUIET)

    def violations(self) -> list[str]:
        """What breaks WCAG 2.2 AA, by day and by night."""
        return [f"{scheme}: {words}" for scheme in ("light", "dark") for words in self._axe(scheme)]

    def _axe(self, scheme: str) -> list[str]:
        # What the theme does when the system is dark; it looks only while the page loads.
        self.page.evaluate(
            "isDark => document.documentElement.classList.toggle('dark', isDark)",
            scheme == "dark",
        )
        found = Axe().run(self.page, options={"runOnly": WCAG}).response["violations"]
        return [f"{item['id']}: {node['html'][:120]}" for item in found for node in item["nodes"]]


@contextmanager
def browser() -> Iterator[Browser]:
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        try:
            yield chromium
        finally:
            chromium.close()


@contextmanager
def visit(world: World, view: str = "desk", *, is_logged_in: bool = True) -> Iterator[Visit]:
    with browser() as chromium:
        context = chromium.new_context(
            viewport={"width": WIDTHS[view], "height": 900}, reduced_motion="reduce"
        )
        if is_logged_in:
            cookie = {"name": "sessionid", "value": world.session, "url": world.url}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        visited = Visit(page, world)
        page.on("request", lambda request: _note_request(visited, request.url))
        page.on("pageerror", lambda error: visited.errors.append(str(error)))
        page.on("requestfailed", lambda request: _note_failure(visited, request))
        yield visited


def _note_request(visited: Visit, url: str) -> None:
    if not url.startswith((visited.world.url, "data:", "about:", "blob:")):
        visited.foreign.append(url)


def _note_failure(visited: Visit, request: Request) -> None:
    if request.failure == "csp" and request.url in visited.foreign:
        # The page forbade it: it never left.
        visited.foreign.remove(request.url)
    else:
        visited.errors.append(f"{request.url}: {request.failure}")


@pytest.mark.parametrize("view", list(WIDTHS))
def test_every_page_is_accessible_fits_and_asks_no_other_host(world: World, view: str) -> None:
    found: dict[str, list[str]] = {}
    with visit(world, view) as visited:
        for path in world.pages():
            visited.go(path)
            wrong = visited.violations()
            width = visited.page.evaluate("document.documentElement.scrollWidth")
            if width > WIDTHS[view]:
                wrong.append(f"{width} px wide")
            if wrong:
                found[path] = wrong
        assert (visited.foreign, visited.errors) == ([], [])
    assert found == {}, "\n".join(f"{path}: {wrong}" for path, wrong in found.items())


def test_a_dark_system_gets_a_dark_page(world: World) -> None:
    with visit(world) as visited:
        visited.page.emulate_media(color_scheme="dark")
        visited.go("/admin/")
        body = visited.page.locator("body")
        assert "dark" in (visited.page.locator("html").get_attribute("class") or "")
        shade = body.evaluate("element => getComputedStyle(element).backgroundColor")
        assert shade.startswith("oklch(0.2")


def test_the_login_is_accessible_and_works(world: World) -> None:
    with visit(world, is_logged_in=False) as visited:
        visited.go("/admin/")
        assert visited.violations() == []
        visited.page.keyboard.type("liv")
        visited.page.keyboard.press("Tab")
        visited.page.keyboard.type("x")
        visited.page.keyboard.press("Enter")
        visited.page.wait_for_url(f"{world.url}/admin/")
        assert visited.page.get_by_role("heading", name="Hello Liv").is_visible()
        assert (visited.foreign, visited.errors) == ([], [])


def test_a_list_is_used_with_the_keyboard_alone(world: World) -> None:
    with visit(world) as visited:
        page = visited.page
        visited.go("/admin/crm/contact/")
        page.keyboard.press("/")
        page.keyboard.type("berg 7")
        page.keyboard.press("Enter")
        page.wait_for_url("**q=berg+7*")
        visited.settle()
        _tab_to(page, "Filters")
        page.keyboard.press("Enter")
        page.wait_for_timeout(200)
        assert page.evaluate("document.activeElement.name") == "email"
        page.keyboard.press("Escape")
        assert not page.locator("#changelist-filter").is_visible()
        _tab_to(page, "AB Ana Berg 7 p7@example.com")
        page.keyboard.press("Enter")
        visited.settle()
        assert page.get_by_role("heading", name="Ana Berg 7").is_visible()


def test_the_account_menu_and_the_actions_open_with_the_keyboard(world: World) -> None:
    with visit(world) as visited:
        page = visited.page
        visited.go(f"/admin/crm/contact/{world.record}/")
        _tab_to(page, "Liv liv@example.com")
        page.keyboard.press("Enter")
        assert page.get_by_role("button", name="Log out").is_visible()
        _tab_to(page, "Actions")
        page.keyboard.press("Enter")
        assert page.get_by_role("button", name="Enroll in a workflow").is_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Escape")
        assert not page.get_by_role("button", name="Enroll in a workflow").is_visible()
        assert "Actions" in page.evaluate("document.activeElement.innerText")


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until the control with this text has the focus."""
    for _ in range(150):
        page.keyboard.press("Tab")
        text = page.evaluate(
            "document.activeElement.matches('a, button, summary, [role=button]')"
            " ? document.activeElement.innerText : ''"
        )
        if name in " ".join(text.split()):
            return
    raise AssertionError(f"The keyboard does not come to {name!r}.")


def test_the_keyboard_gets_past_the_menu(world: World) -> None:
    with visit(world) as visited:
        visited.go("/admin/")
        visited.page.keyboard.press("Tab")
        assert visited.page.evaluate("document.activeElement.innerText") == "Skip to the content"
        visited.page.keyboard.press("Enter")
        _tab_to(visited.page, "Contacts 60")


def test_older_entries_of_the_timeline_come_without_leaving_the_page(world: World) -> None:
    with visit(world) as visited:
        page = visited.page
        visited.go(f"/admin/crm/contact/{world.record}/")
        entries = page.locator(".co-entry")
        before = entries.count()
        page.get_by_role("link", name="Load older").click()
        page.wait_for_function(f"document.querySelectorAll('.co-entry').length > {before}")
        assert visited.violations() == []
        assert page.locator(".co-day").count() == len(
            set(page.locator(".co-day").all_inner_texts())
        )


def test_the_preview_of_an_email_follows_the_form(world: World) -> None:
    with visit(world) as visited:
        page = visited.page
        visited.go(f"/admin/emails/email/{world.email}/change/")
        html = "<p>Fresh words</p><img src='https://elsewhere.example.com/x.png'>"
        page.get_by_label("HTML").fill(html)
        shown = page.frame_locator("iframe").get_by_text("Fresh words")
        shown.wait_for()
        page.get_by_label("HTML").fill("{{ contact.firstname")
        page.locator("#preview-result [role=alert]").wait_for()
        assert (visited.foreign, visited.errors) == ([], [])


def test_the_number_who_meet_the_triggers_is_counted_before_turning_on(world: World) -> None:
    with visit(world) as visited:
        visited.go(f"/admin/workflows/workflow/{world.workflow}/")
        visited.page.get_by_role("button", name="Turn off").click()
        visited.page.get_by_role("link", name="Turn on").click()
        visited.page.get_by_text("15 contacts meet the triggers now").wait_for()


def test_many_records_are_chosen_and_changed_in_the_list(world: World) -> None:
    with visit(world) as visited:
        page = visited.page
        visited.go("/admin/crm/contact/?lifecyclestage=lead")
        page.locator("#action-toggle").check()
        page.get_by_label("Select action to run").select_option("set_property")
        assert visited.violations() == []
        page.get_by_role("button", name="Run").click()
        page.get_by_label("Property").select_option("city")
        page.get_by_label("New value").fill("Bergen")
        assert visited.violations() == []
        page.get_by_role("button", name="Set value").click()
        page.get_by_text("15 contacts changed.").wait_for()
