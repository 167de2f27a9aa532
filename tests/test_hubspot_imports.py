"""Imports and exports with HubSpot's own Python library."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from hubspot.crm import exports as export_models

from crm.exports import job as exporting
from crm.imports import job as importing
from crm.models import ExportJob, ImportJob, Record
from tests.test_hubspot_client import Server, create_contact, server

__all__ = ["server"]
pytestmark = pytest.mark.django_db(transaction=True)


def column(heading: str, name: str) -> dict[str, str]:
    return {"columnObjectTypeId": "0-1", "columnName": heading, "propertyName": name}


def test_a_file_is_imported_watched_and_its_errors_are_read(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("Email,First\nana@example.com,Ana\nnobody,Ben\n")
    page = {
        "hasHeader": True,
        "columnMappings": [column("Email", "email"), column("First", "firstname")],
    }
    file = {"fileName": "people.csv", "fileFormat": "CSV", "fileImportPage": page}
    api = server.client.crm.imports.core_api
    made = api.create(
        files=[str(path)], import_request=json.dumps({"name": "June", "files": [file]})
    )
    assert (made.state, made.mapped_object_type_ids) == ("STARTED", ["0-1"])
    importing.run(ImportJob.objects.get(pk=made.id))
    read = api.get_by_id(made.id)
    assert (read.state, read.metadata.counters["CREATED_OBJECTS"]) == ("DONE", 1)
    assert Record.objects.get().properties == {"email": "ana@example.com", "firstname": "Ana"}
    errors = server.client.crm.imports.public_imports_api.get_errors(made.id).results
    assert [(one.error_type, one.source_data.line_number) for one in errors] == [
        ("INVALID_EMAIL", 3)
    ]
    assert [one.id for one in api.get_page(limit=10).results] == [made.id]
    assert api.cancel(made.id).status == "CANCELED"
    assert api.get_by_id(made.id).state == "DONE"


def test_records_are_exported_and_downloaded(server: Server) -> None:
    create_contact(server.client, email="ana@example.com")
    api = server.client.crm.exports.public_exports_api
    request = export_models.PublicExportViewRequest(
        export_type="VIEW", export_name="Everybody", format="CSV", language="EN",
        object_type="CONTACT", object_properties=["email"], associated_object_type=[],
        export_internal_values_options=["NAMES"],
    )  # fmt: skip
    made = api.start(public_export_request=request)
    exporting.run(ExportJob.objects.get(pk=made.id))
    status = api.get_status(made.id)
    assert status.status == "COMPLETE"
    assert requests.get(status.result, timeout=10).content.decode("utf-8-sig").split() == [
        "email",
        "ana@example.com",
    ]
