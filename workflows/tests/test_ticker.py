from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from crm import clock, events
from crm.models import Change, List
from workflows import doorbells, engine, outbox, ticker
from workflows.ticker import QUESTIONS, Ticker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def a_ticker(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ticker]:
    """A ticker that does not wait."""
    monkeypatch.setattr(ticker, "POLL_SECONDS", 0.0)
    made = Ticker()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def nothing_due(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "next_due", lambda: None)
    monkeypatch.setattr(outbox, "next_due", lambda: None)


def tasks() -> list[str]:
    """The names of the tasks that wait in the queue."""
    return [SignedPackage.loads(row.payload)["name"] for row in OrmQ.objects.order_by("id")]


def rung() -> set[str]:
    return set(tasks())


def test_nothing_due_rings_for_nothing_but_heartbeat_and_housekeeping(a_ticker: Ticker) -> None:
    a_ticker.turn()
    assert rung() == {"beat/0", "housekeep/0", "sweep/0"}


def test_housekeeping_is_not_rung_for_again_on_the_same_day(a_ticker: Ticker) -> None:
    doorbells.answer("housekeep/0")
    doorbells.answer("sweep/0")
    a_ticker.turn()
    assert rung() == {"beat/0"}


def test_filters_that_depend_on_time_are_asked_again_every_quarter_of_an_hour(
    a_ticker: Ticker,
) -> None:
    with clock.at(clock.now() - timedelta(minutes=16)):
        doorbells.answer("sweep/0")
    a_ticker.turn()
    assert "sweep/0" in rung()


def test_they_are_asked_again_when_the_day_begins_where_the_account_is(
    a_ticker: Ticker, settings: Any
) -> None:
    settings.ACCOUNT_TIME_ZONE = "Asia/Kolkata"
    midnight = datetime(2026, 3, 1, 18, 30, tzinfo=UTC)
    with clock.at(midnight - timedelta(minutes=5)):
        doorbells.answer("sweep/0")
    with clock.at(midnight - timedelta(minutes=1)):
        a_ticker.turn()
        assert "sweep/0" not in rung()
    with clock.at(midnight + timedelta(minutes=1)):
        Ticker()._beat()
        assert "sweep/0" in rung()


def test_a_list_that_waits_to_be_built_rings_for_it(a_ticker: Ticker) -> None:
    List.objects.create(name="Oslo", object_type="0-1", build_cursor=0)
    a_ticker.turn()
    assert "lists/0" in rung()


def test_the_day_after_housekeeping_is_rung_for_again(a_ticker: Ticker) -> None:
    with clock.at(clock.now() - timedelta(hours=25)):
        doorbells.answer("housekeep/0")
    a_ticker.turn()
    assert "housekeep/0" in rung()


def test_waiting_changes_ring_the_matcher(a_ticker: Ticker) -> None:
    Change.objects.create(object_type="0-1", record_ids=[1], at=clock.now())
    a_ticker.turn()
    assert "match/0" in rung()


@pytest.mark.parametrize(
    ("module", "names"), [(engine, {"advance/0", "advance/1"}), (outbox, {"deliver/0"})]
)
def test_a_due_time_rings_when_it_has_come_and_not_before(
    module: Any, names: set[str], a_ticker: Ticker, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.WORKERS = 2
    due = clock.now() + timedelta(hours=1)
    monkeypatch.setattr(module, "next_due", lambda: due)
    a_ticker.turn()
    assert not names & rung()
    with clock.at(due):
        a_ticker.turn()
    assert names <= rung()


@pytest.mark.parametrize("work", ["match", "deliver"])
def test_a_notification_rings_for_its_kind_of_work(work: str, a_ticker: Ticker) -> None:
    a_ticker.turn()
    events.ring(work)
    turn_until(a_ticker, lambda: f"{work}/0" in rung())
    assert rung() == {"beat/0", "housekeep/0", "sweep/0", f"{work}/0"}


def test_an_unknown_notification_rings_for_everything(a_ticker: Ticker, settings: Any) -> None:
    settings.WORKERS = 1
    a_ticker.turn()
    events.ring("sing")
    turn_until(a_ticker, lambda: "match/0" in rung())
    assert {"match/0", "advance/0", "deliver/0"} <= rung()


def test_several_tickers_queue_a_task_once(a_ticker: Ticker) -> None:
    Change.objects.create(object_type="0-1", record_ids=[1], at=clock.now())
    for _ in range(3):
        other = Ticker()
        other.turn()
        other.close()
    assert sorted(tasks()) == ["beat/0", "housekeep/0", "match/0", "sweep/0"]


def test_a_heartbeat_nobody_answers_is_rung_for_again_with_the_next_beat(
    a_ticker: Ticker,
) -> None:
    start = clock.now()
    for seconds in (0, 5, 10):
        a_ticker._beaten = float("-inf")
        with clock.at(start + timedelta(seconds=seconds)):
            a_ticker.turn()
    assert tasks().count("beat/0") == 3


def test_each_question_is_one_query(django_assert_num_queries: Callable[[int], Any]) -> None:
    with django_assert_num_queries(1):
        QUESTIONS["match"]()


def test_a_lost_connection_is_made_anew(a_ticker: Ticker) -> None:
    a_ticker.turn()
    assert a_ticker._listening is not None
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [a_ticker._listening.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        turn_until(a_ticker, lambda: False)
    a_ticker.close()
    events.ring("match")
    a_ticker.turn()
    events.ring("match")
    turn_until(a_ticker, lambda: "match/0" in rung())


def test_the_loop_says_once_a_second_that_it_waits_for_the_database(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Enough(Exception):
        pass

    monkeypatch.setattr(ticker, "RETRY_SECONDS", 0.0)
    troubles: Iterator[Exception] = iter([psycopg.OperationalError("gone\nmore"), Enough()])

    def turn(self: Ticker) -> None:
        raise next(troubles)

    monkeypatch.setattr(Ticker, "turn", turn)
    with pytest.raises(Enough):
        Ticker().run()
    assert caplog.messages == ["Waiting for the database: gone"]


def turn_until(a_ticker: Ticker, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < deadline
        a_ticker.turn()
