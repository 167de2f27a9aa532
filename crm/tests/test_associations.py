from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Event

import pytest
from django.db import connection, transaction

from conftest import SameQueriesFor
from crm import associations, changes, clock
from crm.associations import pairs
from crm.models import Association, AssociationType, Change
from crm.tests.writing import SYSTEM, people

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def companies(count: int) -> list[int]:
    return changes.create("0-2", [{"name": f"C{n}"} for n in range(count)], SYSTEM)


def related(record: int) -> list[tuple[str, int]]:
    """Name of the type and id of everything a record is associated with."""
    found = Association.objects.filter(from_record_id=record).order_by("type__name", "to_record")
    return list(found.values_list("type__name", "to_record_id"))


def test_a_relation_is_seen_from_both_sides() -> None:
    (person,), (company,) = people(1), companies(1)
    kind = associations.between("0-1", "0-2")
    with clock.at(MOMENT):
        assert associations.associate(kind, pairs([(person, company)])) == 2
    assert related(person) == [
        ("contact_to_company", company),
        ("contact_to_company_unlabeled", company),
    ]
    assert related(company) == [
        ("company_to_contact", person),
        ("company_to_contact_unlabeled", person),
    ]
    assert set(Association.objects.values_list("created_at", flat=True)) == {MOMENT}


def test_what_is_related_stays_as_it_is() -> None:
    (first, second), (company,) = people(2), companies(1)
    kind = associations.between("0-1", "0-2")
    with clock.at(MOMENT):
        associations.associate(kind, pairs([(first, company)]))
    again = pairs([(first, company), (second, company), (second, company)])
    assert associations.associate(kind, again) == 2
    assert Association.objects.filter(from_record_id=first, created_at=MOMENT).count() == 2
    assert len(related(company)) == 4
    assert kind.inverse is not None
    # From the other side it is the same relation.
    assert associations.associate(kind.inverse, pairs([(company, first)])) == 0


def test_labels_are_relations_of_their_own() -> None:
    (person,), (company,) = people(1), companies(1)
    primary = AssociationType.objects.get(type_id=1)
    assert associations.associate(primary, pairs([(person, company)])) == 2
    assert related(person) == [
        ("contact_to_company", company),
        ("contact_to_company_unlabeled", company),
    ]
    assert associations.dissociate(primary, pairs([(person, company)])) == 2
    assert related(person) == [("contact_to_company_unlabeled", company)]
    assert related(company) == [("company_to_contact_unlabeled", person)]


def test_removing_what_is_not_related_removes_nothing() -> None:
    (first, second), (company,) = people(2), companies(1)
    kind = associations.between("0-1", "0-2")
    associations.associate(kind, pairs([(first, company)]))
    assert associations.dissociate(kind, pairs([(second, company)])) == 0
    assert len(related(company)) == 2


def queued() -> set[tuple[str, int, int]]:
    """Object type, record and hops of every change of associations that waits; empties the queue."""
    found = {
        (change.object_type, record, change.hops)
        for change in Change.objects.filter(event_types=["association.changed"])
        for record in change.record_ids
    }
    Change.objects.all().delete()
    return found


def test_both_ends_are_queued_when_an_association_comes_or_goes() -> None:
    (first, second), (company,) = people(2), companies(1)
    kind = associations.between("0-1", "0-2")
    queued()
    associations.associate(kind, pairs([(first, company)]), hops=2)
    assert queued() == {("0-1", first, 2), ("0-2", company, 2)}
    associations.associate(kind, pairs([(first, company), (second, company)]))
    assert queued() == {("0-1", second, 0), ("0-2", company, 0)}
    associations.dissociate(kind, pairs([(first, company)]), hops=1)
    assert queued() == {("0-1", first, 1), ("0-2", company, 1)}


def test_nothing_is_queued_when_nothing_changes() -> None:
    (person,), (company,) = people(1), companies(1)
    kind = associations.between("0-1", "0-2")
    associations.associate(kind, pairs([(person, company)]))
    Change.objects.all().delete()
    associations.associate(kind, pairs([(person, company)]))
    associations.dissociate(kind, pairs([(person, person)]))
    assert not Change.objects.exists()


def test_another_primary_company_is_a_change_of_the_former_one_too() -> None:
    (person,), (first, second) = people(1), companies(2)
    associations.associate(associations.between("0-1", "0-2"), pairs([(person, first)]))
    queued()
    associations.associate(AssociationType.objects.get(type_id=1), pairs([(person, second)]))
    assert queued() == {("0-1", person, 0), ("0-2", first, 0), ("0-2", second, 0)}


def test_records_of_one_type_are_queued_once_each() -> None:
    first, second = people(2)
    kind = associations.between("0-1", "0-1")
    queued()
    associations.associate(kind, pairs([(first, second)]))
    assert queued() == {("0-1", first, 0), ("0-1", second, 0)}


