from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries, Settings

from crm import clock, properties
from crm.filters import base
from crm.tests.filter_world import CONTACT, NOW, World, ago, on

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(settings: Settings) -> World:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    world = World()
    world.add(
        {"ann": {"t_text": "Oslo", "t_color": "red", "t_number": 1200, "t_date": "2026-03-29"}}
    )
    return world


def group(name: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {
        "filterBranchType": name,
        "filters": [node for node in nodes if "filterType" in node],
        "filterBranches": [node for node in nodes if "filterBranchType" in node],
    }


def point(reference: str, **more: Any) -> dict[str, Any]:
    return {"timeType": "INDEXED", "indexReference": {"referenceType": reference}} | more


@pytest.mark.parametrize(
    ("filter_", "sentence"),
    [
        (on("t_text", "IS_KNOWN"), "Text is known"),
        (on("t_text", "IS_UNKNOWN", empty=True), "Text is unknown"),
        (on("t_text", "IS_EQUAL_TO", value="Oslo"), "Text is equal to Oslo"),
        (on("t_text", "CONTAINS", values=["Oslo", "Rome"]), "Text contains any of Oslo, Rome"),
        (
            on("t_color", "IS_NONE_OF", values=["red", "pink"], empty=True),
            "Color is none of Red, pink, or is empty",
        ),
        (on("t_number", "IS_GREATER_THAN", value="1200.50"), "Number is greater than 1,200.50"),
        (
            on("t_number", "IS_BETWEEN", lowerBound=1, upperBound=2),
            "Number is between 1 and 2",
        ),
        (on("t_flag", "IS_EQUAL_TO", value=True), "Flag is yes"),
        (on("t_date", "IS_BEFORE", year=2026, month=4, day=1), "Date is before 1 Apr 2026"),
        (
            on("t_date", "IS_LESS_THAN_X_DAYS_AGO", numberOfDays=3),
            "Date is less than 3 days ago",
        ),
        (
            on("t_date", "NOT_UPDATED_IN_LAST_X_DAYS", numberOfDays=1),
            "Date was not updated in the last 1 day",
        ),
        (
            on("t_date", "IN_THIS_TIME_UNIT_SO_FAR", timeUnit="WEEK"),
            "Date is in this week so far",
        ),
        (
            on("t_date", "IN_LAST_TIME_UNIT", timeUnit="MONTH", timeUnitCount=3),
            "Date is in the last 3 months",
        ),
        (
            on("t_date", "IS_BETWEEN", lowerBoundTimePoint=point("NOW"),
               upperBoundTimePoint=point("TODAY", offset={"days": 30})),
            "Date is between now and 30 days after today",
        ),
        (
            on("t_text", "IS_AFTER", propertyParser="UPDATED_AT",
               timePoint=point("TODAY", offset={"months": -1})),
            "Text is after 1 month before today (time of the last change)",
        ),
        ({"filterType": "CONSTANT", "shouldAccept": True}, "Every record"),
        (
            {"filterType": "WEBINAR", "operator": "HAS_WEBINAR_ATTENDANCE"},
            "A filter on webinars; integration not connected",
        ),
        (on("nope", "IS_KNOWN"), "Cannot be checked: there is no property 'nope'"),
    ],
)  # fmt: skip
def test_a_filter_reads_as_a_sentence(world: World, filter_: dict[str, Any], sentence: str) -> None:
    lines = base.summary(group("OR", group("AND", filter_)), CONTACT)
    assert [line.sentence for line in lines] == [sentence]


def test_a_list_is_called_by_its_name(world: World) -> None:
    list_id = world.make_list("ann")
    guests = {"filterType": "IN_LIST", "operator": "NOT_IN_LIST", "listId": str(list_id)}
    (line,) = base.explain(group("AND", guests), CONTACT, world.ids["ann"])
    assert line.sentence == 'Is not in the list "Guests"'
    assert line.value == "in the list since 2026-03-30"
    assert line.passed is False


@pytest.mark.parametrize(
    ("filter_", "note"),
    [
        (
            on("t_date", "IN_THIS_TIME_UNIT", timeUnit="WEEK"),
            "from 30 Mar 2026 to 5 Apr 2026 (Europe/Oslo)",
        ),
        (
            on("t_date", "IS_MORE_THAN_X_DAYS_AGO", numberOfDays=3),
            "until 26 Mar 2026 (Europe/Oslo)",
        ),
        (
            on("t_moment", "IS_LESS_THAN_X_DAYS_AGO", numberOfDays=1),
            "after 29 Mar 2026, 10:15 until 30 Mar 2026, 10:15 (Europe/Oslo)",
        ),
        (
            on("t_text", "UPDATED_IN_LAST_X_DAYS", numberOfDays=1),
            "after 29 Mar 2026, 10:15 (Europe/Oslo)",
        ),
        (on("t_date", "IS_BEFORE", year=2026, month=4, day=1), ""),
    ],
)
def test_a_relative_date_shows_what_it_means_today(
    world: World, filter_: dict[str, Any], note: str
) -> None:
    with clock.at(NOW):
        (line,) = base.summary(group("AND", filter_), CONTACT)
    assert line.note == note


def test_an_explanation_shows_each_value_and_whether_it_passes(world: World) -> None:
    world.had([("ann", "t_text", "Oslo", ago(days=1))])
    branch = group(
        "OR",
        group(
            "AND",
            on("t_color", "IS_ANY_OF", values=["red"]),
            on("t_number", "IS_LESS_THAN", value=5),
            on("t_date", "IS_LESS_THAN_X_DAYS_AGO", numberOfDays=3),
            on("t_moment", "IS_UNKNOWN"),
        ),
        group("NOT_ANY", on("t_text", "UPDATED_IN_LAST_X_DAYS", numberOfDays=5)),
    )
    with clock.at(NOW):
        (top,) = base.explain(branch, CONTACT, world.ids["ann"])
    assert (top.sentence, top.passed) == ("At least one of these is true:", False)
    both, none = top.lines
    assert (both.sentence, both.passed) == ("All of these are true:", False)
    assert [(line.value, line.passed) for line in both.lines] == [
        ("Red", True),
        ("1,200", False),
        ("29 Mar 2026", True),
        ("", True),
    ]
    assert (none.sentence, none.passed) == ("None of these is true:", False)
    assert [(line.value, line.passed) for line in none.lines] == [
        ("updated 29 Mar 2026, 10:15", True)
    ]
    with clock.at(NOW + timedelta(days=9)):
        (top,) = base.explain(branch, CONTACT, world.ids["ann"])
    assert top.passed is True


@pytest.mark.parametrize("name", ["NOT_ANY", "NOT_ALL", "AND", "OR"])
@pytest.mark.parametrize(
    "filter_",
    [
        {"filterType": "CTA", "ctaName": "x", "operator": "HAS_CLICKED_CTA"},
        {"filterType": "IN_LIST", "operator": "IN_LIST", "listId": 99},
        {"filterType": "IN_LIST", "operator": "NOT_IN_LIST", "listId": 99},
    ],
)
def test_a_filter_that_cannot_be_asked_explains_as_it_matches(
    world: World, name: str, filter_: dict[str, Any]
) -> None:
    branch = group("OR", group(name, filter_))
    (line,) = base.explain(branch, CONTACT, world.ids["ann"])
    assert line.passed is False
    assert world.ask(branch) == set()


def test_a_stray_value_is_shown_as_it_is(world: World) -> None:
    world.add({"bob": {"t_date": "soon", "t_number": "many"}})
    branch = group("AND", on("t_date", "IS_KNOWN"), on("t_number", "IS_EQUAL_TO", value=1))
    lines = base.explain(branch, CONTACT, world.ids["bob"])
    assert [(line.value, line.passed) for line in lines] == [("soon", True), ("many", False)]


def test_an_explanation_costs_one_query(
    world: World, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    """Beside those that read the definitions and the clock."""
    filters = [on("t_text", "IS_EQUAL_TO", value=str(number)) for number in range(250)]
    tree = base.parse(group("OR", *filters), properties.load(CONTACT))
    with django_assert_num_queries(2):
        (line,) = base.explain(tree, CONTACT, world.ids["ann"])
    assert len(line.lines) == 250


def test_a_record_of_another_type_cannot_be_explained(world: World) -> None:
    with pytest.raises(LookupError):
        base.explain(group("AND"), "0-2", world.ids["ann"])


def test_filters_on_nothing_say_so(world: World) -> None:
    for name, sentence in [
        ("AND", "Every record"),
        ("OR", "No record"),
        ("NOT_ANY", "Every record"),
    ]:
        (line,) = base.summary(group(name), CONTACT)
        assert line.sentence == sentence
