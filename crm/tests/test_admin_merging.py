"""The pages on which staff merge, erase and restore records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from crm import changes, clock
from crm.models import Erasure, Record
from crm.tests.browsing import main_text, queries_of, text_of, viewer
from crm.tests.people import three
from crm.tests.writing import SYSTEM, contacts, people, select

pytestmark = pytest.mark.django_db

CONTACTS = "/admin/crm/contact/"
ARCHIVED = f"{CONTACTS}archived/"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def merge_page(record: int, **query: Any) -> str:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return f"{CONTACTS}{record}/merge/?{asked}"


def archive(ids: list[int]) -> None:
    changes.archive("0-1", select(ids), SYSTEM)


def values(record: int) -> dict[str, Any]:
    return Record.objects.get(pk=record).properties


def test_the_other_record_is_found_by_words_address_and_id(admin_client: Client) -> None:
    own, ana, ben = contacts(
        {"firstname": "Ana", "email": "own@example.com"},
        {"firstname": "Ana", "lastname": "Berg", "email": "ana@example.com", "city": "Oslo"},
        {"firstname": "Ben"},
    )
    for words in ("ana berg", "ana@example.com", str(ana)):
        page = admin_client.get(merge_page(own, q=words))
        links = f"?with={ana}" in page.content.decode(), f"?with={ben}" in page.content.decode()
        assert links == (True, False), words
    assert "Oslo" in main_text(admin_client.get(merge_page(own, q="ana")))
    # Not the record itself, and nobody who is gone.
    archive([ana])
    for words in ("own@example.com", "ana@example.com", str(own), "%"):
        assert "Nothing found" in main_text(admin_client.get(merge_page(own, q=words)))


def test_both_are_compared_and_either_may_stay(admin_client: Client) -> None:
    first, second = contacts(
        {"firstname": "Ana", "city": "Oslo"},
        {"firstname": "Anna", "city": "Oslo", "jobtitle": "Pilot"},
    )
    text = main_text(admin_client.get(merge_page(first, **{"with": second})))
    assert f"Ana ( {first} ) stays" in text.replace(f"({first})", f"( {first} )")
    assert "First name Ana Anna Ana" in text
    assert "Job title – Pilot Pilot" in text
    assert "City" not in text
    # What is worked out from others is not compared.
    changes.update("0-1", {second: {"lifecyclestage": "lead"}}, SYSTEM)
    text = main_text(admin_client.get(merge_page(first, **{"with": second})))
    assert "Lifecycle stage – Lead Lead" in text
    assert "Became a lead date" not in text
    text = main_text(admin_client.get(merge_page(first, stays=second, **{"with": second})))
    assert "First name Anna Ana Anna" in text


@pytest.mark.parametrize("is_turned", [False, True])
def test_the_chosen_one_stays(admin_client: Client, is_turned: bool) -> None:
    first, second = contacts({"firstname": "Ana"}, {"firstname": "Anna", "jobtitle": "Pilot"})
    stays, goes = (second, first) if is_turned else (first, second)
    answer = admin_client.post(merge_page(first), {"other": second, "stays": stays}, follow=True)
    assert answer.redirect_chain[-1][0] == f"{CONTACTS}{stays}/"
    assert "was merged into" in text_of(answer)
    assert Record.objects.get(pk=goes).archived_at is not None
    assert values(stays)["jobtitle"] == "Pilot"
    assert f"Record {goes} merged into this one" in text_of(answer)
    assert "a merge by admin" in text_of(admin_client.get(f"{CONTACTS}{stays}/?tab=properties"))


def test_the_page_of_the_merged_record_leads_to_the_other(admin_client: Client) -> None:
    first, second = people(2)
    admin_client.post(merge_page(first), {"other": second})
    answer = admin_client.get(f"{CONTACTS}{second}/", follow=True)
    assert answer.redirect_chain == [(f"{CONTACTS}{first}/", 302)]
    assert f"Contact {second} was merged into this one." in text_of(answer)
    assert admin_client.get(merge_page(first, **{"with": second})).status_code == 404
    assert admin_client.get(merge_page(second)).status_code == 404


def test_a_record_is_not_merged_with_itself_or_another_type(admin_client: Client) -> None:
    (first,) = people(1)
    (company,) = changes.create("0-2", [{}], SYSTEM)
    answer = admin_client.post(merge_page(first), {"other": first}, follow=True)
    assert "A record cannot be merged with itself." in text_of(answer)
    for other in (company, 2**50):
        assert admin_client.post(merge_page(first), {"other": other}).status_code == 404


def test_a_search_costs_the_same_whatever_it_finds(admin_client: Client) -> None:
    (own,) = contacts({"firstname": "Own"})
    people(1)
    few = len(queries_of(admin_client, merge_page(own, q="example.com")))
    people(30, 1)
    assert len(queries_of(admin_client, merge_page(own, q="example.com"))) == few


def test_merging_is_for_those_who_may_change_both_and_archive_one() -> None:
    found = three()
    own = {"hubspot_owner_id": str(found.ada.owner.pk)}
    first, second, mates, hidden = contacts(
        own, own, {"hubspot_owner_id": str(found.bea.owner.pk)},
        {"hubspot_owner_id": str(found.cy.owner.pk)},
    )  # fmt: skip
    ada = Client()
    ada.force_login(found.ada.user)
    assert ada.post(merge_page(first), {"other": mates}).status_code == 403
    assert ada.post(merge_page(first), {"other": hidden}).status_code == 404
    assert ada.get(merge_page(mates)).status_code == 403
    assert ada.post(merge_page(first), {"other": second}).status_code == 302
    assert Record.objects.filter(archived_at=None).count() == 3


def test_a_viewer_neither_merges_nor_restores_nor_erases() -> None:
    first, _ = people(2)
    client = viewer("view_contact")
    for page in (merge_page(first), ARCHIVED, f"{CONTACTS}{first}/erase/"):
        assert client.get(page).status_code == 403
        assert client.post(page, {}).status_code == 403


def test_archived_records_are_shown_with_their_last_day(admin_client: Client) -> None:
    with clock.at(NOW):
        one, two, live = people(3)
        archive([one])
    with clock.at(NOW + timedelta(hours=1)):
        archive([two])
    text = main_text(admin_client.get(ARCHIVED))
    assert text.index("p1@example.com") < text.index("p0@example.com")
    assert "p2@example.com" not in text
    assert "2026-05-30" in text or "30 May 2026" in text or "May 30" in text
    answer = admin_client.post(ARCHIVED, {"id": [one, two, live]}, follow=True)
    assert "2 contacts restored." in text_of(answer)
    assert Record.objects.filter(archived_at=None).count() == 3
    assert "Nothing is archived" in main_text(admin_client.get(ARCHIVED))


def test_archived_records_come_in_pages(admin_client: Client) -> None:
    archive(people(120))
    seen: list[int] = []
    url = ARCHIVED
    for _ in range(3):
        context = admin_client.get(url).context
        seen += [line["record"].pk for line in context["lines"]]
        url = f"{ARCHIVED}?before={context['older'].replace('+', '%2B')}"
    assert len(seen) == len(set(seen)) == 120
    assert admin_client.get(f"{ARCHIVED}?before=nonsense,x").status_code == 200


def test_an_address_that_was_taken_meanwhile_is_told(admin_client: Client) -> None:
    (one,) = people(1)
    archive([one])
    people(1)
    answer = admin_client.post(ARCHIVED, {"id": [one]}, follow=True)
    assert "Nothing was restored. Another record has this email already." in text_of(answer)


def test_merged_records_are_not_among_the_archived(admin_client: Client) -> None:
    first, second = people(2)
    admin_client.post(merge_page(first), {"other": second})
    assert "Nothing is archived" in main_text(admin_client.get(ARCHIVED))
    admin_client.post(ARCHIVED, {"id": [second]})
    assert Record.objects.get(pk=second).archived_at is not None


def test_without_an_end_records_are_kept(admin_client: Client, settings: Settings) -> None:
    settings.RESTORE_DAYS = 0
    archive(people(1))
    assert "never" in main_text(admin_client.get(ARCHIVED))


def test_a_contact_is_erased_by_who_types_its_address(admin_client: Client) -> None:
    (first,) = people(1)
    page = f"{CONTACTS}{first}/erase/"
    assert "To confirm, type p0@example.com" in main_text(admin_client.get(page))
    for word in ("", "p1@example.com", str(first)):
        answer = admin_client.post(page, {"word": word})
        assert answer.status_code == 200
        assert Record.objects.filter(pk=first).exists()
    assert "That is something else. Nothing was erased." in main_text(answer)
    answer = admin_client.post(page, {"word": " P0@example.com "}, follow=True)
    assert f"Contact {first} was erased." in text_of(answer)
    assert "p0@example.com" not in text_of(answer)
    assert not Record.objects.exists()
    assert Erasure.objects.get().user is not None


def test_one_without_an_address_is_named_by_its_id_and_only_contacts_are_erased(
    admin_client: Client,
) -> None:
    (first,) = contacts({"firstname": "Ana"})
    (company,) = changes.create("0-2", [{}], SYSTEM)
    assert admin_client.get(f"/admin/crm/company/{company}/erase/").status_code == 404
    assert admin_client.get(f"{CONTACTS}{company}/erase/").status_code == 404
    admin_client.post(f"{CONTACTS}{first}/erase/", {"word": str(first)})
    assert not Record.objects.filter(pk=first).exists()


def test_the_pages_lead_there(admin_client: Client) -> None:
    (first,) = people(1)
    page = admin_client.get(f"{CONTACTS}{first}/").content.decode()
    assert 'href="merge/"' in page
    assert 'href="erase/"' in page
    assert 'href="/admin/crm/contact/archived/"' in admin_client.get(CONTACTS).content.decode()
    (company,) = changes.create("0-2", [{}], SYSTEM)
    page = admin_client.get(f"/admin/crm/company/{company}/").content.decode()
    assert 'href="merge/"' in page
    assert 'href="erase/"' not in page
