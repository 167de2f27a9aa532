from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from config import admin_site
from config.secrets import EmailTransport
from conftest import SameQueriesFor
from crm.access import EVERYTHING
from crm.admin import overview
from crm.tests.browsing import main_text, text_of, viewer
from crm.tests.writing import contacts, people
from workflows import doorbells
from workflows.tests.documents import delay, flow
from workflows.tests.world import enroll, live

pytestmark = pytest.mark.django_db


def menu_of(client: Client) -> dict[str, list[str]]:
    groups = client.get("/admin/").context["sidebar_navigation"]
    return {str(group["title"]): [item["title"] for item in group["items"]] for group in groups}


def test_the_menu_has_a_place_for_everything(admin_client: Client) -> None:
    menu = menu_of(admin_client)
    assert menu[""] == ["Home"]
    assert menu["CRM"][:5] == ["Contacts", "Companies", "Deals", "Tickets", "Tasks"]
    assert set(menu["CRM"]) > {"Lists", "Properties", "Imports"}
    assert menu["Automation"] == ["Workflows"]
    assert menu["Marketing"] == ["Emails", "Forms", "Tracking", "Mailbox", "Outbox"]
    assert set(menu["Settings"]) > {"Plan & limits", "Users", "Groups", "Owners", "Health"}


def test_the_menu_leads_to_pages_that_are_there(admin_client: Client) -> None:
    groups = admin_client.get("/admin/").context["sidebar_navigation"]
    links = [item["link"] for group in groups for item in group["items"]]
    assert [(link, admin_client.get(link).status_code) for link in links] == [
        (link, 200) for link in links
    ]


def test_the_menu_offers_only_what_may_be_seen() -> None:
    menu = menu_of(viewer("view_contact", "view_workflow"))
    assert menu["CRM"] == ["Contacts"]
    assert menu["Automation"] == ["Workflows"]
    assert menu["Settings"] == ["Health"]


def test_the_mailbox_is_in_the_menu_only_while_mail_stays_here(
    admin_client: Client, settings: Any
) -> None:
    settings.EMAIL_TRANSPORT = EmailTransport(host="mail.example.com", port=25)
    assert menu_of(admin_client)["Marketing"] == ["Emails", "Forms", "Tracking", "Outbox"]


def test_tables_of_packages_are_not_in_the_admin(admin_client: Client) -> None:
    assert admin_client.get("/admin/django_q/ormq/").status_code == 404


def test_the_start_page_leads_to_the_admin_and_asks_for_a_login(client: Client) -> None:
    assert client.get("/")["Location"] == "/admin/"
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain == [("/admin/login/?next=/admin/", 302)]
    assert "Welcome back to Cohort" in text_of(response)


def test_who_is_not_staff_sees_no_page(client: Client) -> None:
    client.force_login(User.objects.create_user("eve", password="x"))
    for url in ("/admin/", "/admin/health/", "/admin/crm/contact/"):
        assert client.get(url).status_code == 302


def test_home_shows_the_figures(admin_client: Client) -> None:
    doorbells.answer("beat/0")
    workflow = live(flow(delay("1", 3), name="Nurture"))
    enroll(workflow, people(3))
    page = main_text(admin_client.get("/admin/"))
    assert "Contacts 3 " in page
    assert "In workflows now 3" in page
    assert "Emails sent in 7 days 0" in page
    assert "Problems 0" in page
    assert "Nurture 3 3" in page
    assert "p0@example.com enrolled in Nurture" in page


def test_home_of_an_empty_installation_says_how_to_begin(admin_client: Client) -> None:
    page = main_text(admin_client.get("/admin/"))
    assert "Three steps to the first automation" in page
    people(1)
    page = main_text(admin_client.get("/admin/"))
    assert "Three steps" not in page


def test_home_costs_the_same_queries_for_10_and_100_records(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    workflow = live(flow(delay("1", 3)))

    def make(size: int) -> None:
        enroll(workflow, people(size, start=size))

    same_queries_for(make, lambda _: admin_client.get("/admin/"), sizes=(10, 100))


def test_many_records_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    people(5)
    assert overview.count_records("0-1", EVERYTHING) == "5"
    monkeypatch.setattr(overview, "MOST_COUNTED", 3)
    assert overview.count_records("0-1", EVERYTHING).startswith("about ")


def test_the_search_of_the_menu_finds_records_of_every_type(
    admin_client: Client, rf: Any, admin_user: User
) -> None:
    (ana,) = contacts({"email": "ana@example.com", "firstname": "Ana"})
    admin_client.post("/admin/crm/company/add/", {"name": "Ana & Sons"})
    request = rf.get("/admin/search/")
    request.user = admin_user
    found = admin_site.search_records(request, "ana")
    assert [(item.title, item.description) for item in found] == [
        ("Ana", "Contact"),
        ("Ana & Sons", "Company"),
    ]
    assert found[0].link == f"/admin/crm/contact/{ana}/"
    response = admin_client.get("/admin/search/?s=ana&extended=1")
    assert "Ana & Sons" in text_of(response)


def test_the_search_of_the_menu_shows_only_what_may_be_seen(rf: Any) -> None:
    contacts({"email": "ana@example.com"})
    viewer("view_company")
    request = rf.get("/admin/search/")
    request.user = User.objects.get(username="viewer")
    assert admin_site.search_records(request, "ana") == []


def test_users_are_added_and_edited(admin_client: Client) -> None:
    password = "a long enough secret"
    given = {"username": "bo", "password1": password, "password2": password}
    admin_client.post("/admin/auth/user/add/", given | {"usable_password": "true"})
    bo = User.objects.get(username="bo")
    assert admin_client.get(f"/admin/auth/user/{bo.pk}/change/").status_code == 200
    assert bo.check_password(password)
