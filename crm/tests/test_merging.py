"""Two records become one: what the one that stays has afterwards, and where the other one leads."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from conftest import SameQueriesFor
from crm import associations, changes, clock, merging
from crm import events as logged
from crm.changes import DuplicateValue
from crm.lists import membership
from crm.merging import CannotMerge, merge, resolve
from crm.models import (
    Association,
    AssociationType,
    Event,
    List,
    ListMembership,
    PropertyHistory,
    Record,
    SearchText,
)
from crm.sql import sql
from crm.tests.writing import (
    SYSTEM,
    contacts,
    events,
    history,
    select,
    take_changes,
    unique_values,
)

pytestmark = pytest.mark.django_db

BEFORE = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = BEFORE + timedelta(days=1)
NOW = BEFORE + timedelta(days=2)


def values(record: int) -> dict[str, Any]:
    return Record.objects.get(pk=record).properties


def own(record: int) -> dict[str, Any]:
    """The values without the traces of merges."""
    return {
        name: value
        for name, value in values(record).items()
        if name not in ("hs_merged_object_ids", "hs_calculated_merged_vids")
    }


def merged(primary: dict[str, Any], secondary: dict[str, Any], kind: str = "0-1") -> int:
    first, second = changes.create(kind, [primary, secondary], SYSTEM)
    merge(kind, first, second, SYSTEM)
    return first


def new_list(name: str = "Guests") -> List:
    return List.objects.create(name=name, object_type="0-1", created_at=clock.now())


def relate(name: str, pairs: Sequence[tuple[int, int]]) -> None:
    kind = AssociationType.objects.get(name=name, from_object_type="0-1")
    associations.associate(kind, associations.pairs(pairs))


def related(record: int) -> set[tuple[int, str]]:
    found = Association.objects.filter(from_record_id=record)
    return set(found.values_list("to_record_id", "type__name"))


def test_empty_values_are_filled_and_the_others_stay() -> None:
    first = merged(
        {"firstname": "Ana", "city": "Oslo"}, {"firstname": "Anna", "phone": "+47 22 33 44 55"}
    )
    assert own(first) == {"firstname": "Ana", "city": "Oslo", "phone": "+47 22 33 44 55"}


def test_a_stage_comes_with_its_pipeline_or_not_at_all() -> None:
    mine = {"pipeline": "default"}
    first = merged(mine, {"pipeline": "default", "dealstage": "closedwon"}, "0-3")
    assert own(first) == mine
    first = merged({}, {"pipeline": "default", "dealstage": "closedwon"}, "0-3")
    assert own(first) == {"pipeline": "default", "dealstage": "closedwon"}


@pytest.mark.parametrize(
    ("name", "mine", "other", "left"),
    [
        ("hs_email_optout", False, True, True),
        ("hs_email_optout", True, False, True),
        ("lifecyclestage", "lead", "customer", "customer"),
        ("lifecyclestage", "customer", "lead", "customer"),
        ("hs_email_open", 2, 3, 5),
        ("hs_email_first_open_date", "2026-03-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z",
         "2026-02-01T00:00:00.000Z"),
        ("hs_email_last_open_date", "2026-03-01T00:00:00.000Z", "2026-04-01T00:00:00.000Z",
         "2026-04-01T00:00:00.000Z"),
    ],
)  # fmt: skip
def test_rules_of_contacts(name: str, mine: Any, other: Any, left: Any) -> None:
    first, second = changes.insert("0-1", [{name: mine}, {name: other}], SYSTEM)
    merge("0-1", first, second, SYSTEM)
    assert values(first)[name] == left


def test_what_is_known_about_one_address_is_not_said_of_the_other() -> None:
    bad = {"email": "old@example.com", "hs_email_bad_address": True}
    first, second, third = changes.insert("0-1", [{"email": "a@example.com"}, bad, {}], SYSTEM)
    merge("0-1", first, second, SYSTEM)
    assert "hs_email_bad_address" not in values(first)
    (fourth,) = changes.insert("0-1", [bad | {"email": "b@example.com"}], SYSTEM)
    merge("0-1", third, fourth, SYSTEM)
    assert values(third)["hs_email_bad_address"] is True


def test_addresses_of_both_find_the_one_that_is_left() -> None:
    with clock.at(BEFORE):
        first = merged({"email": "a@example.com"}, {"email": "B@example.com"})
    assert values(first)["hs_additional_emails"] == "b@example.com"
    assert unique_values() == {"a@example.com": first, "b@example.com": first}
    with pytest.raises(DuplicateValue):
        contacts({"email": "b@example.com"})
    assert "b@example.com" in SearchText.objects.get(pk=first).text


def test_an_address_taken_along_becomes_the_main_one_and_back() -> None:
    first = merged({"email": "a@example.com"}, {"email": "b@example.com"})
    changes.update("0-1", {first: {"email": "b@example.com"}}, SYSTEM)
    # The address it had is nobody's, as after every change of an address.
    assert unique_values() == {"b@example.com": first}


def test_chains_keep_all_addresses_and_lead_to_the_last_one() -> None:
    a, b, c, d = contacts(*({"email": f"{name}@example.com"} for name in "abcd"))
    merge("0-1", b, a, SYSTEM)
    merge("0-1", c, d, SYSTEM)
    merge("0-1", c, b, SYSTEM)
    assert resolve([a, b, c, d]) == {a: c, b: c, d: c}
    assert values(c)["hs_additional_emails"] == "d@example.com;b@example.com;a@example.com"
    assert set(unique_values().values()) == {c}
    assert values(c)["hs_merged_object_ids"] == f"{d};{b};{a}"


def test_companies_keep_the_domains_of_both() -> None:
    first = merged({"domain": "a.example"}, {"domain": "b.example"}, "0-2")
    assert values(first)["hs_additional_domains"] == "b.example"


def test_traces_say_what_was_merged_and_when() -> None:
    with clock.at(BEFORE):
        first, second = contacts({}, {})
        merge("0-1", first, second, SYSTEM)
    assert values(first) == {
        "hs_merged_object_ids": str(second),
        "hs_calculated_merged_vids": f"{second}:{int(BEFORE.timestamp() * 1000)}",
    }
    assert events(first) == ["record.created", "record.merged"]
    event = Event.objects.get(record_id=first, type="record.merged")
    assert (event.properties, event.source) == ({"merged_id": second}, "MERGE_OBJECTS")


def test_the_other_one_is_archived_for_ever() -> None:
    first, second = contacts({}, {"email": "b@example.com"})
    merge("0-1", first, second, SYSTEM)
    assert Record.objects.get(pk=second).archived_at is not None
    assert changes.restore("0-1", select([first, second]), SYSTEM) == 0
    assert Record.objects.get(pk=second).archived_at is not None


def test_history_of_both_ends_with_the_present_values() -> None:
    with clock.at(BEFORE):
        first, second = contacts({"city": "Oslo"}, {"phone": "1"})
    with clock.at(LATER):
        changes.update("0-1", {second: {"city": "Bergen", "jobtitle": "Pilot"}}, SYSTEM)
        changes.update("0-1", {second: {"jobtitle": None}}, SYSTEM)
    with clock.at(NOW):
        merge("0-1", first, second, SYSTEM)
    assert not PropertyHistory.objects.filter(record_id=second).exists()
    cities = [value for name, value in history(first) if name == "city"]
    assert cities == ["Oslo", "Bergen", "Oslo"]
    last = dict(history(first))
    assert {name: value for name, value in last.items() if value is not None} == values(first)
    written = PropertyHistory.objects.get(record_id=first, property_name="phone", at=NOW)
    assert (written.source, written.value) == ("MERGE_OBJECTS", "1")


def test_it_is_as_old_as_the_older_one() -> None:
    with clock.at(BEFORE):
        (older,) = contacts({})
    with clock.at(LATER):
        (newer,) = contacts({})
    take_changes()
    with clock.at(NOW):
        merge("0-1", newer, older, SYSTEM)
    found = Record.objects.get(pk=newer)
    assert (found.created_at, found.updated_at) == (BEFORE, NOW)
    assert ["createdate"] in [row["property_names"] for row in take_changes()]


def test_events_move_but_not_that_it_was_created() -> None:
    first, second = contacts({}, {})
    opened = sql("SELECT {id}::bigint AS record_id, '{{}}'::jsonb AS properties, '' AS source_id",
                 id=second)  # fmt: skip
    logged.record("email.opened", opened, "0-1", source_kind="EMAIL")
    merge("0-1", first, second, SYSTEM)
    assert events(first) == ["record.created", "email.opened", "record.merged"]
    assert events(second) == ["record.created", "record.archived"]


def test_associations_of_both_are_those_of_the_one() -> None:
    first, second, third = contacts({}, {}, {})
    here, there = changes.create("0-2", [{"name": "here"}, {"name": "there"}], SYSTEM)
    (deal,) = changes.create("0-3", [{}], SYSTEM)
    relate("contact_to_company", [(first, here), (second, there)])
    relate("contact_to_deal", [(first, deal), (second, deal)])
    relate("contact_to_contact", [(first, second), (second, third)])
    take_changes()
    merge("0-1", first, second, SYSTEM)
    assert related(first) == {
        (here, "contact_to_company"),
        (here, "contact_to_company_unlabeled"),
        # The primary company stays the one it was.
        (there, "contact_to_company_unlabeled"),
        (deal, "contact_to_deal"),
        (third, "contact_to_contact"),
    }
    assert related(second) == set()
    for record in (here, there, deal, third):
        assert first in {other for other, _ in related(record)}
        assert second not in {other for other, _ in related(record)}
    told = [row for row in take_changes() if "association.changed" in row["event_types"]]
    assert {key for row in told for key in row["record_ids"]} == {first, there, deal, third}


def test_a_company_that_is_merged_stays_the_primary_one_of_its_contacts() -> None:
    ana, ben = contacts({}, {})
    first, second = changes.create("0-2", [{"name": "a"}, {"name": "b"}], SYSTEM)
    relate("contact_to_company", [(ana, first), (ben, second)])
    merge("0-2", first, second, SYSTEM)
    assert related(ben) == {
        (first, "contact_to_company"),
        (first, "contact_to_company_unlabeled"),
    }
    assert {key for key, _ in related(first)} == {ana, ben}


def test_static_lists_of_both() -> None:
    first, second = contacts({}, {})
    guests, both = new_list("Guests"), new_list("Both")
    membership.add(guests, select([second]))
    membership.add(both, select([first, second]))
    take_changes()
    merge("0-1", first, second, SYSTEM)
    found = ListMembership.objects.values_list("list__name", "record_id")
    assert set(found) == {("Guests", first), ("Both", first)}
    told = [row for row in take_changes() if row["list_ids"]]
    assert [(row["list_ids"], row["record_ids"]) for row in told] == [([guests.pk], [first])]


def test_what_a_merge_changes_is_marked_in_the_queue() -> None:
    first, second = contacts({"city": "Oslo"}, {"phone": "1"})
    take_changes()
    merge("0-1", first, second, SYSTEM)
    about = [row for row in take_changes() if first in row["record_ids"]]
    assert about
    assert all("record.merged" in row["event_types"] for row in about)


def test_late_rows_follow() -> None:
    first, second = contacts({}, {})
    merge("0-1", first, second, SYSTEM)
    opened = sql("SELECT {id}::bigint AS record_id, '{{}}'::jsonb AS properties, '' AS source_id",
                 id=second)  # fmt: skip
    logged.record("email.opened", opened, "0-1", source_kind="EMAIL")
    merging.follow_up()
    assert events(first)[-1] == "email.opened"
    assert events(second) == ["record.created", "record.archived"]


@pytest.mark.parametrize("what", ["itself", "merged", "archived", "other type", "nobody"])
def test_what_cannot_be_merged(what: str) -> None:
    first, second, third = contacts({}, {}, {})
    (company,) = changes.create("0-2", [{}], SYSTEM)
    merge("0-1", first, third, SYSTEM)
    changes.archive("0-1", select([second]), SYSTEM)
    other = {
        "itself": first, "merged": third, "archived": second, "other type": company,
        "nobody": 2**40,
    }[what]  # fmt: skip
    with pytest.raises(CannotMerge, match=r"itself|was merged into|There is no contact"):
        merge("0-1", first, other, SYSTEM)
    with pytest.raises(CannotMerge, match=r"itself|was merged into|There is no contact"):
        merge("0-1", other, first, SYSTEM)


def test_a_merge_costs_the_same_whatever_hangs_on_the_record(
    same_queries_for: SameQueriesFor,
) -> None:
    def make(size: int) -> list[int]:
        found = contacts({}, {})
        companies = changes.create("0-2", [{} for _ in range(size)], SYSTEM)
        relate("contact_to_company_unlabeled", [(found[1], one) for one in companies])
        return found

    def run(found: list[int]) -> None:
        merge("0-1", found[0], found[1], SYSTEM)

    same_queries_for(make, run)


@pytest.mark.django_db(transaction=True)
def test_merges_of_the_same_records_at_once() -> None:
    a, b, c = contacts(*({"email": f"{name}@example.com"} for name in "abc"))

    def attempt(pair: tuple[int, int]) -> bool:
        try:
            merge("0-1", *pair, SYSTEM)
        except CannotMerge:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(attempt, [(a, b), (b, a), (b, c), (c, a)]))
    left = set(Record.objects.filter(archived_at=None).values_list("pk", flat=True))
    assert len(left) == 3 - sum(done)
    assert sum(done) >= 1
    assert set(resolve([a, b, c]).values()) <= left
    assert set(unique_values().values()) == left
    assert len(unique_values()) == 3
