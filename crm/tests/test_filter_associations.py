"""Filters on associated records, and on the record whose id stands in a property."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from crm import associations, change_queue, changes, properties
from crm.filters import base
from crm.models import AssociationType, Change, List, ListMembership, Property, PropertyGroup
from crm.sql import execute, rows, sql
from crm.tests.filter_world import CONTACT, NOW, on
from crm.tests.test_filter_tree import group
from crm.tests.writing import SYSTEM, contacts

pytestmark = pytest.mark.django_db

COMPANY = "0-2"
PRIMARY, ANY = 1, 279
IN_OSLO = on("city", "IS_EQUAL_TO", operationType="STRING", value="Oslo")
LARGE = on("numberofemployees", "IS_GREATER_THAN", operationType="NUMBER", value=100)


class Firms:
    """Ann works for a large company in Rome and a small one in Oslo, Bob for a large one in Oslo."""

    def __init__(self) -> None:
        self.names = dict(
            zip(
                contacts(*({"firstname": name} for name in ("Ann", "Bob", "Cid", "Dan"))),
                ("ann", "bob", "cid", "dan"),
                strict=True,
            )
        )
        self.ids = {name: record for record, name in self.names.items()}
        firms = changes.create(
            COMPANY,
            [
                {"name": "Large R", "city": "Rome", "numberofemployees": 500},
                {"name": "Small O", "city": "Oslo", "numberofemployees": 5},
                {"name": "Large O", "city": "Oslo", "numberofemployees": 500},
                {"name": "Unknown"},
            ],
            SYSTEM,
        )
        self.large_rome, self.small_oslo, self.large_oslo, self.unknown = firms
        self.relate(ANY, ("ann", self.large_rome), ("ann", self.small_oslo))
        self.relate(ANY, ("bob", self.large_oslo), ("cid", self.unknown))

    def relate(self, type_id: int, *pairs: tuple[str, int]) -> None:
        kind = AssociationType.objects.get(type_id=type_id)
        associations.associate(
            kind, associations.pairs((self.ids[name], firm) for name, firm in pairs)
        )

    def ask(self, *nodes: dict[str, Any]) -> set[str]:
        found = base.compile(group("AND", *nodes), CONTACT, NOW)
        assert found.problems == ()
        return {self.names[row[0]] for row in rows(base.match(found, CONTACT))}

    def ask_lenient(self, branch: dict[str, Any]) -> set[str]:
        found = base.compile(branch, CONTACT, NOW)
        return {self.names[row[0]] for row in rows(base.match(found, CONTACT))}

    def make_list(self, *firms: int) -> int:
        made = List.objects.create(name="Firms", object_type=COMPANY, created_at=NOW)
        ListMembership.objects.bulk_create(
            ListMembership(list=made, record_id=firm, since=NOW) for firm in firms
        )
        return made.pk


@pytest.fixture
def firms() -> Firms:
    return Firms()


def associated(
    *filters: dict[str, Any], operator: str = "IN_LIST", type_id: int | None = ANY, **more: Any
) -> dict[str, Any]:
    return {
        **group("ASSOCIATION", *filters),
        "objectTypeId": COMPANY,
        "operator": operator,
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": type_id,
        **more,
    }


def test_all_filters_have_to_hold_for_the_same_record(firms: Firms) -> None:
    assert firms.ask(associated(IN_OSLO, LARGE)) == {"bob"}
    assert firms.ask(associated(IN_OSLO), associated(LARGE)) == {"ann", "bob"}
    assert firms.ask(associated(IN_OSLO, LARGE, operator="NOT_IN_LIST")) == {"ann", "cid", "dan"}
    assert firms.ask(associated(IN_OSLO, LARGE, filterBranchOperator="OR")) == {"ann", "bob"}


def test_without_filters_any_associated_record_counts(firms: Firms) -> None:
    assert firms.ask(associated()) == {"ann", "bob", "cid"}
    assert firms.ask(associated(operator="NOT_IN_LIST")) == {"dan"}
    assert firms.ask(associated(type_id=None)) == {"ann", "bob", "cid"}


def test_branches_inside_and_around_turn_it_round(firms: Firms) -> None:
    nobody_large = associated(group("NOT_ANY", LARGE))
    assert firms.ask(nobody_large) == {"ann", "cid"}
    assert firms.ask(group("NOT_ANY", nobody_large)) == {"bob", "dan"}
    assert firms.ask(group("NOT_ANY", associated(LARGE, operator="NOT_IN_LIST"))) == {"ann", "bob"}
    assert firms.ask(group("NOT_ALL", associated(LARGE), associated(IN_OSLO))) == {"cid", "dan"}


def test_a_label_is_another_type(firms: Firms) -> None:
    firms.relate(PRIMARY, ("ann", firms.small_oslo))
    assert firms.ask(associated(LARGE, type_id=PRIMARY)) == {"bob"}
    assert firms.ask(associated(IN_OSLO, type_id=PRIMARY)) == {"ann", "bob"}


def test_archived_records_are_not_associated(firms: Firms) -> None:
    changes.archive(COMPANY, changes.these([firms.large_oslo]), SYSTEM)
    assert firms.ask(associated(LARGE)) == {"ann"}
    assert firms.ask(associated(operator="NOT_IN_LIST")) == {"bob", "dan"}


def test_records_of_associated_records(firms: Firms) -> None:
    named = associated(
        on("firstname", "IS_EQUAL_TO", operationType="STRING", value="Bob"),
        objectTypeId=CONTACT,
        type_id=280,
    )
    firms.relate(ANY, ("dan", firms.large_oslo))
    assert firms.ask(associated(named)) == {"bob", "dan"}


@pytest.mark.parametrize(
    "bad",
    [
        on("nope", "IS_KNOWN"),
        {"filterType": "PRIVACY", "privacyName": "x", "operator": "PRIVACY_CONSENT_GRANTED"},
        {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": 2**40},
        group("NOT_ANY", {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": 2**40}),
        group("OR", LARGE, on("nope", "IS_KNOWN")),
    ],
)
def test_what_cannot_be_asked_inside_matches_nobody_outside(
    firms: Firms, bad: dict[str, Any]
) -> None:
    for operator in ("IN_LIST", "NOT_IN_LIST"):
        branch = associated(IN_OSLO, LARGE, bad, operator=operator)
        for name in ("AND", "NOT_ANY"):
            found = firms.ask_lenient(group(name, branch))
            # That some record meets what can be asked is still an answer.
            assert found <= {"bob"}
    assert firms.ask_lenient(group("AND", associated(bad, operator="NOT_IN_LIST"))) == set()


def test_a_type_that_is_gone_or_leads_elsewhere_matches_nobody(firms: Firms) -> None:
    # 280 begins at a company, 5 leads from deals to companies.
    for type_id in (99999, 280, 5):
        for operator in ("IN_LIST", "NOT_IN_LIST"):
            branch = associated(operator=operator, type_id=type_id)
            assert firms.ask_lenient(group("AND", branch)) == set()
            assert firms.ask_lenient(group("NOT_ANY", branch)) == set()
    tree = base.parse(group("AND", associated(type_id=99999)), properties.load(CONTACT))
    assert base.problems(tree) == [
        ("filterBranches[0]", "there is no association type 99999 to a company")
    ]


def test_problems_inside_are_found(firms: Firms) -> None:
    branch = group("AND", associated({"filterType": "IN_LIST", "operator": "IN_LIST", "listId": 9}))
    tree = base.parse(branch, properties.load(CONTACT))
    assert base.problems(tree) == [("filterBranches[0].filters[0]", "there is no list 9")]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"objectTypeId": "9-9"}, "there is no object type '9-9'"),
        ({"operator": "SOME"}, "'SOME' is not one of IN_LIST, NOT_IN_LIST"),
        ({"associationTypeId": "x"}, "'x' is not a number"),
        ({"filters": [on("email", "IS_KNOWN")]}, "there is no property 'email'"),
    ],
)
def test_mistakes_are_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(base.FilterError) as error:
        base.parse(group("AND", associated() | changed), properties.load(CONTACT))
    assert error.value.message == message


def in_list_of(list_id: int, **more: Any) -> dict[str, Any]:
    return {
        "filterType": "ASSOCIATION",
        "operator": "IN_LIST",
        "listId": list_id,
        "toObjectTypeId": COMPANY,
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": ANY,
        **more,
    }


def times(least: int | None = None, most: int | None = None) -> dict[str, Any]:
    return {"type": "NUM_OCCURRENCES", "minOccurrences": least, "maxOccurrences": most}


def test_lists_of_associated_records(firms: Firms) -> None:
    firms.relate(ANY, ("ann", firms.large_oslo))
    guests = firms.make_list(firms.large_rome, firms.large_oslo)
    assert firms.ask(in_list_of(guests)) == {"ann", "bob"}
    assert firms.ask(in_list_of(guests, operator="NOT_IN_LIST")) == {"cid", "dan"}
    assert firms.ask(in_list_of(guests, coalescingRefineBy=times(2))) == {"ann"}
    assert firms.ask(in_list_of(guests, coalescingRefineBy=times(None, 1))) == {"bob", "cid", "dan"}
    assert firms.ask(
        in_list_of(guests, coalescingRefineBy={"type": "SET_OCCURRENCES", "setType": "ALL"})
    ) == {"bob"}


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (None, None, {"ann", "bob", "cid"}),
        (2, None, {"ann"}),
        (None, 1, {"bob", "cid", "dan"}),
        (1, 1, {"bob", "cid"}),
        (0, 0, {"dan"}),
        (0, None, {"ann", "bob", "cid", "dan"}),
    ],
)
def test_the_number_of_associated_records(
    firms: Firms, least: int | None, most: int | None, expected: set[str]
) -> None:
    node = {
        "filterType": "NUM_ASSOCIATIONS",
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": ANY,
        "coalescingRefineBy": times(least, most),
    }
    assert firms.ask(node) == expected
    assert firms.ask(group("NOT_ANY", node)) == {"ann", "bob", "cid", "dan"} - expected


def held(firms: Firms) -> None:
    """A text property that holds ids of companies: Ann's, Bob's, and stray ones."""
    found = PropertyGroup.objects.filter(object_type=CONTACT).first()
    assert found is not None
    Property.objects.create(
        object_type=CONTACT, name="t_firm", label="Firm", type="string", field_type="text",
        group=found, created_at=NOW,
    )  # fmt: skip
    for name, value in [
        ("ann", str(firms.small_oslo)), ("bob", str(firms.large_oslo)),
        ("cid", "none"), ("dan", "999999999999999999999"),
    ]:  # fmt: skip
        changes.update(CONTACT, {firms.ids[name]: {"t_firm": value}}, SYSTEM)


def of_property(*filters: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        **group("PROPERTY_ASSOCIATION", *filters),
        "objectTypeId": COMPANY,
        "propertyWithObjectId": "t_firm",
        **more,
    }


def test_the_record_whose_id_stands_in_a_property(firms: Firms) -> None:
    held(firms)
    assert firms.ask(of_property(IN_OSLO)) == {"ann", "bob"}
    assert firms.ask(of_property(IN_OSLO, LARGE, operator="IN_LIST")) == {"bob"}
    assert firms.ask(of_property(LARGE, operator="NOT_IN_LIST")) == {"ann", "cid", "dan"}
    assert firms.ask(group("NOT_ANY", of_property(LARGE))) == {"ann", "cid", "dan"}
    guests = firms.make_list(firms.large_oslo)
    node = {
        "filterType": "PROPERTY_ASSOCIATION",
        "operator": "IN_LIST",
        "listId": guests,
        "propertyWithObjectId": "t_firm",
        "toObjectTypeId": COMPANY,
    }
    assert firms.ask(node) == {"bob"}
    assert firms.ask({**node, "operator": "NOT_IN_LIST"}) == {"ann", "cid", "dan"}
    assert firms.ask({**node, "coalescingRefineBy": times(1)}) == {"bob"}


def candidates(firms: Firms, branch: dict[str, Any]) -> set[str]:
    """About whom a filter has to be asked after all that was queued."""
    predicate = base.compile(group("AND", branch), CONTACT, NOW)
    found = base.candidates(predicate.dependencies, change_queue.take(100))
    if found is None:
        return set()
    return {self for self in (firms.names.get(row[0]) for row in rows(found)) if self}


def test_changes_of_associated_records_are_heard(firms: Firms) -> None:
    branch = associated(IN_OSLO)
    Change.objects.all().delete()
    changes.update(COMPANY, {firms.large_oslo: {"city": "Rome"}}, SYSTEM)
    assert candidates(firms, branch) == {"bob"}
    changes.update(COMPANY, {firms.large_oslo: {"name": "Other"}}, SYSTEM)
    assert candidates(firms, branch) == set()
    changes.archive(COMPANY, changes.these([firms.large_rome]), SYSTEM)
    assert candidates(firms, branch) == {"ann"}
    firms.relate(ANY, ("dan", firms.small_oslo))
    assert candidates(firms, branch) == {"dan"}


def test_changes_of_a_record_named_in_a_property_are_heard(firms: Firms) -> None:
    held(firms)
    Change.objects.all().delete()
    changes.update(COMPANY, {firms.large_oslo: {"city": "Rome"}}, SYSTEM)
    assert candidates(firms, of_property(IN_OSLO)) == {"bob"}


def test_memberships_of_associated_records_are_heard(firms: Firms) -> None:
    guests = firms.make_list(firms.large_oslo)
    predicate = base.compile(group("AND", in_list_of(guests)), CONTACT, NOW)
    assert [item.list_ids for item in predicate.dependencies] == [set(), {guests}]
    assert predicate.list_ids == set()


def test_reading_a_filter_on_associated_records_costs_few_queries(
    firms: Firms, django_assert_max_num_queries: Any
) -> None:
    definitions = properties.load(CONTACT)
    with django_assert_max_num_queries(4):
        tree = base.parse(group("AND", *[associated(IN_OSLO)] * 50), definitions)
    with django_assert_max_num_queries(0):
        base.compile(tree, CONTACT, NOW)


def test_it_reads_as_a_sentence_and_says_what_it_found(firms: Firms) -> None:
    branch = group(
        "AND",
        associated(IN_OSLO, LARGE, type_id=PRIMARY),
        associated(operator="NOT_IN_LIST"),
    )
    some, none = base.explain(branch, CONTACT, firms.ids["ann"])
    assert some.sentence == "Some associated company (Primary) meets this:"
    assert [line.sentence for line in some.lines] == [
        "City is equal to Oslo",
        "Number of employees is greater than 100",
    ]
    assert (some.value, some.passed) == ("0 of 1 associated companies", False)
    assert [line.passed for line in some.lines] == [None, None]
    assert none.sentence == "Has no associated company"
    assert (none.value, none.passed) == ("2 of 2 associated companies", False)


def test_names_and_values_cannot_break_out(firms: Firms) -> None:
    for evil in ("'; DROP TABLE crm_record; --", "%s", "{0}", 'x" OR 1=1'):
        branch = associated(on("city", "IS_EQUAL_TO", operationType="STRING", value=evil))
        assert firms.ask(branch) == set()
        for field in ("objectTypeId", "propertyWithObjectId"):
            with pytest.raises(base.FilterError):
                base.parse(of_property(**{field: evil}), properties.load(CONTACT))
    execute(sql("SELECT count(*) FROM crm_record"))
    assert connection.is_usable()
