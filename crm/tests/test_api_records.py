"""Records over the API: what is written can be read, and mistakes are told."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conftest import SameQueriesFor
from crm import associations, changes, clock
from crm.models import Association, PropertyHistory, Record
from crm.objects.base import object_types
from crm.tests.api_world import Api, new_api
from crm.tests.writing import SYSTEM, contacts, people, select

pytestmark = pytest.mark.django_db

CONTACTS = "/crm/v3/objects/contacts"
MOMENT = datetime(2026, 3, 1, 12, 30, 15, 678_000, tzinfo=UTC)
STAMP = "2026-03-01T12:30:15.678Z"


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def companies(count: int) -> list[int]:
    return changes.create("0-2", [{"name": f"c{n}"} for n in range(count)], SYSTEM)


def to_company(record_id: int, number: int = 279) -> dict[str, Any]:
    return {
        "to": {"id": str(record_id)},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}],
    }


def test_a_created_record_is_shown_with_what_was_written(api: Api) -> None:
    with clock.at(MOMENT):
        answer = api.post(
            CONTACTS,
            {
                "properties": {
                    "email": " Ana@Example.com",
                    "hubspotscore": 5.0,
                    "hs_email_optout": True,
                }
            },
        )
    record_id = answer.body["id"]
    assert (answer.status, answer.body) == (
        201,
        {
            "id": record_id,
            "properties": {
                "createdate": STAMP,
                "email": "ana@example.com",
                "firstname": None,
                "hs_email_optout": "true",
                "hs_object_id": record_id,
                "hubspotscore": "5",
                "lastmodifieddate": STAMP,
                "lastname": None,
            },
            "createdAt": STAMP,
            "updatedAt": STAMP,
            "archived": False,
        },
    )
    written = PropertyHistory.objects.get(record_id=int(record_id), property_name="email")
    assert (written.source, written.source_id) == ("INTEGRATION", "Zapier")
    assert written.user_id == api.token.user_id


@pytest.mark.parametrize("key", ["contacts", "Contact", "0-1"])
def test_a_type_goes_by_its_name_its_plural_and_its_id(api: Api, key: str) -> None:
    made = api.made(f"/crm/v3/objects/{key}", {"properties": {"firstname": "Ana"}})
    read = api.get(f"/crm/v3/objects/{key}/{made['id']}/")
    assert read.body["properties"]["firstname"] == "Ana"


@pytest.mark.parametrize("kind", list(object_types), ids=lambda kind: kind.name)
def test_records_of_every_type_are_made_and_read(api: Api, kind: Any) -> None:
    made = api.made(f"/crm/v3/objects/{kind.type_id}", {})
    assert api.get(f"/crm/v3/objects/{kind.plural}/{made['id']}").body == made


def test_an_unknown_type_is_refused_in_words_that_clients_know(api: Api) -> None:
    answer = api.get("/crm/v3/objects/foo")
    assert (answer.status, answer.body["message"]) == (400, "Unable to infer object type from: foo")
    assert answer.body["category"] == "VALIDATION_ERROR"


def test_all_bad_properties_are_told_at_once(api: Api) -> None:
    values = {
        "email": "nobody",
        "hubspotscore": "x",
        "nope": "1",
        "hs_object_id": "5",
        "closedate": "x",
    }
    answer = api.post(CONTACTS, {"properties": values})
    assert answer.status == 400
    assert answer.body["message"].startswith('Property values were not valid: [{"isValid": false')
    codes = {item["in"]: item["code"] for item in answer.body["errors"]}
    assert codes == {
        "properties.email": "INVALID_EMAIL",
        "properties.hubspotscore": "INVALID_FLOAT",
        "properties.nope": "PROPERTY_DOESNT_EXIST",
        "properties.hs_object_id": "READ_ONLY_VALUE",
        "properties.closedate": "INVALID_DATE",
    }
    assert not Record.objects.exists()


def test_a_taken_address_names_the_record_that_has_it(api: Api) -> None:
    (pk,) = contacts({"email": "a@example.com"})
    answer = api.post(CONTACTS, {"properties": {"email": "A@example.com"}})
    assert (answer.status, answer.body["category"]) == (409, "CONFLICT")
    assert answer.body["message"] == f"Contact already exists. Existing ID: {pk}"
    assert answer.headers["x-should-retry"] == "false"


def test_a_record_is_made_with_its_associations(api: Api) -> None:
    (company,) = companies(1)
    made = api.made(CONTACTS, {"properties": {}, "associations": [to_company(company)]})
    read = api.get(f"{CONTACTS}/{made['id']}?associations=companies,deals")
    assert read.body["associations"] == {
        "companies": {
            "results": [
                {"id": str(company), "type": "contact_to_company"},
                {"id": str(company), "type": "contact_to_company_unlabeled"},
            ]
        }
    }
    back = api.get(f"/crm/v3/objects/companies/{company}?associations=contacts")
    assert back.body["associations"]["contacts"]["results"] == [
        {"id": made["id"], "type": "company_to_contact"},
        {"id": made["id"], "type": "company_to_contact_unlabeled"},
    ]


@pytest.mark.parametrize(("number", "status"), [(279, 404), (999, 400), (203, 404)])
def test_nothing_is_made_when_an_association_cannot_be(api: Api, number: int, status: int) -> None:
    (deal,) = changes.create("0-3", [{}], SYSTEM)
    answer = api.post(CONTACTS, {"properties": {}, "associations": [to_company(deal, number)]})
    assert answer.status == status
    assert not Record.objects.filter(object_type="0-1").exists()


def test_only_asked_properties_are_shown_and_unknown_ones_left_out(api: Api) -> None:
    (pk,) = contacts({"email": "a@example.com", "city": "Oslo"})
    read = api.get(f"{CONTACTS}/{pk}?properties=city,nope&properties=phone")
    assert read.body["properties"].keys() == {
        "city", "createdate", "hs_object_id", "lastmodifieddate", "phone",
    }  # fmt: skip
    assert (read.body["properties"]["city"], read.body["properties"]["phone"]) == ("Oslo", None)


def test_history_is_shown_newest_first(api: Api) -> None:
    with clock.at(MOMENT):
        (pk,) = contacts({"email": "a@example.com", "city": "Oslo"})
    with clock.at(MOMENT + timedelta(hours=1)):
        api("PATCH", f"{CONTACTS}/{pk}", {"properties": {"city": "Bergen"}})
    read = api.get(f"{CONTACTS}/{pk}?propertiesWithHistory=city")
    assert read.body["propertiesWithHistory"]["city"] == [
        {
            "value": "Bergen",
            "timestamp": "2026-03-01T13:30:15.678Z",
            "sourceType": "INTEGRATION",
            "sourceId": "Zapier",
            "updatedByUserId": api.token.user_id,
        },
        {"value": "Oslo", "timestamp": STAMP, "sourceType": "SYSTEM", "sourceId": ""},
    ]


def test_a_record_is_found_by_a_unique_property(api: Api) -> None:
    (pk,) = contacts({"email": "a@example.com"})
    assert api.get(f"{CONTACTS}/A%40example.com?idProperty=email").body["id"] == str(pk)
    changed = api(
        "PATCH", f"{CONTACTS}/a@example.com?idProperty=email", {"properties": {"city": "x"}}
    )
    assert (changed.status, changed.body["properties"]["city"]) == (200, "x")
    assert api.get(f"{CONTACTS}/Oslo?idProperty=city").status == 400
    assert api.get(f"{CONTACTS}/a@example.com").status == 404


def test_an_update_shows_what_changed_and_empty_text_clears(api: Api) -> None:
    (pk,) = contacts({"email": "a@example.com", "city": "Oslo"})
    changed = api("PATCH", f"{CONTACTS}/{pk}", {"properties": {"city": "", "jobtitle": "Pilot"}})
    assert changed.status == 200
    shown = changed.body["properties"]
    assert (shown["city"], shown["jobtitle"], shown["email"]) == (None, "Pilot", "a@example.com")
    assert Record.objects.get(pk=pk).properties == {"email": "a@example.com", "jobtitle": "Pilot"}
    assert api("PATCH", f"{CONTACTS}/{pk}", {}).status == 200


@pytest.mark.parametrize("key", ["999999999", "99999999999999999999", "x", "%2B1"])
def test_what_is_not_there_is_not_found(api: Api, key: str) -> None:
    for method in ("GET", "PATCH"):
        answer = api(method, f"{CONTACTS}/{key}", {} if method == "PATCH" else None)
        assert (answer.status, answer.body["message"]) == (404, "resource not found")
        assert answer.body["category"] == "OBJECT_NOT_FOUND"


def test_a_record_of_another_type_is_not_found(api: Api) -> None:
    (company,) = companies(1)
    assert api.get(f"{CONTACTS}/{company}").status == 404
    assert api("DELETE", f"{CONTACTS}/{company}").status == 204
    assert Record.objects.get(pk=company).archived_at is None


def test_an_archived_record_is_read_as_archived_only(api: Api) -> None:
    (pk,) = people(1)
    with clock.at(MOMENT):
        archived = api("DELETE", f"{CONTACTS}/{pk}")
    assert (archived.status, archived.body) == (204, None)
    assert "Content-Type" not in archived.headers
    assert api("DELETE", f"{CONTACTS}/{pk}").status == 204
    assert api.get(f"{CONTACTS}/{pk}").status == 404
    read = api.get(f"{CONTACTS}/{pk}?archived=True")
    assert (read.body["archived"], read.body["archivedAt"]) == (True, STAMP)
    assert [row["id"] for row in api.get(f"{CONTACTS}?archived=1").body["results"]] == [str(pk)]


def test_pages_are_walked_by_number_and_by_link_without_loss(api: Api) -> None:
    ids = [str(pk) for pk in people(25)]
    by_link: list[str] = []
    link = f"{CONTACTS}?limit=10&properties=city"
    while link:
        page = api.get(link).body
        by_link += [row["id"] for row in page["results"]]
        link = page.get("paging", {}).get("next", {}).get("link", "")
        assert not link or re.fullmatch(
            r"http://testserver/crm/v3/objects/contacts\?limit=10&properties=city&after=\d+", link
        )
    assert by_link == ids
    second = api.get(f"{CONTACTS}?limit=20&after={ids[19]}").body
    assert ([row["id"] for row in second["results"]], "paging" in second) == (ids[20:], False)


def test_a_page_keeps_its_place_while_records_come_and_go(api: Api) -> None:
    ids = people(20)
    first = api.get(f"{CONTACTS}?limit=10").body
    changes.archive("0-1", select(ids[:5]), SYSTEM)
    people(3, start=100)
    after = first["paging"]["next"]["after"]
    second = api.get(f"{CONTACTS}?limit=10&after={after}").body
    assert [row["id"] for row in second["results"]] == [str(pk) for pk in ids[10:]]


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1e3"])
def test_a_limit_out_of_range_is_refused(api: Api, limit: str) -> None:
    assert api.get(f"{CONTACTS}?limit={limit}").status == 400


def test_pages_with_history_are_smaller(api: Api) -> None:
    assert api.get(f"{CONTACTS}?limit=51&propertiesWithHistory=city").status == 400
    assert api.get(f"{CONTACTS}?limit=50&propertiesWithHistory=city").status == 200


def test_a_page_costs_the_same_queries_for_10_and_100(
    api: Api, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> str:
        Record.objects.all().delete()
        ids = people(size, company="x")
        pairs = list(zip(ids, companies(size), strict=True))
        associations.associate(associations.between("0-1", "0-2"), associations.pairs(pairs))
        return f"{CONTACTS}?limit=50&associations=companies,deals&propertiesWithHistory=company"

    def run(path: str) -> None:
        assert api.get(path).status == 200

    assert same_queries_for(make, run, (10, 50)) <= 10


def test_associations_of_a_record_show_a_page_and_where_the_next_is(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.api.links.PAGE", 2)
    (pk,) = people(1)
    others = changes.create("0-5", [{}, {}, {}], SYSTEM)
    pairs = [(pk, other) for other in others]
    associations.associate(associations.between("0-1", "0-5"), associations.pairs(pairs))
    shown = api.get(f"{CONTACTS}/{pk}?associations=tickets").body["associations"]["tickets"]
    assert [row["id"] for row in shown["results"]] == [str(other) for other in others[:2]]
    assert shown["paging"]["next"] == {
        "after": str(others[1]),
        "link": f"http://testserver/crm/v4/objects/contacts/{pk}/associations/tickets"
        f"?after={others[1]}",
    }
    assert Association.objects.count() == 6
