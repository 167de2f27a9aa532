from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from crm import clock
from workflows import outbox
from workflows.models import Outage, OutboxMessage
from workflows.tests.pigeon import Pigeon, State, enqueue, later, states
from workflows.transports import Message, Permanent, Temporary, Unavailable, Unclear

pytestmark = pytest.mark.usefixtures("pigeon")


@pytest.mark.django_db
def test_stops_at_the_deadline_and_gives_back_what_it_claimed() -> None:
    enqueue("a", "b", "c")

    assert outbox.run(0) is True

    assert Pigeon.carried == []
    assert not OutboxMessage.objects.exclude(state=State.WAITING, leased_until=None).exists()


@pytest.mark.django_db
def test_a_temporary_refusal_is_tried_again_after_growing_pauses() -> None:
    Pigeon.answers["a"] = [Temporary("451 later"), Temporary("451 still later")]
    enqueue("a")
    start = clock.now()

    assert outbox.run(10) is False
    message = OutboxMessage.objects.get()
    assert message.state == State.WAITING
    assert message.error == "451 later"
    assert message.not_before == start + timedelta(seconds=5)
    with clock.at(start + timedelta(seconds=4)):
        outbox.run(10)
        assert states() == {"a": State.WAITING}
    with clock.at(start + timedelta(seconds=6)):
        outbox.run(10)
        message.refresh_from_db()
        assert message.not_before == start + timedelta(seconds=66)
    with clock.at(start + timedelta(seconds=67)):
        outbox.run(10)

    assert Pigeon.carried == ["a"]
    assert states() == {"a": State.SENT}


@pytest.mark.django_db
def test_a_message_fails_after_three_days_of_temporary_refusals() -> None:
    Pigeon.answers["a"] = [Temporary("451 later")] * 20
    enqueue("a")
    start = clock.now()
    moment = start
    while states() == {"a": State.WAITING}:
        with clock.at(moment):
            outbox.run(10)
        moment = OutboxMessage.objects.get().not_before

    message = OutboxMessage.objects.get()
    assert message.state == State.FAILED
    assert message.error == "Given up after 11 tries. 451 later"
    assert message.finished_at is not None
    assert timedelta(hours=71) < message.finished_at - start < timedelta(hours=73)


@pytest.mark.django_db
def test_a_permanent_refusal_fails_and_the_rest_goes_on() -> None:
    Pigeon.answers["a"] = [Permanent("550 nobody here")]
    enqueue("a", "b")

    outbox.run(10)
    with later(days=30):
        outbox.run(10)

    assert states() == {"a": State.FAILED, "b": State.SENT}
    assert Pigeon.noted == [("a", State.FAILED, "550 nobody here"), ("b", State.SENT, "")]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Unclear("no answer to the mail"), "no answer to the mail"),
        # A fault in the transport: nobody knows how far it came.
        (KeyError("firstname"), "KeyError: 'firstname'"),
    ],
)
def test_an_unclear_end_is_unknown_and_never_sent_again(error: Exception, text: str) -> None:
    Pigeon.answers["a"] = [error]
    enqueue("a", "b")

    outbox.run(10)
    with later(days=30):
        outbox.run(10)

    assert states() == {"a": State.UNKNOWN, "b": State.SENT}
    assert OutboxMessage.objects.get(key="a").error == text
    assert Pigeon.carried == ["b"]


@pytest.mark.django_db
def test_an_outage_pauses_the_kind_and_loses_nothing() -> None:
    Pigeon.is_out = True
    enqueue("a", "b", "c", "d", "e")
    start = clock.now()

    assert outbox.run(10) is False
    outage = Outage.objects.get()
    assert (outage.kind, outage.failures, outage.error) == ("pigeon", 1, "No pigeon answers.")
    assert outage.next_try_at == start + timedelta(seconds=5)
    assert outbox.next_due() == outage.next_try_at
    assert set(states().values()) == {State.WAITING}
    assert set(OutboxMessage.objects.values_list("attempts", flat=True)) == {0}
    with clock.at(start + timedelta(seconds=6)):
        outbox.run(10)
        assert Outage.objects.get().next_try_at == start + timedelta(seconds=16)
    Pigeon.is_out = False
    with clock.at(start + timedelta(seconds=17)):
        outbox.run(10)

    assert sorted(Pigeon.carried) == ["a", "b", "c", "d", "e"]
    assert not Outage.objects.exists()


@pytest.mark.django_db
def test_an_outage_is_looked_at_at_least_every_five_minutes() -> None:
    Pigeon.is_out = True
    enqueue("a")
    Outage.objects.create(
        kind="pigeon", since=clock.now(), failures=900, next_try_at=clock.now(), error="out"
    )
    outbox.run(10)

    assert Outage.objects.get().next_try_at == clock.now() + timedelta(minutes=5)


@pytest.mark.django_db
def test_an_outage_in_the_middle_gives_the_message_back() -> None:
    Pigeon.answers["b"] = [Unavailable("421 closing down")]
    enqueue("a", "b", "c")

    outbox.run(10)
    assert states() == {"a": State.SENT, "b": State.WAITING, "c": State.WAITING}
    with later(seconds=6):
        outbox.run(10)

    assert Pigeon.carried == ["a", "b", "c"]


@pytest.mark.django_db
def test_a_claim_of_a_dead_process_is_taken_over_after_its_lease() -> None:
    enqueue("a")
    OutboxMessage.objects.update(leased_until=clock.now() + timedelta(minutes=10))

    outbox.run(10)
    assert Pigeon.carried == []
    with later(minutes=11):
        outbox.run(10)

    assert Pigeon.carried == ["a"]


