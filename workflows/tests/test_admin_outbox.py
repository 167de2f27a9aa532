from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from conftest import SameQueriesFor
from crm import clock
from crm.tests.browsing import main_text, queries_of, text_of, viewer
from workflows import doorbells
from workflows.admin import health
from workflows.models import Enrollment, Outage, OutboxMessage
from workflows.tests.documents import delay, edit, flow
from workflows.tests.pigeon import State, enqueue, states
from workflows.tests.world import contacts, enroll, live

LIST = "/admin/workflows/outboxmessage/"
HEALTH = "/admin/health/"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("pigeon")]


def settle_as(key: str, state: State, error: str = "") -> int:
    enqueue(key)
    OutboxMessage.objects.filter(key=key).update(
        state=state, error=error, finished_at=clock.now(), is_noted=True
    )
    return OutboxMessage.objects.get(key=key).pk


def act(client: Client, action: str, ids: list[int]) -> str:
    data = {"action": action, "_selected_action": ids, "select_across": "0"}
    return text_of(client.post(LIST, data, follow=True))


def test_messages_stand_with_their_state_and_what_was_said(admin_client: Client) -> None:
    enqueue("one")
    settle_as("two", State.FAILED, "550 no such mailbox")
    page = main_text(admin_client.get(LIST))
    assert "two pigeon failed" in page
    assert "550 no such mailbox" in page
    assert "one pigeon waiting" in page
    only = main_text(admin_client.get(f"{LIST}?state=4"))
    assert ("two" in only, "one pigeon" in only) == (True, False)


def test_the_outbox_counts_no_messages_that_were_sent(admin_client: Client) -> None:
    settle_as("one", State.SENT)
    counting = [query for query in queries_of(admin_client, LIST) if "COUNT(*)" in query.upper()]
    assert all("state = 1 OR state = 2 OR state IN (4, 5)" in query for query in counting)


def test_the_outbox_costs_the_same_queries_for_10_and_100_messages(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> None:
        enqueue(*(f"{size}-{n}" for n in range(size)))

    same_queries_for(make, lambda _: admin_client.get(LIST), sizes=(10, 100))


def test_failed_and_unknown_messages_are_sent_again_others_are_left(admin_client: Client) -> None:
    ids = [
        settle_as("failed", State.FAILED),
        settle_as("unknown", State.UNKNOWN),
        settle_as("sent", State.SENT),
    ]
    said = act(admin_client, "send_again", ids)
    assert "2 messages will be sent again; others are not in question." in said
    assert states() == {"failed": State.WAITING, "unknown": State.WAITING, "sent": State.SENT}


def test_unknown_messages_are_taken_as_sent(admin_client: Client) -> None:
    ids = [settle_as("failed", State.FAILED), settle_as("unknown", State.UNKNOWN)]
    assert "1 message taken as sent" in act(admin_client, "take_as_sent", ids)
    assert states() == {"failed": State.FAILED, "unknown": State.SENT}


def test_the_page_of_a_message_offers_what_fits_its_state(admin_client: Client) -> None:
    unknown = settle_as("unknown", State.UNKNOWN)
    page = text_of(admin_client.get(f"{LIST}{unknown}/change/"))
    assert "Send again Take as sent" in page
    admin_client.post(f"{LIST}{unknown}/resolve/", {"resend": "1"})
    assert states() == {"unknown": State.WAITING}
    assert "Send again" not in text_of(admin_client.get(f"{LIST}{unknown}/change/"))


def test_an_outage_is_told_on_the_outbox_the_health_page_and_at_home(admin_client: Client) -> None:
    enqueue("one")
    now = clock.now()
    Outage.objects.create(
        kind="pigeon",
        since=now,
        failures=3,
        next_try_at=now + timedelta(minutes=1),
        error="The mail server mail.example.com:25 cannot be used: refused",
    )
    assert "No pigeon goes out since" in main_text(admin_client.get(LIST))
    for url in (HEALTH, "/admin/"):
        page = main_text(admin_client.get(url))
        assert "No pigeon goes out: The mail server mail.example.com:25 cannot be used" in page


def test_who_may_only_look_sends_nothing_again() -> None:
    failed = settle_as("failed", State.FAILED)
    client = viewer("view_outboxmessage")
    assert client.get(LIST).status_code == 200
    act(client, "send_again", [failed])
    assert client.post(f"{LIST}{failed}/resolve/", {"resend": "1"}).status_code == 403
    assert states() == {"failed": State.FAILED}


def test_health_says_that_everything_works(admin_client: Client) -> None:
    doorbells.answer("beat/0")
    page = main_text(admin_client.get(HEALTH))
    assert "Everything works." in page
    assert "Workers last seen 0 s ago" in page


def test_health_says_that_no_worker_works(admin_client: Client) -> None:
    assert "No worker is working" in main_text(admin_client.get(HEALTH))
    with clock.at(clock.now() - timedelta(minutes=10)):
        doorbells.answer("beat/0")
    page = main_text(admin_client.get(HEALTH))
    assert "No worker is working" in page
    assert "Workers last seen 10 min ago" in page


def test_health_shows_how_late_the_oldest_step_is(admin_client: Client) -> None:
    doorbells.answer("beat/0")
    workflow = live(flow(delay("1", 1)))
    enroll(workflow, contacts(3))
    Enrollment.objects.update(due_at=clock.now() - timedelta(hours=3))
    page = main_text(admin_client.get(HEALTH))
    assert "Enrollments are late by 3 h." in page
    assert "Enrollments due now 3" in page


def test_health_lists_enrollments_that_need_review(admin_client: Client) -> None:
    doorbells.answer("beat/0")
    workflow = live(flow(edit("1", "industry", "Food"), name="Nurture"))
    enroll(workflow, contacts(1, firstname="Ana"))
    Enrollment.objects.update(state=4, error="It broke.", ended_at=clock.now())
    page = main_text(admin_client.get(HEALTH))
    assert "1 enrollment needs review." in page
    assert "Ana Nurture It broke." in page


def test_a_queue_that_is_very_long_is_not_counted_to_its_end(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "MOST_COUNTED", 2)
    workflow = live(flow(delay("1", 1)))
    enroll(workflow, contacts(5))
    assert health.look().enrollments_due == 2


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (172_800, "2 days")],
)
def test_lengths_of_time_are_rough(seconds: int, words: str) -> None:
    assert health.in_words(timedelta(seconds=seconds)) == words
