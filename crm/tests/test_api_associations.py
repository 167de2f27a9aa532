"""Associations over the API, v4 and v3: both directions, labels, batches."""

from __future__ import annotations

from typing import Any

import pytest

from conftest import SameQueriesFor
from crm import changes
from crm.features import LABELS_PER_PAIR
from crm.models import Association, AssociationType
from crm.tests.api_world import Api, agree, new_api
from crm.tests.writing import SYSTEM, people, select

pytestmark = pytest.mark.django_db

PAIR = "/crm/v4/associations/contacts/companies"
NAMED = "/crm/v3/associations/contacts/companies"
PRIMARY, PLAIN = 1, 279


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def companies(count: int) -> list[int]:
    return changes.create("0-2", [{"name": f"c{n}"} for n in range(count)], SYSTEM)


def spec(number: int, category: str = "HUBSPOT_DEFINED") -> dict[str, Any]:
    return {"associationCategory": category, "associationTypeId": number}


def pair(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"from": {"id": str(start)}, "to": {"id": str(end)}} | more


def address(start: int, end: int | str = "", kinds: str = "contacts companies") -> str:
    first, second = kinds.split()
    return f"/crm/v4/objects/{first}/{start}/associations/{second}/{end}".rstrip("/")


def types(api: Api, start: int, kinds: str = "contacts companies") -> dict[int, set[int]]:
    """Numbers of the types by record at the other end."""
    answer = api.get(address(start, kinds=kinds))
    assert answer.status == 200
    return {
        row["toObjectId"]: {item["typeId"] for item in row["associationTypes"]}
        for row in answer.body["results"]
    }


def test_a_labelled_association_is_made_shown_from_both_sides_and_removed(api: Api) -> None:
    (contact,), (company,) = people(1), companies(1)
    made = api("PUT", address(contact, company), [spec(PRIMARY)])
    assert (made.status, made.body) == (
        201,
        {
            "fromObjectTypeId": "0-1",
            "fromObjectId": contact,
            "toObjectTypeId": "0-2",
            "toObjectId": company,
            "labels": ["Primary"],
        },
    )
    assert api.get(address(contact)).body == {
        "results": [
            {
                "toObjectId": company,
                "associationTypes": [
                    {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
                    {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
                ],
            }
        ]
    }
    assert types(api, company, "companies contacts") == {contact: {2, 280}}
    assert api("DELETE", address(contact, company)).status == 204
    assert api("DELETE", address(contact, company)).status == 204
    assert types(api, contact) == {}
    assert not Association.objects.exists()


def test_a_new_primary_company_takes_the_place_of_the_former(api: Api) -> None:
    (first, second), (one, two) = people(2), companies(2)
    for contact, company in ((first, one), (second, one), (first, two)):
        api("PUT", address(contact, company), [spec(PRIMARY)])
    assert types(api, first) == {one: {PLAIN}, two: {PRIMARY, PLAIN}}
    assert types(api, second) == {one: {PRIMARY, PLAIN}}
    # Told from the company's side it means the same.
    api("PUT", address(one, first, "companies contacts"), [spec(2)])
    assert types(api, first) == {one: {PRIMARY, PLAIN}, two: {PLAIN}}
    assert types(api, two, "companies contacts") == {first: {280}}


def test_the_default_association_needs_no_body(api: Api) -> None:
    (contact,), (company,) = people(1), companies(1)
    path = f"/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}"
    answer = api.raw("PUT", path, b"", Content_Type="")
    assert (answer.status, answer.body["status"]) == (200, "COMPLETE")
    assert answer.body["results"] == [
        pair(contact, company, associationSpec=spec(279)),
        pair(company, contact, associationSpec=spec(280)),
    ]
    # The first company is the primary one by itself.
    assert types(api, contact) == {company: {PLAIN, PRIMARY}}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400), ({}, 400), (None, 400), ([5], 400), ([{}], 400), ([spec(3)], 400),
        ([spec(PLAIN, "USER_DEFINED")], 400), ([spec(PLAIN, "x")], 400),
        ([{"associationTypeId": "x"}], 400), ([{"associationTypeId": 10**30}], 400),
    ],
)  # fmt: skip
def test_an_association_that_cannot_be_is_refused(api: Api, body: Any, status: int) -> None:
    (contact,), (company,) = people(1), companies(1)
    assert api("PUT", address(contact, company), body).status == status
    assert not Association.objects.exists()


def test_both_records_have_to_be_there(api: Api) -> None:
    (contact, gone), (company,) = people(2), companies(1)
    changes.archive("0-1", select([gone]), SYSTEM)
    for start, end in ((999, company), (contact, 999), (gone, company), (contact, gone)):
        assert api("PUT", address(start, end), [spec(PLAIN)]).status == 404
    assert api.get(address(999)).status == 404
    assert api.get("/crm/v4/objects/contacts/x/associations/companies").status == 404
    assert not Association.objects.exists()


