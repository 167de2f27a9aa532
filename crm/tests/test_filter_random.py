"""Random filters over random records: the database and plain Python must agree on every one."""

from __future__ import annotations

import os
import random
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from crm import properties
from crm.filters import base
from crm.sql import rows
from crm.tests.filter_model import Model, Person
from crm.tests.filter_world import CONTACT, NOW, PROPERTIES, World, on, stored

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FILTER_EXAMPLES", "300"))
SEED = int(os.environ.get("FILTER_SEED", "1"))
PEOPLE = 150
OSLO = ZoneInfo("Europe/Oslo")
TEXTS = [
    "Oslo",
    "OSLO west",
    "west",
    "os",
    "Ærø",
    "ærø øst",
    "100%",
    "1_0",
    "a\\b",
    "a b",
    "b a",
    "'x",
]
NUMBERS = [0, 1, 5, 5.5, -1, 0.1, 1e17, 99999999999999999]
CHOICES = ["red", "green", "blue", "black"]
TODAY = date(2026, 3, 30)
DAYS = [TODAY + timedelta(days=n) for n in (-400, -95, -89, -31, -29, *range(-8, 9), 31, 60, 300)]
MOMENTS = [
    NOW + timedelta(days=days, milliseconds=shift)
    for days in (-300, -31, -29, -7, -3, -1, 0, 1, 3, 7, 30)
    for shift in (-1, 0, 1)
] + [datetime(day.year, day.month, day.day, tzinfo=OSLO) for day in DAYS]


def any_value(kind: str, field_type: str, chance: random.Random) -> Any:
    if kind == "string":
        return chance.choice(TEXTS)
    if kind == "number":
        # A stray value that was never a number must neither match nor break the statement.
        return chance.choice([*NUMBERS, "5", "abc", True])
    if kind == "bool":
        return chance.random() < 0.5
    if kind == "enumeration":
        some = chance.sample(CHOICES, chance.randint(1, 3))
        return some if field_type == "checkbox" and chance.random() < 0.9 else some[0]
    return chance.choice(DAYS).isoformat() if kind == "date" else stored(chance.choice(MOMENTS))


def make_people(world: World) -> dict[str, Person]:
    """Records, a third of whose values are missing, and their history."""
    chance = random.Random(SEED)
    people = {}
    for number in range(PEOPLE):
        person = Person({})
        for name, (_, kind, field_type) in PROPERTIES.items():
            now = any_value(kind, field_type, chance) if chance.random() < 0.67 else None
            if now is not None:
                person.properties = {**person.properties, name: now}
            for _ in range(chance.choice([0, 0, 1, 2])):
                then = any_value(kind, field_type, chance) if chance.random() < 0.8 else None
                person.history.append((name, then, chance.choice(MOMENTS)))
        people[f"p{number}"] = person
    world.add({name: person.properties for name, person in people.items()})
    world.had(
        (name, property_name, value, at)
        for name, person in people.items()
        for property_name, value, at in person.history
    )
    for _ in range(2):
        chosen = chance.sample(sorted(people), PEOPLE // 3)
        list_id = world.make_list(*chosen)
        for name in chosen:
            people[name].lists.add(list_id)
    return people


def words(line: str) -> st.SearchStrategy[str]:
    return st.sampled_from(line.split())


def text_values() -> st.SearchStrategy[dict[str, Any]]:
    text = st.sampled_from([*TEXTS, "west oslo", "%", "_", "\\", "o"])
    one = st.fixed_dictionaries(
        {
            "operationType": st.just("STRING"),
            "operator": words(
                "IS_EQUAL_TO IS_NOT_EQUAL_TO CONTAINS DOES_NOT_CONTAIN STARTS_WITH ENDS_WITH"
                " HAS_EVER_BEEN_EQUAL_TO HAS_NEVER_BEEN_EQUAL_TO HAS_EVER_CONTAINED"
                " HAS_NEVER_CONTAINED"
            ),
            "value": text,
        }
    )
    many = st.fixed_dictionaries(
        {
            "operationType": st.just("MULTISTRING"),
            "operator": words(
                "IS_EQUAL_TO IS_NOT_EQUAL_TO CONTAINS DOES_NOT_CONTAIN CONTAINS_EXACTLY"
                " DOES_NOT_CONTAIN_EXACTLY STARTS_WITH ENDS_WITH"
            ),
            "values": st.lists(text, min_size=1, max_size=3),
        }
    )
    return one | many


def number_values() -> st.SearchStrategy[dict[str, Any]]:
    number = st.sampled_from(NUMBERS)
    one = st.fixed_dictionaries(
        {
            "operationType": st.just("NUMBER"),
            "operator": words(
                "IS_EQUAL_TO IS_NOT_EQUAL_TO IS_GREATER_THAN IS_GREATER_THAN_OR_EQUAL_TO"
                " IS_LESS_THAN IS_LESS_THAN_OR_EQUAL_TO HAS_EVER_BEEN_EQUAL_TO"
                " HAS_NEVER_BEEN_EQUAL_TO"
            ),
            "value": number,
        }
    )
    two = st.fixed_dictionaries(
        {
            "operationType": st.just("NUMBER_RANGED"),
            "operator": st.sampled_from(["IS_BETWEEN", "IS_NOT_BETWEEN"]),
            "lowerBound": number,
            "upperBound": number,
        }
    )
    return one | two


def choice_values() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "operationType": st.just("ENUMERATION"),
            "operator": words(
                "IS_ANY_OF IS_NONE_OF IS_EXACTLY IS_NOT_EXACTLY CONTAINS_ALL DOES_NOT_CONTAIN_ALL"
                " HAS_EVER_BEEN_ANY_OF HAS_NEVER_BEEN_ANY_OF HAS_EVER_BEEN_EXACTLY"
                " HAS_NEVER_BEEN_EXACTLY HAS_EVER_CONTAINED_ALL HAS_NEVER_CONTAINED_ALL"
            ),
            "values": st.lists(st.sampled_from([*CHOICES, "pink"]), min_size=1, max_size=3),
        }
    )


