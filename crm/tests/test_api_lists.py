from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from crm import sharing
from crm.lists import editing
from crm.models import List, Owner
from crm.tests.api_world import Api, new_api, restrict
from crm.tests.listing import active, any_of, build, city, in_list, prop, static
from crm.tests.writing import people

pytestmark = pytest.mark.django_db

LISTS = "/crm/v3/lists"


@pytest.fixture
def api() -> Api:
    return new_api()


def test_reading_and_writing_need_their_scopes() -> None:
    guests = static("Guests")
    reader, writer = new_api("crm.lists.read"), new_api("crm.lists.write", name="Writer")
    assert reader.get(f"{LISTS}/{guests.pk}").status == 200
    assert reader.post(f"{LISTS}/search", {}).status == 200
    assert reader("DELETE", f"{LISTS}/{guests.pk}").status == 403
    answer = writer.get(f"{LISTS}/{guests.pk}")
    assert (answer.status, answer.body["category"]) == (403, "MISSING_SCOPES")
    assert writer("DELETE", f"{LISTS}/{guests.pk}").status == 204


def test_a_user_who_may_only_see_lists_changes_none() -> None:
    api, guests = new_api(), static("Guests")
    restrict("view_lists", view="ALL")
    assert api.get(f"{LISTS}/{guests.pk}").status == 200
    assert api.post(LISTS, {}).status == 403
    assert api("PUT", f"{LISTS}/{guests.pk}/update-list-name?listName=x").status == 403


def test_a_list_that_is_kept_to_others_is_not_found() -> None:
    api, guests = new_api(), static("Guests")
    sharing.share(guests, viewers=[User.objects.create_user("somebody")])
    restrict("view_lists", "manage_lists", view="ALL")
    assert api.get(f"{LISTS}/{guests.pk}").status == 404
    assert api.post(f"{LISTS}/search", {}).body["total"] == 0


def test_members_that_a_user_does_not_see_are_neither_shown_nor_moved() -> None:
    other = Owner.objects.create(email="other@example.com")
    api, guests, one = new_api(), static("Guests"), people(1, hubspot_owner_id=str(other.pk))[0]
    restrict("view_lists", "manage_lists", view="OWN")
    answer = api("PUT", f"{LISTS}/{guests.pk}/memberships/add", [one])
    assert answer.body["recordIdsMissing"] == [str(one)]
    answer = api.get(f"{LISTS}/{guests.pk}/memberships")
    assert answer.body == {"results": []}


@pytest.mark.parametrize("key", ["x", "0", "999999", "-1", "1" * 30, "%00"])
def test_a_list_that_is_not_there_is_an_error_in_the_envelope(api: Api, key: str) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("PUT", "/restore")):
        answer = api(method, f"{LISTS}/{key}{path}")
        assert answer.status in (400, 404)
        assert answer.body["status"] == "error"


@pytest.mark.parametrize(
    ("_case", "body"),
    [
        ("nothing", {}),
        ("no name", {"objectTypeId": "0-1", "processingType": "MANUAL"}),
        ("an unknown kind", {"name": "A", "objectTypeId": "0-1", "processingType": "FAST"}),
        ("an unknown type", {"name": "A", "objectTypeId": "0-99", "processingType": "MANUAL"}),
        ("no filters", {"name": "A", "objectTypeId": "0-1", "processingType": "DYNAMIC"}),
        (
            "an unknown folder",
            {"name": "A", "objectTypeId": "0-1", "processingType": "MANUAL", "listFolderId": 99},
        ),
    ],
)
def test_a_list_that_cannot_be_is_refused(api: Api, _case: str, body: dict[str, Any]) -> None:
    answer = api.post(LISTS, body)
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    assert not List.objects.exists()


def test_the_filters_of_a_manual_list_are_ignored(api: Api) -> None:
    body = {"name": "A", "objectTypeId": "contacts", "processingType": "MANUAL"}
    answer = api.post(LISTS, body | {"filterBranch": {"filterBranchType": "?"}})
    assert (answer.status, "filterBranch" in answer.body["list"]) == (200, False)
    answer = api("PUT", f"{LISTS}/{answer.body['list']['listId']}/update-list-filters", {})
    assert answer.status == 400


def test_what_is_wrong_with_filters_is_said(api: Api) -> None:
    body = {"name": "A", "objectTypeId": "0-1", "processingType": "DYNAMIC"}
    wrong = any_of(prop("nope", "ALL_PROPERTY", "IS_KNOWN"))
    answer = api.post(LISTS, body | {"filterBranch": wrong})
    assert (answer.status, "nope" in answer.body["message"]) == (400, True)