def test_related_records_come_in_pages(api: Api) -> None:
    (contact,), others = people(1), companies(5)
    body = {"inputs": [pair(contact, other) for other in others]}
    assert api.post(f"{PAIR}/batch/associate/default", body).status == 200
    found: list[int] = []
    link = f"{address(contact)}?limit=2"
    while link:
        page = api.get(link).body
        found += [row["toObjectId"] for row in page["results"]]
        link = page.get("paging", {}).get("next", {}).get("link", "")
    assert found == others
    assert api.get(f"{address(contact)}?limit=501").status == 400


def test_batches_make_read_and_remove(api: Api) -> None:
    (first, second), (one, two) = people(2), companies(2)
    inputs = [
        pair(first, one, types=[spec(PRIMARY)]),
        pair(first, two, types=[spec(PLAIN)]),
        pair(second, 999, types=[spec(PLAIN)]),
    ]
    made = api.post(f"{PAIR}/batch/create", {"inputs": inputs})
    assert (made.status, made.body["numErrors"]) == (207, 1)
    assert [(row["toObjectId"], row["labels"]) for row in made.body["results"]] == [
        (one, ["Primary"]), (two, []),
    ]  # fmt: skip
    assert made.body["errors"][0]["subCategory"] == "crm.associations.TO_OBJECT_NOT_FOUND"
    read = api.post(f"{PAIR}/batch/read", {"inputs": [{"id": str(first)}, {"id": second}]})
    assert read.status == 207
    (row,) = read.body["results"]
    assert (row["from"], [item["toObjectId"] for item in row["to"]]) == (
        {"id": str(first)}, [one, two],
    )  # fmt: skip
    (error,) = read.body["errors"]
    assert error["message"] == f"No company is associated with contact {second}."
    assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert error["context"] == {
        "fromObjectId": [str(second)], "fromObjectType": ["contact"], "toObjectType": ["company"],
    }  # fmt: skip
    gone = {"inputs": [pair(first, one, types=[spec(PRIMARY)])]}
    assert api.post(f"{PAIR}/batch/labels/archive", gone).status == 204
    assert types(api, first) == {one: {PLAIN}, two: {PLAIN}}
    gone = {"inputs": [{"from": {"id": str(first)}, "to": [{"id": str(one)}, {"id": str(two)}]}]}
    assert api.post(f"{PAIR}/batch/archive", gone).status == 204
    assert types(api, first) == {}
    assert not Association.objects.exists()


@pytest.mark.parametrize(
    "path",
    [f"{PAIR}/batch/{name}" for name in (
        "create", "read", "archive", "labels/archive", "associate/default")]
    + [f"{NAMED}/batch/{name}" for name in ("create", "read", "archive")],
)  # fmt: skip
@pytest.mark.parametrize(
    "inputs", [5, [5], [{}], [{"from": 1, "to": 2}], [{"id": "x"}], [{"id": 1.5}]]
)
def test_inputs_that_are_none_are_refused(api: Api, path: str, inputs: Any) -> None:
    assert api.post(path, {"inputs": inputs}).status == 400


def test_v3_speaks_of_types_by_name(api: Api) -> None:
    (first, second), (one,) = people(2), companies(1)
    named = pair(first, one, type="contact_to_company")
    made = api.post(f"{NAMED}/batch/create", {"inputs": [named, pair(second, one, type="279")]})
    assert (made.status, made.body["results"]) == (
        201, [named, pair(second, one, type="contact_to_company_unlabeled")],
    )  # fmt: skip
    read = api.post(f"{NAMED}/batch/read", {"inputs": [{"id": str(first)}]})
    assert (read.status, read.body["results"]) == (
        200,
        [
            {
                "from": {"id": str(first)},
                "to": [
                    {"id": str(one), "type": "contact_to_company"},
                    {"id": str(one), "type": "contact_to_company_unlabeled"},
                ],
            }
        ],
    )
    both = [named, pair(first, one, type="contact_to_company_unlabeled")]
    assert api.post(f"{NAMED}/batch/archive", {"inputs": both}).status == 204
    assert api.post(f"{NAMED}/batch/read", {"inputs": [{"id": str(first)}]}).status == 207
    assert api.post(f"{NAMED}/batch/create", {"inputs": [pair(1, 2, type="nope")]}).status == 400
    listed = api.get(f"{NAMED}/types").body["results"]
    assert {"id": "279", "name": "contact_to_company_unlabeled"} in listed


