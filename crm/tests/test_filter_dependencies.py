"""Which changes lead to which records that filters have to be asked about again."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crm import associations, change_queue, changes, clock, events
from crm.change_queue import Taken
from crm.filters import base
from crm.filters.dependencies import Dependency, candidates
from crm.models import Change
from crm.sql import SQL, execute, rows, sql
from crm.tests.filter_world import on
from crm.tests.writing import SYSTEM, people

pytestmark = pytest.mark.django_db

COMPANY = "0-2"


@dataclass(frozen=True)
class Related:
    """From records to those related to them."""

    type_id: int

    def __call__(self, record_ids: SQL) -> SQL:
        return sql(
            "SELECT a.to_record_id AS record_id FROM ({ids}) s JOIN crm_association a"
            " ON a.from_record_id = s.record_id JOIN crm_associationtype t ON t.id = a.type_id"
            " WHERE t.type_id = {type}",
            ids=record_ids,
            type=self.type_id,
        )


TO_CONTACTS = Related(280)


def change(object_type: str = "0-1", **more: set[str] | set[int]) -> Taken:
    parts = {name: frozenset(values) for name, values in more.items()}
    empty: dict[str, frozenset[str | int]] = {
        "property_names": frozenset(),
        "list_ids": frozenset(),
        "event_types": frozenset(),
    }
    return Taken(id=1, object_type=object_type, **{**empty, **parts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("_case", "happened", "is_heard"),
    [
        ("the property", change(property_names={"city", "zip"}), True),
        ("another property", change(property_names={"zip"}), False),
        ("the list", change(list_ids={3}), True),
        ("another list", change(list_ids={4}), False),
        ("the event", change(event_types={"form.submitted"}), True),
        ("another event", change(event_types={"email.opened"}), False),
        (
            "that a record exists matters to any filter",
            change(event_types={"record.created"}),
            True,
        ),
        ("and that it is gone", change(event_types={"record.archived"}), True),
        ("a record of another type", change("0-2", property_names={"city"}), False),
        ("another type comes", change("0-2", event_types={"record.created"}), False),
    ],
)
def test_hearing(_case: str, happened: Taken, is_heard: bool) -> None:
    dependency = Dependency(
        object_type="0-1",
        property_names=frozenset({"city"}),
        list_ids=frozenset({3}),
        event_types=frozenset({"form.submitted"}),
    )
    assert dependency.hears(happened) is is_heard


def test_a_predicate_depends_on_what_its_conditions_read() -> None:
    branch = {
        "filterBranchType": "AND",
        "filters": [
            on("city", "IS_EQUAL_TO", value="Oslo"),
            {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": 7},
        ],
    }
    predicate = base.compile(branch, "0-1", clock.now())
    assert predicate.dependencies == (
        Dependency(object_type="0-1", property_names=frozenset({"city"}), list_ids=frozenset({7})),
    )


def taken() -> list[Taken]:
    return change_queue.take(100)


def touched(dependencies: list[Dependency], happened: list[Taken]) -> dict[int, int]:
    query = candidates(dependencies, happened)
    return {} if query is None else {row[0]: row[1] for row in rows(query)}


def test_changes_that_do_not_matter_lead_to_nobody() -> None:
    people(2)
    Change.objects.all().delete()
    changes.update("0-1", {people(1, start=5)[0]: {"city": "Oslo"}}, SYSTEM)
    Change.objects.filter(event_types=["record.created"]).delete()
    own = Dependency(object_type="0-1", property_names=frozenset({"zip"}))
    assert candidates([own], taken()) is None


def test_changes_of_related_records_lead_back_and_keep_their_hops() -> None:
    (first, second, third), own = people(3), Dependency(object_type="0-1")
    one, other = changes.create(COMPANY, [{"name": "A"}, {"name": "B"}], SYSTEM)
    kind = associations.between("0-1", COMPANY)
    associations.associate(
        kind, associations.pairs([(first, one), (second, one), (second, other), (third, other)])
    )
    Change.objects.all().delete()
    for record, hops in ((one, 1), (other, 4)):
        execute(
            events.queue(
                COMPANY,
                sql("SELECT {id}::bigint AS record_id", id=record),
                property_names=["city"],
                hops=hops,
            )
        )
    city = Dependency(object_type=COMPANY, property_names=frozenset({"city"}), reach=TO_CONTACTS)
    same = Dependency(
        object_type=COMPANY, property_names=frozenset({"name", "city"}), reach=TO_CONTACTS
    )
    happened = taken()
    assert touched([own, city], happened) == {first: 1, second: 4, third: 4}
    assert touched([own, city, same], happened) == {first: 1, second: 4, third: 4}
    assert touched([own], happened) == {}


def test_a_filter_about_records_related_to_related_records() -> None:
    (person, other), (company,) = people(2), changes.create(COMPANY, [{"name": "A"}], SYSTEM)
    (deal,) = changes.create("0-3", [{"dealname": "D"}], SYSTEM)
    associations.associate(
        associations.between("0-1", COMPANY),
        associations.pairs([(person, company), (other, company)]),
    )
    associations.associate(
        associations.between(COMPANY, "0-3"), associations.pairs([(company, deal)])
    )
    Change.objects.all().delete()
    changes.update("0-3", {deal: {"dealname": "E"}}, SYSTEM)
    names = frozenset({"dealname"})
    to_companies = Dependency(object_type="0-3", property_names=names, reach=Related(341))
    assert touched([to_companies], happened := taken()) == {company: 0}
    assert touched([to_companies.beyond(TO_CONTACTS)], happened) == {person: 0, other: 0}
