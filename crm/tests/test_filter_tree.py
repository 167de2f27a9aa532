"""Branches, lists, limits, and filters that are wrong or not carried out yet."""

from __future__ import annotations

from typing import Any

import pytest

from crm import properties
from crm.filters import base
from crm.models import List
from crm.sql import rows
from crm.tests.filter_world import CONTACT, NOW, World, on

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = World()
    world.add(
        {
            "red 1": {"t_color": "red", "t_number": 1},
            "red 2": {"t_color": "red", "t_number": 2},
            "blue 1": {"t_color": "blue", "t_number": 1},
            "1": {"t_number": 1},
            "blank": {},
        }
    )
    return world


def group(name: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {
        "filterBranchType": name,
        "filters": [node for node in nodes if "filterType" in node],
        "filterBranches": [node for node in nodes if "filterBranchType" in node],
    }


def constant(accepts: bool) -> dict[str, Any]:
    return {"filterType": "CONSTANT", "shouldAccept": accepts}


RED = on("t_color", "IS_ANY_OF", values=["red"])
ONE = on("t_number", "IS_EQUAL_TO", value=1)
NOT_RED = on("t_color", "IS_NONE_OF", values=["red"])
NOT_RED_OR_EMPTY = on("t_color", "IS_NONE_OF", values=["red"], empty=True)
EVERYONE = {"red 1", "red 2", "blue 1", "1", "blank"}


@pytest.mark.parametrize(
    ("branch", "expected"),
    [
        (group("AND", RED, ONE), {"red 1"}),
        (group("OR", RED, ONE), {"red 1", "red 2", "blue 1", "1"}),
        (group("NOT_ANY", RED, ONE), {"blank"}),
        (group("NOT_ALL", RED, ONE), EVERYONE - {"red 1"}),
        # Turned round, a condition accepts what it refused: also the records without a value.
        (group("NOT_ANY", RED), EVERYONE - {"red 1", "red 2"}),
        (group("NOT_ANY", NOT_RED), EVERYONE - {"blue 1"}),
        (group("NOT_ANY", NOT_RED_OR_EMPTY), {"red 1", "red 2"}),
        (group("NOT_ANY", group("NOT_ANY", RED)), {"red 1", "red 2"}),
        (group("NOT_ANY", group("AND", RED, group("NOT_ALL", ONE))), EVERYONE - {"red 2"}),
        (group("OR", group("AND", RED, ONE), group("AND", NOT_RED)), {"red 1", "blue 1"}),
        (group("AND"), EVERYONE),
        (group("OR"), set()),
        (group("NOT_ANY"), EVERYONE),
        (group("NOT_ALL"), set()),
        (group("AND", constant(True)), EVERYONE),
        (group("AND", constant(False)), set()),
        (group("NOT_ANY", constant(False)), EVERYONE),
        ({"filterBranchType": "AND"}, EVERYONE),
        ({"filterBranchType": "OR", "filters": None, "filterBranches": [group("AND", RED)]},
         {"red 1", "red 2"}),
    ],
)  # fmt: skip
def test_branches_combine_their_nodes(
    world: World, branch: dict[str, Any], expected: set[str]
) -> None:
    assert world.ask(branch) == expected


def in_list(list_id: Any, operator: str = "IN_LIST") -> dict[str, Any]:
    return {"filterType": "IN_LIST", "listId": list_id, "operator": operator}


def test_list_membership_is_a_condition(world: World) -> None:
    list_id = world.make_list("red 1", "blank")
    branch = group("AND", in_list(str(list_id)))
    assert world.ask(branch) == {"red 1", "blank"}
    assert base.compile(branch, CONTACT, NOW).list_ids == {list_id}
    assert world.ask(in_list(list_id, "NOT_IN_LIST")) == EVERYONE - {"red 1", "blank"}
    assert world.ask(group("NOT_ANY", in_list(list_id))) == EVERYONE - {"red 1", "blank"}


def test_a_list_that_is_gone_matches_nobody_in_any_direction(world: World) -> None:
    archived = world.make_list("red 1")
    List.objects.filter(pk=archived).update(archived_at=NOW)
    other_type = world.make_list("red 1", object_type="0-2")
    for list_id in (archived, other_type, 2**40):
        for operator in ("IN_LIST", "NOT_IN_LIST"):
            assert world.ask(group("AND", in_list(list_id, operator))) == set()
            assert world.ask(group("NOT_ANY", in_list(list_id, operator))) == set()
    tree = base.parse(group("AND", in_list(archived)), {})
    assert base.problems(tree) == [("filters[0]", f"there is no list {archived}")]


UNCONNECTED: list[dict[str, Any]] = [
    {"filterType": "ADS_SEARCH", "operator": "IS_KNOWN", "searchTerms": [], "entityType": "AD",
     "adNetwork": "FACEBOOK", "searchTermType": "NAME"},
    {"filterType": "ADS_TIME", "pruningRefineBy": {"type": "ALL_HISTORY"}},
    {"filterType": "CAMPAIGN_INFLUENCED", "campaignId": "1"},
    {"filterType": "CTA", "ctaName": "Buy", "operator": "HAS_CLICKED_CTA"},
    {"filterType": "INTEGRATION_EVENT", "eventTypeId": 7, "filterLines": []},
    {"filterType": "PRIVACY", "privacyName": "x", "operator": "PRIVACY_CONSENT_NOT_GRANTED"},
    {"filterType": "SURVEY_MONKEY", "surveyId": "1", "operator": "HAS_NOT_RESPONDED_TO_SURVEY"},
    {"filterType": "SURVEY_MONKEY_VALUE", "surveyId": "1", "surveyQuestion": "q",
     "operator": "HAS_ANSWERED_SURVEY_QUESTION_WITH_VALUE", "valueComparison": {}},
    {"filterType": "WEBINAR", "operator": "NOT_HAS_WEBINAR_ATTENDANCE"},
    {"filterType": "IN_LIST", "operator": "NOT_IN_LIST", "listId": "1",
     "metadata": {"id": "9", "inListType": "DATASET"}},
    {"filterBranchType": "UNIFIED_EVENTS", "eventTypeId": "4-1", "operator": "HAS_NOT_COMPLETED"},
    {"filterType": "EVENT", "eventId": "6-999", "operator": "NOT_HAS_EVENT"},
]  # fmt: skip


@pytest.mark.parametrize("node", UNCONNECTED)
def test_what_there_is_no_data_for_matches_nobody_and_says_so(
    world: World, node: dict[str, Any]
) -> None:
    assert world.ask(group("AND", node)) == set()
    assert world.ask(group("NOT_ANY", node)) == set()
    assert world.ask(group("NOT_ANY", group("NOT_ALL", node))) == set()
    assert world.ask(group("OR", ONE, node)) == {"red 1", "blue 1", "1"}
    tree = base.parse(group("AND", node), properties.load(CONTACT))
    found = [problem.message for problem in base.problems(tree)]
    assert [message.startswith("integration not connected: ") for message in found] == [True]


def test_hidden_filters_match_nobody_and_say_so(world: World) -> None:
    hidden = {"filterBranchType": "RESTRICTED"}
    assert world.ask(group("AND", hidden)) == set()
    assert world.ask(group("NOT_ANY", hidden)) == set()
    assert world.ask(group("OR", ONE, hidden)) == {"red 1", "blue 1", "1"}
    tree = base.parse(group("AND", hidden), {})
    assert base.problems(tree) == [
        ("filterBranches[0]", "these filters are hidden and match nobody")
    ]


WRONG = [
    ({"property": "nope"}, "filters[0].property: there is no property 'nope'"),
    (
        {"property": "t_color", "operation": {"operator": "IS_NOT_EQUAL_TO", "values": ["red"],
                                              "operationType": "ENUMERATION"}},
        "filters[0].operation.operator: 'IS_NOT_EQUAL_TO' is not one of",
    ),
    (
        {"property": "t_color", "operation": {"operator": "IS_EQUAL_TO", "value": "red",
                                              "operationType": "STRING"}},
        (
            "filters[0].operation.operationType: STRING does not fit the enumeration property"
            " 't_color'"
        ),
    ),
    (
        {"property": "t_text", "operation": {"operator": "IS_ANY_OF", "values": ["x"]}},
        (
            "filters[0].operation.operator: 'IS_ANY_OF' with these values does not fit the string"
            " property 't_text'"
        ),
    ),
    (
        {"property": "t_text", "operation": {"operator": "IS_EQUAL_TO", "value": "  ",
                                             "operationType": "STRING"}},
        "filters[0].operation.value: must not be empty",
    ),
    (
        {"property": "t_text", "operation": {"operator": "IS_EQUAL_TO", "values": [],
                                             "operationType": "MULTISTRING"}},
        "filters[0].operation.values: must be a list of 1 to 5,000 values",
    ),
    (
        {"property": "t_color", "operation": {"operator": "IS_EQUAL_TO", "values": ["a", "b"],
                                              "operationType": "ENUMERATION"}},
        "filters[0].operation.values: IS_EQUAL_TO takes one value; use IS_ANY_OF",
    ),
    (
        {"property": "t_number", "operation": {"operator": "IS_EQUAL_TO", "value": "NaN",
                                               "operationType": "NUMBER"}},
        "filters[0].operation.value: 'NaN' is not a number",
    ),
    (
        {"property": "t_number", "operation": {"operator": "IS_EQUAL_TO",
                                               "operationType": "NUMBER"}},
        "filters[0].operation.value: is missing",
    ),
    (
        {"property": "t_date", "operation": {"operator": "IS_BEFORE", "operationType": "DATE",
                                             "year": 2026, "month": "FEBRUARY", "day": 30}},
        "filters[0].operation.day: this month has no such day",
    ),
    (
        {"property": "t_date", "operation": {
            "operator": "IS_BEFORE", "operationType": "TIME_POINT", "timePoint": {
                "timeType": "INDEXED", "zoneId": "Europe/Atlantis",
                "indexReference": {"referenceType": "NOW"}}}},
        "filters[0].operation.timePoint.zoneId: there is no time zone 'Europe/Atlantis'",
    ),
    (
        {"property": "t_date", "operation": {
            "operator": "IS_BEFORE", "operationType": "TIME_POINT", "timePoint": {
                "timeType": "INDEXED", "offset": {"decades": 1},
                "indexReference": {"referenceType": "NOW"}}}},
        "filters[0].operation.timePoint.offset.decades: is not one of years",
    ),
    ({"property": "t_date", "operation": 5}, "filters[0].operation: must be an object"),
    ({"property": "t_date"}, "filters[0].operation: is missing"),
    ({"property": "t_text", "operation": {"operationType": "NOPE", "operator": "IS_KNOWN"}},
     "filters[0].operation.operationType: 'NOPE' is not one of"),
    ({"filterType": "NOPE"}, "filters[0].filterType: 'NOPE' is unknown"),
    ({"filterType": None}, "filters[0].filterType: is missing"),
    ({"filterType": "IN_LIST", "operator": "IN_LIST", "listId": "x"},
     "filters[0].listId: 'x' is not a number"),
    ({"filterType": "CONSTANT", "shouldAccept": "maybe"},
     "filters[0].shouldAccept: must be true or false"),
]  # fmt: skip


@pytest.mark.parametrize(("node", "message"), WRONG)
def test_a_mistake_is_refused_with_its_place(
    world: World, node: dict[str, Any], message: str
) -> None:
    branch = group("AND", {"filterType": "PROPERTY"} | node)
    with pytest.raises(base.FilterError) as caught:
        base.parse(branch, properties.load(CONTACT))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("node", "message"), WRONG)
