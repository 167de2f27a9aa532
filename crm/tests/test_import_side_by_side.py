"""Several imports at once, and an import beside other writers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from crm import changes
from crm.imports import job as imports
from crm.imports import staging
from crm.models import ImportJob
from crm.sql import SQL, value
from crm.tests.importing import numbers, records, started

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _media(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr("crm.imports.chunks.CHUNK_ROWS", 100)


def people(count: int) -> str:
    return "Email,City\n" + "".join(f"p{n}@example.com,Oslo\n" for n in range(count))


def together(*work: Callable[[], object]) -> list[object]:
    """Run each in a thread with a connection of its own."""

    def alone(run: Callable[[], object]) -> object:
        try:
            return run()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(work)) as threads:
        return list(threads.map(alone, work))


@pytest.mark.parametrize("object_type", ["contacts", "companies"])
def test_two_imports_of_one_file_make_each_record_once(object_type: str) -> None:
    # Nothing in the tables keeps the domains of companies apart, unlike addresses.
    table = people(1000) if object_type == "contacts" else people(1000).replace("Email", "Domain")
    jobs = [started(table, object_type) for _ in range(2)]
    assert together(*(lambda job=job: imports.run(job) for job in jobs)) == [False, False]
    for job in jobs:
        job.refresh_from_db()
    assert [job.state for job in jobs] == [ImportJob.State.DONE] * 2
    assert sum(job.created_records for job in jobs) == 1000
    assert sum(job.updated_records for job in jobs) == 0
    assert len(records(jobs[0].object_type)) == 1000
    assert value(SQL("SELECT count(*) FROM crm_property_history")) == 2000


def test_two_workers_do_not_run_one_job() -> None:
    job = started(people(1000))
    others: list[object] = []

    def knock(job: ImportJob) -> None:
        if not others:
            others.extend(together(lambda: imports.run(ImportJob.objects.get(pk=job.pk))))

    assert imports.run(job, on_progress=knock) is False
    assert others == [False]
    assert numbers(job) == (1000, 1000, 0, 0)
    assert len(records()) == 1000


def test_a_contact_that_another_writer_made_meanwhile_is_updated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    job = started("Email,City\np1@example.com,Oslo\np2@example.com,Oslo\n")
    source = changes.Source(kind=changes.SourceKind.API)
    resolve = staging._resolve
    met: list[object] = []

    def late(target: staging.Target) -> dict[int, str]:
        refused = resolve(target)
        if not met:
            made = {"email": "P1@example.com", "firstname": "Pia"}
            met.extend(together(lambda: changes.create("0-1", [made], source)))
        return refused

    monkeypatch.setattr(staging, "_resolve", late)
    assert imports.run(job) is False
    assert (job.state, numbers(job)) == (ImportJob.State.DONE, (2, 1, 1, 0))
    assert records() == [
        {"email": "p1@example.com", "firstname": "Pia", "city": "Oslo"},
        {"email": "p2@example.com", "city": "Oslo"},
    ]


def test_a_worker_that_lost_its_lock_stops_without_a_trace() -> None:
    job = started(people(300))

    def overtake(job: ImportJob) -> None:
        ImportJob.objects.filter(pk=job.pk, done_rows=100).update(done_rows=200)
        # What the other one wrote is not seen by this worker yet.

    assert imports.run(job, on_progress=overtake) is False
    job.refresh_from_db()
    assert (job.state, job.done_rows, job.created_records) == (ImportJob.State.RUNNING, 200, 100)
    assert len(records()) == 100