def test_types_that_cannot_be_related() -> None:
    with pytest.raises(AssociationType.DoesNotExist, match="0-27 and 0-27 cannot be associated"):
        associations.between("0-27", "0-27")


def test_between_prefers_the_type_without_a_label() -> None:
    assert associations.between("0-1", "0-2").type_id == 279
    assert associations.between("0-2", "0-1").type_id == 280
    assert associations.between("0-1", "0-27").type_id == 203


def primary_of(record: int) -> list[int]:
    found = Association.objects.filter(from_record_id=record, type__label="Primary")
    return list(found.values_list("to_record_id", flat=True))


def test_the_first_company_is_the_primary_one_until_another_takes_its_place() -> None:
    (person, other), (first, second, third) = people(2), companies(3)
    plain, primary = associations.between("0-1", "0-2"), AssociationType.objects.get(type_id=1)
    associations.associate(plain, pairs([(person, first), (person, second), (other, second)]))
    assert (primary_of(person), primary_of(other)) == ([first], [second])
    associations.associate(plain, pairs([(person, third)]))
    assert primary_of(person) == [first]
    associations.associate(primary, pairs([(person, third)]))
    assert (primary_of(person), primary_of(other)) == ([third], [second])
    assert primary_of(first) == []
    assert primary_of(third) == [person]
    assert ("contact_to_company_unlabeled", first) in related(person)


def test_a_company_is_the_primary_one_of_many() -> None:
    (first, second), (company, other) = people(2), companies(2)
    primary = AssociationType.objects.get(type_id=2)
    associations.associate(primary, pairs([(company, first), (company, second)]))
    assert sorted(primary_of(company)) == [first, second]
    plain = associations.between("0-2", "0-1")
    associations.associate(plain, pairs([(other, first)]))
    assert primary_of(first) == [company]
    # Of two at once the first counts.
    associations.associate(primary, pairs([(other, first), (company, first)]))
    assert primary_of(first) == [other]


def test_a_lead_has_one_primary_contact_and_a_contact_many_leads() -> None:
    first, second = people(2)
    leads = changes.create("0-136", [{"hs_lead_name": "One"}, {"hs_lead_name": "Two"}], SYSTEM)
    plain = associations.between("0-136", "0-1")
    associations.associate(plain, pairs((lead, first) for lead in leads))
    assert sorted(primary_of(first)) == leads
    back = AssociationType.objects.get(type_id=579)
    associations.associate(back, pairs([(second, leads[0])]))
    assert (primary_of(leads[0]), primary_of(leads[1])) == ([second], [first])


def test_deals_and_tickets_have_a_primary_company_too() -> None:
    (company,) = companies(1)
    for object_type in ("0-3", "0-5"):
        (record,) = changes.create(object_type, [{}], SYSTEM)
        associations.associate(associations.between(object_type, "0-2"), pairs([(record, company)]))
        assert primary_of(record) == [company]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("type_id", [1, 279])
def test_two_writers_at_once_leave_one_primary_company(type_id: int) -> None:
    (person,), (one, other) = people(1), companies(2)
    kind = AssociationType.objects.get(type_id=type_id)
    is_written, is_done = Event(), Event()

    def first() -> None:
        with transaction.atomic():
            associations.associate(kind, pairs([(person, one)]))
            is_written.set()
            # The other writer waits for this transaction; if it did not, it would be done now.
            is_done.wait(0.5)
        connection.close()

    def second() -> None:
        is_written.wait()
        associations.associate(kind, pairs([(person, other)]))
        is_done.set()
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        for writer in [pool.submit(first), pool.submit(second)]:
            writer.result()
    assert primary_of(person) == [other if type_id == 1 else one]


@pytest.mark.django_db(transaction=True)
def test_writers_at_once_leave_both_directions_alike() -> None:
    (person,), owners = people(1), companies(4)
    primary = AssociationType.objects.get(type_id=1)
    plain = associations.between("0-1", "0-2")

    def write(turn: int) -> None:
        chosen = pairs([(person, owners[turn % len(owners)])])
        if turn % 3:
            associations.associate(primary if turn % 2 else plain, chosen)
        else:
            associations.dissociate(plain, chosen)
        connection.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    rows = Association.objects.values_list("from_record_id", "to_record_id", "type__name")
    there = {(start, end, name) for start, end, name in rows if start == person}
    assert len(there) > 0
    back = {
        (end, start, name.replace("company_to_contact", "contact_to_company"))
        for start, end, name in rows
        if end == person
    }
    assert back == there


def test_associating_costs_the_same_queries_for_any_number(
    same_queries_for: SameQueriesFor,
) -> None:
    kind = associations.between("0-1", "0-2")
    (company,) = companies(1)

    def make(size: int) -> list[tuple[int, int]]:
        return [(person, company) for person in people(size, start=size * 10)]

    assert same_queries_for(make, lambda given: associations.associate(kind, pairs(given))) == 18
