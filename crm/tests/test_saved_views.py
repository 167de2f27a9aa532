"""The columns of a list of records, and views that staff save of it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.auth.models import User
from django.test import Client

from conftest import SameQueriesFor
from crm import saved_views
from crm.access import Level
from crm.admin.advanced_filter import pack
from crm.models import Property, PropertyAccess, SavedView
from crm.saved_views import Contents, InvalidView
from crm.tests.browsing import main_text, queries_of, viewer
from crm.tests.filter_world import on
from crm.tests.writing import contacts
from crm.tests.writing import people as many

pytestmark = pytest.mark.django_db
LIST = "/admin/crm/contact/"


def headings(response: Any) -> list[str]:
    """The columns of the list as its first row has them."""
    page = response.content.decode()
    return re.findall(r'data-label="([^"]+)"', page.partition("<tbody")[2].partition("</tr>")[0])


def save(client: Client, query: str, name: str, audience: str = "own") -> SavedView:
    response = client.post(f"{LIST}views/add/?{query}", {"name": name, "audience": audience})
    assert response.status_code == 302, main_text(response)
    return SavedView.objects.get(name=name)


def in_oslo() -> dict[str, Any]:
    found = on("city", "IS_EQUAL_TO", operationType="MULTISTRING", values=["Oslo"])
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": [found]}
    return {"filterBranchType": "OR", "filterBranches": [branch], "filters": []}


@pytest.fixture
def people() -> None:
    contacts(
        {"firstname": "Ana", "city": "Oslo", "lifecyclestage": "lead", "jobtitle": "Pilot"},
        {"firstname": "Bo", "city": "Oslo", "lifecyclestage": "customer"},
        {"firstname": "Cy", "city": "Rome", "lifecyclestage": "lead"},
    )


def hide_from(user: User, name: str) -> None:
    definition = Property.objects.get(object_type="0-1", name=name)
    PropertyAccess.objects.create(definition=definition, user=user, level=Level.NONE)


def test_columns_are_chosen_and_stand_in_that_order(admin_client: Client, people: None) -> None:
    response = admin_client.post(
        f"{LIST}columns/?lifecyclestage=lead&before=99",
        {"columns": ["jobtitle", "city", "nonsense"], "show": "1"},
    )
    assert response["Location"] == f"{LIST}?lifecyclestage=lead&columns=jobtitle,city"
    shown = admin_client.get(response["Location"])
    assert headings(shown)[-2:] == ["Job title", "City"]
    assert "Pilot" in main_text(shown)
    assert "Bo" not in main_text(shown)


def test_columns_move_up_and_down_without_scripts(admin_client: Client) -> None:
    sent = {"columns": ["city", "jobtitle", "phone"]}
    for move, order in (
        ({"up": "phone"}, ["city", "phone", "jobtitle"]),
        ({"down": "city"}, ["jobtitle", "city", "phone"]),
        ({"up": "city"}, ["city", "jobtitle", "phone"]),
        ({"down": "phone"}, ["city", "jobtitle", "phone"]),
    ):
        response = admin_client.post(f"{LIST}columns/", sent | move)
        assert [item.name for item in response.context["chosen"]] == order, move


def test_a_list_has_at_least_one_column_and_not_too_many(admin_client: Client) -> None:
    response = admin_client.post(f"{LIST}columns/", {"show": "1"})
    assert "Choose at least one column." in main_text(response)
    names = list(Property.objects.filter(object_type="0-1").values_list("name", flat=True))
    too_many = names[: saved_views.MOST_COLUMNS + 1]
    response = admin_client.post(f"{LIST}columns/", {"columns": too_many, "show": "1"})
    assert "Choose up to 30 columns." in main_text(response)
    assert admin_client.get(f"{LIST}?columns=,,nonsense,").status_code == 200


def test_a_view_brings_its_columns_and_filters_back(admin_client: Client, people: None) -> None:
    query = f"lifecyclestage=lead&advanced={pack(in_oslo())}&columns=jobtitle,phone&before=99"
    view = save(admin_client, query, "Leads in Oslo")
    assert (view.columns, view.filters) == (["jobtitle", "phone"], {"lifecyclestage": "lead"})
    assert view.filter_branch == in_oslo()
    shown = admin_client.get(f"{LIST}?view={view.pk}", follow=True)
    page = main_text(shown)
    assert ("Ana" in page, "Bo" in page, "Cy" in page) == (True, False, False)
    assert headings(shown)[-2:] == ["Job title", "Phone number"]
    assert 'aria-current="page">Leads in Oslo' in shown.content.decode()
    # Filtering further keeps the view; its last filter can be taken away.
    assert f'name="view" value="{view.pk}"' in shown.content.decode()
    assert admin_client.get(f"{LIST}?view={view.pk}&applied=1").status_code == 200


def test_a_view_is_changed_to_what_is_shown_and_deleted(admin_client: Client) -> None:
    view = save(admin_client, "lifecyclestage=lead&columns=city", "Leads")
    url = f"{LIST}views/{view.pk}/"
    query = f"?view={view.pk}&applied=1&lifecyclestage=customer"
    admin_client.post(url + query, {"name": "Customers", "audience": "shared"})
    view.refresh_from_db()
    assert (view.name, view.columns, view.is_shared) == ("Customers", ["city"], True)
    assert view.filters == {"lifecyclestage": "customer"}
    admin_client.post(url, {"delete": "1"})
    assert not SavedView.objects.exists()
    after = admin_client.get(f"{LIST}?view={view.pk}", follow=True)
    assert "This view is not there any more" in main_text(after)


def test_what_is_wrong_with_a_view_stands_beside_its_field(admin_client: Client) -> None:
    save(admin_client, "", "Leads")
    for name, message in (
        ("leads", "There is a view named leads already."),
        ("", "This field is required."),
        ("x" * 101, "at most 100 characters"),
    ):
        sent = {"name": name, "audience": "own"}
        assert message in main_text(admin_client.post(f"{LIST}views/add/", sent)), name
    sent = {"name": "Mine", "audience": "everything"}
    assert "Select a valid choice" in main_text(admin_client.post(f"{LIST}views/add/", sent))
    for odd in ("x", "-1", "9" * 40, ""):
        assert admin_client.get(f"{LIST}?view={odd}", follow=True).status_code == 200, odd


def test_there_are_not_endlessly_many_views(admin_user: User) -> None:
    for n in range(saved_views.MOST_VIEWS):
        saved_views.create(admin_user, "0-1", f"v{n}", Contents(filters={}), is_shared=False)
    with pytest.raises(InvalidView, match="Delete one first"):
        saved_views.create(admin_user, "0-1", "more", Contents(filters={}), is_shared=False)
    saved_views.create(admin_user, "0-2", "other type", Contents(filters={}), is_shared=False)


def test_own_views_are_seen_by_their_owner_alone(admin_client: Client, people: None) -> None:
    own = save(admin_client, "columns=city", "Secret plans")
    shared = save(admin_client, "columns=city", "For all", "shared")
    client = viewer("view_contact")
    page = main_text(client.get(LIST))
    assert ("Secret plans" in page, "For all" in page) == (False, True)
    assert "not shared with you" in main_text(client.get(f"{LIST}?view={own.pk}", follow=True))
    assert client.post(f"{LIST}views/{own.pk}/", {"delete": "1"}).status_code == 404
    assert client.post(f"{LIST}views/{shared.pk}/", {"delete": "1"}).status_code == 403
    assert "Edit view" not in main_text(client.get(f"{LIST}?view={shared.pk}", follow=True))
    assert viewer_of_companies().get(f"{LIST}columns/").status_code == 403


def viewer_of_companies() -> Client:
    User.objects.filter(username="viewer").delete()
    return viewer("view_company")


def test_hidden_properties_are_neither_offered_nor_shown(
    admin_client: Client, people: None
) -> None:
    view = save(admin_client, "columns=jobtitle,city&lifecyclestage=lead", "All leads", "shared")
    client = viewer("view_contact")
    hide_from(User.objects.get(username="viewer"), "jobtitle")
    hide_from(User.objects.get(username="viewer"), "lifecyclestage")
    assert b'value="jobtitle"' not in client.get(f"{LIST}columns/").content
    assert "Pilot" not in main_text(client.get(f"{LIST}?columns=jobtitle,city"))
    shown = client.get(f"{LIST}?view={view.pk}", follow=True)
    assert headings(shown)[-1:] == ["City"]
    assert "Pilot" not in main_text(shown)
    assert "filters by what you may not see" in main_text(shown)
    made = save(client, "columns=jobtitle,city&lifecyclestage=lead", "Mine")
    assert (made.columns, made.filters) == (["city"], {})


def test_pages_keep_the_view_and_nothing_is_counted(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    view = save(admin_client, "columns=city,phone", "Everybody")
    url = f"{LIST}?view={view.pk}&applied=1"

    def run(_: object) -> None:
        asked = [query for query in queries_of(admin_client, url) if "crm_record" in query]
        assert not any("COUNT(" in query.upper() for query in asked)

    same_queries_for(lambda size: many(size, start=10 * size), run, sizes=(60, 600))
    page = admin_client.get(url).content.decode()
    older = re.search(r'href="([^"]*before=[^"]*)"', page)
    assert older is not None
    asked = parse_qs(urlsplit(older[1].replace("&amp;", "&")).query)
    assert asked["view"] == [str(view.pk)]