def bool_values() -> st.SearchStrategy[dict[str, Any]]:
    operators = words("IS_EQUAL_TO IS_NOT_EQUAL_TO HAS_EVER_BEEN_EQUAL_TO HAS_NEVER_BEEN_EQUAL_TO")
    return st.fixed_dictionaries(
        {
            "operationType": st.just("BOOL"),
            "operator": operators,
            "value": st.booleans(),
        }
    )


def time_points() -> st.SearchStrategy[dict[str, Any]]:
    zone = st.sampled_from(["Europe/Oslo", "UTC", "America/New_York", "Pacific/Auckland"])
    number = st.sampled_from([-31, -7, -3, -1, 0, 1, 3, 30])
    offset = st.dictionaries(st.sampled_from(["days", "hours", "months"]), number, max_size=2)
    fixed = st.builds(
        lambda day, name: {
            "timeType": "DATE",
            "zoneId": name,
            "year": day.year,
            "month": day.month,
            "day": day.day,
        },
        st.sampled_from(DAYS),
        zone,
    )
    moving = st.builds(
        lambda name, reference, moved: {
            "timeType": "INDEXED",
            "zoneId": name,
            "indexReference": {"referenceType": reference},
            "offset": moved,
        },
        zone,
        st.sampled_from(["NOW", "TODAY"]),
        offset,
    )
    return fixed | moving


