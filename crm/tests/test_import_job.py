"""Files into records: what is created, updated, left alone and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from pytest_django import Settings

from conftest import SameQueriesFor
from crm import changes, clock
from crm.imports import job as imports
from crm.imports.preview import preview
from crm.imports.reading import UnreadableFile
from crm.models import (
    Change,
    Event,
    ImportJob,
    Owner,
    Property,
    PropertyGroup,
    PropertyHistory,
    Record,
)
from crm.sql import SQL
from crm.tests.importing import history, imported, numbers, records, rejects, started

pytestmark = pytest.mark.django_db

SYSTEM = changes.Source(kind=changes.SourceKind.SYSTEM)
TWO = "Email,First Name,City\nana@example.com,Ana,Lisboa\nben@example.com,Ben,Leeds\n"


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = tmp_path


def test_rows_become_records_with_history_and_events() -> None:
    user = User.objects.create(username="ines", is_superuser=True)
    job = imported(TWO, user_id=user.pk)
    assert (job.state, numbers(job)) == (ImportJob.State.DONE, (2, 2, 0, 0))
    assert records() == [
        {"email": "ana@example.com", "firstname": "Ana", "city": "Lisboa"},
        {"email": "ben@example.com", "firstname": "Ben", "city": "Leeds"},
    ]
    assert PropertyHistory.objects.count() == 6
    row = PropertyHistory.objects.filter(property_name="city", value="Leeds").get()
    assert (row.source, row.source_id, row.user_id) == ("IMPORT", str(job.pk), user.pk)
    assert Event.objects.filter(type="record.created").count() == 2
    change = Change.objects.get()
    assert sorted(change.property_names) == ["city", "email", "firstname"]
    assert len(change.record_ids) == 2


def test_the_same_file_twice_leaves_no_trace() -> None:
    imported(TWO)
    before, queued = history(), Change.objects.count()
    job = imported(TWO)
    assert numbers(job) == (2, 0, 0, 0)
    assert len(records()) == 2
    assert history() == before
    assert Change.objects.count() == queued


def test_known_contacts_are_updated_and_blank_cells_change_nothing() -> None:
    imported(TWO)
    job = imported("Email,First Name,City\nANA@example.com,,Porto\ncleo@example.com,Cleo,\n")
    assert numbers(job) == (2, 1, 1, 0)
    assert records() == [
        {"email": "ana@example.com", "firstname": "Ana", "city": "Porto"},
        {"email": "ben@example.com", "firstname": "Ben", "city": "Leeds"},
        {"email": "cleo@example.com", "firstname": "Cleo"},
    ]
    assert history()[6:] == [("city", "Porto"), ("email", "cleo@example.com"),
                             ("firstname", "Cleo")]  # fmt: skip


def test_a_repeated_address_is_one_contact_and_the_later_row_counts() -> None:
    job = imported(
        "Email,First Name,City\nana@example.com,Ana,Lisboa\nben@example.com,Ben,\n"
        "Ana@Example.com,,Porto\n"
    )
    assert numbers(job) == (3, 2, 0, 0)
    assert records() == [
        {"email": "ana@example.com", "firstname": "Ana", "city": "Porto"},
        {"email": "ben@example.com", "firstname": "Ben"},
    ]
    assert "1 rows repeat the Email of an earlier row; the later row's values count." in job.message


def test_a_repeated_address_in_a_later_chunk_updates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.imports.chunks.CHUNK_ROWS", 1)
    monkeypatch.setattr("crm.imports.chunks.LEAST_ROWS", 1)
    job = imported("Email,City\nana@example.com,Lisboa\nana@example.com,Porto\n")
    assert numbers(job) == (2, 1, 1, 0)
    assert records() == [{"email": "ana@example.com", "city": "Porto"}]


def test_bad_rows_come_back_and_good_rows_go_in() -> None:
    job = imported(
        "Email,Lifecycle Stage,Score\n"
        "ana@example.com,Lead,12\n"
        "not an address,Lead,1\n"
        ",Lead,1\n"
        "ben@example.com,Emperor,many\n"
        "cleo@example.com,customer,\n"
    )
    assert (job.state, numbers(job)) == (ImportJob.State.DONE, (5, 2, 0, 3))
    assert records() == [
        {"email": "ana@example.com", "lifecyclestage": "lead", "hubspotscore": 12},
        {"email": "cleo@example.com", "lifecyclestage": "customer"},
    ]
    stage = (
        "'Emperor' is not an option (subscriber, lead, marketingqualifiedlead,"
        " salesqualifiedlead, opportunity, customer, evangelist, other)"
    )
    assert rejects(job) == [
        (3, "Email: 'not an address' is not an email address"),
        (4, "has no Email"),
        (5, f"Lifecycle Stage: {stage}; Score: 'many' is not a number such as 1,234.56"),
    ]


def test_a_corrected_rejects_file_goes_in_as_it_was_meant() -> None:
    job = imported('Email;Phone;City\nbad;+49 30 1;"=1+1; x"\n')
    path = Path(job.rejects_file.path)
    text = path.read_bytes().decode("utf-8-sig")
    assert text == (
        "Line in the file;Why it was rejected;Email;Phone;City\n"
        "2;Email: 'bad' is not an email address;bad;'+49 30 1;\"'=1+1; x\"\n"
    ).replace("\n", "\r\n")
    again = imported(text.replace(";bad;", ";good@example.com;"))
    assert numbers(again) == (1, 1, 0, 0)
    assert records() == [{"email": "good@example.com", "phone": "+49 30 1", "city": "=1+1; x"}]
    assert again.message == (
        "Read as UTF-8, separated by semicolons.\n"
        "Column 'Line in the file' is left out: written by an earlier import.\n"
        "Column 'Why it was rejected' is left out: written by an earlier import."
    )


def test_owners_are_known_by_name_address_and_id() -> None:
    owner = Owner.objects.create(email="ola@example.com", first_name="Ola", last_name="Berg")
    job = imported(
        "Email,Contact owner\na@example.com,Ola Berg\nb@example.com,OLA@example.com\n"
        f"c@example.com,{owner.pk}\nd@example.com,Nobody\n"
    )
    assert [row.get("hubspot_owner_id") for row in records()] == [str(owner.pk)] * 3
    assert rejects(job) == [(5, "Contact owner: there is no owner 'Nobody'")]


def test_sets_of_options_and_booleans() -> None:
    group = PropertyGroup.objects.filter(object_type="0-1").first()
    assert group is not None
    options = [{"value": word, "label": word.title()} for word in ("red", "green", "blue")]
    Property.objects.create(
        object_type="0-1", name="colors", label="Colors", group=group, type="enumeration",
        field_type="checkbox", options=options, created_at=clock.now(),
    )  # fmt: skip
    imported(
        "Email,Colors,Unsubscribed from all email\na@example.com,blue;Red,TRUE\nb@example.com,,no\n"
    )
    assert records() == [
        {"email": "a@example.com", "colors": ["red", "blue"], "hs_email_optout": True},
        {"email": "b@example.com", "hs_email_optout": False},
    ]


def test_dates_of_a_column_are_read_alike_and_in_the_account_zone(settings: Settings) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    imported(
        "Email,Became a customer date,Last contacted\n"
        "a@example.com,03/04/2026,2026-07-01\nb@example.com,25/12/2026,07/01/2026 14:05\n"
    )
    assert records() == [
        {
            "email": "a@example.com",
            "closedate": "2026-04-03",
            "notes_last_contacted": "2026-06-30T22:00:00.000Z",
        },
        {
            # The column tells nothing of itself and follows the other one: day first.
            "email": "b@example.com",
            "closedate": "2026-12-25",
            "notes_last_contacted": "2026-01-07T13:05:00.000Z",
        },
    ]


def test_companies_are_known_by_domain_and_without_one_by_name() -> None:
    text = "Name,Company Domain Name,City\nAcme,acme.com,Oslo\nBolt,,Bergen\n,,Nowhere\n"
    first = imported(text, "companies")
    assert numbers(first) == (3, 2, 0, 1)
    assert rejects(first) == [(4, "has no Name and no Company Domain Name")]
    second = imported(
        "Name,Company Domain Name,City\nAcme Inc,ACME.com,Oslo\nbolt,,Bodø\nBolt,bolt.no,Oslo\n",
        "companies",
    )
    assert numbers(second) == (3, 1, 2, 0)
    assert records("0-2") == [
        {"name": "Acme Inc", "domain": "acme.com", "city": "Oslo"},
        # What found the record stays as it was written.
        {"name": "Bolt", "city": "Bodø"},
        {"name": "Bolt", "domain": "bolt.no", "city": "Oslo"},
    ]


def test_deals_have_nothing_that_identifies_them() -> None:
    text = "Deal Name,Amount\nBig one,1000\n"
    imported(text, "deals")
    job = imported(text, "deals")
    assert numbers(job) == (1, 1, 0, 0)
    assert records("0-3") == [{"dealname": "Big one", "amount": 1000}] * 2
    assert "Nothing identifies deals in a file: every row makes a new one" in job.message


def test_record_ids_are_used_when_they_are_chosen() -> None:
    (known,) = changes.create("0-1", [{"email": "a@example.com"}], SYSTEM)
    (other,) = changes.create("0-1", [{"email": "b@example.com"}], SYSTEM)
    (deal,) = changes.create("0-3", [{"dealname": "x"}], SYSTEM)
    job = imported(
        f"Record ID,Email,City\n{known},new@example.com,Oslo\n{deal},c@example.com,x\n"
        f"{other},NEW@example.com,Rome\n1.5,d@example.com,x\n",
        mapping={"Record ID": "hs_object_id", "Email": "email", "City": "city"},
    )
    assert numbers(job) == (4, 0, 1, 3)
    assert Record.objects.get(pk=known).properties == {"email": "new@example.com", "city": "Oslo"}
    assert Record.objects.get(pk=other).properties == {"email": "b@example.com"}
    assert rejects(job) == [
        (3, "there is no contact with this record ID"),
        (4, "another record has this Email already"),
        (5, "Record ID: '1.5' is not a record ID"),
    ]


def test_a_unique_value_of_another_record_rejects_the_row() -> None:
    group = PropertyGroup.objects.filter(object_type="0-1").first()
    assert group is not None
    Property.objects.create(
        object_type="0-1", name="badge", label="Badge", group=group, type="string",
        field_type="text", is_unique=True, created_at=clock.now(),
    )  # fmt: skip
    imported("Email,Badge\na@example.com,A1\nb@example.com,B1\n")
    job = imported(
        "Email,Badge\na@example.com,a1\nc@example.com,B1\nd@example.com,D1\ne@example.com,d1\n"
    )
    assert numbers(job) == (4, 1, 1, 2)
    assert rejects(job) == [
        (3, "another record has this Badge already"),
        (5, "another record has this Badge already"),
    ]


def test_archived_contacts_are_left_alone() -> None:
    imported(TWO)
    ana = Record.objects.get(properties__email="ana@example.com")
    changes.archive("0-1", SQL(f"SELECT {ana.pk}::bigint AS record_id"), SYSTEM)
    job = imported(TWO)
    assert numbers(job) == (2, 1, 0, 0)
    ana.refresh_from_db()
    assert ana.archived_at is not None


def test_a_share_of_time_ends_after_a_chunk_and_goes_on_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("crm.imports.chunks.CHUNK_ROWS", 2)
    monkeypatch.setattr("crm.imports.chunks.LEAST_ROWS", 2)
    job = started(
        "Email\na@example.com\nbad\nb@example.com\nworse\nc@example.com\n",
        mapping={"Email": "email"},
    )
    assert imports.unfinished() == [job.pk]
    seen: list[int] = []
    shares = 0
    while imports.run(job, seconds=0, on_progress=lambda job: seen.append(job.done_rows)):
        shares += 1
        assert imports.unfinished() == [job.pk]
    assert (shares, seen) == (2, [2, 4, 5])
    assert (job.state, numbers(job)) == (ImportJob.State.DONE, (5, 3, 0, 2))
    assert [line for line, _ in rejects(job)] == [3, 5]
    assert imports.unfinished() == []
    # A late doorbell changes nothing.
    assert imports.run(job) is False
    assert numbers(job) == (5, 3, 0, 2)


def test_every_row_is_accounted_for_after_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.imports.chunks.CHUNK_ROWS", 2)
    monkeypatch.setattr("crm.imports.chunks.LEAST_ROWS", 2)
    job = started("Email\na@example.com\nbad\nb@example.com\nworse\nc@example.com\n")
    advance = imports._advance

    def crash(*args: object) -> None:
        # The rejects of this chunk are in the file already, its rows never were committed.
        raise KeyboardInterrupt

    imports.run(job, seconds=0)
    monkeypatch.setattr(imports, "_advance", crash)
    with pytest.raises(KeyboardInterrupt):
        imports.run(job)
    monkeypatch.setattr(imports, "_advance", advance)
    assert (job.state, job.done_rows, len(records())) == (ImportJob.State.RUNNING, 2, 1)
    assert imports.run(job) is False
    assert numbers(job) == (5, 3, 0, 2)
    assert rejects(job) == [
        (3, "Email: 'bad' is not an email address"),
        (5, "Email: 'worse' is not an email address"),
    ]


def test_an_unexpected_error_is_shown_with_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = started(TWO)

    def fail(*args: object) -> None:
        raise RuntimeError("the roof is on fire")

    monkeypatch.setattr(imports, "_advance", fail)
    with pytest.raises(RuntimeError):
        imports.run(job)
    job.refresh_from_db()
    assert job.state == ImportJob.State.FAILED
    assert job.message == ("Stopped by an unexpected error: RuntimeError('the roof is on fire')")
    assert records() == []


def test_a_file_that_is_gone_fails_the_job() -> None:
    job = started(TWO)
    Path(job.file.path).unlink()
    assert imports.run(job) is False
    assert (job.state, job.message) == (ImportJob.State.FAILED, "The uploaded file is gone.")


def test_a_preview_writes_nothing() -> None:
    content = b"Email,First Name,Shoe size\nana@example.com,Ana,38\nbad,Ben,44\n"
    seen = preview(ContentFile(content), "0-1")
    assert seen.mapping == {"Email": "email", "First Name": "firstname"}
    assert seen.first_rows == (("ana@example.com", "Ana", "38"), ("bad", "Ben", "44"))
    assert seen.total_rows == 2
    assert seen.remarks == (
        "Read as UTF-8, separated by commas.",
        "Column 'Shoe size' is left out: no property of this name.",
    )
    assert seen.problems == ("Line 3: Email: 'bad' is not an email address.",)
    assert records() == []
    assert not ImportJob.objects.exists()


@pytest.mark.parametrize(
    ("content", "object_type", "message"),
    [
        ("\n\n", "contacts", "The file holds nothing but blank lines."),
        ("Shoe,Hat\n1,2\n", "contacts", "No column is a property of contacts. Is the first row"),
        ("First Name\nAna\n", "contacts", "There is no column for Email, by which contacts are"),
        ("City\nOslo\n", "companies", "There is no column for Company domain name or Name, by"),
    ],
)
def test_files_without_what_is_needed_are_refused_at_once(
    content: str, object_type: str, message: str
) -> None:
    with pytest.raises(UnreadableFile) as caught:
        started(content, object_type)
    assert str(caught.value).startswith(message)
    assert not ImportJob.objects.exists()


def test_a_heading_alone_is_an_import_of_nothing() -> None:
    job = imported("Email,City\n")
    assert (job.state, numbers(job)) == (ImportJob.State.DONE, (0, 0, 0, 0))


@pytest.mark.parametrize("known_before", [False, True])
def test_ten_rows_and_five_thousand_cost_the_same_queries(
    same_queries_for: SameQueriesFor, monkeypatch: pytest.MonkeyPatch, known_before: bool
) -> None:
    # One more statement at the end of a large import; here of every one.
    monkeypatch.setattr(imports, "ANALYZED_FROM", 1)

    def make(size: int) -> ImportJob:
        lines = [f"p{n}.{size}@example.com,P,Oslo" for n in range(size)]
        if known_before:
            imported("Email,First Name,City\n" + "\n".join(lines))
            lines = [line.replace("Oslo", "Bergen") for line in lines]
        return started("Email,First Name,City\n" + "\n".join(lines))

    count = same_queries_for(make, imports.run)
    assert count < 60
