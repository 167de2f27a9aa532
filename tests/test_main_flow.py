"""From a CSV file to mails and tasks, with real workers and a real mail server.

Every effect happens exactly once, also when the workers are killed at random moments.
"""

from __future__ import annotations

import csv
import random
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import call_command

from crm import associations
from crm.models import Association, Change, Event, PropertyHistory, Record
from crm.sql import SQL, rows
from emails import publishing as email_publishing
from emails.models import Email
from emails.tests.sink import Sink
from tests.workers import Workers, wait_until
from workflows import publishing
from workflows.models import Enrollment, OutboxMessage, Workflow
from workflows.tests.documents import Json, branch, city, delay, edit, flow, list_based, node, to

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

PEOPLE = 2000
KILLS = 10
DONE = {Enrollment.State.COMPLETED}
CITIES = ("Oslo", "Bergen", "Trondheim")


@pytest.fixture
def sink() -> Iterator[Sink]:
    server = Sink().start()
    yield server
    server.end()


@pytest.fixture
def workers(sink: Sink, tmp_path: Path) -> Iterator[Workers]:
    running = Workers(sink.port, tmp_path / "workers.log")
    yield running
    running.stop()


def contacts_file(folder: Path) -> Path:
    """A file as HubSpot exports it: labels as headings, labels as values."""
    path = folder / "contacts.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["First Name", "Email", "City", "Lifecycle Stage"])
        for number in range(PEOPLE):
            name, where = f"Person {number}", CITIES[number % 3]
            writer.writerow([name, f"person{number}@example.com", where, "Lead"])
    return path


def welcome_email() -> Email:
    email = Email(
        name="Welcome",
        subject="Welcome, {{ contact.firstname }}",
        html="<p>Hello {{ contact.firstname }} from {{ contact.city }}.</p>",
        from_address="crm@example.org",
    )
    email_publishing.save(email)
    email_publishing.publish(email)
    return email


def nurture(email: Email, minutes: int) -> Json:
    """Trigger, email, delay, branch, edit, task."""
    jump = {"connection": {**to("6"), "edgeType": "GOTO"}}
    return flow(
        node("1", "0-4", then="2", content_id=str(email.pk)),
        delay("2", minutes, "MINUTES", then="3"),
        branch("3", [("Oslo", city("Oslo"), "4")], default="5"),
        edit("4", "hs_lead_status", "OPEN", then="6"),
        {**edit("5", "hs_lead_status", "NEW"), **jump},
        node("6", "0-3", subject="Call {{ enrolled_object.firstname }}", task_type="CALL"),
        criteria=list_based(),
    )


def is_settled(workflow: Workflow) -> bool:
    """Nothing is left to match, to advance or to send."""
    states = Enrollment.objects.filter(workflow=workflow).values_list("state", flat=True)
    waiting = (OutboxMessage.State.WAITING, OutboxMessage.State.SENDING)
    return (
        len(states) == PEOPLE
        and set(states) == DONE
        and not Change.objects.exists()
        and not OutboxMessage.objects.filter(state__in=waiting).exists()
    )


def check_effects_in_the_database(workflow: Workflow) -> None:
    """Path, values, history and tasks of every contact: each once, none missing."""
    expected = {name: [["1"], ["2", "3", "4" if name == "Oslo" else "5", "6"]] for name in CITIES}
    paths = rows(
        SQL(
            "SELECT r.properties->>'city', array_agg(to_json(a.action_ids) ORDER BY a.id),"
            " r.properties->>'hs_lead_status'"
            " FROM crm_record r JOIN workflows_action_run a ON a.record_id = r.id"
            " WHERE r.object_type = '0-1' GROUP BY r.id"
        )
    )
    assert len(paths) == PEOPLE
    for where, path, status in paths:
        assert path == expected[where]
        assert status == ("OPEN" if where == "Oslo" else "NEW")
    statuses = PropertyHistory.objects.filter(property_name="hs_lead_status")
    assert Counter(statuses.values_list("record_id", flat=True)).most_common(1)[0][1] == 1
    assert statuses.count() == PEOPLE
    kind = associations.between("0-1", "0-27")
    tasks = Association.objects.filter(type=kind).values_list("from_record_id", flat=True)
    assert len(tasks) == len(set(tasks)) == PEOPLE
    assert Record.objects.filter(object_type="0-27").count() == PEOPLE
    assert Enrollment.objects.filter(workflow=workflow).count() == PEOPLE
    assert OutboxMessage.objects.count() == PEOPLE


def test_imported_contacts_go_through_a_workflow_and_get_their_email(
    sink: Sink, workers: Workers, tmp_path: Path
) -> None:
    workflow = publishing.create(nurture(welcome_email(), minutes=1))
    publishing.turn_on(workflow.pk, enroll_existing=False)
    workers.start()
    call_command("import_csv", str(contacts_file(tmp_path)))
    waiting = Enrollment.objects.filter(action_id="2", is_waiting=True)
    wait_until(lambda: waiting.count() == PEOPLE, 50, "everybody in the delay")
    # A minute has to pass; nobody may be earlier.
    assert {row.due_at - row.arrived_at for row in waiting} == {timedelta(minutes=1)}
    wait_until(lambda: is_settled(workflow), 180, "the end of every enrollment")
    check_effects_in_the_database(workflow)
    assert sink.addresses() == sorted(f"person{n}@example.com" for n in range(PEOPLE))
    _, to_address, mail = sink.taken[0]
    number = to_address[0].removeprefix("person").partition("@")[0]
    assert mail["Subject"] == f"Welcome, Person {number}"
    assert Event.objects.filter(type="email.sent").count() == PEOPLE


def test_nothing_is_lost_or_done_twice_when_workers_are_killed(
    sink: Sink, workers: Workers, tmp_path: Path
) -> None:
    seed = random.SystemRandom().randrange(10**9)
    print(f"seed {seed}")  # noqa: T201 (to run a failure again)
    chance = random.Random(seed)
    workflow = publishing.create(nurture(welcome_email(), minutes=0))
    publishing.turn_on(workflow.pk, enroll_existing=False)
    call_command("import_csv", str(contacts_file(tmp_path)))
    workers.start()
    pause = threading.Event()
    for _ in range(KILLS):
        pause.wait(chance.uniform(0.5, 3.0))
        workers.restart(chance.choice(["qcluster", "qcluster", "qcluster", "ticker"]))
    wait_until(lambda: is_settled(workflow), 240, "the end of every enrollment")
    check_effects_in_the_database(workflow)
    received = Counter(sink.addresses())
    assert max(received.values()) == 1
    unknown = {
        address
        for (address,) in rows(
            SQL("SELECT s.address FROM emails_send s JOIN workflows_outboxmessage m USING (key)"
                " WHERE m.state = 5")
        )
    }  # fmt: skip
    everybody = {f"person{n}@example.com" for n in range(PEOPLE)}
    # A mail whose fate nobody saw is never sent again by itself, and staff are told.
    assert everybody - set(received) <= unknown
    assert len(unknown) <= KILLS * 2
    sent = OutboxMessage.objects.filter(state=OutboxMessage.State.SENT).count()
    assert sent == PEOPLE - len(unknown)
    assert Event.objects.filter(type="email.sent").count() == sent
