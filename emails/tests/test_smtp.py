from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from config.secrets import EmailTransport
from crm import changes, clock
from crm.changes import Source, SourceKind
from crm.models import Event
from crm.sql import SQL, sql
from emails import sending
from emails.models import AddressState, Result, Send
from emails.tests.conftest import MakeContacts, MakeEmail
from emails.tests.sink import Sink
from emails.transports.connections import pool
from workflows import outbox

Asked = Callable[..., SQL]
pytestmark = pytest.mark.django_db


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


def result(key: str) -> str:
    return Send.objects.get(key=key).result


@pytest.fixture
def one(make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked) -> Callable[..., str]:
    """Asks for one email to a new contact; returns the key."""

    def send(address: str = "bob@example.com", **fields: str) -> str:
        (record_id,) = make_contacts({"email": address, "firstname": "Bob"})
        sending.enqueue_for(asked([record_id]), make_email(**fields).pk)
        return f"1:{record_id}"

    return send


def test_a_mail_arrives_with_its_envelope_headers_and_both_parts(
    sink: Sink, one: Callable[..., str], settings: Settings
) -> None:
    settings.SITE_URL = "https://cohort.example.com"
    key = one(reply_to="team@cohort.example.com", html="<p>Hällo {{ contact.firstname }}</p>")

    outbox.run(10)

    ((sender, recipients, mail),) = sink.taken
    send = Send.objects.get(key=key)
    assert (sender, recipients) == ("ada@cohort.example.com", ["bob@example.com"])
    assert mail["From"] == "Ada of Cohort <ada@cohort.example.com>"
    assert mail["To"] == "bob@example.com"
    assert mail["Reply-To"] == "team@cohort.example.com"
    assert mail["Subject"] == "Hello Bob"
    assert mail["Message-ID"] == send.message_id
    assert re.fullmatch(r"<[0-9a-f]{56}@cohort\.example\.com>", send.message_id)
    assert mail["MIME-Version"] == "1.0"
    link = f"https://cohort.example.com/u/{send.token.hex}/"
    assert mail["List-Unsubscribe"] == f"<{link}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-ID"] == "<marketing.cohort.example.com>"
    assert mail["Feedback-ID"] == f"{send.email_id}:automated:cohort.example.com:cohort"
    assert mail["Date"].datetime == clock.now().replace(microsecond=0)
    assert mail.get_content_type() == "multipart/alternative"
    assert "<p>Hällo Bob</p>" in body(mail, "html")
    assert f'href="{link}"' in body(mail, "html")
    assert body(mail, "plain").startswith("Hällo Bob")
    assert f"Unsubscribe: {link}" in body(mail, "plain")
    assert max(map(len, sink.raw[0].split(b"\r\n"))) <= 998
    assert sink.raw[0].isascii()
    assert b"\n" not in sink.raw[0].replace(b"\r\n", b"")
    assert (send.result, send.sent_at) == ("SENT", clock.now())


def test_lines_that_begin_with_a_dot_arrive_unchanged(sink: Sink, one: Callable[..., str]) -> None:
    one(plain_text=".\n..two\nend", html="<p>.</p>\n.\n")

    outbox.run(10)

    assert body(sink.taken[0][2], "plain").startswith(".\r\n..two\r\nend\r\n")


def test_the_text_is_made_of_what_the_contact_says_when_it_goes_out(
    sink: Sink, one: Callable[..., str]
) -> None:
    key = one()
    record_id = Send.objects.get(key=key).record_id
    source = Source(kind=SourceKind.CRM_UI)
    changes.update("0-1", {record_id: {"firstname": "Robert"}}, source)

    outbox.run(10)

    assert sink.taken[0][2]["Subject"] == "Hello Robert"


