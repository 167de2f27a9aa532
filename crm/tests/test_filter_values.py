"""Operators on presence, text, numbers, yes/no and choices."""

from __future__ import annotations

from typing import Any

import pytest

from crm.tests.filter_world import World, ago

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    world = World()
    world.add(
        {
            "oslo": {"t_text": "Oslo"},
            "osaka": {"t_text": "OSAKA north"},
            "aero": {"t_text": "Ærø 100%"},
            "under": {"t_text": "a_b\\c"},
            "zero": {"t_number": 0},
            "five": {"t_number": 5},
            "half": {"t_number": 5.5},
            "huge": {"t_number": 900000000000000001},
            "stray": {"t_number": "5"},
            "strayer": {"t_number": True},
            "yes": {"t_flag": True},
            "no": {"t_flag": False},
            "red": {"t_color": "red", "t_colors": ["red"]},
            "green": {"t_color": "green", "t_colors": ["red", "green"]},
            "blue": {"t_color": "blue", "t_colors": ["blue", "green", "black"]},
            "blank": {},
        }
    )
    return world


TEXTS = {"oslo", "osaka", "aero", "under"}
NUMBERS = {"zero", "five", "half", "huge", "stray", "strayer"}
COLORS = {"red", "green", "blue"}


@pytest.mark.parametrize(
    ("_case", "property_name", "operator", "fields", "expected"),
    [
        ("known", "t_text", "IS_KNOWN", {}, TEXTS),
        ("zero is a number", "t_number", "IS_KNOWN", {}, NUMBERS),
        ("no is an answer", "t_flag", "IS_KNOWN", {}, {"yes", "no"}),
        ("the flag does not matter", "t_flag", "IS_KNOWN", {"empty": True}, {"yes", "no"}),
        ("not blank", "t_text", "IS_NOT_BLANK", {}, TEXTS),
        ("case does not matter", "t_text", "IS_EQUAL_TO", {"value": "oSLO"}, {"oslo"}),
        ("also beyond ASCII", "t_text", "IS_EQUAL_TO", {"value": "ÆRØ 100%"}, {"aero"}),
        ("white space around", "t_text", "IS_EQUAL_TO", {"value": " Oslo\n"}, {"oslo"}),
        ("not equal", "t_text", "IS_NOT_EQUAL_TO", {"value": "Oslo"}, TEXTS - {"oslo"}),
        ("contains", "t_text", "CONTAINS", {"value": "os"}, {"oslo", "osaka"}),
        ("a percent sign is one", "t_text", "CONTAINS", {"value": "%"}, {"aero"}),
        ("an underscore is one", "t_text", "CONTAINS", {"value": "_"}, {"under"}),
        ("a backslash is one", "t_text", "CONTAINS", {"value": "\\"}, {"under"}),
        ("does not contain", "t_text", "DOES_NOT_CONTAIN", {"value": "os"}, {"aero", "under"}),
        ("starts", "t_text", "STARTS_WITH", {"value": "OS"}, {"oslo", "osaka"}),
        ("starts, no wildcard", "t_text", "STARTS_WITH", {"value": "_"}, set()),
        ("ends", "t_text", "ENDS_WITH", {"value": "O"}, {"oslo"}),
        ("any of", "t_text", "IS_EQUAL_TO", {"values": ["oslo", "x"]}, {"oslo"}),
        ("none of", "t_text", "IS_NOT_EQUAL_TO", {"values": ["oslo", "x"]}, TEXTS - {"oslo"}),
        (
            "a lone value",
            "t_text",
            "IS_EQUAL_TO",
            {"value": "oslo", "operationType": "MULTISTRING"},
            {"oslo"},
        ),
        ("all words", "t_text", "CONTAINS", {"values": ["north  osaka"]}, {"osaka"}),
        ("words of one value", "t_text", "CONTAINS", {"values": ["north os", "x"]}, {"osaka"}),
        ("not all words", "t_text", "CONTAINS", {"values": ["north oslo"]}, set()),
        ("no words", "t_text", "DOES_NOT_CONTAIN", {"values": ["north os"]}, TEXTS - {"osaka"}),
        ("the phrase", "t_text", "CONTAINS_EXACTLY", {"values": ["osaka n"]}, {"osaka"}),
        ("turned phrase", "t_text", "CONTAINS_EXACTLY", {"values": ["north osaka"]}, set()),
        ("no phrase", "t_text", "DOES_NOT_CONTAIN_EXACTLY", {"values": ["a"]}, {"oslo", "aero"}),
        ("starts with any", "t_text", "STARTS_WITH", {"values": ["osl", "a"]}, {"oslo", "under"}),
        ("number", "t_number", "IS_EQUAL_TO", {"value": "5.0"}, {"five"}),
        ("exactly", "t_number", "IS_EQUAL_TO", {"value": 900000000000000001}, {"huge"}),
        ("not by rounding", "t_number", "IS_EQUAL_TO", {"value": "900000000000000000"}, set()),
        ("other number", "t_number", "IS_NOT_EQUAL_TO", {"value": 5}, NUMBERS - {"five"}),
        ("greater", "t_number", "IS_GREATER_THAN", {"value": 5}, {"half", "huge"}),
        (
            "at least",
            "t_number",
            "IS_GREATER_THAN_OR_EQUAL_TO",
            {"value": 5},
            {"five", "half", "huge"},
        ),
        ("less; empty is not 0", "t_number", "IS_LESS_THAN", {"value": 5}, {"zero"}),
        ("at most", "t_number", "IS_LESS_THAN_OR_EQUAL_TO", {"value": 5}, {"zero", "five"}),
        (
            "between",
            "t_number",
            "IS_BETWEEN",
            {"lowerBound": 0, "upperBound": "5.5"},
            {"zero", "five", "half"},
        ),
        (
            "not between",
            "t_number",
            "IS_NOT_BETWEEN",
            {"lowerBound": 0, "upperBound": 5},
            {"half", "huge", "stray", "strayer"},
        ),
        ("yes", "t_flag", "IS_EQUAL_TO", {"value": True}, {"yes"}),
        ("no as text", "t_flag", "IS_EQUAL_TO", {"value": "false"}, {"no"}),
        ("not yes", "t_flag", "IS_NOT_EQUAL_TO", {"value": True}, {"no"}),
        ("yes as a choice", "t_flag", "IS_ANY_OF", {"values": ["true"]}, {"yes"}),
        ("any of", "t_color", "IS_ANY_OF", {"values": ["red", "blue"]}, {"red", "blue"}),
        ("none of", "t_color", "IS_NONE_OF", {"values": ["red", "blue"]}, {"green"}),
        ("one value", "t_color", "IS_EQUAL_TO", {"values": ["red"]}, {"red"}),
        ("exactly one", "t_color", "IS_EXACTLY", {"values": ["red"]}, {"red"}),
        ("never two", "t_color", "CONTAINS_ALL", {"values": ["red", "blue"]}, set()),
        (
            "not two",
            "t_color",
            "DOES_NOT_CONTAIN_ALL",
            {"values": ["red", "blue"]},
            COLORS,
        ),
        ("sets, any", "t_colors", "IS_ANY_OF", {"values": ["green"]}, {"green", "blue"}),
        ("sets, none", "t_colors", "IS_NONE_OF", {"values": ["red"]}, {"blue"}),
        ("sets, exactly", "t_colors", "IS_EXACTLY", {"values": ["green", "red"]}, {"green"}),
        ("sets, not", "t_colors", "IS_NOT_EXACTLY", {"values": ["red"]}, {"green", "blue"}),
        ("sets, all", "t_colors", "CONTAINS_ALL", {"values": ["green", "blue"]}, {"blue"}),
        ("sets, not all", "t_colors", "DOES_NOT_CONTAIN_ALL", {"values": ["red"]}, {"blue"}),
    ],
)
def test_value_operators_match_exactly(
    world: World,
    _case: str,
    property_name: str,
    operator: str,
    fields: dict[str, Any],
    expected: set[str],
) -> None:
    assert world.ask_value(property_name, operator, **fields) == expected


