from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from conftest import SameQueriesFor
from crm.admin import bulk, paging
from crm.lists import membership
from crm.models import List, PropertyHistory, Record
from crm.tests.browsing import main_text, queries_of, text_of, viewer
from crm.tests.writing import contacts, people, select

LIST = "/admin/crm/contact/"

pytestmark = pytest.mark.django_db


def shown(response: Any) -> list[int]:
    """The ids of the records a list shows, in its order."""
    found = re.findall(r'name="_selected_action" value="(\d+)"', response.content.decode())
    return [int(item) for item in found]


def follow(client: Client, response: Any, label: str) -> Any:
    """The page that a link of a list leads to."""
    links = re.findall(r'href="([^"]*)"[^>]*>(.*?)</a>', response.content.decode(), re.DOTALL)
    url = next(href for href, inner in links if label in re.sub(r"<[^>]+>", " ", inner).split())
    query = urlsplit(url.replace("&amp;", "&")).query
    return client.get(f"{LIST}?{query}")


def new_list(name: str = "Newsletter") -> List:
    return List.objects.create(name=name, object_type="0-1", created_at="2026-01-01T00:00Z")


def act(client: Client, action: str, ids: list[int], **more: Any) -> Any:
    data = {"action": action, "_selected_action": ids, "select_across": "0", **more}
    return client.post(LIST, data, follow=True)


def test_a_list_shows_names_and_the_columns_of_the_object_type(admin_client: Client) -> None:
    contacts({"email": "ana@example.com", "firstname": "Ana", "lifecyclestage": "customer"})
    page = main_text(admin_client.get(LIST))
    assert "Lifecycle stage Lead status Company name City Country/Region" in page
    assert "Ana ana@example.com Customer" in page


def test_an_empty_list_offers_to_add(admin_client: Client) -> None:
    page = main_text(admin_client.get(LIST))
    assert "No contacts yet" in page
    assert "Add contact" in page
    assert "Clear" not in page


def test_every_object_type_has_its_list_and_form(admin_client: Client) -> None:
    for name in ("contact", "company", "deal", "ticket", "task"):
        assert admin_client.get(f"/admin/crm/{name}/").status_code == 200
        assert admin_client.get(f"/admin/crm/{name}/add/").status_code == 200


