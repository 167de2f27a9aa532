from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from crm import clock
from crm.models import Event
from crm.sql import SQL
from emails import sending
from emails.models import Send
from emails.tests.conftest import MakeContacts, MakeEmail
from emails.tests.sink import Sink
from workflows import outbox

KILLS = 6
MAILS = 800


@pytest.mark.processes
@pytest.mark.django_db(transaction=True)
def test_senders_that_are_killed_send_no_mail_twice_and_lose_none(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Callable[..., SQL]
) -> None:
    ids = make_contacts(*({"email": f"c{n}@example.com"} for n in range(MAILS)))
    sending.enqueue_for(asked(ids), make_email().pk)
    chance = random.Random(7)
    killed_at_work = 0

    for _ in range(KILLS):
        before = len(sink.taken)
        senders = [start(sink.port) for _ in range(2)]
        for sender in senders:
            wait_until_ready(sender)
        threading.Event().wait(chance.uniform(0.1, 0.8))
        for sender in senders:
            killed_at_work += sender.poll() is None
            sender.kill()
            sender.wait()
        assert len(sink.taken) >= before
    with clock.at(clock.now() + timedelta(minutes=11)):
        outbox.run(120)
        # The last statement of a killed sender may have committed after the first look.
        assert outbox.run(120) is False

    assert killed_at_work >= KILLS
    arrived = Counter(sink.addresses())
    results = dict(Send.objects.values_list("address", "result"))
    assert max(arrived.values()) == 1
    assert set(results.values()) <= {"SENT", "UNKNOWN"}
    assert {address for address, result in results.items() if result == "SENT"} <= set(arrived)
    unknown = [address for address, result in results.items() if result == "UNKNOWN"]
    assert len(unknown) <= killed_at_work
    assert len(arrived) >= MAILS - len(unknown)
    assert Event.objects.filter(type="email.sent").count() == MAILS - len(unknown)


def start(port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "emails.tests.sender", connection.settings_dict["NAME"], str(port)],
        stdout=subprocess.PIPE,
        text=True,
    )


def wait_until_ready(sender: subprocess.Popen[str]) -> None:
    assert sender.stdout is not None
    with sender.stdout:
        assert sender.stdout.readline() == "ready\n"