def test_the_flag_decides_about_records_without_a_value_whatever_the_operator(
    world: World,
) -> None:
    without = set(world.ids) - TEXTS
    assert world.ask_value("t_text", "IS_EQUAL_TO", value="Oslo", empty=True) == {"oslo"} | without
    assert world.ask_value("t_text", "IS_NOT_EQUAL_TO", value="Oslo", empty=True) == (
        set(world.ids) - {"oslo"}
    )


def test_is_unknown_matches_the_records_without_a_value(world: World) -> None:
    assert world.ask_value("t_text", "IS_UNKNOWN") == set(world.ids) - TEXTS
    assert world.ask_value("t_number", "IS_UNKNOWN", empty=True) == set(world.ids) - NUMBERS
    assert world.ask_value("t_text", "IS_BLANK") == set(world.ids) - TEXTS


def test_a_single_choice_that_was_a_set_still_counts(world: World) -> None:
    """A property that is now multi-select has old single values, in records and history."""
    world.add({"old": {"t_colors": "red"}})
    assert "old" in world.ask_value("t_colors", "IS_ANY_OF", values=["red"])
    assert "old" in world.ask_value("t_colors", "IS_EXACTLY", values=["red"])
    assert "old" not in world.ask_value("t_colors", "IS_EXACTLY", values=["red", "blue"])


