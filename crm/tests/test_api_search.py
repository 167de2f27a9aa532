"""Search over the API: every operator, the words of a query, sorting and paging."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conftest import SameQueriesFor
from crm import associations, changes, clock
from crm.models import Property, PropertyGroup
from crm.tests.api_world import Api, new_api
from crm.tests.writing import SYSTEM, contacts, people, select

pytestmark = pytest.mark.django_db

SEARCH = "/crm/v3/objects/contacts/search"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 678_901, tzinfo=UTC)

#: What the records of these tests hold, by the name that tests call them.
WORLD: dict[str, dict[str, Any]] = {
    "ana": {
        "email": "ana@example.com", "firstname": "Ana", "city": "Oslo", "hubspotscore": 5,
        "hs_email_optout": True, "lifecyclestage": "lead", "closedate": "2026-02-01",
        "notes_last_contacted": "2026-02-01T10:00:00Z", "message": "Likes red, fast cars.",
    },
    "ben": {
        "email": "ben@other.org", "firstname": "Ben", "city": "New Oslo", "hubspotscore": 12.5,
        "hs_email_optout": False, "lifecyclestage": "customer", "closedate": "2026-02-10",
        "notes_last_contacted": "2026-02-10T10:00:00Z", "message": "Red-hot; 100% sure",
    },
    "cid": {"email": "cid@example.com", "firstname": "cid", "hubspotscore": 100},
    "dot": {},
}  # fmt: skip


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


@pytest.fixture
def world(api: Api) -> dict[str, int]:
    found = {}
    for n, (name, values) in enumerate(WORLD.items()):
        with clock.at(MOMENT + timedelta(minutes=n)):
            (found[name],) = contacts(values)
    return found


def search(api: Api, body: dict[str, Any], kind: str = "contacts") -> Any:
    answer = api.post(f"/crm/v3/objects/{kind}/search", body)
    assert answer.status == 200, answer.body
    return answer.body


def found(api: Api, world: dict[str, int], *filters: dict[str, Any]) -> str:
    body = search(api, {"filterGroups": [{"filters": list(filters)}]})
    names = {str(pk): name for name, pk in world.items()}
    assert body["total"] == len(body["results"])
    return " ".join(names[row["id"]] for row in body["results"])


def line(name: str, operator: str, *values: Any, **more: Any) -> dict[str, Any]:
    base = {"propertyName": name, "operator": operator}
    if operator in ("IN", "NOT_IN"):
        return base | {"values": list(values)}
    return base | dict(zip(("value", "highValue"), values, strict=False)) | more


@pytest.mark.parametrize(
    ("name", "operator", "values", "expected"),
    [
        ("city", "EQ", ["oslo"], "ana"),
        ("city", "NEQ", ["OSLO"], "ben"),
        ("city", "IN", ["oslo", "New Oslo", "x"], "ana ben"),
        ("city", "NOT_IN", ["oslo"], "ben"),
        ("city", "HAS_PROPERTY", [], "ana ben"),
        ("city", "NOT_HAS_PROPERTY", [], "cid dot"),
        ("email", "EQ", ["ANA@example.com "], "ana"),
        ("email", "IN", ["ana@example.com", "BEN@other.org", "x"], "ana ben"),
        ("email", "NEQ", ["ana@example.com"], "ben cid"),
        ("hubspotscore", "EQ", [5], "ana"),
        ("hubspotscore", "EQ", ["5.0"], "ana"),
        ("hubspotscore", "NEQ", ["5"], "ben cid"),
        ("hubspotscore", "LT", [12.5], "ana"),
        ("hubspotscore", "LTE", ["12.5"], "ana ben"),
        ("hubspotscore", "GT", [12.5], "cid"),
        ("hubspotscore", "GTE", [12.5], "ben cid"),
        ("hubspotscore", "BETWEEN", [5, 12.5], "ana ben"),
        ("hubspotscore", "IN", [5, "100"], "ana cid"),
        ("hubspotscore", "NOT_IN", [5, 100], "ben"),
        ("hs_email_optout", "EQ", [True], "ana"),
        ("hs_email_optout", "EQ", ["false"], "ben"),
        ("hs_email_optout", "NEQ", ["false"], "ana"),
        ("hs_email_optout", "IN", ["true", False], "ana ben"),
        ("lifecyclestage", "EQ", ["lead"], "ana"),
        ("lifecyclestage", "NEQ", ["lead"], "ben"),
        ("lifecyclestage", "IN", ["lead", "customer"], "ana ben"),
        ("lifecyclestage", "NOT_IN", ["lead", "other"], "ben"),
        ("closedate", "EQ", ["2026-02-01"], "ana"),
        ("closedate", "NEQ", ["2026-02-01"], "ben"),
        ("closedate", "LT", ["2026-02-10"], "ana"),
        ("closedate", "LTE", ["2026-02-10"], "ana ben"),
        ("closedate", "GT", ["2026-02-01"], "ben"),
        ("closedate", "GTE", [1769904000000], "ana ben"),
        ("closedate", "BETWEEN", ["2026-02-01", "2026-02-09"], "ana"),
        ("closedate", "IN", ["2026-02-01", "2026-02-02"], "ana"),
        ("notes_last_contacted", "GT", ["2026-02-01T10:00:00Z"], "ben"),
        ("notes_last_contacted", "GTE", ["2026-02-01T11:00:00+01:00"], "ana ben"),
        ("notes_last_contacted", "BETWEEN", ["2026-02-01", "2026-02-02"], "ana"),
        ("notes_last_contacted", "EQ", ["2026-02-10T10:00:00.000Z"], "ben"),
        ("createdate", "EQ", ["2026-03-01T12:30:15.678Z"], "ana"),
        ("createdate", "GT", ["2026-03-01T12:30:15.678Z"], "ben cid dot"),
        ("createdate", "GTE", ["2026-03-01T12:31:15.678Z"], "ben cid dot"),
        ("lastmodifieddate", "LTE", ["2026-03-01T12:30:15.678Z"], "ana"),
        ("lastmodifieddate", "BETWEEN", ["2026-03-01", "2026-03-01T12:32:00Z"], "ana ben"),
        ("createdate", "HAS_PROPERTY", [], "ana ben cid dot"),
        ("message", "CONTAINS_TOKEN", ["red"], "ana ben"),
        ("message", "CONTAINS_TOKEN", ["Red, fast"], "ana"),
        ("message", "CONTAINS_TOKEN", ["car"], ""),
        ("message", "CONTAINS_TOKEN", ["car*"], "ana"),
        ("message", "CONTAINS_TOKEN", ["*ar"], ""),
        ("message", "CONTAINS_TOKEN", ["*ars"], "ana"),
        ("message", "CONTAINS_TOKEN", ["100%"], "ben"),
        ("message", "CONTAINS_TOKEN", [".*"], ""),
        ("message", "CONTAINS_TOKEN", ["(r|e)*d\\"], ""),
        ("email", "CONTAINS_TOKEN", ["*@example.com"], "ana cid"),
        ("email", "NOT_CONTAINS_TOKEN", ["*@example.com"], "ben"),
        ("hubspotscore", "CONTAINS_TOKEN", ["100"], "cid"),
    ],
)  # fmt: skip
def test_an_operator_finds_what_it_says(
    api: Api, world: dict[str, int], name: str, operator: str, values: list[Any], expected: str
) -> None:
    assert found(api, world, line(name, operator, *values)) == expected


@pytest.mark.parametrize(
    ("operator", "picked", "expected"),
    [
        ("EQ", "b", "ben"), ("NEQ", "b", "ana cid dot"), ("GT", "b", "cid dot"),
        ("GTE", "b", "ben cid dot"), ("LT", "b", "ana"), ("LTE", "b", "ana ben"),
        ("BETWEEN", "bc", "ben cid"), ("IN", "bd", "ben dot"), ("NOT_IN", "bd", "ana cid"),
    ],
)  # fmt: skip
def test_ids_are_compared_as_numbers(
    api: Api, world: dict[str, int], operator: str, picked: str, expected: str
) -> None:
    by_letter = {name[0]: str(pk) for name, pk in world.items()}
    ids = [by_letter[letter] for letter in picked]
    assert found(api, world, line("hs_object_id", operator, *ids)) == expected


def test_sets_are_searched_by_their_options(api: Api) -> None:
    group = PropertyGroup.objects.filter(object_type="0-1").first()
    assert group is not None
    Property.objects.create(
        object_type="0-1", name="pets", label="Pets", group=group, type="enumeration",
        field_type="checkbox", created_at=clock.now(),
        options=[{"label": name, "value": name} for name in ("cat", "dog")],
    )  # fmt: skip
    both, cat = contacts({"pets": "dog;cat"}, {"pets": "cat"})
    world = {"both": both, "cat": cat}
    assert found(api, world, line("pets", "EQ", "dog")) == "both"
    assert found(api, world, line("pets", "IN", "dog", "cat")) == "both cat"
    assert found(api, world, line("pets", "NOT_IN", "dog")) == "cat"
    shown = search(api, {"properties": ["pets"]})["results"][0]["properties"]["pets"]
    assert shown == "cat;dog"


def test_filters_are_all_asked_and_groups_are_alternatives(api: Api, world: dict[str, int]) -> None:
    assert found(api, world, line("hubspotscore", "GT", 5), line("city", "HAS_PROPERTY")) == "ben"
    groups = [
        {"filters": [line("city", "EQ", "oslo"), line("firstname", "EQ", "ana")]},
        {"filters": [line("firstname", "EQ", "cid")]},
    ]
    ids = [row["id"] for row in search(api, {"filterGroups": groups})["results"]]
    assert ids == [str(world["ana"]), str(world["cid"])]
    alone = search(api, {"filters": [line("city", "EQ", "oslo")], "filterGroups": []})
    assert alone["total"] == 1


def test_records_are_found_by_their_associations(api: Api, world: dict[str, int]) -> None:
    one, two = changes.create("0-2", [{}, {}], SYSTEM)
    pairs = associations.pairs([(world["ana"], one), (world["ben"], two)])
    associations.associate(associations.between("0-1", "0-2"), pairs)
    assert found(api, world, line("associations.company", "EQ", str(one))) == "ana"
    assert found(api, world, line("associations.companies", "IN", one, str(two))) == "ana ben"
    assert found(api, world, line("associations.deal", "EQ", one)) == ""
    token = new_api("crm.objects.contacts.read", name="less")
    filters = {"filters": [line("associations.company", "EQ", "1")]}
    assert token.post(SEARCH, filters).status == 403


def test_a_query_finds_words_in_the_main_properties(api: Api, world: dict[str, int]) -> None:
    names = [row["id"] for row in search(api, {"query": "BEN other"})["results"]]
    assert names == [str(world["ben"])]
    assert search(api, {"query": "example", "filters": [line("city", "EQ", "oslo")]})["total"] == 1
    assert search(api, {"query": "100%"})["total"] == 0


@pytest.mark.parametrize(
    ("sorts", "expected"),
    [
        (["hubspotscore"], "ana ben cid dot"),
        (["-hubspotscore"], "cid ben ana dot"),
        ([{"propertyName": "hubspotscore", "direction": "DESCENDING"}], "cid ben ana dot"),
        ([{"propertyName": "firstname", "direction": "ASCENDING"}], "ana ben cid dot"),
        (["-createdate"], "dot cid ben ana"),
        (["-hs_object_id"], "dot cid ben ana"),
        (["-city", "hs_object_id"], "ana ben cid dot"),
        ([], "ana ben cid dot"),
        ([None], "ana ben cid dot"),
    ],
)
def test_results_are_sorted(
    api: Api, world: dict[str, int], sorts: list[Any], expected: str
) -> None:
    names = {str(pk): name for name, pk in world.items()}
    rows = search(api, {"sorts": sorts})["results"]
    assert " ".join(names[row["id"]] for row in rows) == expected


@pytest.mark.parametrize("after", [None, "", 0, "0"], ids=repr)
def test_pages_are_walked_by_offset(api: Api, after: Any) -> None:
    ids = [str(pk) for pk in people(25)]
    walked: list[str] = []
    while True:
        page = search(api, {"limit": "10", "after": after, "sorts": ["createdate"]})
        walked += [row["id"] for row in page["results"]]
        assert page["total"] == 25
        if "paging" not in page:
            break
        after = page["paging"]["next"]["after"]
    assert walked == ids


def test_archived_records_and_other_types_are_not_found(api: Api) -> None:
    first, second = people(2)
    changes.create("0-2", [{"name": "x"}], SYSTEM)
    changes.archive("0-1", select([first]), SYSTEM)
    for body in ({}, {"query": "example"}, {"filters": [line("email", "HAS_PROPERTY")]}):
        page = search(api, body)
        assert (page["total"], [row["id"] for row in page["results"]]) == (1, [str(second)])


def test_the_asked_properties_are_shown(api: Api, world: dict[str, int]) -> None:
    row = search(api, {"properties": ["city", "nope"], "limit": 1})["results"][0]
    assert row["properties"].keys() == {"city", "createdate", "hs_object_id", "lastmodifieddate"}


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201}, {"limit": 0}, {"limit": "x"}, {"after": "x"}, {"after": -1}, {"after": 9_991},
        {"sorts": ["nope"]}, {"sorts": "city"}, {"sorts": [5]}, {"sorts": ["city"] * 6},
        {"sorts": [{"propertyName": "city", "direction": "UP"}]},
        {"filterGroups": 5}, {"filterGroups": [5]}, {"filterGroups": [{"filters": 5}]},
        {"filterGroups": [{"filters": [{}]}]}, {"properties": 5}, {"query": 1.5}, {"query": "x" * 3001},
        {"filterGroups": [{"filters": [line("city", "EQ", "x")]}] * 11},
        {"filterGroups": [{"filters": [line("city", "EQ", "x")] * 11}]},
        {"filterGroups": [{"filters": [line("city", "EQ", "x")] * 9}] * 3},
    ],
    ids=repr,
)  # fmt: skip
def test_a_search_that_cannot_be_is_refused(api: Api, body: dict[str, Any]) -> None:
    answer = api.post(SEARCH, body)
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")


ODD: list[Any] = [
    None, "", " ", "x", {}, [], [None], "*", 10**18, 1e300, -1, "9" * 400, "2026-02-30",
]  # fmt: skip


@pytest.mark.parametrize("name", ["city", "hubspotscore", "closedate", "lifecyclestage",
    "hs_email_optout", "notes_last_contacted", "createdate", "hs_object_id", "nope",
    "associations.company", "associations.nope"])  # fmt: skip
@pytest.mark.parametrize("operator", ["NEQ", "GTE", "BETWEEN", "IN", "CONTAINS_TOKEN", None])
def test_no_value_is_a_fault_of_ours(api: Api, name: str, operator: Any) -> None:
    for value in ODD:
        filters = [{"propertyName": name, "operator": operator, "value": value, "highValue": value,
                    "values": [value]}]  # fmt: skip
        answer = api.post(SEARCH, {"filters": filters})
        assert answer.status in (200, 400), (value, answer.body)


def test_a_search_costs_the_same_queries_for_10_and_100(
    api: Api, same_queries_for: SameQueriesFor
) -> None:
    turn = iter(range(100))

    def make(size: int) -> int:
        people(size, start=next(turn) * 1000, city="Oslo")
        return size

    def run(size: int) -> None:
        body = {"limit": 100, "filters": [line("city", "EQ", "oslo")], "query": "example"}
        assert len(search(api, body)["results"]) >= size

    same_queries_for(make, run, (10, 100))


def test_a_search_says_nothing_about_the_general_limits(api: Api) -> None:
    assert not [name for name in api.post(SEARCH, {}).headers if "RateLimit" in name]
