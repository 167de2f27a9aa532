"""Exports through the API: started, watched, downloaded, and refused."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from crm import changes, clock
from crm.api import exports
from crm.exports import job as exporting
from crm.lists import membership
from crm.models import ExportJob, List, Owner, PermissionSet, Property, PropertyAccess
from crm.tests.api_world import Api, new_api, restrict
from crm.tests.writing import SYSTEM, contacts, people, select

pytestmark = pytest.mark.django_db

START = "/crm/v3/exports/export/async"
VIEW = {"exportType": "VIEW", "objectType": "CONTACT", "objectProperties": ["email"]}


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def api() -> Api:
    return new_api()


def local(link: str) -> str:
    return link.removeprefix("http://testserver")


def downloaded(api: Api, body: dict[str, Any]) -> bytes:
    """The file of an export that is started, run and fetched by its link, without a token."""
    answer = api.post(START, body)
    assert answer.status == 202, answer.body
    status = api.get(local(answer.body["links"]["status"])).body
    assert status["status"] == "PENDING"
    exporting.run(ExportJob.objects.get(pk=answer.body["id"]))
    status = api.get(f"{START}/tasks/{answer.body['id']}/status").body
    assert status["status"] == "COMPLETE"
    response = Client().get(local(status["result"]))
    return b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_a_view_is_exported_as_its_search_finds_it(api: Api) -> None:
    contacts({"email": "ana@example.com", "city": "Oslo"}, {"email": "ben@example.com"})
    line = {"propertyName": "city", "operator": "EQ", "value": "Oslo"}
    found = downloaded(api, VIEW | {"publicCrmSearchRequest": {"filters": [line]}})
    assert found.decode("utf-8-sig").split() == ["Email", "ana@example.com"]


def test_a_list_is_exported(api: Api) -> None:
    first, _ = people(2)
    guests = List.objects.create(name="Guests", object_type="0-1", created_at=clock.now())
    membership.add(guests, select([first]))
    body = VIEW | {"exportType": "LIST", "listId": str(guests.pk)}
    found = downloaded(api, body | {"exportInternalValuesOptions": ["NAMES", "VALUES"]})
    assert found.decode("utf-8-sig").split() == ["email", "p0@example.com"]


def test_an_export_is_described(api: Api) -> None:
    people(3)
    made = api.post(START, VIEW | {"exportName": "Everybody", "format": "XLSX"}).body
    read = api.get(f"/crm/v3/exports/export/{made['id']}").body
    assert (read["exportName"], read["recordCount"]) == ("Everybody", 3)
    assert (read["exportState"], read["objectProperties"]) == ("PENDING", ["email"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exportType": "ALL"}, "exportType must be LIST or VIEW"),
        ({"exportType": "LIST", "listId": "77"}, "There is no list 77 of contacts"),
        ({"exportType": "LIST"}, "listId must be a text"),
        ({"format": "XLS"}, "format must be one of CSV, XLSX"),
        ({"objectProperties": ["nosuch"]}, "There is no property nosuch"),
        ({"objectProperties": []}, "Choose at least one property"),
        ({"objectType": "x"}, "Unable to infer object type"),
        ({"publicCrmSearchRequest": {"filters": [{}]}}, "propertyName must be a text"),
    ],
)
def test_a_bad_request_starts_nothing(api: Api, change: dict[str, Any], message: str) -> None:
    answer = api.post(START, VIEW | change)
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    assert message in answer.body["message"]
    assert not ExportJob.objects.exists()


def test_an_export_needs_its_scope() -> None:
    answer = new_api("crm.objects.contacts.read").post(START, VIEW)
    assert (answer.status, answer.body["category"]) == (403, "MISSING_SCOPES")


def test_a_link_works_for_an_hour_and_only_as_it_was_made(api: Api) -> None:
    people(1)
    job = ExportJob.objects.get(pk=api.post(START, VIEW).body["id"])
    exporting.run(job)
    key = exports.SIGNER.sign(str(job.pk))
    path = "/crm/v3/exports/download"
    with closing(Client().get(f"{path}/{key}")) as response:
        assert response.status_code == 200
    assert Client().get(f"{path}/{key}x").status_code == 404
    assert Client().get(f"{path}/{job.pk}").status_code == 404


def test_exports_of_others_are_not_there(api: Api) -> None:
    made = api.post(START, VIEW).body
    ExportJob.objects.update(user=User.objects.create(username="otto"))
    restrict("export", view="ALL")
    assert api.get(f"/crm/v3/exports/export/{made['id']}").status == 404
    assert api.get(f"{START}/tasks/{made['id']}/status").status == 404


def test_an_export_holds_what_its_user_sees(api: Api) -> None:
    mine, _ = people(2)
    owner = Owner.objects.create(email="ines@example.com", user=User.objects.get())
    changes.update("0-1", {mine: {"hubspot_owner_id": str(owner.pk)}}, SYSTEM)
    restrict("export", view="OWN")
    PermissionSet.objects.update(sees_unassigned=False)
    assert downloaded(api, VIEW).decode("utf-8-sig").split() == ["Email", "p0@example.com"]


def test_who_may_not_export_exports_nothing(api: Api) -> None:
    restrict(view="ALL")
    answer = api.post(START, VIEW)
    assert (answer.status, answer.body["category"]) == (403, "FORBIDDEN")
    assert not ExportJob.objects.exists()


def test_a_hidden_property_is_no_column(api: Api) -> None:
    city = Property.objects.get(object_type="0-1", name="city")
    PropertyAccess.objects.create(definition=city, level=PropertyAccess.Level.NONE)
    restrict("export", view="ALL")
    answer = api.post(START, VIEW | {"objectProperties": ["email", "city"]})
    assert (answer.status, answer.body["message"]) == (400, "There is no property city.")
