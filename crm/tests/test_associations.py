from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conftest import SameQueriesFor
from crm import associations, changes, clock
from crm.associations import pairs
from crm.models import Association, AssociationType
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
    assert related(person) == [("contact_to_company_unlabeled", company)]
    assert related(company) == [("company_to_contact_unlabeled", person)]
    assert set(Association.objects.values_list("created_at", flat=True)) == {MOMENT}


def test_what_is_related_stays_as_it_is() -> None:
    (first, second), (company,) = people(2), companies(1)
    kind = associations.between("0-1", "0-2")
    with clock.at(MOMENT):
        associations.associate(kind, pairs([(first, company)]))
    again = pairs([(first, company), (second, company), (second, company)])
    assert associations.associate(kind, again) == 2
    assert Association.objects.get(from_record_id=first).created_at == MOMENT
    assert len(related(company)) == 2
    assert kind.inverse is not None
    # From the other side it is the same relation.
    assert associations.associate(kind.inverse, pairs([(company, first)])) == 0


def test_labels_are_relations_of_their_own() -> None:
    (person,), (company,) = people(1), companies(1)
    primary = AssociationType.objects.get(type_id=1)
    for kind in (associations.between("0-1", "0-2"), primary):
        associations.associate(kind, pairs([(person, company)]))
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
    assert len(related(company)) == 1


def test_types_that_cannot_be_related() -> None:
    with pytest.raises(AssociationType.DoesNotExist, match="0-27 and 0-27 cannot be associated"):
        associations.between("0-27", "0-27")


def test_between_prefers_the_type_without_a_label() -> None:
    assert associations.between("0-1", "0-2").type_id == 279
    assert associations.between("0-2", "0-1").type_id == 280
    assert associations.between("0-1", "0-27").type_id == 203


def test_associating_costs_the_same_queries_for_any_number(
    same_queries_for: SameQueriesFor,
) -> None:
    kind = associations.between("0-1", "0-2")
    (company,) = companies(1)

    def make(size: int) -> list[tuple[int, int]]:
        return [(person, company) for person in people(size, start=size * 10)]

    assert same_queries_for(make, lambda given: associations.associate(kind, pairs(given))) == 1