def test_one_connection_carries_many_mails(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts(*({"email": f"c{n}@example.com"} for n in range(120)))
    sending.enqueue_for(asked(ids), make_email().pk)

    outbox.run(30)

    assert sink.addresses() == sorted(f"c{n}@example.com" for n in range(120))
    assert sink.connections == 1


def test_a_stale_connection_is_replaced(sink: Sink, one: Callable[..., str]) -> None:
    one("a@example.com")
    outbox.run(10)
    sink.stop()
    sink.start()

    one("b@example.com")
    outbox.run(10)

    assert sink.addresses() == ["a@example.com", "b@example.com"]
    assert result(Send.objects.get(address="b@example.com").key) == "SENT"


def test_nothing_is_lost_while_the_server_is_down(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts(*({"email": f"c{n}@example.com"} for n in range(70)))
    sending.enqueue_for(asked(ids), make_email().pk)
    sink.stop()

    assert outbox.run(10) is False
    (health,) = [item for item in outbox.health() if item.kind == "email"]
    assert (health.waiting, health.failed, health.unknown) == (70, 0, 0)
    assert health.out_since == clock.now()
    assert health.last_error == (
        f"The mail server 127.0.0.1:{sink.port} cannot be used: [Errno 111] Connection refused"
    )
    assert Send.objects.filter(result=Result.QUEUED).count() == 70
    sink.start()
    with clock.at(clock.now() + timedelta(seconds=10)):
        outbox.run(30)

    assert sink.addresses() == sorted(f"c{n}@example.com" for n in range(70))
    assert Send.objects.filter(result=Result.SENT).count() == 70
    assert not outbox.health()[0].needs_attention


def test_a_server_that_wants_a_login_gets_it(
    sink: Sink, one: Callable[..., str], settings: Settings
) -> None:
    sink.credentials = (b"ada", b"s3cret")
    settings.EMAIL_TRANSPORT = server(sink, username="ada", password="s3cret")
    key = one()

    outbox.run(10)

    assert result(key) == "SENT"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"username": "ada", "password": "wrong"}, "535 5.7.8 Authentication credentials invalid"),
        # A line without the protection that was asked for is not used.
        ({"security": "starttls"}, "STARTTLS extension not supported by server."),
        ({"security": "tls"}, "[SSL: WRONG_VERSION_NUMBER] wrong version number"),
    ],
)
def test_a_server_that_cannot_be_used_as_told_is_an_outage(
    sink: Sink,
    one: Callable[..., str],
    settings: Settings,
    options: dict[str, Any],
    reason: str,
) -> None:
    sink.credentials = (b"ada", b"s3cret")
    settings.EMAIL_TRANSPORT = server(sink, **options)
    key = one()

    outbox.run(10)

    assert result(key) == "QUEUED"
    assert outbox.health()[0].last_error.startswith(
        f"The mail server 127.0.0.1:{sink.port} cannot be used: {reason}"
    )
    assert sink.taken == []


def server(sink: Sink, **options: Any) -> EmailTransport:
    return EmailTransport(host="127.0.0.1", port=sink.port, **options)


@pytest.mark.parametrize("where", ["RCPT", "DATA"])
def test_a_temporary_refusal_is_repeated(sink: Sink, one: Callable[..., str], where: str) -> None:
    key = one()
    sink.answers["bob@example.com"] = [(where, "451 4.7.1 greylisted")]

    outbox.run(10)
    assert (result(key), sink.taken) == ("QUEUED", [])
    assert "451 4.7.1 greylisted" in outbox.health()[0].last_error
    with clock.at(clock.now() + timedelta(seconds=6)):
        outbox.run(10)

    assert result(key) == "SENT"
    assert sink.addresses() == ["bob@example.com"]


@pytest.mark.parametrize(
    ("answer", "has_bounced"),
    [("550 5.1.1 no such user", True), ("554 5.7.1 content refused", False)],
)
def test_a_permanent_refusal_ends_it_and_the_next_mail_goes_on(
    sink: Sink, one: Callable[..., str], answer: str, has_bounced: bool
) -> None:
    key = one()
    other = one("carol@example.com")
    sink.answers["bob@example.com"] = [("RCPT", answer)]

    outbox.run(10)
    with clock.at(clock.now() + timedelta(days=4)):
        outbox.run(10)

    assert (result(key), result(other)) == ("UNDELIVERABLE", "SENT")
    assert sink.addresses() == ["carol@example.com"]
    assert Send.objects.get(key=key).error == f"{answer} (answer to RCPT)"
    assert AddressState.objects.filter(address="bob@example.com").exists() is has_bounced
    events = Event.objects.filter(record_id=Send.objects.get(key=key).record_id)
    assert list(
        events.exclude(type="record.created").values_list("type", "properties__result")
    ) == [("email.not_sent", "UNDELIVERABLE")]