def test_filters_come_back_whole(api: Api) -> None:
    oslo = active("Oslo", city("Oslo"))
    assert "filterBranch" not in api.get(f"{LISTS}/{oslo.pk}").body["list"]
    answer = api.get(f"{LISTS}/{oslo.pk}?includeFilters=True")
    root = answer.body["list"]["filterBranch"]
    assert set(root) == {"filterBranchType", "filterBranchOperator", "filterBranches", "filters"}
    assert root["filterBranches"][0]["filters"] == [city("Oslo")]


def test_a_deleted_list_says_so_only_to_who_restores_it(api: Api) -> None:
    guests = static("Guests")
    editing.delete(guests)
    assert api.get(f"{LISTS}?listIds={guests.pk}").body == {"lists": []}
    assert api("PUT", f"{LISTS}/{guests.pk}/restore").status == 204
    assert api("PUT", f"{LISTS}/{guests.pk}/restore").status == 404


def test_found_lists_say_how_they_are_used(api: Api) -> None:
    guests = static("Guests")
    active("Invited", in_list(guests))
    answer = api.post(f"{LISTS}/search", {"listIds": [guests.pk, "x"], "sort": "-HS_LIST_NAME"})
    [found] = answer.body["lists"]
    assert found["additionalProperties"]["hs_list_reference_count"] == "1"
    only = api.post(f"{LISTS}/search", {"processingTypes": ["DYNAMIC"], "objectTypeId": "contacts"})
    assert [row["name"] for row in only.body["lists"]] == ["Invited"]
    for wrong in ({"sort": "x"}, {"count": 501}, {"offset": -1}, {"listIds": "7"}):
        assert api.post(f"{LISTS}/search", wrong).status == 400


@pytest.mark.parametrize("body", [{}, "x", [None], [{}], [True]])
def test_members_have_to_be_a_list_of_ids(api: Api, body: Any) -> None:
    guests = static("Guests")
    answer = api("PUT", f"{LISTS}/{guests.pk}/memberships/add", body or {"a": 1})
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")


def test_the_members_of_a_dynamic_list_are_not_changed(api: Api) -> None:
    oslo, guests = active("Oslo", city("Oslo")), static("Guests")
    base = f"{LISTS}/{oslo.pk}/memberships"
    one = people(1)[0]
    assert api("PUT", f"{base}/remove", [one]).status == 400
    assert api("PUT", f"{base}/add-from/{guests.pk}").status == 400
    assert api("DELETE", base).status == 400


def test_lists_of_several_records(api: Api) -> None:
    guests, one = static("Guests"), people(1)[0]
    api("PUT", f"{LISTS}/{guests.pk}/memberships/add", [one])
    inputs = [{"objectTypeId": "0-1", "recordId": str(key)} for key in (one, 999_999)]
    answer = api.post(f"{LISTS}/records/memberships/batch/read", {"inputs": inputs})
    [found] = answer.body["results"]
    assert found["recordId"] == str(one)
    assert [row["listId"] for row in found["recordListMemberships"]] == [str(guests.pk)]
    assert api.get(f"{LISTS}/records/0-1/999999/memberships").status == 404


def test_a_conversion_is_planned_shown_and_cancelled(api: Api) -> None:
    oslo = active("Oslo", city("Oslo"))
    address = f"{LISTS}/{oslo.pk}/schedule-conversion"
    assert api.get(address).status == 404
    day = {"conversionType": "CONVERSION_DATE", "year": 2999, "month": 12, "day": 31}
    planned = {"listId": str(oslo.pk), "requestedConversionTime": day}
    assert api("PUT", address, day).body == planned
    assert api.get(address).body == planned
    quiet = {"conversionType": "INACTIVITY", "offset": 2, "timeUnit": "WEEK"}
    assert api("PUT", address, quiet).body["requestedConversionTime"] == quiet
    assert api("DELETE", address).status == 204
    assert api.get(address).status == 404
    for wrong in (
        {},
        {"conversionType": "NEVER"},
        day | {"month": 13},
        day | {"year": 2000},
        quiet | {"timeUnit": "YEAR"},
        quiet | {"offset": 0},
    ):
        assert api("PUT", address, wrong).status == 400
    editing.make_static(oslo)
    converted = api.get(address).body
    assert (converted["listId"], "convertedAt" in converted) == (str(oslo.pk), True)


def test_newer_addresses_lead_to_the_same(api: Api) -> None:
    guests = static("Guests")
    assert api.get(f"/crm/lists/2026-03/{guests.pk}").body["list"]["name"] == "Guests"
    build()
