"""Records into files: what they hold, how they survive, and what they cost."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from pytest_django import Settings

from conftest import SameQueriesFor
from crm import changes, clock
from crm.exports import job as exporting
from crm.exports import workbook
from crm.imports import job as imports
from crm.models import ExportJob, ExportRow, Record
from crm.sql import SQL
from crm.tests.importing import numbers, started
from crm.tests.writing import SYSTEM, contacts, people, select

pytestmark = pytest.mark.django_db

EVERYBODY = SQL("SELECT id AS record_id FROM crm_record WHERE object_type = '0-1'")
CSV, XLSX = ExportJob.Format.CSV, ExportJob.Format.XLSX


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def asked(*names: str, **more: Any) -> exporting.Wanted:
    given: dict[str, Any] = {"object_type": "0-1", "records": EVERYBODY, "name": "People"} | more
    return exporting.Wanted(property_names=names, **given)


def exported(*names: str, **more: Any) -> ExportJob:
    job = exporting.start(asked(*names, **more))
    assert exporting.run(job) is False
    return job


def table(job: ExportJob) -> list[list[str]]:
    text = Path(job.file.path).read_text(encoding="utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_a_file_holds_labels_as_people_see_them() -> None:
    contacts(
        {"email": "ana@example.com", "lifecyclestage": "lead", "hubspotscore": 12},
        {"email": "ben@example.com"},
    )
    job = exported("email", "lifecyclestage", "hubspotscore")
    assert (job.state, job.total_rows, job.done_rows) == (ExportJob.State.DONE, 2, 2)
    assert table(job) == [
        ["Email", "Lifecycle stage", "Score"],
        ["ana@example.com", "Lead", "12"],
        ["ben@example.com", "", ""],
    ]


def test_internal_names_and_values_are_what_programs_want() -> None:
    contacts({"email": "ana@example.com", "lifecyclestage": "lead"})
    with_id = exported("hs_object_id", "email", "lifecyclestage", is_internal=True)
    [record] = Record.objects.all()
    assert table(with_id) == [
        ["hs_object_id", "email", "lifecyclestage"],
        [str(record.pk), "ana@example.com", "lead"],
    ]


def test_a_formula_is_shown_as_text_and_a_phone_number_as_it_is() -> None:
    contacts({"firstname": "=1+1", "phone": "+47 22 33 44"})
    assert table(exported("firstname", "phone"))[1] == ["'=1+1", "+47 22 33 44"]


def test_an_export_can_be_imported_again() -> None:
    contacts({"email": "ana@example.com", "city": 'Bad "Ems"', "closedate": "2026-03-04T05:06:07Z"})
    job = exported("email", "city", "closedate")
    content = Path(job.file.path).read_bytes()
    back = started(content)
    assert imports.run(back) is False
    back.refresh_from_db()
    assert numbers(back) == (1, 0, 0, 0)


def test_records_are_those_of_the_moment_of_asking_and_values_those_of_writing() -> None:
    first, second = people(2)
    job = exporting.start(asked("email", "city"))
    people(1, start=9)
    changes.update("0-1", {first: {"city": "Oslo"}}, SYSTEM)
    changes.archive("0-1", select([second]), SYSTEM)
    exporting.run(job)
    assert table(job)[1:] == [["p0@example.com", "Oslo"]]


def test_a_killed_export_goes_on_behind_its_last_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    people(5)
    monkeypatch.setattr(exporting, "CHUNK_ROWS", 2)
    job = exporting.start(asked("email"))
    assert exporting.run(job, seconds=0) is True
    # A chunk that was written, but not noted.
    with Path(job.file.storage.path(f"exports/{job.pk}.csv")).open("ab") as file:
        file.write(b"half a li")
    assert exporting.run(job) is False
    assert [row[0] for row in table(job)[1:]] == [f"p{n}@example.com" for n in range(5)]
    assert not ExportRow.objects.exists()


def test_a_cancelled_export_leaves_nothing() -> None:
    people(3)
    job = exporting.start(asked("email"))
    assert exporting.cancel(job) is True
    assert exporting.run(job) is False
    assert (job.state, bool(job.file)) == (ExportJob.State.CANCELLED, False)
    assert not ExportRow.objects.exists()
    assert exporting.cancel(job) is False


def test_a_workbook_has_numbers_as_numbers_and_formulas_as_text() -> None:
    contacts({"email": "ana@example.com", "hubspotscore": 12.5, "firstname": "=1+1"})
    job = exported("email", "hubspotscore", "firstname", file_format=XLSX)
    with zipfile.ZipFile(job.file.path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        names = book.read("xl/workbook.xml").decode()
    assert '<c r="B2"><v>12.5</v></c>' in sheet
    assert "<f>" not in sheet
    assert "ana@example.com" in sheet
    assert 'sheet name="People"' in names


def test_a_workbook_that_would_be_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    people(3)
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    with pytest.raises(ValidationError, match="holds 2 rows, these are 3"):
        exporting.start(asked("email", file_format=XLSX))
    assert not ExportJob.objects.exists()


@pytest.mark.parametrize(
    ("names", "message"), [(("nosuch",), "no property nosuch"), ((), "at least one property")]
)
def test_unknown_properties_are_refused(names: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        exporting.start(asked(*names))
    assert not ExportJob.objects.exists()


def test_old_files_are_deleted_and_the_export_stays() -> None:
    people(1)
    job = exported("email")
    path = Path(job.file.path)
    with clock.at(clock.now() + exporting.KEPT_FOR / 2):
        assert exporting.forget_old() == 0
    with clock.at(clock.now() + exporting.KEPT_FOR * 1.1):
        assert exporting.forget_old() == 1
    assert not path.exists()
    assert not ExportJob.objects.get().file


def test_a_chunk_costs_the_same_queries_for_any_number(same_queries_for: SameQueriesFor) -> None:
    def make(size: int) -> ExportJob:
        people(size, start=size * 10)
        return exporting.start(asked("email", "firstname"))

    same_queries_for(make, exporting.run, sizes=(10, 4000))
