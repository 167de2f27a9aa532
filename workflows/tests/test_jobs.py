from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connection, connections
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from redis import RedisError

from crm import clock
from workflows import doorbells, engine, jobs, outbox, triggers

pytestmark = pytest.mark.django_db


def queued() -> list[tuple[str, tuple[int, ...]]]:
    """Function and arguments of every task that waits."""
    tasks = [SignedPackage.loads(row.payload) for row in OrmQ.objects.order_by("id")]
    return [(task["func"], task["args"]) for task in tasks]


@pytest.fixture
def shares(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    """The domain says at once that nothing is left; what it was asked to do."""
    asked: list[tuple[str, float]] = []
    for name, module in {"match": triggers, "advance": engine, "deliver": outbox}.items():

        def run(seconds: float, name: str = name) -> bool:
            asked.append((name, seconds))
            return False

        monkeypatch.setattr(module, "run", run)
    return asked


def test_a_ring_queues_one_task_that_carries_nothing_but_its_shard() -> None:
    jobs.ring("advance", 1)
    jobs.ring("advance", 1)
    assert queued() == [("workflows.jobs.advance", (1,))]


@pytest.mark.parametrize("kind", ["match", "advance", "deliver"])
def test_a_task_answers_its_doorbell_and_works_its_share(
    kind: str, shares: list[tuple[str, float]]
) -> None:
    doorbells.ring(f"{kind}/0")
    getattr(jobs, kind)(0)
    assert shares == [(kind, jobs.SHARE_SECONDS)]
    assert doorbells.ring(f"{kind}/0")


def test_a_task_that_leaves_work_rings_for_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "run", lambda seconds: True)
    jobs.advance(1)
    assert queued() == [("workflows.jobs.advance", (1,))]


def test_a_ring_during_the_work_queues_another_task(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(seconds: float) -> bool:
        jobs.ring("advance", 0)
        return False

    monkeypatch.setattr(engine, "run", work)
    jobs.advance(0)
    assert queued() == [("workflows.jobs.advance", (0,))]


@pytest.mark.django_db(transaction=True)
def test_a_doubled_task_leaves_the_work_to_the_first(shares: list[tuple[str, float]]) -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_lock(hashtextextended('cohort.doorbell.advance/0', 0))"
            )
        jobs.advance(0)
        assert shares == []
        assert queued() == []
    finally:
        other.close()
    jobs.advance(0)
    assert shares == [("advance", jobs.SHARE_SECONDS)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", [OperationalError, InterfaceError])
def test_trouble_with_the_database_is_one_line_and_no_pause(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def work(seconds: float) -> bool:
        raise kind("the connection is lost\nDETAIL: long story")

    monkeypatch.setattr(engine, "run", work)
    jobs.advance(0)
    assert [record.getMessage() for record in caplog.records] == [
        "advance/0: the connection is lost"
    ]
    assert connection.connection is None
    assert doorbells.ring("advance/0")


@pytest.mark.django_db(transaction=True)
def test_work_that_fails_is_tried_again_after_half_a_minute(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def work(seconds: float) -> bool:
        raise ValueError("a fault of ours")

    monkeypatch.setattr(engine, "run", work)
    jobs.advance(0)
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].exc_info
    assert not doorbells.ring("advance/0")
    with clock.at(clock.now() + timedelta(seconds=31)):
        assert doorbells.ring("advance/0")


def test_a_queue_out_of_reach_takes_the_ring_back(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise RedisError("Connection refused.")

    monkeypatch.setattr(jobs, "async_task", refuse)
    jobs.ring("match")
    assert caplog.messages == ["The queue does not answer: Connection refused."]
    assert doorbells.ring("match/0")


def test_the_heartbeat_is_answered_in_the_database() -> None:
    jobs.beat(0)
    assert doorbells.age("beat/0") == timedelta()


def test_the_engine_works_on_all_workers_and_the_others_on_one_each(
    settings: Any,
) -> None:
    settings.WORKERS = 3
    assert [list(jobs.shards(kind)) for kind in ("advance", "match", "deliver")] == [
        [0, 1, 2],
        [0],
        [0],
    ]


def test_housekeeping_makes_the_partitions_of_the_coming_months() -> None:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT c.oid::regclass::text FROM pg_class c
            JOIN pg_partitioned_table p ON p.partrelid = c.oid ORDER BY 1
        """)
        tables = [row[0] for row in cursor.fetchall()]
        assert {"crm_event", "crm_property_history", "workflows_action_run"} <= set(tables)
        last = "to_char(now() AT TIME ZONE 'UTC' + interval '3 months', '_YYYY_MM')"
        cursor.execute(f"SELECT {last}")
        (suffix,) = cursor.fetchone()
        for table in tables:
            cursor.execute(f"DROP TABLE {table}{suffix}")
        jobs.housekeep(0)
        for table in tables:
            cursor.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{table}{suffix}"])
            assert cursor.fetchone() == (True,), table


def test_housekeeping_is_due_once_a_day() -> None:
    jobs.housekeep(0)
    age = doorbells.age("housekeep/0")
    assert age == timedelta()