def test_a_label_is_made_used_renamed_and_removed(api: Api) -> None:
    (contact,), (company,) = people(1), companies(1)
    labels = f"{PAIR}/labels"
    made = api.post(labels, {"label": "Billing", "name": "billing", "inverseLabel": "Bills to"})
    assert made.status == 200
    there, back = made.body["results"]
    assert (there["category"], there["label"], back["label"]) == (
        "USER_DEFINED",
        "Billing",
        "Bills to",
    )
    assert there in api.get(labels).body["results"]
    assert back in api.get("/crm/v4/associations/companies/contacts/labels").body["results"]
    used = api("PUT", address(contact, company), [spec(there["typeId"], "USER_DEFINED")])
    assert used.body["labels"] == ["Primary", "Billing"]
    assert types(api, contact) == {company: {PLAIN, PRIMARY, there["typeId"]}}
    assert types(api, company, "companies contacts") == {contact: {280, 2, back["typeId"]}}
    change = {"associationTypeId": there["typeId"], "label": "Pays"}
    assert api("PUT", labels, change).status == 204
    assert there | {"label": "Pays"} in api.get(labels).body["results"]
    assert api("DELETE", f"{labels}/{there['typeId']}").status == 204
    assert types(api, contact) == {company: {PLAIN, PRIMARY}}
    assert api("DELETE", f"{labels}/{there['typeId']}").status == 404
    assert api("DELETE", f"{labels}/{PLAIN}").status == 404
    assert not AssociationType.objects.filter(category="USER_DEFINED").exists()


@pytest.mark.parametrize("body", [{}, {"label": "x"}, {"name": "x"}, {"label": "x", "name": "a b"}])
def test_a_label_that_cannot_be_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.post(f"{PAIR}/labels", body).status == 400


def test_labels_are_told_apart_and_limited_by_the_plan(api: Api) -> None:
    labels = f"{PAIR}/labels"
    assert api.post(labels, {"label": "Billing", "name": "billing"}).status == 200
    assert api.post(labels, {"label": "billing", "name": "other"}).status == 409
    agree(LABELS_PER_PAIR, 1)
    refused = api.post(labels, {"label": "Second", "name": "second"})
    assert (refused.status, refused.body["category"]) == (403, "LIMIT_EXCEEDED")


def test_labels_of_a_type_with_itself_have_one_number_or_two(api: Api) -> None:
    labels = "/crm/v4/associations/contacts/contacts/labels"
    same = api.post(labels, {"label": "Friend", "name": "friend"})
    assert (same.status, len(same.body["results"])) == (200, 1)
    pairs = api.post(labels, {"label": "Boss", "name": "boss", "inverseLabel": "Report"})
    assert [item["label"] for item in pairs.body["results"]] == ["Boss", "Report"]
    first, second = people(2)
    kinds = "contacts contacts"
    number = same.body["results"][0]["typeId"]
    made = api("PUT", address(first, second, kinds), [spec(number, "USER_DEFINED")])
    assert made.status == 201
    assert number in types(api, second, kinds)[first]


def test_batches_cost_the_same_queries_for_10_and_1000(
    api: Api, same_queries_for: SameQueriesFor
) -> None:
    turn = iter(range(100))

    def make(size: int) -> list[tuple[int, int]]:
        return list(zip(people(size, start=next(turn) * 5000), companies(size), strict=True))

    def run(pairs: list[tuple[int, int]]) -> None:
        typed = [pair(*one, types=[spec(PRIMARY)]) for one in pairs]
        plain = [pair(*one) for one in pairs]
        removed = [{"from": {"id": one}, "to": [{"id": other}]} for one, other in pairs]
        read = [{"id": one} for one, _ in pairs]
        for name, inputs in (
            ("create", typed), ("associate/default", plain), ("read", read),
            ("labels/archive", typed), ("archive", removed),
        ):  # fmt: skip
            assert api.post(f"{PAIR}/batch/{name}", {"inputs": inputs}).status in (200, 201, 204)

    same_queries_for(make, run, (10, 1000))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", address(1, 2)), ("DELETE", address(1, 2)), ("POST", f"{PAIR}/batch/create"),
        ("POST", f"{PAIR}/batch/archive"), ("POST", f"{PAIR}/batch/labels/archive"),
        ("POST", f"{PAIR}/batch/associate/default"), ("POST", f"{PAIR}/labels"),
        ("PUT", f"{PAIR}/labels"), ("DELETE", f"{PAIR}/labels/1"), ("POST", f"{NAMED}/batch/create"),
        ("PUT", "/crm/v4/objects/contacts/1/associations/default/companies/2"),
        ("GET", address(1, kinds="contacts deals")), ("GET", f"{PAIR.replace('companies', 'deals')}/labels"),
    ],
)  # fmt: skip
def test_both_ends_need_their_scope(method: str, path: str) -> None:
    api = new_api(
        "crm.objects.contacts.read", "crm.objects.contacts.write", "crm.objects.companies.read"
    )
    assert api(method, path).status == 403