@pytest.mark.django_db
def test_a_set_that_cannot_be_loaded_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: Pigeon, messages: Sequence[Message]) -> None:
        raise RuntimeError("no table")

    enqueue("a")
    with monkeypatch.context() as patch:
        patch.setattr(Pigeon, "__init__", fail)
        with pytest.raises(RuntimeError, match="no table"):
            outbox.run(10)
    outbox.run(10)

    assert Pigeon.carried == ["a"]


@pytest.mark.django_db
def test_a_hand_over_of_a_dead_process_becomes_unknown_after_its_lease() -> None:
    enqueue("a")
    OutboxMessage.objects.update(
        state=State.SENDING, attempts=1, leased_until=clock.now() + timedelta(minutes=10)
    )

    outbox.run(10)
    assert states() == {"a": State.SENDING}
    with later(minutes=11):
        outbox.run(10)

    assert states() == {"a": State.UNKNOWN}
    assert Pigeon.carried == []
    assert Pigeon.noted == [("a", State.UNKNOWN, "The sending process ended during the hand-over.")]


@pytest.mark.django_db
def test_a_worker_believed_dead_corrects_the_unknown() -> None:
    def outlive_the_lease(message: Message) -> None:
        OutboxMessage.objects.update(leased_until=clock.now() - timedelta(seconds=1))
        outbox.give_up_expired()
        outbox.note(Pigeon)

    Pigeon.before = outlive_the_lease
    enqueue("a")

    outbox.run(10)

    assert states() == {"a": State.SENT}
    assert [state for _, state, _ in Pigeon.noted] == [State.UNKNOWN, State.SENT]


@pytest.mark.django_db
def test_a_worker_believed_dead_does_not_touch_what_staff_sent_again() -> None:
    def outlive_the_lease(message: Message) -> None:
        Pigeon.before = None
        OutboxMessage.objects.update(leased_until=clock.now() - timedelta(seconds=1))
        outbox.give_up_expired()
        outbox.resolve([message.id], resend=True)

    Pigeon.before = outlive_the_lease
    Pigeon.answers["a"] = [Permanent("550 no")]
    enqueue("a")

    outbox.run(10)

    assert Pigeon.carried == ["a"]
    assert states() == {"a": State.SENT}


@pytest.mark.django_db
def test_a_worker_believed_dead_does_not_speak_for_the_one_that_sends_now() -> None:
    def be_overtaken(message: Message) -> None:
        OutboxMessage.objects.update(
            state=State.SENDING, attempts=2, leased_until=clock.now() + timedelta(minutes=10)
        )

    Pigeon.before = be_overtaken
    Pigeon.answers["a"] = [Permanent("550 no")]
    enqueue("a")

    outbox.run(10)

    assert states() == {"a": State.SENDING}


@pytest.mark.django_db
def test_a_claim_that_was_lost_meanwhile_is_not_begun() -> None:
    def let_the_lease_of_b_pass(message: Message) -> None:
        later = clock.now() + timedelta(minutes=30)
        OutboxMessage.objects.filter(key="b").update(leased_until=later)

    Pigeon.before = let_the_lease_of_b_pass
    enqueue("a", "b")

    outbox.run(10)

    assert Pigeon.carried == ["a"]
    assert states() == {"a": State.SENT, "b": State.WAITING}


@pytest.mark.django_db
def test_staff_settle_the_unknown() -> None:
    enqueue("a", "b", "c")
    Pigeon.answers = {key: [Unclear("?")] for key in "ab"}
    outbox.run(10)
    ids = dict(OutboxMessage.objects.values_list("key", "id"))
    Pigeon.noted.clear()

    assert outbox.resolve([ids["a"], ids["c"]], resend=True) == 1
    assert outbox.resolve([ids["b"], ids["c"]], resend=False) == 1
    outbox.run(10)

    assert set(states().values()) == {State.SENT}
    assert Pigeon.carried == ["c", "a"]
    assert sorted(Pigeon.noted) == [("a", State.SENT, ""), ("b", State.SENT, "?")]


@pytest.mark.django_db
def test_health_counts_what_waits_and_what_went_wrong() -> None:
    Pigeon.answers = {"a": [Permanent("550 no")], "b": [Unclear("?")], "c": [Temporary("451 x")]}
    enqueue("a", "b", "c", "d")
    outbox.run(10)

    (health,) = outbox.health()

    assert (health.kind, health.waiting, health.sending) == ("pigeon", 1, 0)
    assert (health.failed, health.unknown) == (1, 1)
    assert health.oldest_waiting == clock.now()
    assert health.last_error in {"550 no", "?", "451 x"}
    assert health.needs_attention
    assert health.out_since is None


@pytest.mark.django_db
def test_what_a_dead_session_held_is_free_at_once() -> None:
    """A worker that is killed ends its database session, so nobody has to wait for its lease."""
    enqueue("begun", "claimed")
    lease = {"leased_until": clock.now() + timedelta(minutes=10), "holder": "1/0.5"}
    OutboxMessage.objects.filter(key="claimed").update(**lease)
    OutboxMessage.objects.filter(key="begun").update(state=State.SENDING, attempts=1, **lease)

    due = outbox.next_due()
    assert due is not None
    assert due <= clock.now()
    outbox.run(10)

    assert states() == {"begun": State.UNKNOWN, "claimed": State.SENT}
    assert Pigeon.carried == ["claimed"]