@pytest.mark.parametrize(
    ("_case", "property_name", "operator", "fields", "expected"),
    [
        ("text", "t_text", "HAS_EVER_BEEN_EQUAL_TO", {"value": "ROME"}, {"oslo"}),
        ("now counts too", "t_text", "HAS_EVER_BEEN_EQUAL_TO", {"value": "oslo"}, {"oslo"}),
        ("never", "t_text", "HAS_NEVER_BEEN_EQUAL_TO", {"value": "rome"}, TEXTS - {"oslo"}),
        ("part", "t_text", "HAS_EVER_CONTAINED", {"value": "om"}, {"oslo"}),
        ("no part", "t_text", "HAS_NEVER_CONTAINED", {"value": "om"}, TEXTS - {"oslo"}),
        ("number", "t_number", "HAS_EVER_BEEN_EQUAL_TO", {"value": 7}, {"five"}),
        ("no number", "t_number", "HAS_NEVER_BEEN_EQUAL_TO", {"value": 7}, NUMBERS - {"five"}),
        ("yes", "t_flag", "HAS_EVER_BEEN_EQUAL_TO", {"value": True}, {"yes", "no"}),
        ("never yes", "t_flag", "HAS_NEVER_BEEN_EQUAL_TO", {"value": True}, set()),
        ("choice", "t_color", "HAS_EVER_BEEN_ANY_OF", {"values": ["black"]}, {"red"}),
        ("never", "t_color", "HAS_NEVER_BEEN_ANY_OF", {"values": ["black"]}, {"green", "blue"}),
        (
            "exactly",
            "t_colors",
            "HAS_EVER_BEEN_EXACTLY",
            {"values": ["black", "red"]},
            {"green"},
        ),
        (
            "never exactly",
            "t_colors",
            "HAS_NEVER_BEEN_EXACTLY",
            {"values": ["black", "red"]},
            {"red", "blue"},
        ),
        ("all", "t_colors", "HAS_EVER_CONTAINED_ALL", {"values": ["black"]}, {"green", "blue"}),
        ("never all", "t_colors", "HAS_NEVER_CONTAINED_ALL", {"values": ["black"]}, {"red"}),
    ],
)
def test_history_operators_look_at_every_value_there_was(
    world: World,
    _case: str,
    property_name: str,
    operator: str,
    fields: dict[str, Any],
    expected: set[str],
) -> None:
    world.had(
        [
            ("oslo", "t_text", "Rome", ago(days=400)),
            ("osaka", "t_number", 7, ago(days=9)),  # another property's history
            ("blank", "t_text", "Rome", ago(days=400)),  # has no value now
            ("blank", "t_text", None, ago(days=300)),
            ("five", "t_number", 7, ago(days=9)),
            ("no", "t_flag", True, ago(days=9)),
            ("red", "t_color", "black", ago(days=9)),
            ("green", "t_colors", ["red", "black"], ago(days=9)),
        ]
    )
    assert world.ask_value(property_name, operator, **fields) == expected


def test_who_changed_lately_is_read_from_history(world: World) -> None:
    world.had(
        [
            ("oslo", "t_text", "Oslo", ago(days=2)),
            ("osaka", "t_text", "Osaka", ago(days=3, seconds=1)),
            ("blank", "t_text", None, ago(days=1)),
        ]
    )
    assert world.ask_value("t_text", "UPDATED_IN_LAST_X_DAYS", numberOfDays=3) == {"oslo"}
    assert world.ask_value("t_text", "NOT_UPDATED_IN_LAST_X_DAYS", numberOfDays=3) == TEXTS - {
        "oslo"
    }
