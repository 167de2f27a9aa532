"""The SQL that filters become: safe, indexable, one statement for any number of records."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from conftest import SameQueriesFor
from crm import properties
from crm.filters import base
from crm.models import Record
from crm.sql import execute, rows, sql
from crm.tests.filter_world import CONTACT, NOW, World, explain_plan, on

pytestmark = pytest.mark.django_db
HOSTILE = [
    "'; DROP TABLE crm_record; --",
    '" OR 1=1 --',
    "%s %(x)s {x} {0}",
    "%%",
    "\\",
    "\\'",
    "$$; SELECT pg_sleep(9); $$",
    "{}",
    '["a", null]',
    "?|",
    "\u202e\ufeffx",
    "💥",
    "x" * 65_536,
]


def where(*filters: dict[str, Any]) -> dict[str, Any]:
    return {"filterBranchType": "AND", "filters": list(filters)}


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_value_is_a_value(value: str) -> None:
    """It finds the record that holds it and leaves the text of the statement alone."""
    world = World()
    world.add({"plain": {"t_text": "plain", "t_color": "red"}})
    world.add({"hostile": {"t_text": value, "t_color": value, "t_colors": [value]}})
    cases: list[tuple[str, str, dict[str, Any]]] = [
        ("t_text", "IS_EQUAL_TO", {"value": value}),
        ("t_text", "CONTAINS", {"value": value}),
        ("t_text", "STARTS_WITH", {"values": [value]}),
        ("t_text", "HAS_EVER_CONTAINED", {"value": value}),
        ("t_color", "IS_ANY_OF", {"values": [value]}),
        ("t_colors", "IS_EXACTLY", {"values": [value]}),
    ]
    for property_name, operator, fields in cases:
        assert world.ask_value(property_name, operator, **fields) == {"hostile"}
        harmless = {name: ["x"] if isinstance(v, list) else "x" for name, v in fields.items()}
        found = [
            base.compile(where(on(property_name, operator, **f)), CONTACT, NOW).where.text
            for f in (fields, harmless)
        ]
        assert found[0] == found[1]


@pytest.mark.parametrize("name", [*HOSTILE, "Properties", "t_text'", "t-text", "_", ""])
def test_a_hostile_name_is_an_unknown_property(name: str) -> None:
    World()
    with pytest.raises(base.FilterError):
        base.parse(where(on(name, "IS_KNOWN")), properties.load(CONTACT))


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x" * 65_537, {"a": 1}, ["a"]])
def test_a_value_that_cannot_be_stored_is_refused(value: Any) -> None:
    World()
    with pytest.raises(base.FilterError):
        base.parse(where(on("t_text", "IS_EQUAL_TO", value=value)), properties.load(CONTACT))


@pytest.mark.parametrize("value", ["1e999999", "-Infinity", "1e-999999", True, "0x10", "", None])
def test_a_number_that_cannot_be_stored_is_refused(value: Any) -> None:
    World()
    with pytest.raises(base.FilterError):
        base.parse(where(on("t_number", "IS_EQUAL_TO", value=value)), properties.load(CONTACT))


@pytest.mark.parametrize(
    ("index", "filter_"),
    [
        ("lower(properties->>'t_text')", on("t_text", "IS_EQUAL_TO", value="Name 7")),
        ("(properties->>'t_color')", on("t_color", "IS_ANY_OF", values=["red", "blue"])),
        ("(properties->'t_number')", on("t_number", "IS_EQUAL_TO", value=7)),
        ("(properties->'t_number')", on("t_number", "IS_GREATER_THAN", value=4_000)),
        (
            """((properties->>'t_date') COLLATE "C")""",
            on("t_date", "IS_LESS_THAN_X_DAYS_AGO", numberOfDays=2),
        ),
    ],
)
def test_an_index_on_the_property_serves_a_plain_comparison(
    index: str, filter_: dict[str, Any]
) -> None:
    World().add({str(n): {"t_text": f"Name {n}", "t_number": n} for n in range(500)})
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX filter_test ON crm_record ({index})")
        cursor.execute("ANALYZE crm_record")
    assert "filter_test" in explain_plan(where(filter_))


def test_matching_costs_one_query_for_any_number_of_records(
    same_queries_for: SameQueriesFor,
) -> None:
    world = World()
    branch = where(
        on("t_text", "CONTAINS", value="a"),
        on("t_color", "HAS_NEVER_BEEN_ANY_OF", values=["red"], empty=True),
        on("t_date", "IS_LESS_THAN_X_DAYS_AGO", numberOfDays=2, empty=True),
    )
    tree = base.parse(branch, properties.load(CONTACT))

    def make(size: int) -> int:
        Record.objects.all().delete()
        world.add({str(number): {"t_text": "a"} for number in range(size)})
        return size

    def run(size: int) -> None:
        found = rows(base.match(base.compile(tree, CONTACT, NOW), CONTACT))
        assert len(found) == size

    assert same_queries_for(make, run) == 1


def test_a_kept_tree_compiles_without_a_query(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    World()
    branch = where(on("t_text", "IS_KNOWN"))
    tree = base.parse(branch, properties.load(CONTACT))
    with django_assert_num_queries(0):
        kept = base.compile(tree, CONTACT, NOW)
    assert kept == base.compile(branch, CONTACT, NOW)


def test_only_live_records_of_the_type_among_the_candidates_match() -> None:
    world = World()
    world.add({"in": {"t_text": "a"}, "out": {"t_text": "a"}, "archived": {"t_text": "a"}})
    Record.objects.filter(pk=world.ids["archived"]).update(archived_at=NOW)
    Record.objects.create(
        object_type="0-2", properties={"t_text": "a"}, created_at=NOW, updated_at=NOW
    )
    predicate = base.compile(where(on("t_text", "IS_KNOWN")), CONTACT, NOW)
    everyone = rows(base.match(predicate, CONTACT))
    assert {row[0] for row in everyone} == {world.ids["in"], world.ids["out"]}
    candidates = [world.ids["in"], world.ids["in"], world.ids["archived"]]
    among = sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=candidates)
    assert rows(base.match(predicate, CONTACT, among)) == [(world.ids["in"],)]


def test_columns_of_the_record_are_properties_too() -> None:
    world = World()
    world.add({"a": {}, "b": {}})
    execute(
        sql(
            "UPDATE crm_record SET created_at = {now}::timestamptz - interval '9 days'"
            " WHERE id = {id}",
            now=NOW,
            id=world.ids["a"],
        )
    )
    assert world.ask_value("createdate", "IS_MORE_THAN_X_DAYS_AGO", numberOfDays=8) == {"a"}
    assert world.ask_value("hs_object_id", "IS_EQUAL_TO", value=world.ids["b"]) == {"b"}
    assert world.ask_value("lastmodifieddate", "IS_KNOWN") == {"a", "b"}