def test_an_address_that_bounced_gets_no_more_mail(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts({"email": "bob@example.com"})
    sink.answers["bob@example.com"] = [("RCPT", "550 5.1.1 no such user")]
    made = make_email()
    sending.enqueue_for(asked(ids), made.pk)
    outbox.run(10)

    assert sending.enqueue_for(asked(ids, 2), made.pk) == 0
    assert result(f"2:{ids[0]}") == "PREVIOUSLY_BOUNCED"


def test_a_connection_that_breaks_before_the_mail_is_repeated(
    sink: Sink, one: Callable[..., str]
) -> None:
    key = one()
    sink.answers["bob@example.com"] = [("RCPT", "DROP")]

    outbox.run(10)
    assert result(key) == "QUEUED"
    with clock.at(clock.now() + timedelta(seconds=6)):
        outbox.run(10)

    assert sink.addresses() == ["bob@example.com"]


def test_a_connection_that_breaks_after_the_mail_leaves_it_unknown_for_ever(
    sink: Sink, one: Callable[..., str]
) -> None:
    key = one()
    sink.answers["bob@example.com"] = [("DATA", "DROP")]

    outbox.run(10)
    for days in (1, 30):
        with clock.at(clock.now() + timedelta(days=days)):
            outbox.run(10)

    assert result(key) == "UNKNOWN"
    assert sink.addresses() == ["bob@example.com"]
    assert outbox.health()[0].unknown == 1
    assert not Event.objects.filter(type__startswith="email.").exists()


def test_an_unsubscribe_between_asking_and_sending_stops_the_mail(
    sink: Sink, one: Callable[..., str]
) -> None:
    key = one()
    AddressState.objects.create(address="bob@example.com", unsubscribed_at=clock.now())

    outbox.run(10)

    assert result(key) == "PREVIOUSLY_UNSUBSCRIBED_PORTAL"
    assert sink.taken == []


def test_a_deleted_contact_gets_no_mail(sink: Sink, one: Callable[..., str]) -> None:
    key = one()
    record = sql("SELECT {id}::bigint AS record_id", id=Send.objects.get(key=key).record_id)
    changes.archive("0-1", record, Source(kind=SourceKind.CRM_UI))

    outbox.run(10)

    assert result(key) == "CAMPAIGN_CANCELLED"
    assert sink.taken == []


def test_an_email_that_cannot_be_made_fails_alone(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    long, short = make_contacts(
        {"email": "long@example.com", "message": "x" * 60_000}, {"email": "short@example.com"}
    )
    made = make_email(html="{{ contact.message }}" * 20)
    sending.enqueue_for(asked([long, short]), made.pk)

    outbox.run(10)

    assert result(f"1:{long}") == "TEMPLATE_RENDER_EXCEPTION"
    assert result(f"1:{short}") == "SENT"
    assert sink.addresses() == ["short@example.com"]


def test_what_was_sent_is_an_event_of_the_contact(sink: Sink, one: Callable[..., str]) -> None:
    key = one()

    outbox.run(10)

    send = Send.objects.get(key=key)
    (event,) = Event.objects.filter(record_id=send.record_id, type="email.sent")
    assert event.properties == {
        "email_id": send.email_id,
        "email_name": "Welcome",
        "send_id": send.pk,
        "result": "SENT",
    }
    assert (event.source, event.source_id) == ("EMAIL", str(send.email_id))


def test_connections_close_with_the_pool(sink: Sink, one: Callable[..., str]) -> None:
    one()
    outbox.run(10)
    pool.close()
    one("carol@example.com")
    outbox.run(10)

    assert sink.connections == 2
