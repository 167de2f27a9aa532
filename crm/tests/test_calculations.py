"""Calculated properties: what follows from what, in the same transaction."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conftest import SameQueriesFor
from crm import associations, calculating, changes, clock
from crm.models import AssociationType, Property, PropertyGroup, PropertyHistory, Record
from crm.sql import sql
from crm.statements import Source, SourceKind
from crm.tests.writing import SYSTEM, contacts, people, select, take_changes

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
SHOWN = "2026-03-04T05:06:07.000Z"


def values(record: int) -> dict[str, Any]:
    return Record.objects.get(pk=record).properties


def add(name: str, formula: str, object_type: str = "0-3") -> Property:
    group = PropertyGroup.objects.filter(object_type=object_type).first()
    assert group is not None
    return Property.objects.create(
        object_type=object_type, name=name, label=name, group=group, type="number",
        field_type="calculation_equation", formula=formula, is_read_only=True, created_at=MOMENT,
    )  # fmt: skip


def deals(*rows: dict[str, Any]) -> list[int]:
    return changes.create("0-3", rows, SYSTEM)


def relate(type_id: int, pairs: list[tuple[int, int]]) -> AssociationType:
    kind = AssociationType.objects.get(type_id=type_id, category="HUBSPOT_DEFINED")
    associations.associate(kind, associations.pairs(pairs))
    return kind


def test_a_contact_knows_when_it_became_what() -> None:
    with clock.at(MOMENT):
        [record] = contacts({"email": "a@example.com", "lifecyclestage": "lead"})
    assert values(record)["hs_lifecyclestage_lead_date"] == SHOWN
    with clock.at(MOMENT + timedelta(days=1)):
        changes.update("0-1", {record: {"lifecyclestage": "customer", "city": "Oslo"}}, SYSTEM)
    assert values(record)["hs_lifecyclestage_lead_date"] == SHOWN
    assert values(record)["hs_lifecyclestage_customer_date"] == "2026-03-05T05:06:07.000Z"


def test_other_changes_leave_the_moment_alone() -> None:
    with clock.at(MOMENT):
        [record] = contacts({"lifecyclestage": "lead"})
    with clock.at(MOMENT + timedelta(days=1)):
        changes.update("0-1", {record: {"lifecyclestage": "lead", "city": "Oslo"}}, SYSTEM)
    assert values(record)["hs_lifecyclestage_lead_date"] == SHOWN


def test_calculated_values_have_a_history_and_are_heard_of() -> None:
    [record] = people(1)
    take_changes()
    source = Source(kind=SourceKind.AUTOMATION_PLATFORM, id="7:2:9", hops=3)
    changes.update("0-1", {record: {"lifecyclestage": "lead"}}, source)
    row = PropertyHistory.objects.get(property_name="hs_lifecyclestage_lead_date")
    assert (row.source, row.source_id) == ("CALCULATED", "7:2:9")
    heard = {name: change["hops"] for change in take_changes() for name in change["property_names"]}
    assert heard["hs_lifecyclestage_lead_date"] == 3


def test_a_line_item_knows_its_price() -> None:
    items = changes.create(
        "0-8",
        [
            {"price": 10.5, "quantity": 3},
            {"price": 100, "quantity": 2, "hs_discount_percentage": 25},
            {"price": 100, "discount": 30},
            {"quantity": 2},
        ],
        SYSTEM,
    )
    assert [values(item).get("amount") for item in items] == [31.5, 150, 70, None]
    changes.update("0-8", {items[0]: {"quantity": 4}, items[1]: {"price": ""}}, SYSTEM)
    assert [values(item).get("amount") for item in items[:2]] == [42, None]


def test_associations_are_counted_at_both_ends() -> None:
    first, second = people(2)
    one, two = deals({"dealname": "one"}, {"dealname": "two"})
    kind = relate(3, [(one, first), (two, first), (two, second)])
    assert [values(record)["num_associated_deals"] for record in (first, second)] == [2, 1]
    assert [values(deal)["num_associated_contacts"] for deal in (one, two)] == [1, 2]
    associations.dissociate(kind, associations.pairs([(two, first)]))
    assert values(first)["num_associated_deals"] == 1
    changes.archive("0-3", select([one]), SYSTEM)
    assert values(first)["num_associated_deals"] == 0
    changes.restore("0-3", select([one]), SYSTEM)
    assert values(first)["num_associated_deals"] == 1


def test_a_contact_names_its_primary_company() -> None:
    [record] = people(1)
    one, two = changes.create("0-2", [{"name": "One"}, {"name": "Two"}], SYSTEM)
    relate(279, [(record, one), (record, two)])
    assert values(record)["associatedcompanyid"] == one
    relate(1, [(record, two)])
    assert values(record)["associatedcompanyid"] == two


def test_an_equation_follows_its_properties_and_other_equations() -> None:
    add("commission", "round(amount * 0.1, 2)")
    add("net", "amount - commission")
    [deal] = deals({"dealname": "one", "amount": 99.99})
    assert (values(deal)["commission"], values(deal)["net"]) == (10, 89.99)
    changes.update("0-3", {deal: {"amount": 50}}, SYSTEM)
    assert (values(deal)["commission"], values(deal)["net"]) == (5, 45)
    changes.update("0-3", {deal: {"amount": ""}}, SYSTEM)
    assert not {"commission", "net"} & set(values(deal))


def test_what_cannot_be_calculated_has_no_value() -> None:
    add("ratio", "amount / hs_priority")
    [deal] = deals({"amount": 0, "hs_priority": "low"})
    assert "ratio" not in values(deal)
    add("inverse", "1 / amount")
    changes.update("0-3", {deal: {"amount": 4}}, SYSTEM)
    assert values(deal)["inverse"] == 0.25
    changes.update("0-3", {deal: {"amount": 0}}, SYSTEM)
    assert "inverse" not in values(deal)


def test_all_records_are_worked_out_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calculating, "SHARE", 2)
    ids = deals(*({"amount": n} for n in range(5)))
    calculating.begin(add("double", "amount * 2"))
    assert calculating.unfinished()
    shares = 0
    while calculating.go_on():
        shares += 1
    assert shares == 4
    assert not calculating.unfinished()
    assert [values(deal)["double"] for deal in ids] == [0, 2, 4, 6, 8]


def test_calculating_costs_the_same_queries_for_any_number(
    same_queries_for: SameQueriesFor,
) -> None:
    add("double", "hubspotscore * 2", "0-1")
    add("fourfold", "double * 2", "0-1")

    def make(size: int) -> list[int]:
        return people(size, start=size * 10)

    def run(ids: list[int]) -> None:
        wanted = sql(
            "SELECT s.record_id, jsonb_build_object('hubspotscore', s.record_id % 100,"
            " 'lifecyclestage', 'lead') AS delta, '' AS source_id FROM ({ids}) s",
            ids=select(ids),
        )
        changes.update_from("0-1", wanted, ["hubspotscore", "lifecyclestage"], SYSTEM)

    same_queries_for(make, run)