def test_a_list_costs_the_same_queries_for_10_and_100_records(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> None:
        people(size, start=size, lifecyclestage="lead", hubspot_owner_id=None)

    same_queries_for(make, lambda _: admin_client.get(LIST), sizes=(10, 100))


def test_a_list_counts_nothing(admin_client: Client) -> None:
    people(paging.SIZE + 1)
    for url in (
        LIST,
        f"{LIST}?q=p1",
        f"{LIST}?lifecyclestage=lead",
        f"{LIST}?before=99999",
        f"{LIST}?_facets=True",
    ):
        assert [query for query in queries_of(admin_client, url) if "COUNT(" in query.upper()] == []


def test_pages_go_back_and_forth_without_losing_a_record(admin_client: Client) -> None:
    ids = people(2 * paging.SIZE + 3)[::-1]
    first = admin_client.get(LIST)
    second = follow(admin_client, first, "Older")
    third = follow(admin_client, second, "Older")
    assert shown(first) + shown(second) + shown(third) == ids
    assert "Older" not in main_text(third)
    assert shown(follow(admin_client, third, "Newer")) == shown(second)
    assert shown(follow(admin_client, second, "Newer")) == shown(first)
    assert shown(follow(admin_client, third, "Newest")) == shown(first)


def test_search_finds_words_in_any_order_and_misses_others(admin_client: Client) -> None:
    (ana, _) = contacts(
        {"email": "ana@example.com", "firstname": "Ana", "lastname": "Silva"},
        {"email": "bo@example.com", "firstname": "Bo", "lastname": "Silva"},
    )
    assert shown(admin_client.get(f"{LIST}?q=silva+ana")) == [ana]
    page = main_text(admin_client.get(f"{LIST}?q=nobody"))
    assert "No contacts match" in page
    assert "Clear search and filters" in page


def test_search_treats_wildcards_as_letters(admin_client: Client) -> None:
    contacts({"email": "ana@example.com"})
    assert shown(admin_client.get(f"{LIST}?q=%25")) == []
    assert shown(admin_client.get(f"{LIST}?q=_n_")) == []


def test_filters_compare_exactly_and_find_missing_values(admin_client: Client) -> None:
    lead, customer, neither = contacts(
        {"email": "a@example.com", "lifecyclestage": "lead", "city": "Oslo"},
        {"email": "b@example.com", "lifecyclestage": "customer", "city": "Oslo"},
        {"email": "c@example.com", "city": "Oslofjord"},
    )
    assert shown(admin_client.get(f"{LIST}?lifecyclestage=lead")) == [lead]
    assert shown(admin_client.get(f"{LIST}?lifecyclestage=__none__")) == [neither]
    assert shown(admin_client.get(f"{LIST}?city=Oslo")) == [customer, lead]
    assert shown(admin_client.get(f"{LIST}?city=Oslo&lifecyclestage=customer")) == [customer]
    assert shown(admin_client.get(f"{LIST}?city=O'; DROP TABLE crm_record; --")) == []
    assert shown(admin_client.get(f"{LIST}?created=1")) == [neither, customer, lead]


def test_a_rare_value_is_looked_for_in_windows(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "WINDOW", 10)
    (rare,) = contacts({"email": "rare@example.com", "city": "Atlantis"})
    people(25, city="Oslo")
    page = admin_client.get(f"{LIST}?city=Atlantis")
    looked = 1
    while not shown(page):
        assert "there are more contacts to look through" in main_text(page)
        page = follow(admin_client, page, "Look")
        looked += 1
    assert shown(page) == [rare]
    assert looked == 3
    back = follow(admin_client, page, "Newer")
    assert shown(back) == []


def test_archived_records_are_in_no_list(admin_client: Client) -> None:
    kept, gone = people(2)
    act(admin_client, "archive", [gone], confirmed="1")
    assert shown(admin_client.get(LIST)) == [kept]
    assert shown(admin_client.get(f"{LIST}?q=p1")) == []


def test_the_form_adds_a_record_with_the_user_as_source(admin_client: Client) -> None:
    response = admin_client.post(
        f"{LIST}add/",
        {"email": "Ana@Example.com", "firstname": "Ana", "hubspotscore": "12.5"},
        follow=True,
    )
    record = Record.objects.get()
    assert record.properties == {
        "email": "ana@example.com",
        "firstname": "Ana",
        "hubspotscore": 12.5,
    }
    assert response.redirect_chain[-1][0] == f"{LIST}{record.pk}/"
    assert set(PropertyHistory.objects.values_list("source", "user_id")) == {
        ("CRM_UI", response.wsgi_request.user.pk)
    }


def test_the_form_puts_each_error_beside_its_field(admin_client: Client) -> None:
    response = admin_client.post(
        f"{LIST}add/", {"email": "not an address", "hubspotscore": "many", "firstname": "Ana"}
    )
    page = response.content.decode()
    assert re.search(r'id="id_email_error">[^<]*not an address[^<]* is not an email address', page)
    assert 'id="id_hubspotscore_error"' in page
    assert 'id="id_firstname_error"' not in page
    assert 'value="not an address"' in page
    assert not Record.objects.exists()


def test_the_form_names_a_taken_email(admin_client: Client) -> None:
    people(1)
    response = admin_client.post(f"{LIST}add/", {"email": "p0@example.com"})
    assert 'id="id_email_error">Another record has this email already.' in response.content.decode()
    assert Record.objects.count() == 1


def test_the_form_writes_only_what_changed(admin_client: Client) -> None:
    (record,) = contacts({"email": "ana@example.com", "firstname": "Ana", "city": "Oslo"})
    url = f"{LIST}{record}/change/"
    admin_client.post(url, {"email": "ana@example.com", "firstname": "Anna", "city": ""})
    assert Record.objects.get().properties == {"email": "ana@example.com", "firstname": "Anna"}
    written = PropertyHistory.objects.filter(source="CRM_UI").order_by("property_name")
    assert list(written.values_list("property_name", "value")) == [
        ("city", None),
        ("firstname", "Anna"),
    ]


def test_moments_are_edited_in_the_zone_of_the_account(admin_client: Client, settings: Any) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    (record,) = contacts({"email": "a@example.com", "notes_last_contacted": "2026-07-01T10:00:00Z"})
    url = f"{LIST}{record}/change/"
    assert 'value="2026-07-01T12:00"' in admin_client.get(url).content.decode()
    given = {"email": "a@example.com", "notes_last_contacted": "2026-07-01T12:00"}
    admin_client.post(url, given)
    assert not PropertyHistory.objects.filter(source="CRM_UI").exists()
    admin_client.post(url, given | {"notes_last_contacted": "2026-07-02T08:30"})
    assert Record.objects.get().properties["notes_last_contacted"] == "2026-07-02T06:30:00.000Z"


def test_an_empty_new_record_is_refused(admin_client: Client) -> None:
    response = admin_client.post(f"{LIST}add/", {"email": ""})
    assert "Fill in at least one field." in text_of(response)
    assert not Record.objects.exists()


def test_a_record_is_archived_after_asking_and_can_be_restored(admin_client: Client) -> None:
    (record,) = people(1)
    assert "Archive p0@example.com?" in text_of(admin_client.get(f"{LIST}{record}/delete/"))
    assert Record.objects.get().archived_at is None
    admin_client.post(f"{LIST}{record}/delete/")
    assert Record.objects.get().archived_at is not None
    assert "Archived on" in text_of(admin_client.get(f"{LIST}{record}/"))
    admin_client.post(f"{LIST}{record}/restore/")
    assert Record.objects.get().archived_at is None


def test_restoring_says_that_the_email_was_taken_meanwhile(admin_client: Client) -> None:
    (record,) = people(1)
    admin_client.post(f"{LIST}{record}/delete/")
    people(1)
    response = admin_client.post(f"{LIST}{record}/restore/", follow=True)
    assert "Another record has this email already." in text_of(response)
    assert Record.objects.get(pk=record).archived_at is not None


def test_a_bulk_action_asks_first_and_does_nothing_until_confirmed(admin_client: Client) -> None:
    ids = people(3)
    page = main_text(act(admin_client, "set_property", ids[:2]))
    assert "Set a property value 2 contacts" in page
    assert not PropertyHistory.objects.filter(source="CRM_UI").exists()


def test_a_property_is_set_for_the_chosen_records(admin_client: Client) -> None:
    ids = people(3, city="Oslo")
    given = {"confirmed": "1", "property_name": "lifecyclestage", "value": "Customer"}
    page = text_of(act(admin_client, "set_property", ids[:2], **given))
    assert "2 contacts changed." in page
    found = Record.objects.order_by("pk").values_list("properties__lifecyclestage", flat=True)
    assert list(found) == ["customer", "customer", None]


def test_setting_a_bad_value_names_the_mistake_and_changes_nothing(admin_client: Client) -> None:
    ids = people(1)
    given = {"confirmed": "1", "property_name": "lifecyclestage", "value": "king"}
    page = main_text(act(admin_client, "set_property", ids, **given))
    assert "'king' is not an option" in page
    assert not PropertyHistory.objects.filter(source="CRM_UI").exists()


def test_all_matching_records_are_acted_on_beyond_the_page(admin_client: Client) -> None:
    people(paging.SIZE + 10, city="Oslo")
    other = people(2, start=100, city="Bergen")
    response = admin_client.post(
        f"{LIST}?city=Oslo",
        {
            "action": "archive",
            "_selected_action": [other[0]],
            "select_across": "1",
            "confirmed": "1",
        },
        follow=True,
    )
    assert f"{paging.SIZE + 10} contacts archived." in text_of(response)
    assert shown(admin_client.get(LIST)) == other[::-1]


def test_more_records_than_a_browser_can_wait_for_are_refused(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_RECORDS", 2)
    ids = people(3)
    page = text_of(act(admin_client, "archive", ids, confirmed="1"))
    assert "These are more than 2 contacts." in page
    assert Record.objects.filter(archived_at=None).count() == 3


def test_records_join_and_leave_a_static_list(admin_client: Client) -> None:
    target = new_list()
    ids = people(3)
    given = {"confirmed": "1", "list": target.pk}
    page = text_of(act(admin_client, "add_to_list", ids[:2], **given))
    assert "2 contacts added to Newsletter." in page
    page = text_of(act(admin_client, "remove_from_list", ids, **given))
    assert "2 contacts removed from Newsletter." in page
    assert target.memberships.count() == 0


def test_lists_of_other_objects_are_not_offered(admin_client: Client) -> None:
    List.objects.create(name="Big ones", object_type="0-2", created_at="2026-01-01T00:00Z")
    assert "Big ones" not in text_of(act(admin_client, "add_to_list", people(1)))


def test_a_bulk_action_costs_the_same_queries_for_10_and_100_records(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    given = {"confirmed": "1", "property_name": "city", "value": "Oslo"}

    def run(ids: list[int]) -> None:
        data = {"action": "set_property", "_selected_action": ids, "select_across": "0", **given}
        assert admin_client.post(LIST, data).status_code == 302

    same_queries_for(lambda size: people(size, start=size), run, sizes=(10, 100))


def test_a_bulk_action_from_the_record_goes_back_to_it(admin_client: Client) -> None:
    (record,) = people(1)
    target = new_list()
    url = f"{LIST}{record}/"
    asked = act(admin_client, "add_to_list", [record], next=url)
    assert f'name="next" value="{url}"' in asked.content.decode()
    done = act(admin_client, "add_to_list", [record], next=url, confirmed="1", list=target.pk)
    assert done.redirect_chain == [(url, 302)]


def test_a_bulk_action_does_not_lead_to_another_site(admin_client: Client) -> None:
    (record,) = people(1)
    away = "https://evil.example.com/"
    done = act(admin_client, "archive", [record], next=away, confirmed="1")
    assert done.redirect_chain == [(LIST, 302)]


def test_who_may_only_look_changes_nothing() -> None:
    (record,) = people(1)
    client = viewer("view_contact")
    assert client.get(LIST).status_code == 200
    assert client.get(f"{LIST}{record}/").status_code == 200
    assert client.get("/admin/crm/deal/").status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    for route in ("change/", "delete/", "restore/"):
        assert client.post(f"{LIST}{record}/{route}", {"city": "Oslo"}).status_code == 403
    client.post(LIST, {"action": "archive", "_selected_action": [record], "confirmed": "1"})
    assert list(Record.objects.values_list("properties", "archived_at")) == [
        ({"email": "p0@example.com"}, None)
    ]


def test_strangers_are_asked_to_log_in(client: Client) -> None:
    for url in (LIST, f"{LIST}1/", f"{LIST}1/timeline/", f"{LIST}add/"):
        response = client.get(url)
        assert (response.status_code, response["Location"]) == (302, f"/admin/login/?next={url}")


def test_a_record_of_another_type_is_not_found(admin_client: Client) -> None:
    (record,) = people(1)
    assert admin_client.get(f"/admin/crm/company/{record}/").status_code == 404
    assert admin_client.get(f"/admin/crm/company/{record}/change/").status_code == 404


def test_the_list_shows_members_and_lets_them_go(admin_client: Client) -> None:
    target = new_list()
    ids = people(3)
    membership.add(target, select(ids))
    url = f"/admin/crm/list/{target.pk}/change/"
    assert "p2@example.com" in main_text(admin_client.get(url))
    admin_client.post(f"/admin/crm/list/{target.pk}/remove/{ids[2]}/")
    assert "p2@example.com" not in main_text(admin_client.get(url))
    assert target.memberships.count() == 2
