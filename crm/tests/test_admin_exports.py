"""Exports in the browser: chosen in a list, watched, downloaded, cancelled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from crm.exports import job as exporting
from crm.models import ExportJob
from crm.tests.browsing import main_text, viewer
from crm.tests.writing import people

pytestmark = pytest.mark.django_db

CONTACTS = "/admin/crm/contact/"


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def ask(client: Client, ids: list[int], **more: str) -> Any:
    given = {
        "action": "export",
        "_selected_action": [str(one) for one in ids],
        "confirmed": "1",
        "title": "Guests",
        "file_format": "CSV",
        "extent": "shown",
    }
    return client.post(CONTACTS, given | more, follow=True)


def test_chosen_records_are_exported_and_downloaded(admin_client: Client) -> None:
    first, second, _ = people(3)
    page = main_text(ask(admin_client, [first, second]))
    assert "The export of 2 contacts is on its way." in page
    job = ExportJob.objects.get()
    address = f"/admin/crm/exportjob/{job.pk}/"
    assert "0 of 2 rows" in main_text(admin_client.get(f"{address}change/"))
    exporting.run(job)
    assert "Download (CSV)" in main_text(admin_client.get(f"{address}change/"))
    response: Any = admin_client.get(f"{address}file/")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert [line.split(",")[1] for line in lines] == ["Email", "p0@example.com", "p1@example.com"]
    assert "2 of 2" in main_text(admin_client.get("/admin/crm/exportjob/"))


def test_all_properties_with_internal_names(admin_client: Client) -> None:
    ask(admin_client, people(1), extent="every", is_internal="on")
    job = ExportJob.objects.get()
    assert job.is_internal
    assert {"hs_object_id", "email", "city", "lifecyclestage"} <= set(job.property_names)
    assert len(job.property_names) == len(set(job.property_names))


def test_an_export_is_cancelled(admin_client: Client) -> None:
    ask(admin_client, people(1))
    job = ExportJob.objects.get()
    page = admin_client.post(f"/admin/crm/exportjob/{job.pk}/cancel/", follow=True)
    assert "cancelled" in main_text(page)
    assert admin_client.get(f"/admin/crm/exportjob/{job.pk}/file/").status_code == 404


def test_exports_of_others_are_not_there(admin_client: Client) -> None:
    ask(admin_client, people(1))
    job = ExportJob.objects.get()
    client = viewer("view_exportjob")
    assert client.get(f"/admin/crm/exportjob/{job.pk}/change/").status_code == 404
    assert "Guests" not in main_text(client.get("/admin/crm/exportjob/"))
