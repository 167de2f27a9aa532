from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import OperationalError, connection

from config import heartbeat
from config.heartbeat import Heartbeat
from crm import clock
from workflows import doorbells

pytestmark = pytest.mark.django_db


def answered(seconds: float) -> None:
    """The last heartbeat was answered so long ago."""
    with clock.at(clock.now() - timedelta(seconds=seconds)):
        doorbells.answer(heartbeat.NAME)


@pytest.mark.parametrize(
    ("_case", "age", "running", "complaint"),
    [
        ("answers come", 3, 1000, ""),
        ("just within the limit", 20, 1000, ""),
        ("over it", 21, 1000, "no worker has executed a task for 21 seconds"),
        ("the answers are of the last run", 4000, 19, ""),
        ("nor does the new one answer", 4000, 21, "no worker has executed a task for 21 seconds"),
    ],
)
def test_a_cluster_is_complained_about_when_answers_stay_away(
    _case: str, age: float, running: float, complaint: str
) -> None:
    answered(age)
    assert Heartbeat().complaint(running) == complaint


def test_a_cluster_that_never_answered_has_its_time_too() -> None:
    assert Heartbeat().complaint(20) == ""
    assert Heartbeat().complaint(21) == "no worker has executed a task for 21 seconds"


def test_without_a_database_nobody_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    answered(4000)
    watch = Heartbeat()
    with monkeypatch.context() as gone:

        def refuse(name: str) -> None:
            raise OperationalError("gone")

        gone.setattr(doorbells, "age", refuse)
        gone.setattr(connection, "close", lambda: None)
        assert watch.complaint(1000) == ""
    # It is back; now the workers have their time.
    assert watch.complaint(1000) == ""


def test_a_cluster_has_answered_when_the_answer_is_younger_than_itself() -> None:
    watch = Heartbeat()
    assert not watch.has_answered(10)
    answered(30)
    assert not watch.has_answered(10)
    assert watch.has_answered(40)


def test_the_limit_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEARTBEAT_STALE_SECONDS", "6")
    answered(7)
    assert Heartbeat().complaint(1000) == "no worker has executed a task for 7 seconds"
    monkeypatch.setenv("HEARTBEAT_STALE_SECONDS", "2")
    with pytest.raises(ImproperlyConfigured):
        Heartbeat()
