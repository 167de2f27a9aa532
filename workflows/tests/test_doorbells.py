from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, connections

from crm import clock
from workflows import doorbells
from workflows.models import Doorbell

pytestmark = pytest.mark.django_db

LATER = timedelta(seconds=31)


def test_the_first_ring_needs_a_task_and_the_next_does_not() -> None:
    assert [doorbells.ring("match/0") for _ in range(3)] == [True, False, False]


def test_names_do_not_know_each_other() -> None:
    assert doorbells.ring("advance/0")
    assert doorbells.ring("advance/1")


def test_after_an_answer_a_ring_needs_a_task_again() -> None:
    doorbells.ring("match/0")
    doorbells.answer("match/0")
    assert [doorbells.ring("match/0"), doorbells.ring("match/0")] == [True, False]


def test_an_answer_without_a_ring_is_noted() -> None:
    doorbells.answer("beat/0")
    assert doorbells.age("beat/0") == timedelta()


def test_a_ring_that_nobody_answered_is_repeated_once_after_half_a_minute() -> None:
    start = clock.now()
    with clock.at(start):
        doorbells.ring("match/0")
    with clock.at(start + timedelta(seconds=29)):
        assert not doorbells.ring("match/0")
    with clock.at(start + LATER):
        assert [doorbells.ring("match/0"), doorbells.ring("match/0")] == [True, False]


def test_rings_are_ignored_while_the_work_is_held() -> None:
    start = clock.now()
    with clock.at(start):
        doorbells.ring("match/0")
        doorbells.answer("match/0")
        doorbells.hold("match/0")
        assert not doorbells.ring("match/0")
    with clock.at(start + LATER):
        assert doorbells.ring("match/0")


def test_a_ring_taken_back_can_be_rung_at_once() -> None:
    doorbells.ring("match/0")
    doorbells.forget("match/0")
    assert doorbells.ring("match/0")


def test_nobody_has_answered_a_new_doorbell() -> None:
    doorbells.ring("beat/0")
    assert doorbells.age("beat/0") is None
    assert doorbells.age("unknown/0") is None


def test_age_goes_by_the_last_answer() -> None:
    start = clock.now()
    with clock.at(start):
        doorbells.answer("beat/0")
    with clock.at(start + LATER):
        assert doorbells.age("beat/0") == LATER


def test_ringing_costs_one_query_while_a_task_waits_or_was_answered(
    django_assert_num_queries: object,
) -> None:
    doorbells.ring("match/0")
    doorbells.answer("match/0")
    assert callable(django_assert_num_queries)
    with django_assert_num_queries(1):
        assert doorbells.ring("match/0")


@pytest.mark.django_db(transaction=True)
def test_only_one_session_works_alone_for_a_name() -> None:
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            key = "SELECT pg_try_advisory_lock(hashtextextended('cohort.doorbell.match/0', 0))"
            cursor.execute(key)
        with doorbells.alone("match/0") as is_alone:
            assert not is_alone
        with doorbells.alone("match/1") as is_alone:
            assert is_alone
        other.close()
        with doorbells.alone("match/0") as is_alone:
            assert is_alone
    finally:
        other.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)


def test_the_model_shows_its_name() -> None:
    assert str(Doorbell(name="match/0")) == "match/0"
