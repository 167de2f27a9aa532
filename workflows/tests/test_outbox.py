from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction

from conftest import SameQueriesFor
from crm import clock
from crm.sql import SQL
from workflows import outbox
from workflows.models import OutboxMessage
from workflows.tests.pigeon import Pigeon, State, enqueue, run_together, states

pytestmark = pytest.mark.usefixtures("pigeon")


@pytest.mark.django_db
def test_delivers_what_is_due_and_says_nothing_is_left() -> None:
    enqueue("a", "b", "c", "d", "e")

    assert outbox.run(10) is False

    assert sorted(Pigeon.carried) == ["a", "b", "c", "d", "e"]
    assert set(states().values()) == {State.SENT}
    assert Pigeon.noted == [(key, State.SENT, "") for key in "abcde"]
    assert not OutboxMessage.objects.exclude(leased_until=None).exists()


@pytest.mark.django_db
def test_a_key_is_queued_once() -> None:
    assert enqueue("a") == 1
    assert enqueue("a", "b") == 1
    outbox.run(10)
    assert enqueue("a") == 0
    outbox.run(10)

    assert sorted(Pigeon.carried) == ["a", "b"]


@pytest.mark.django_db
def test_lower_lanes_go_first() -> None:
    enqueue("batch", lane=2)
    enqueue("triggered", lane=1)
    enqueue("transactional", lane=0)

    outbox.run(10)

    assert Pigeon.carried == ["transactional", "triggered", "batch"]


@pytest.mark.django_db
def test_a_message_is_committed_as_being_sent_before_it_is_handed_over() -> None:
    seen: list[dict[str, State]] = []
    Pigeon.before = lambda message: seen.append(states())
    enqueue("a", "b")

    outbox.run(10)

    assert seen == [
        {"a": State.SENDING, "b": State.WAITING},
        {"a": State.SENT, "b": State.SENDING},
    ]


@pytest.mark.django_db
def test_a_refusal_at_the_last_moment_cancels() -> None:
    enqueue("a", payload='{"refuse": true}')
    enqueue("b")

    outbox.run(10)

    assert Pigeon.carried == ["b"]
    assert Pigeon.noted == [("a", State.CANCELLED, "REFUSED"), ("b", State.SENT, "")]
    assert OutboxMessage.objects.get(key="a").attempts == 0


@pytest.mark.django_db
def test_waiting_messages_can_be_cancelled() -> None:
    enqueue("a", "b")

    assert outbox.cancel(SQL("SELECT 'a'"), "CAMPAIGN_CANCELLED") == 1
    outbox.run(10)
    assert outbox.cancel(SQL("SELECT 'b'"), "CAMPAIGN_CANCELLED") == 0

    assert Pigeon.carried == ["b"]
    assert Pigeon.noted == [("a", State.CANCELLED, "CAMPAIGN_CANCELLED"), ("b", State.SENT, "")]


@pytest.mark.django_db
def test_next_due_is_the_earliest_waiting_message() -> None:
    assert outbox.next_due() is None
    enqueue("a", lane=3)
    moment = clock.now() + timedelta(hours=1)
    OutboxMessage.objects.update(not_before=moment)
    assert outbox.next_due() == moment


@pytest.mark.django_db
def test_queueing_costs_the_same_for_any_number(same_queries_for: SameQueriesFor) -> None:
    queries = same_queries_for(
        lambda size: [f"{size}-{number}" for number in range(size)], lambda keys: enqueue(*keys)
    )
    assert queries == 2


@pytest.mark.django_db(transaction=True)
def test_refuses_to_run_inside_a_transaction() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        outbox.run(1)


@pytest.mark.django_db(transaction=True)
def test_two_deliverers_carry_each_message_once() -> None:
    keys = [f"{number}" for number in range(300)]
    enqueue(*keys)
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            outbox.run(60)
        finally:
            connection.close()

    run_together([work, work])

    assert sorted(Pigeon.carried) == sorted(keys)
    assert set(states().values()) == {State.SENT}
    assert sorted(key for key, _, _ in Pigeon.noted) == sorted(keys)
