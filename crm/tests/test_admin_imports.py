from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from crm.imports import job as jobs
from crm.models import ImportJob, Record
from crm.tests.browsing import main_text, text_of, viewer

ADD = "/admin/crm/importjob/add/"
COLUMNS = "/admin/crm/importjob/columns/"
PEOPLE = b"Email,First Name,Shoe size\nana@example.com,Ana,38\nnobody,Bo,41\n"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def upload(client: Client, content: bytes = PEOPLE, name: str = "people.csv") -> Any:
    file = SimpleUploadedFile(name, content, "text/csv")
    return client.post(ADD, {"object_type": "0-1", "file": file}, follow=True)


def mapping(**properties: str) -> dict[str, str]:
    headings = ["Email", "First Name", "Shoe size"]
    data = {f"heading-{place}": heading for place, heading in enumerate(headings)}
    return data | {f"property-{place[1:]}": name for place, name in properties.items()}


def test_the_columns_are_recognised_and_shown_before_anything_is_written(
    admin_client: Client,
) -> None:
    response = upload(admin_client)
    page = main_text(response)
    assert response.redirect_chain[-1][0] == COLUMNS
    assert "2 rows of contacts" in page
    assert "Line 3:" in page
    assert "'nobody' is not an email address" in page
    content = response.content.decode()
    assert '<option value="firstname" selected>First name</option>' in " ".join(content.split())
    assert not ImportJob.objects.exists()
    assert not Record.objects.exists()


def test_an_import_runs_and_its_page_tells_how_far_it_is(admin_client: Client) -> None:
    upload(admin_client)
    data = mapping(_0="email", _1="firstname") | {"start": "1"}
    response = admin_client.post(COLUMNS, data, follow=True)
    job = ImportJob.objects.get()
    assert response.redirect_chain[-1][0] == f"/admin/crm/importjob/{job.pk}/change/"
    assert job.mapping == {"Email": "email", "First Name": "firstname"}
    assert (job.file_name, job.user_id) == ("people.csv", response.wsgi_request.user.pk)
    assert 'hx-trigger="every 1s"' in response.content.decode()
    assert "0 of 2 rows" in text_of(response)

    assert jobs.run(job) is False
    progress = admin_client.get(f"/admin/crm/importjob/{job.pk}/progress/")
    assert "hx-trigger" not in progress.content.decode()
    assert "Created 1 Updated 0 Rejected 1" in text_of(progress)
    assert [record.properties for record in Record.objects.all()] == [
        {"email": "ana@example.com", "firstname": "Ana"}
    ]


def test_rejected_rows_are_downloaded_with_their_reasons(admin_client: Client) -> None:
    upload(admin_client)
    data = mapping(_0="email", _1="firstname") | {"start": "1"}
    admin_client.post(COLUMNS, data)
    job = ImportJob.objects.get()
    jobs.run(job)
    response = admin_client.get(f"/admin/crm/importjob/{job.pk}/rejects/")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert response["Content-Disposition"] == ('attachment; filename="rejected rows of people.csv"')
    assert len(lines) == 2
    assert "'nobody' is not an email address" in lines[1]


def test_a_changed_mapping_can_be_checked_again(admin_client: Client) -> None:
    upload(admin_client)
    response = admin_client.post(COLUMNS, mapping(_0="email", _1="lastname"))
    content = " ".join(response.content.decode().split())
    assert '<option value="lastname" selected>Last name</option>' in content
    assert not ImportJob.objects.exists()


def test_a_file_that_is_no_csv_is_refused_with_the_reason(admin_client: Client) -> None:
    response = upload(admin_client, b"\x89PNG\r\n\x1a\n\x00\x00\x00\x00", "picture.png")
    assert response.redirect_chain == []
    assert 'id="id_file_error"' in response.content.decode()
    assert not ImportJob.objects.exists()


def test_an_empty_file_is_refused(admin_client: Client) -> None:
    response = upload(admin_client, b"")
    assert "The submitted file is empty." in text_of(response)


def test_the_waiting_file_goes_with_the_start_or_the_next_upload(admin_client: Client) -> None:
    upload(admin_client)
    upload(admin_client)
    assert len(default_storage.listdir("imports/waiting")[1]) == 1
    admin_client.post(COLUMNS, mapping(_0="email") | {"start": "1"})
    assert default_storage.listdir("imports/waiting")[1] == []


def test_without_an_upload_there_are_no_columns(admin_client: Client) -> None:
    response = admin_client.get(COLUMNS)
    assert (response.status_code, response["Location"]) == (302, ADD)


def test_who_may_only_look_imports_nothing() -> None:
    client = viewer("view_importjob")
    assert client.get("/admin/crm/importjob/").status_code == 200
    assert client.get(ADD).status_code == 403
    assert client.get(COLUMNS).status_code == 403


def test_the_file_itself_is_not_served(admin_client: Client) -> None:
    upload(admin_client)
    admin_client.post(COLUMNS, mapping(_0="email") | {"start": "1"})
    name = ImportJob.objects.get().file.name
    assert admin_client.get(f"/media/{name}").status_code == 404
    assert admin_client.get(f"/{name}").status_code == 404


def test_an_import_is_cancelled(admin_client: Client) -> None:
    upload(admin_client)
    admin_client.post(COLUMNS, mapping(_0="email") | {"start": "1"})
    job = ImportJob.objects.get()
    address = f"/admin/crm/importjob/{job.pk}/"
    assert "Cancel the import" in main_text(admin_client.get(f"{address}change/"))
    page = main_text(admin_client.post(f"{address}cancel/", follow=True))
    assert "cancelled" in page
    assert "Cancel the import" not in page
    jobs.run(job)
    assert not Record.objects.exists()
