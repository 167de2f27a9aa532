"""Filter JSON becomes values of a form and filter JSON again, with the same meaning."""

from __future__ import annotations

from typing import Any

import pytest

from crm.filters import scopes
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Form
from crm.filters.kinds import Subject, filter_types
from crm.filters.library import Library
from crm.filters.operations import operation_types
from crm.filters.tree import TreeReader
from crm.filters.types.property import PropertyCondition
from crm.models import List
from crm.tests.filter_world import CONTACT, NOW, World, milliseconds

pytestmark = pytest.mark.django_db

TODAY = {"timeType": "INDEXED", "zoneId": "UTC", "indexReference": {"referenceType": "TODAY"}}
DAY = {"timeType": "DATE", "zoneId": "Europe/Oslo", "year": 2026, "month": "MAY", "day": 17}
AS_MONTH_NUMBER = {**DAY, "month": 5, "hour": 8, "minute": 30, "timezoneSource": "PORTAL"}
#: (property, operation) pairs: one at least for every operation type.
OPERATIONS: list[tuple[str, dict[str, Any]]] = [
    ("t_text", {"operationType": "STRING", "operator": "CONTAINS", "value": "Oslo"}),
    ("t_text", {"operationType": "STRING", "operator": "HAS_EVER_CONTAINED", "value": " x "}),
    ("t_text", {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["a", "b,c"]}),
    ("t_text", {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"}),
    ("t_text", {"operationType": "REGEX", "operator": "MATCHES_REGEX", "value": "^a+$"}),
    ("t_number", {"operationType": "NUMBER", "operator": "IS_GREATER_THAN", "value": 5}),
    ("t_number", {"operationType": "NUMBER", "operator": "IS_EQUAL_TO", "value": "0.1"}),
    ("t_number", {"operationType": "NUMBER", "operator": "IS_EQUAL_TO", "value": "9" * 25}),
    ("t_number", {"operationType": "NUMBER_RANGED", "operator": "IS_BETWEEN", "lowerBound": -1,
                  "upperBound": 2.5}),
    ("t_flag", {"operationType": "BOOL", "operator": "IS_EQUAL_TO", "value": False}),
    ("t_color", {"operationType": "ENUMERATION", "operator": "IS_ANY_OF",
                 "values": ["red", "gone"]}),
    ("t_colors", {"operationType": "ENUMERATION", "operator": "IS_EXACTLY", "values": ["red"]}),
    ("t_date", {"operationType": "DATE", "operator": "IS_BEFORE", "year": 2026, "month": "MARCH",
                "day": 1}),
    ("t_moment", {"operationType": "DATETIME", "operator": "IS_AFTER",
                  "timestamp": milliseconds(NOW)}),
    ("t_moment", {"operationType": "RANGED_DATE", "operator": "IS_BETWEEN",
                  "lowerBound": milliseconds(NOW), "upperBound": milliseconds(NOW) + 60_000}),
    ("t_date", {"operationType": "ROLLING_DATE_RANGE", "operator": "IS_MORE_THAN_X_DAYS_AGO",
                "numberOfDays": 30}),
    ("t_text", {"operationType": "ROLLING_PROPERTY_UPDATED", "operator": "UPDATED_IN_LAST_X_DAYS",
                "numberOfDays": 3}),
    ("t_date", {"operationType": "CALENDAR_DATE", "operator": "IN_LAST_TIME_UNIT",
                "timeUnit": "QUARTER", "timeUnitCount": 2}),
    ("t_date", {"operationType": "CALENDAR_DATE", "operator": "IN_THIS_TIME_UNIT",
                "timeUnit": "WEEK"}),
    ("t_moment", {"operationType": "TIME_POINT", "operator": "IS_BEFORE", "timePoint":
                  {**TODAY, "offset": {"days": -30}}, "endpointBehavior": "INCLUSIVE"}),
    ("t_moment", {"operationType": "TIME_POINT", "operator": "IS_AFTER", "timePoint": DAY}),
    ("t_date", {"operationType": "TIME_RANGED", "operator": "IS_BETWEEN",
                "lowerBoundTimePoint": {**TODAY, "timezoneSource": "CUSTOM"},
                "upperBoundTimePoint": {**TODAY, "offset": {"months": 1}},
                "upperBoundEndpointBehavior": "EXCLUSIVE"}),
    ("t_moment", {"operationType": "TIME_RANGED", "operator": "IS_NOT_BETWEEN",
                  "lowerBoundTimePoint": AS_MONTH_NUMBER, "upperBoundTimePoint": DAY}),
]  # fmt: skip


@pytest.fixture(autouse=True)
def world() -> World:
    return World()


def condition(json: dict[str, Any]) -> PropertyCondition:
    reader = TreeReader(Subject(scopes.load(CONTACT).definitions), Library())
    return PropertyCondition.parse(Fields.of(json, ""), reader)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS)
@pytest.mark.parametrize("empty", [True, False])
def test_a_property_filter_comes_back_from_its_form(
    name: str, operation: dict[str, Any], empty: bool
) -> None:
    scope = scopes.load(CONTACT)
    json = {"property": name, "operation": {**operation, "includeObjectsWithNoValueSet": empty}}
    values = PropertyCondition.to_form(json, scope)
    again = PropertyCondition.from_form(values, scope)
    assert condition(again) == condition(json)


def test_every_operation_type_with_a_form_is_tried() -> None:
    definitions = scopes.load(CONTACT).definitions.values()
    with_form = {
        kind.name
        for kind in operation_types
        for operator in kind.operators
        for item in definitions
        if item.type in kind.property_types and kind.inputs(operator, item, {}) is not None
    }
    assert with_form == {operation["operationType"] for _, operation in OPERATIONS}


def form_of(name: str, operation: str = "") -> Form:
    given = {"property": name, "operation": operation}
    found = PropertyCondition.form(given, scopes.load(CONTACT))
    assert found is not None
    return found


def operators_of(name: str) -> list[str]:
    chosen = next(item for item in form_of(name).inputs if item.name == "operation")
    return [choice.label for choice in chosen.choices]


def test_operators_are_offered_by_the_type_of_the_property() -> None:
    text = operators_of("t_text")
    assert text[:2] == ["is equal to", "is not equal to"]
    assert len(text) == len(set(text)), "two operators would look the same"
    assert {"has ever been equal to", "is known", "is blank"} < set(text)
    assert "contains all of" not in operators_of("t_color")
    assert "contains all of" in operators_of("t_colors")
    assert operators_of("t_flag")[:2] == ["is", "is not"]
    assert "is less than … days ago" in operators_of("t_date")
    assert "is between" in operators_of("t_moment")


def test_an_operator_that_is_not_offered_is_shown_where_it_is_used() -> None:
    chosen = form_of("t_color", "ENUMERATION:IS_EQUAL_TO").inputs[1]
    assert chosen.choices[0].value == "ENUMERATION:IS_EQUAL_TO"


def test_contacts_without_a_value_pass_negative_operators_by_default() -> None:
    """Other records do not (W-124)."""

    def default(object_type: str, name: str, operation: str) -> str:
        found = PropertyCondition.form(
            {"property": name, "operation": operation}, scopes.load(object_type)
        )
        assert found is not None
        return next((item.default for item in found.inputs if item.ask is Ask.TICK), "not asked")

    assert default("0-1", "city", "MULTISTRING:IS_NOT_EQUAL_TO") == "true"
    assert default("0-2", "city", "MULTISTRING:IS_NOT_EQUAL_TO") == ""
    assert default("0-1", "city", "MULTISTRING:IS_EQUAL_TO") == "not asked"
    assert not any(
        item.ask is Ask.TICK for item in form_of("t_text", "ALL_PROPERTY:IS_KNOWN").inputs
    )


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("t_number", {"operation": "NUMBER:IS_EQUAL_TO", "value": "many"}, "not a number"),
        ("t_number", {"operation": "NUMBER:IS_EQUAL_TO", "value": " "}, "is missing"),
        ("t_color", {"operation": "ENUMERATION:IS_ANY_OF", "values": []}, "is missing"),
        ("t_date", {"operation": "DATE:IS_BEFORE", "day": "2026-02-31"}, "not a number"),
        ("t_date", {"operation": "DATE:IS_BEFORE"}, "is missing"),
        ("t_date", {"operation": "TIME_POINT:IS_BEFORE", "timePoint.start": "TODAY-",
                    "timePoint.amount": ""}, "not a number"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_the_filter(
    name: str, values: dict[str, Any], message: str
) -> None:
    json = PropertyCondition.from_form({"property": name, **values}, scopes.load(CONTACT))
    with pytest.raises(ValueError, match=message):
        condition(json)


def test_a_deleted_property_has_no_form() -> None:
    assert PropertyCondition.form({"property": "gone"}, scopes.load(CONTACT)) is None


def test_lists_are_searched_by_name(world: World) -> None:
    kept = world.make_list()
    List.objects.create(name="Guests too", object_type="0-2", created_at=NOW)
    List.objects.create(name="Guests", object_type=CONTACT, created_at=NOW, archived_at=NOW)
    kind = filter_types.get("IN_LIST")
    scope = scopes.load(CONTACT)
    assert [item.value for item in kind.search("listId", "guest", scope)] == [str(kept)]
    assert kind.found("listId", [str(kept), "x", "99999999"]) == {str(kept): "Guests"}
    made = kind.from_form({"operator": "NOT_IN_LIST", "listId": str(kept)}, scope)
    assert made == {"operator": "NOT_IN_LIST", "listId": str(kept)}


def test_what_can_be_added_is_named_and_described() -> None:
    offers = {
        item.name: item for kind in filter_types for item in kind.offers(scopes.load(CONTACT))
    }
    assert offers["city"].label == "City"
    assert offers["city"].hint == "text"
    assert offers["city"].heading == "Contact information"
