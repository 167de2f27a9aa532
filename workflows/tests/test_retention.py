"""Delivered messages and the log of steps do not stay for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.fixtures import Settings

from crm import changes, clock
from crm.models import Record
from crm.sql import SQL, execute, rows, sql
from workflows import jobs, retention
from workflows.models import OutboxMessage
from workflows.tests.world import STAFF, contacts

pytestmark = pytest.mark.django_db

State = OutboxMessage.State
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def message(key: str, state: int, age: int, *, is_noted: bool = True) -> None:
    moment = NOW - timedelta(days=age)
    OutboxMessage.objects.create(
        key=key, kind="email", payload={}, state=state, not_before=moment, created_at=moment,
        finished_at=None if state == State.WAITING else moment, is_noted=is_noted,
    )  # fmt: skip


def test_messages_go_when_they_ended_long_ago() -> None:
    for state in State:
        message(f"old {state.label}", state, 31)
        message(f"young {state.label}", state, 29)
    message("not noted", State.SENT, 31, is_noted=False)
    with clock.at(NOW):
        assert retention.run(60) is False
    left = set(OutboxMessage.objects.values_list("key", flat=True))
    assert {f"old {State(n).label}" for n in (State.SENT, State.FAILED, State.CANCELLED)} == {
        f"old {state.label}" for state in State
    } - left
    assert len(left) == len(State) + 3 + 1


def test_they_go_in_batches_and_nought_keeps_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    for number in range(5):
        message(str(number), State.SENT, 100)
    with clock.at(NOW):
        settings.KEEP_OUTBOX_DAYS = 0
        assert retention.delete_delivered() == 0
        settings.KEEP_OUTBOX_DAYS = 30
        assert retention.run(0) is True
        assert OutboxMessage.objects.count() == 3
        assert retention.run(60) is False
    assert not OutboxMessage.objects.exists()


def test_housekeeping_removes_what_is_over_its_time() -> None:
    message("old", State.SENT, 10_000)
    with clock.at(NOW - timedelta(days=10_000)):
        ids = contacts(1)
        changes.archive("0-1", sql("SELECT {id}::bigint AS record_id", id=ids[0]), STAFF)
    execute(
        SQL(
            "CREATE TABLE workflows_action_run_2020_01 PARTITION OF workflows_action_run"
            " FOR VALUES FROM ('2020-01-01 00:00+00') TO ('2020-02-01 00:00+00')"
        )
    )
    jobs.housekeep(0)
    assert not OutboxMessage.objects.exists()
    assert not Record.objects.exists()
    assert rows(SQL("SELECT 1 WHERE to_regclass('workflows_action_run_2020_01') IS NOT NULL")) == []
