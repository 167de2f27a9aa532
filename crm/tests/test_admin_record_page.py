from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from conftest import SameQueriesFor
from crm import associations, changes, clock, events
from crm.admin import timeline
from crm.changes import Source, SourceKind
from crm.lists import membership
from crm.models import List
from crm.sql import sql
from crm.tests.browsing import main_text, text_of
from crm.tests.importing import imported
from crm.tests.writing import SYSTEM, contacts, people, select

BEGIN = datetime(2026, 3, 1, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def url(record: int, more: str = "") -> str:
    return f"/admin/crm/contact/{record}/{more}"


def titles(response: Any) -> list[str]:
    """The headings of the entries of a timeline."""
    found = re.findall(r'<p class="co-entry-title">(.*?)</p>', response.content.decode(), re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", item).split()) for item in found]


def older(response: Any) -> str:
    """Where "Load older" leads, "" without it."""
    found = re.search(r'hx-get="([^"]+)"', response.content.decode())
    return found[1].replace("&amp;", "&") if found else ""


def score(record: int, value: int | None, at: datetime, source: Source = SYSTEM) -> None:
    with clock.at(at):
        changes.update("0-1", {record: {"hubspotscore": value}}, source)


@pytest.fixture
def ana() -> int:
    with clock.at(BEGIN):
        (record,) = contacts({"email": "ana@example.com", "firstname": "Ana", "city": "Oslo"})
    return record


def test_the_page_names_the_record_and_its_main_properties(admin_client: Client, ana: int) -> None:
    page = main_text(admin_client.get(url(ana)))
    assert f"Ana Contact {ana}" in page
    assert "About this contact Email ana@example.com" in page
    assert "City Oslo" in page


def test_the_timeline_tells_changes_newest_first_with_the_value_before(
    admin_client: Client, ana: int
) -> None:
    score(ana, 10, BEGIN + timedelta(hours=1))
    score(ana, 20, BEGIN + timedelta(hours=2))
    score(ana, None, BEGIN + timedelta(hours=3))
    assert titles(admin_client.get(url(ana))) == [
        "Score cleared (was 20)",
        "Score: 10 → 20",
        "Score set to 10",
        "Contact created",
    ]


def test_one_write_of_many_properties_is_one_entry(admin_client: Client, ana: int) -> None:
    with clock.at(BEGIN + timedelta(hours=1)):
        changes.update("0-1", {ana: {"city": "Bergen", "jobtitle": "Chef"}}, SYSTEM)
    response = admin_client.get(url(ana))
    assert titles(response) == ["2 properties changed", "Contact created"]
    assert "Job title Chef City Oslo → Bergen" in main_text(response)


def test_sources_are_told_in_words(admin_client: Client, ana: int, admin_user: Any) -> None:
    admin_user.first_name, admin_user.last_name = "Liv", "Dahl"
    admin_user.save()
    by_user = Source(kind=SourceKind.CRM_UI, user_id=admin_user.pk)
    score(ana, 1, BEGIN + timedelta(hours=1), by_user)
    score(ana, 2, BEGIN + timedelta(hours=2), Source(kind=SourceKind.API, id="shop"))
    imported("Email,Score\nana@example.com,3\n")
    page = main_text(admin_client.get(url(ana)))
    assert "10:00 by Liv Dahl" in page
    assert "11:00 by the API (shop)" in page
    assert "by import people.csv" in page
    assert "09:00 by Cohort" in page


def test_a_user_who_is_gone_is_still_a_user(admin_client: Client, ana: int) -> None:
    score(ana, 1, BEGIN + timedelta(hours=1), Source(kind=SourceKind.CRM_UI, user_id=987_654))
    assert "by a user" in main_text(admin_client.get(url(ana)))


def test_events_stand_between_the_changes(admin_client: Client, ana: int) -> None:
    with clock.at(BEGIN + timedelta(hours=1)):
        happened = sql(
            "SELECT {id}::bigint AS record_id, '{{}}'::jsonb AS properties, '' AS source_id", id=ana
        )
        events.record("door.opened", happened, "0-1", source_kind="API")
    score(ana, 10, BEGIN + timedelta(hours=2))
    assert titles(admin_client.get(url(ana))) == [
        "Score set to 10",
        "Door opened",
        "Contact created",
    ]


def test_loading_older_shows_everything_once(admin_client: Client, ana: int) -> None:
    count = 2 * timeline.SIZE + 5
    for n in range(count):
        score(ana, n + 1, BEGIN + timedelta(minutes=n + 1))
    response = admin_client.get(url(ana))
    told = titles(response)
    assert len(told) == timeline.SIZE
    while older(response):
        response = admin_client.get(older(response))
        told += titles(response)
    assert len(told) == len(set(told)) == count + 1
    assert told[-2:] == ["Score set to 1", "Contact created"]


def test_many_changes_in_one_moment_are_not_cut_apart(admin_client: Client, ana: int) -> None:
    for n in range(timeline.SIZE):
        score(ana, n + 1, BEGIN + timedelta(minutes=n + 1))
    last = BEGIN + timedelta(minutes=1)
    for kind in (SourceKind.API, SourceKind.SYSTEM):
        with clock.at(last):
            changes.update("0-1", {ana: {"city": kind.value}}, Source(kind=kind))
    response = admin_client.get(url(ana))
    told = titles(response)
    assert (told[-2:], len(told)) == (
        ["City: Oslo → INTEGRATION", "2 properties changed"],
        timeline.SIZE + 1,
    )
    assert titles(admin_client.get(older(response))) == ["Contact created"]


def test_the_timeline_can_be_narrowed_to_one_log(admin_client: Client, ana: int) -> None:
    (record,) = (ana,)
    changes.archive("0-1", select([record]), SYSTEM)
    assert titles(admin_client.get(url(ana, "?only=events"))) == ["Archived"]
    assert titles(admin_client.get(url(ana, "?only=properties"))) == ["Contact created"]
    assert len(titles(admin_client.get(url(ana, "?only=nonsense")))) == 2


def test_nonsense_in_the_address_is_ignored(admin_client: Client, ana: int) -> None:
    assert titles(admin_client.get(url(ana, "?before=yesterday"))) == ["Contact created"]
    assert titles(admin_client.get(url(ana, "timeline/?before=2026-01-01"))) == ["Contact created"]
    assert admin_client.get(url(ana, "?tab=nonsense")).status_code == 200


def test_a_long_value_is_shortened_and_markup_is_shown_as_text(
    admin_client: Client, ana: int
) -> None:
    with clock.at(BEGIN + timedelta(hours=1)):
        changes.update("0-1", {ana: {"message": "<b>" + "x" * 500}}, SYSTEM)
    page = admin_client.get(url(ana)).content.decode()
    assert "&lt;b&gt;" + "x" * 116 + "…" in page
    assert "<b>x" not in page


def test_a_value_whose_property_is_gone_is_told_by_its_name(admin_client: Client, ana: int) -> None:
    from crm.models import Property

    score(ana, 5, BEGIN + timedelta(hours=1))
    Property.objects.filter(object_type="0-1", name="hubspotscore").update(archived_at=BEGIN)
    assert titles(admin_client.get(url(ana)))[0] == "hubspotscore set to 5"


def test_the_page_costs_the_same_queries_for_10_and_100_entries(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> int:
        with clock.at(BEGIN):
            (record,) = people(1, start=size)
        for n in range(size):
            at = BEGIN + timedelta(minutes=n + 1)
            score(record, n + 1, at, Source(kind=SourceKind.CRM_UI, user_id=n))
        others = people(size, start=1000 * size)
        companies = changes.create("0-2", [{"name": f"C{n}"} for n in range(size)], SYSTEM)
        kind = associations.between("0-1", "0-2")
        associations.associate(kind, associations.pairs((record, other) for other in companies))
        for n in range(size):
            made = List.objects.create(name=f"{size}-{n}", object_type="0-1", created_at=BEGIN)
            membership.add(made, select([record, *others]))
        return record

    def run(record: int) -> None:
        assert len(titles(admin_client.get(url(record)))) > 9
        assert admin_client.get(url(record, "?tab=properties")).status_code == 200

    same_queries_for(make, run, sizes=(10, 100))


def test_all_properties_stand_with_their_last_change(admin_client: Client, ana: int) -> None:
    score(ana, 10, BEGIN + timedelta(hours=1), Source(kind=SourceKind.API, id="shop"))
    page = main_text(admin_client.get(url(ana, "?tab=properties")))
    assert "First name Ana 1 Mar 2026, 09:00 by Cohort" in page
    assert "Score 10 1 Mar 2026, 10:00 by the API (shop)" in page
    assert re.search(r"\d+ without a value", page)


def test_associated_records_and_lists_stand_beside(admin_client: Client, ana: int) -> None:
    (company,) = changes.create("0-2", [{"name": "Nord Energi"}], SYSTEM)
    pairs = associations.pairs([(ana, company)])
    associations.associate(associations.between("0-1", "0-2"), pairs)
    newsletter = List.objects.create(name="Newsletter", object_type="0-1", created_at=BEGIN)
    membership.add(newsletter, select([ana]))
    page = text_of(admin_client.get(url(ana)))
    assert "Companies Add Nord Energi Primary Edit" in page
    assert "Not associated with Contacts, deals, tickets, tasks" in page
    assert "Lists Newsletter since" in page


def test_times_are_shown_in_the_zone_of_the_account(
    admin_client: Client, ana: int, settings: Any
) -> None:
    settings.ACCOUNT_TIME_ZONE = "Asia/Tokyo"
    assert "18:00 by Cohort" in main_text(admin_client.get(url(ana)))
