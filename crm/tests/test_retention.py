"""What is over its time goes, and only that."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection, connections
from pytest_django.fixtures import Settings

from conftest import SameQueriesFor
from crm import changes, clock, retention
from crm.models import ErasedAddress, Erasure, Event, ImportJob, PropertyHistory, Record
from crm.sql import SQL, execute, rows, sql, value
from crm.tests.importing import imported
from crm.tests.writing import SYSTEM, contacts, people, select

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def archived(when: datetime, count: int = 1, start: int = 0) -> list[int]:
    with clock.at(when):
        ids = people(count, start)
        changes.archive("0-1", select(ids), SYSTEM)
    return ids


def test_archived_records_go_after_ninety_days() -> None:
    old = archived(NOW - timedelta(days=91))
    young = archived(NOW - timedelta(days=89))
    with clock.at(NOW):
        assert retention.purge() == 1
        assert retention.purge() == 0
    assert set(Record.objects.values_list("pk", flat=True)) == set(young)
    assert not PropertyHistory.objects.filter(record_id__in=old).exists()
    assert not Event.objects.filter(record_id__in=old).exists()
    # Nobody asked for it, so the address may come back.
    assert not ErasedAddress.objects.exists()
    assert not Erasure.objects.exists()
    with clock.at(NOW):
        assert changes.restore("0-1", select([*old, *young]), SYSTEM) == 1


def test_how_long_is_a_setting_and_nought_is_for_ever(settings: Settings) -> None:
    archived(NOW - timedelta(days=1000))
    settings.RESTORE_DAYS = 0
    with clock.at(NOW):
        assert retention.purge() == 0
    settings.RESTORE_DAYS = 999
    with clock.at(NOW):
        assert retention.purge() == 1


def test_they_go_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    archived(NOW - timedelta(days=100), 5)
    with clock.at(NOW):
        assert retention.run(0) is True
        assert Record.objects.count() == 3
        assert retention.run(60) is False
    assert not Record.objects.exists()


def test_purging_many_costs_the_same_queries(
    same_queries_for: SameQueriesFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 10_000)

    def make(size: int) -> int:
        archived(NOW - timedelta(days=100), size)
        execute(SQL("ANALYZE"))
        return size

    def run(size: int) -> None:
        with clock.at(NOW):
            assert retention.purge() == size

    same_queries_for(make, run)


def months(table: str) -> set[str]:
    found = rows(
        sql("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = {t}::regclass",
            t=table)
    )  # fmt: skip
    return {name for (name,) in found}


def add_month(table: str, month: str, following: str) -> str:
    name = f"{table}_{month.replace('-', '_')}"
    execute(
        SQL(
            f"CREATE TABLE {name} PARTITION OF {table}"
            f" FOR VALUES FROM ('{month}-01 00:00+00') TO ('{following}-01 00:00+00')"
        )
    )
    return name


@pytest.mark.parametrize("table", ["crm_property_history", "crm_event"])
def test_whole_months_are_dropped(table: str) -> None:
    first = add_month(table, "2020-01", "2020-02")
    second = add_month(table, "2020-02", "2020-03")
    present = months(table)
    with clock.at(datetime(2020, 2, 28, tzinfo=UTC)):
        contacts({"city": "Oslo"})
    with clock.at(datetime(2020, 1, 28, tzinfo=UTC)):
        contacts({"city": "Oslo"})
    with clock.at(datetime(2020, 3, 10, tzinfo=UTC)):
        assert retention.drop_months(table, 0) == []
        assert retention.drop_months(table, 30) == [first]
        assert months(table) == present - {first}
    assert value(SQL(f"SELECT count(*) FROM {second}")) == 1
    assert value(SQL(f"SELECT count(*) FROM {table}")) == 1


def test_rows_outside_of_all_months_go_too() -> None:
    with clock.at(datetime(2001, 1, 1, tzinfo=UTC)):
        contacts({"city": "Oslo"})
    with clock.at(datetime(2001, 1, 20, tzinfo=UTC)):
        contacts({"city": "Oslo"})
    with clock.at(datetime(2001, 2, 10, tzinfo=UTC)):
        retention.drop_months("crm_property_history", 30)
    assert PropertyHistory.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_month_in_use_waits_and_nobody_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOCK_TIMEOUT", "50ms")
    name = add_month("crm_event", "2020-01", "2020-02")
    begun, done = threading.Event(), threading.Event()

    def read() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"BEGIN; SELECT * FROM {name}")
            begun.set()
            done.wait(20)
            cursor.execute("COMMIT")
        connections.close_all()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert begun.wait(20)
        with clock.at(NOW):
            assert retention.drop_months("crm_event", 30) == []
    finally:
        done.set()
        reader.join()
    with clock.at(NOW):
        assert retention.drop_months("crm_event", 30) == [name]


def test_files_of_imports_go_and_what_they_did_stays() -> None:
    with clock.at(NOW - timedelta(days=31)):
        job = imported("email\na@example.com\nnobody\n")
    young = imported("email\nb@example.com\n")
    paths = [Path(job.file.path), Path(job.rejects_file.path)]
    assert all(path.exists() for path in paths)
    with clock.at(NOW):
        assert retention.delete_import_files() == 1
        assert retention.delete_import_files() == 0
    assert not any(path.exists() for path in paths)
    job.refresh_from_db()
    assert (job.file.name, job.rejects_file.name, job.created_records) == ("", "", 1)
    assert ImportJob.objects.get(pk=young.pk).file