def point_values(parsers: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    ends = st.sampled_from(["INCLUSIVE", "EXCLUSIVE"])
    one = st.fixed_dictionaries(
        {
            "operationType": st.just("TIME_POINT"),
            "operator": st.sampled_from(["IS_BEFORE", "IS_AFTER"]),
            "propertyParser": st.sampled_from(parsers),
            "timePoint": time_points(),
            "endpointBehavior": ends,
        }
    )
    two = st.fixed_dictionaries(
        {
            "operationType": st.just("TIME_RANGED"),
            "operator": st.sampled_from(["IS_BETWEEN", "IS_NOT_BETWEEN"]),
            "propertyParser": st.sampled_from(parsers),
            "lowerBoundTimePoint": time_points(),
            "upperBoundTimePoint": time_points(),
            "lowerBoundEndpointBehavior": ends,
            "upperBoundEndpointBehavior": ends,
        }
    )
    return one | two


def date_values() -> st.SearchStrategy[dict[str, Any]]:
    rolling = st.fixed_dictionaries(
        {
            "operationType": st.just("ROLLING_DATE_RANGE"),
            "operator": words(
                "IS_LESS_THAN_X_DAYS_AGO IS_MORE_THAN_X_DAYS_AGO IS_LESS_THAN_X_DAYS_FROM_NOW"
                " IS_MORE_THAN_X_DAYS_FROM_NOW"
            ),
            "numberOfDays": st.sampled_from([0, 1, 3, 7, 30]),
        }
    )
    units = st.fixed_dictionaries(
        {
            "operationType": st.just("CALENDAR_DATE"),
            "operator": words(
                "IN_THIS_TIME_UNIT IN_THIS_TIME_UNIT_SO_FAR IN_NEXT_TIME_UNIT IN_LAST_TIME_UNIT"
            ),
            "timeUnit": st.sampled_from(["DAY", "WEEK", "MONTH", "QUARTER", "YEAR"]),
            "timeUnitCount": st.integers(1, 3),
        }
    )
    return rolling | units | point_values(["VALUE", "VALUE", "UPDATED_AT"])


def for_any_property() -> st.SearchStrategy[dict[str, Any]]:
    presence = st.fixed_dictionaries(
        {
            "operationType": st.just("ALL_PROPERTY"),
            "operator": st.sampled_from(["IS_KNOWN", "IS_UNKNOWN", "IS_BLANK", "IS_NOT_BLANK"]),
        }
    )
    updated = st.fixed_dictionaries(
        {
            "operationType": st.just("ROLLING_PROPERTY_UPDATED"),
            "operator": st.sampled_from(["UPDATED_IN_LAST_X_DAYS", "NOT_UPDATED_IN_LAST_X_DAYS"]),
            "numberOfDays": st.sampled_from([0, 1, 3, 30]),
        }
    )
    return presence | updated | point_values(["UPDATED_AT"])


VALUES = {
    "string": text_values(),
    "number": number_values(),
    "bool": bool_values(),
    "enumeration": choice_values(),
    "date": date_values(),
    "datetime": date_values(),
}


def property_filters() -> st.SearchStrategy[dict[str, Any]]:
    def for_property(name: str) -> st.SearchStrategy[dict[str, Any]]:
        values = VALUES[PROPERTIES[name][1]]
        return st.builds(
            lambda operation, empty: on(name, empty=empty, **operation),
            values | values | for_any_property(),
            st.booleans(),
        )

    return st.sampled_from(sorted(PROPERTIES)).flatmap(for_property)


def trees(lists: list[int]) -> st.SearchStrategy[dict[str, Any]]:
    other = st.sampled_from(
        [
            {"filterType": "CONSTANT", "shouldAccept": True},
            {"filterType": "CONSTANT", "shouldAccept": False},
            {"filterType": "CAMPAIGN_INFLUENCED", "campaignId": "1"},
            *(
                {"filterType": "IN_LIST", "operator": operator, "listId": list_id}
                for operator in ("IN_LIST", "NOT_IN_LIST")
                for list_id in lists
            ),
        ]
    )
    filters = st.lists(property_filters() | property_filters() | other, max_size=3)
    names = st.sampled_from(["AND", "OR", "NOT_ANY", "NOT_ALL"])

    def branch(branches: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries(
            {"filterBranchType": names, "filters": filters, "filterBranches": branches}
        )

    leaf = branch(st.just([]))
    return st.recursive(leaf, lambda inner: branch(st.lists(inner, max_size=3)), max_leaves=6)


def test_the_database_and_plain_python_agree_on_random_filters(settings_: Settings) -> None:
    world = World()
    people = make_people(world)
    lists = sorted({list_id for person in people.values() for list_id in person.lists})
    kinds = {name: kind for name, (_, kind, _) in PROPERTIES.items()}
    model = Model(NOW, OSLO, kinds, set(lists))
    definitions = properties.load(CONTACT)
    matched = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(trees([*lists, 2**40]))
    def check(branch: dict[str, Any]) -> None:
        predicate = base.compile(base.parse(branch, definitions), CONTACT, NOW)
        found = {world.names[row[0]] for row in rows(base.match(predicate, CONTACT))}
        assert found == {name for name, person in people.items() if model.passes(branch, person)}
        matched.append(len(found))

    check()
    # The filters must tell records apart, or agreeing on them would say little.
    assert sum(0 < count < PEOPLE for count in matched) > len(matched) / 4


@pytest.fixture
def settings_(settings: Settings) -> Settings:
    """Django's settings, out of the way of hypothesis' ones."""
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    return settings
