"""What people upload by mistake or in bad faith."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from pytest_django import Settings

from crm import clock
from crm.imports.reading import UnreadableFile
from crm.imports.rejects import guard, unguard
from crm.models import ImportJob, Property, PropertyGroup
from crm.tests.importing import imported, numbers, records, rejects, started

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_a_wrong_encoding_is_one_clear_message() -> None:
    content = "Email,City\na@example.com,Zürich\n".encode() + "b@example.com,Köln".encode("cp1252")
    with pytest.raises(UnreadableFile) as caught:
        started(content)
    assert str(caught.value) == (
        "Line 3 is not UTF-8 text, although the lines before it are."
        ' Save it as "CSV UTF-8" in your spreadsheet and import that file.'
    )
    assert not ImportJob.objects.exists()


def test_duplicate_addresses_in_any_spelling_make_one_contact() -> None:
    spellings = ["a@example.com", "A@EXAMPLE.com", " a@example.com ", "a@Example.Com"]
    job = imported("Email,City\n" + "".join(f"{text},C{n}\n" for n, text in enumerate(spellings)))
    assert numbers(job) == (4, 1, 0, 0)
    assert records() == [{"email": "a@example.com", "city": "C3"}]


def test_three_hundred_columns_go_in() -> None:
    group = PropertyGroup.objects.filter(object_type="0-1").first()
    assert group is not None
    Property.objects.bulk_create(
        Property(
            object_type="0-1", name=f"p{n}", label=f"Property {n}", group=group, type="string",
            field_type="text", created_at=clock.now(),
        )
        for n in range(299)
    )  # fmt: skip
    heading = ",".join(["Email", *(f"Property {n}" for n in range(299))])
    lines = [
        ",".join([f"a{row}@example.com", *(f"{row}.{n}" for n in range(299))]) for row in range(500)
    ]
    job = imported("\n".join([heading, *lines]))
    assert numbers(job) == (500, 500, 0, 0)
    last = records()[-1]
    assert len(last) == 300
    assert (last["email"], last["p298"]) == ("a499@example.com", "499.298")


def test_three_hundred_unknown_columns_are_named_and_left_out() -> None:
    heading = ",".join(["Email", *(f"x{n}" for n in range(299))])
    job = imported(f"{heading}\na@example.com{',1' * 299}\n")
    assert records() == [{"email": "a@example.com"}]
    assert job.message.count("is left out: no property of this name.") == 299


def test_a_cell_of_a_megabyte_costs_its_row() -> None:
    huge = "x" * 2**20
    job = imported(f"Email,City\na@example.com,{huge}\nb@example.com,Oslo\n")
    assert numbers(job) == (2, 1, 0, 1)
    assert rejects(job) == [(2, "City: is longer than 65,536 characters")]
    assert records() == [{"email": "b@example.com", "city": "Oslo"}]


def test_the_longest_allowed_cell_goes_in() -> None:
    imported(f"Email,Message\na@example.com,{'x' * 65_536}\n")
    assert [len(row["message"]) for row in records()] == [65_536]


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "=cmd|' /C calc'!A0"]


def test_formulas_are_text() -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Email", "Message"])
    writer.writerows([f"a{n}@example.com", text] for n, text in enumerate(FORMULAS))
    imported(out.getvalue())
    assert [row["message"] for row in records()] == FORMULAS


def test_formulas_in_rejects_are_disarmed() -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Email", "Message"])
    writer.writerows([text, text] for text in FORMULAS)
    job = imported(out.getvalue())
    assert numbers(job) == (6, 0, 0, 6)
    text = Path(job.rejects_file.path).read_text(encoding="utf-8-sig")
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    assert "'=1+1" in cells
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


@pytest.mark.parametrize("text", [*FORMULAS, "\tx", "\rx", "\x00x", "plain", "'quoted", ""])
def test_a_guarded_cell_can_be_read_back(text: str) -> None:
    assert unguard(guard(text)) == text


def test_rows_that_are_too_short_or_too_long() -> None:
    job = imported(
        "Email,City,Phone\na@example.com\nb@example.com,Oslo,1,,\nc@example.com,Oslo,1,2,3\n"
    )
    assert numbers(job) == (3, 2, 0, 1)
    assert rejects(job) == [(4, "has 5 cells, but there are 3 headings")]
    assert records() == [
        {"email": "a@example.com"},
        {"email": "b@example.com", "city": "Oslo", "phone": "1"},
    ]


def test_characters_the_database_cannot_hold_cost_their_row() -> None:
    job = imported("Email,City\na@example.com,Os\x00lo\nb@example.com,Oslo\n")
    assert rejects(job) == [(2, "City: contains characters that cannot be stored")]
    assert [row["email"] for row in records()] == ["b@example.com"]


def test_duplicate_headings_are_told() -> None:
    job = imported("Email,City,City\na@example.com,Oslo,Bergen\n")
    assert records() == [{"email": "a@example.com", "city": "Oslo"}]
    assert "Column 'City' is left out: column 2 goes into city already." in job.message