def test_in_a_filter_in_use_a_mistake_matches_nobody(
    world: World, node: dict[str, Any], message: str
) -> None:
    wrong = {"filterType": "PROPERTY"} | node
    predicate = base.compile(group("NOT_ANY", wrong), CONTACT, NOW)
    assert str(predicate.problems[0]).startswith(message)
    assert world.ask(group("NOT_ANY", wrong)) == set()
    assert world.ask(group("OR", wrong, ONE)) == {"red 1", "blue 1", "1"}


@pytest.mark.parametrize(
    ("branch", "message"),
    [
        (None, "must be an object"),
        ([], "must be an object"),
        ({}, "filterBranchType: is missing"),
        ({"filterBranchType": "XOR"}, "filterBranchType: 'XOR' is unknown"),
        ({"filterBranchType": ["AND"]}, "filterBranchType: \"['AND']\" is unknown"),
        ({"filterBranchType": "AND", "filters": {}}, "filters: must be a list"),
        ({"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "AND"}, 5]},
         "filterBranches[1]: must be an object"),
    ],
)  # fmt: skip
def test_a_broken_tree_is_refused_and_matches_nobody(
    world: World, branch: Any, message: str
) -> None:
    with pytest.raises(base.FilterError) as caught:
        base.parse(branch, properties.load(CONTACT))
    assert str(caught.value) == message
    predicate = base.compile(branch, CONTACT, NOW)
    assert [str(problem) for problem in predicate.problems] == [message]
    assert rows(base.match(predicate, CONTACT)) == []


def nested(depth: int) -> dict[str, Any]:
    branch = group("AND", constant(True))
    for _ in range(depth - 1):
        branch = group("AND", branch)
    return branch


@pytest.mark.parametrize(
    ("fits", "too_large"),
    [
        (nested(10), nested(11)),
        (group("AND", *[constant(True)] * 250), group("AND", *[constant(True)] * 251)),
        (group("OR", *[group("AND")] * 249), group("OR", *[group("AND")] * 250)),
    ],
)
def test_the_size_of_a_filter_is_limited(
    world: World, fits: dict[str, Any], too_large: dict[str, Any]
) -> None:
    assert world.ask(fits) == EVERYONE
    with pytest.raises(base.FilterError):
        base.parse(too_large, {})
    assert world.ask(too_large) == set()


def test_a_hopelessly_deep_filter_is_refused_like_any_other() -> None:
    with pytest.raises(base.FilterError, match="nested deeper"):
        base.parse(nested(100_000), {})


@pytest.mark.parametrize(
    ("branch", "is_trivial"),
    [
        (group("AND"), True),
        (group("OR", group("AND")), True),
        (group("NOT_ANY"), True),
        (group("AND", constant(True)), True),
        (group("OR", RED, constant(True)), True),
        (group("NOT_ALL", RED, constant(False)), True),
        (group("OR"), False),
        (group("AND", RED), False),
        (group("OR", group("AND", RED, constant(True))), False),
        (group("AND", constant(False)), False),
    ],
)
def test_a_filter_that_everyone_passes_is_recognised(
    world: World, branch: dict[str, Any], is_trivial: bool
) -> None:
    assert base.is_trivial(base.parse(branch, properties.load(CONTACT))) is is_trivial


def test_a_predicate_names_what_can_change_it(world: World) -> None:
    branch = group("OR", RED, group("AND", ONE, NOT_RED))
    predicate = base.compile(branch, CONTACT, NOW)
    assert predicate.property_names == {"t_color", "t_number"}
    assert predicate.list_ids == set()
    assert predicate.is_time_sensitive is False
