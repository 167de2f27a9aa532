"""Imports through the API: what is asked, what is answered, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from crm.imports import job as imports
from crm.models import Association, ImportJob, List, ListMembership, Record
from crm.tests.api_world import Answer, Api, new_api, restrict
from crm.tests.importing import records

pytestmark = pytest.mark.django_db

PEOPLE = "Email,Name\nana@example.com,Ana\nben@example.com,Ben\n"


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def api() -> Api:
    return new_api()


def column(heading: str, name: str | None = None, kind: str = "0-1", **more: Any) -> dict[str, Any]:
    found = {"columnObjectTypeId": kind, "columnName": heading, **more}
    return found | ({"propertyName": name} if name else {})


EMAIL = column("Email", "email")
NAME = column("Name", "firstname")


def asked(*columns: dict[str, Any], **more: Any) -> dict[str, Any]:
    page = {"hasHeader": True, "columnMappings": list(columns)}
    file = {"fileName": "people.csv", "fileFormat": "CSV", "fileImportPage": page}
    return {"name": "June", "files": [file]} | more


def send(api: Api, request: Any, *files: tuple[str, str]) -> Answer:
    parts = {
        "importRequest": request if isinstance(request, str) else json.dumps(request),
        "files": [SimpleUploadedFile(name, text.encode()) for name, text in files],
    }
    client = Client(raise_request_exception=False)
    headers = {"Authorization": f"Bearer {api.secret}"}
    response = client.post("/crm/v3/imports/", parts, headers=headers)
    return Answer(response.status_code, json.loads(response.content), dict(response.headers))


def finish() -> None:
    for job in ImportJob.objects.order_by("pk"):
        assert imports.run(job) is False


def test_a_file_is_imported_and_its_numbers_are_read(api: Api) -> None:
    answer = send(api, asked(EMAIL, NAME), ("people.csv", PEOPLE))
    assert answer.status == 200, answer.body
    body = answer.body
    assert (body["state"], body["importName"], body["importSource"]) == ("STARTED", "June", "API")
    assert body["mappedObjectTypeIds"] == ["0-1"]
    finish()
    read = api.get(f"/crm/v3/imports/{body['id']}").body
    assert read["state"] == "DONE"
    assert read["metadata"]["counters"] == {
        "TOTAL_ROWS": 2,
        "CREATED_OBJECTS": 2,
        "UPDATED_OBJECTS": 0,
        "UNIQUE_OBJECTS_WRITTEN": 2,
        "ERRORS": 0,
    }
    assert records() == [
        {"email": "ana@example.com", "firstname": "Ana"},
        {"email": "ben@example.com", "firstname": "Ben"},
    ]


def test_rejected_rows_are_read_as_errors(api: Api) -> None:
    table = "Email,Born\nana@example.com,never\nnobody,2001-02-03\n"
    born = column("Born", "closedate")
    made = send(api, asked(EMAIL, born), ("people.csv", table)).body
    finish()
    answer = api.get(f"/crm/v3/imports/{made['id']}/errors")
    assert answer.status == 200
    found = [(one["errorType"], one["sourceData"]["lineNumber"], one["sourceData"]["rowData"])
             for one in answer.body["results"]]  # fmt: skip
    assert found == [
        ("COULD_NOT_PARSE_DATE", 2, ["ana@example.com", "never"]),
        ("INVALID_EMAIL", 3, ["nobody", "2001-02-03"]),
    ]
    page = api.get(f"/crm/v3/imports/{made['id']}/errors?limit=1")
    assert [one["sourceData"]["lineNumber"] for one in page.body["results"]] == [2]
    following = api.get(page.body["paging"]["next"]["link"].partition("testserver")[2])
    assert [one["sourceData"]["lineNumber"] for one in following.body["results"]] == [3]


@pytest.mark.parametrize(
    ("operation", "names"),
    [("UPSERT", ["Ana", "Ben"]), ("CREATE", [None, "Ben"]), ("UPDATE", ["Ana"])],
)
def test_an_operation_says_which_rows_count(api: Api, operation: str, names: list[str]) -> None:
    api.made("/crm/v3/objects/contacts", {"properties": {"email": "ana@example.com"}})
    request = asked(EMAIL, NAME, importOperations={"0-1": operation})
    made = send(api, request, ("people.csv", PEOPLE)).body
    finish()
    assert [one.get("firstname") for one in records()] == names
    rejected = api.get(f"/crm/v3/imports/{made['id']}").body["metadata"]["counters"]["ERRORS"]
    assert rejected == (0 if operation == "UPSERT" else 1)


@pytest.mark.parametrize(
    ("order", "stored"),
    [("DAY_MONTH_YEAR", "2026-04-03"), ("MONTH_DAY_YEAR", "2026-03-04")],
)
def test_a_date_format_is_followed(api: Api, order: str, stored: str) -> None:
    request = asked(EMAIL, column("Won", "closedate"), dateFormat=order)
    send(api, request, ("people.csv", "Email,Won\nana@example.com,3/4/2026\n"))
    finish()
    [values] = records()
    assert values["closedate"].startswith(stored)


def test_rows_are_associated_with_the_records_they_name(api: Api) -> None:
    acme = api.made("/crm/v3/objects/companies", {"properties": {"domain": "acme.com"}})["id"]
    link = column(
        "Company",
        "domain",
        toColumnObjectTypeId="0-2",
        foreignKeyType={"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279},
        idColumnType="HUBSPOT_ALTERNATE_ID",
    )
    table = "Email,Company\nana@example.com,ACME.com\nben@example.com,gone.com\ncleo@example.com,\n"
    made = send(api, asked(EMAIL, link), ("people.csv", table)).body
    finish()
    assert [one["email"] for one in records()] == ["ana@example.com", "cleo@example.com"]
    ana = Record.objects.get(properties__email="ana@example.com").pk
    related = Association.objects.filter(to_record_id=int(acme), type__type_id=279)
    assert [one.from_record_id for one in related] == [ana]
    [error] = api.get(f"/crm/v3/imports/{made['id']}/errors").body["results"]
    assert error["errorMessage"] == "Company: there is no such company"


def test_imported_contacts_join_a_list(api: Api) -> None:
    request = asked(EMAIL, createContactListFromImport=True)
    made = send(api, request, ("people.csv", PEOPLE)).body
    finish()
    [found] = made["metadata"]["objectLists"]
    created = List.objects.get(pk=found["listId"])
    assert created.name == "June"
    assert ListMembership.objects.filter(list=created).count() == 2


def test_several_files_are_one_import(api: Api) -> None:
    request = asked(EMAIL)
    page = {"hasHeader": True, "columnMappings": [column("Domain", "domain", "0-2")]}
    request["files"].append({"fileName": "firms.csv", "fileImportPage": page})
    made = send(api, request, ("people.csv", PEOPLE), ("firms.csv", "Domain\nacme.com\n")).body
    assert made["mappedObjectTypeIds"] == ["0-1", "0-2"]
    finish()
    read = api.get(f"/crm/v3/imports/{made['id']}").body
    assert (read["state"], read["metadata"]["counters"]["CREATED_OBJECTS"]) == ("DONE", 3)
    assert len(api.get("/crm/v3/imports").body["results"]) == 1


def test_a_cancelled_import_does_not_go_on(api: Api) -> None:
    made = send(api, asked(EMAIL), ("people.csv", PEOPLE)).body
    answer = api.post(f"/crm/v3/imports/{made['id']}/cancel", {})
    assert (answer.status, answer.body["status"]) == (200, "CANCELED")
    finish()
    assert records() == []
    assert api.get(f"/crm/v3/imports/{made['id']}").body["state"] == "CANCELED"


def test_cancelling_between_chunks_keeps_what_is_in(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.imports.chunks.CHUNK_ROWS", 1)
    monkeypatch.setattr("crm.imports.chunks.LEAST_ROWS", 1)
    table = "Email\nana@example.com\nnobody\nben@example.com\n"
    made = send(api, asked(EMAIL), ("people.csv", table)).body
    job = ImportJob.objects.get(pk=made["id"])

    def stop(seen: ImportJob) -> None:
        if seen.done_rows == 2:
            assert imports.cancel(seen) is True

    assert imports.run(job, on_progress=stop) is False
    job.refresh_from_db()
    assert (job.state, job.done_rows) == (ImportJob.State.CANCELLED, 2)
    assert [one["email"] for one in records()] == ["ana@example.com"]
    assert len(api.get(f"/crm/v3/imports/{made['id']}/errors").body["results"]) == 1
    assert imports.cancel(job) is False


def test_imports_are_listed_newest_first_page_by_page(api: Api) -> None:
    ids = [send(api, asked(EMAIL), ("people.csv", PEOPLE)).body["id"] for _ in range(3)]
    page = api.get("/crm/v3/imports/?limit=2").body
    assert [one["id"] for one in page["results"]] == [ids[2], ids[1]]
    following = api.get(f"/crm/v3/imports/?limit=2&after={page['paging']['next']['after']}").body
    assert [one["id"] for one in following["results"]] == [ids[0]]
    assert "paging" not in following


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ("{", "not valid JSON"),
        ("[]", "must be a JSON object"),
        (asked(), "must map at least one column"),
        (asked(EMAIL, name=""), "name must have 1 to 200 characters"),
        (asked(EMAIL) | {"files": []}, "files must name 1 to 10 files"),
        (asked(column("Email", "nosuch")), "there is no property nosuch"),
        (asked(column("Mail", "email")), "There is no column 'Mail'"),
        (asked(EMAIL, dateFormat="YEAR"), "dateFormat must be one of"),
        (asked(EMAIL, importOperations={"0-1": "MERGE"}), "must be one of"),
        (asked(EMAIL, column("Name", "name", "0-2")), "belong to one object type"),
        (asked(column("Email", "email", "9-9")), "Unable to infer object type"),
        (asked(EMAIL, column("Name", "firstname", idColumnType="X")), "idColumnType"),
        (
            asked(EMAIL, column("Name", "firstname", idColumnType="HUBSPOT_ALTERNATE_ID")),
            "firstname is not a unique property",
        ),
    ],
)
def test_a_bad_request_starts_nothing(api: Api, request_: Any, message: str) -> None:
    answer = send(api, request_, ("people.csv", PEOPLE))
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    assert message in answer.body["message"]
    assert not ImportJob.objects.exists()


def test_a_missing_or_unreadable_file_starts_nothing(api: Api) -> None:
    for files in ((), (("people.csv", ""),)):
        answer = send(api, asked(EMAIL), *files)
        assert answer.status == 400, answer.body
    assert not ImportJob.objects.exists()


def test_a_body_that_is_no_form_is_refused(api: Api) -> None:
    assert api.post("/crm/v3/imports/", {}).status in {400, 415}


def test_an_import_needs_its_scope_and_that_of_the_records() -> None:
    for scope in ("crm.import", "crm.objects.contacts.write"):
        answer = send(new_api(scope, name=scope), asked(EMAIL), ("people.csv", PEOPLE))
        assert (answer.status, answer.body["category"]) == (403, "MISSING_SCOPES")


def test_imports_of_others_are_not_there(api: Api) -> None:
    made = send(api, asked(EMAIL), ("people.csv", PEOPLE)).body
    ImportJob.objects.update(user=None)
    assert api.get(f"/crm/v3/imports/{made['id']}").status == 200
    restrict("import")
    assert api.get(f"/crm/v3/imports/{made['id']}").status == 404
    assert api.get("/crm/v3/imports").body["results"] == []


def test_who_may_not_import_may_not_do_it_here(api: Api) -> None:
    restrict("import", view="ALL")
    answer = send(api, asked(EMAIL), ("people.csv", PEOPLE))
    assert (answer.status, answer.body["category"]) == (403, "FORBIDDEN")
    assert not ImportJob.objects.exists()
