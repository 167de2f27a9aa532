from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from django.db import connection

from conftest import SameQueriesFor
from crm import changes, clock
from crm.changes import Source, SourceKind
from crm.models import Event, Record
from crm.sql import SQL, rows, sql
from emails import sending
from emails.models import AddressState, Email, Send
from emails.sending import UnknownEmail
from emails.tests.conftest import MakeContacts, MakeEmail
from workflows import outbox

Asked = Callable[..., SQL]
pytestmark = pytest.mark.django_db


def results() -> dict[str, str]:
    return dict(Send.objects.values_list("address", "result"))


def queued() -> list[tuple[str, int]]:
    return rows(SQL("SELECT key, lane FROM workflows_outboxmessage ORDER BY id"))


def test_every_contact_gets_a_send_or_a_reason(
    make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts(
        {"email": "ok@example.com"},
        {"firstname": "No address"},
        {"email": "out@example.com", "hs_email_optout": True},
        {"email": "in@example.com", "hs_email_optout": False},
        {"email": "unsubscribed@example.com"},
        {"email": "spam@example.com"},
        {"email": "bounced@example.com"},
        {"email": "löcal@example.com"},
        {"email": "a@bücher.example.com"},
        {"email": "archived@example.com"},
    )
    now = clock.now()
    AddressState.objects.create(address="unsubscribed@example.com", unsubscribed_at=now)
    AddressState.objects.create(address="spam@example.com", complained_at=now, hard_bounced_at=now)
    AddressState.objects.create(address="bounced@example.com", hard_bounced_at=now)
    AddressState.objects.create(address="ok@example.com")
    archived = sql("SELECT {id}::bigint AS record_id", id=ids[-1])
    changes.archive("0-1", archived, Source(kind=SourceKind.CRM_UI))

    assert sending.enqueue_for(asked(ids, lane=2), make_email().pk) == 3

    assert results() == {
        "ok@example.com": "QUEUED",
        "": "INVALID_TO_ADDRESS",
        "out@example.com": "PREVIOUSLY_UNSUBSCRIBED_PORTAL",
        "in@example.com": "QUEUED",
        "unsubscribed@example.com": "PREVIOUSLY_UNSUBSCRIBED_PORTAL",
        "spam@example.com": "PREVIOUS_SPAM",
        "bounced@example.com": "PREVIOUSLY_BOUNCED",
        "löcal@example.com": "INVALID_TO_ADDRESS",
        "a@bücher.example.com": "QUEUED",
        "archived@example.com": "CAMPAIGN_CANCELLED",
    }
    assert sorted(queued()) == sorted((f"1:{ids[n]}", 2) for n in (0, 3, 8))
    logged = Event.objects.filter(type="email.not_sent").order_by("record_id")
    assert list(logged.values_list("record_id", "properties__result")) == [
        (ids[1], "INVALID_TO_ADDRESS"),
        (ids[2], "PREVIOUSLY_UNSUBSCRIBED_PORTAL"),
        (ids[4], "PREVIOUSLY_UNSUBSCRIBED_PORTAL"),
        (ids[5], "PREVIOUS_SPAM"),
        (ids[6], "PREVIOUSLY_BOUNCED"),
        (ids[7], "INVALID_TO_ADDRESS"),
        (ids[9], "CAMPAIGN_CANCELLED"),
    ]


@pytest.mark.parametrize(
    "address",
    [
        "a", "a@b", "a@b.example,c@d.example", "a@b.example c@d.example", "<a@b.example>",
        "a@b.example\nBcc: x@y.example", "a@b.example\n", "\na@b.example", "a..b@c.example",
        "@b.example", "a@-b.example", "a@b_c.example", f"{'a' * 65}@b.example",
        f"a@{'b' * 63}.{'c' * 63}.{'d' * 63}.{'e' * 63}.example", "a@b.example\u2028",
    ],
)  # fmt: skip
def test_an_address_that_is_not_one_gets_nothing(
    make_email: MakeEmail, asked: Asked, address: str
) -> None:
    # Written past the cleaning of crm.
    record = Record.objects.create(
        object_type="0-1",
        properties={"email": address},
        created_at=clock.now(),
        updated_at=clock.now(),
    )

    assert sending.enqueue_for(asked([record.pk]), make_email().pk) == 0
    assert Send.objects.get().result == "INVALID_TO_ADDRESS"


def test_a_key_is_used_once(
    make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts({"email": "a@example.com"}, {"email": "b@example.com"}, {})
    email_id = make_email().pk
    assert sending.enqueue_for(asked(ids[:1]), email_id) == 1
    assert sending.enqueue_for(asked(ids), email_id) == 1
    assert sending.enqueue_for(asked(ids), email_id) == 0
    # Even when the messages of long ago are gone.
    rows(SQL("DELETE FROM workflows_outboxmessage RETURNING id"))
    assert sending.enqueue_for(asked(ids), email_id) == 0

    assert queued() == []
    assert Send.objects.count() == 3
    assert Event.objects.filter(type="email.not_sent").count() == 1


def test_an_email_that_was_never_published_goes_to_nobody(
    make_contacts: MakeContacts, asked: Asked
) -> None:
    draft = Email.objects.create(
        name="Draft", subject="x", created_at=clock.now(), updated_at=clock.now()
    )
    assert sending.enqueue_for(asked(make_contacts({"email": "a@example.com"})), draft.pk) == 0
    assert results() == {"a@example.com": "MISSING_CONTENT"}


def test_an_email_that_does_not_exist_is_an_error(asked: Asked) -> None:
    with pytest.raises(UnknownEmail, match=r"There is no email 77\."):
        sending.enqueue_for(asked([1]), 77)


def test_a_record_of_another_type_gets_nothing(make_email: MakeEmail, asked: Asked) -> None:
    ids = changes.create("0-2", [{"name": "Acme"}], Source(kind=SourceKind.SYSTEM))
    assert sending.enqueue_for(asked(ids), make_email().pk) == 0
    assert results() == {"": "CAMPAIGN_CANCELLED"}


def test_outcomes_tell_who_got_it(
    make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts({"email": "a@example.com"}, {})
    sending.enqueue_for(asked(ids), make_email().pk)
    keys = sql("SELECT unnest({keys}::text[]) AS key", keys=[f"1:{ids[0]}", f"1:{ids[1]}", "x"])

    assert sorted(rows(sending.outcomes(keys))) == [
        (f"1:{ids[0]}", "QUEUED"),
        (f"1:{ids[1]}", "INVALID_TO_ADDRESS"),
    ]


def test_a_message_id_is_made_of_the_key(
    make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts({"email": "a@example.com"}, {"email": "b@example.com"})
    email = make_email()
    sending.enqueue_for(asked(ids), email.pk)
    first = dict(Send.objects.values_list("key", "message_id"))
    tokens = set(Send.objects.values_list("token", flat=True))
    Send.objects.all().delete()
    sending.enqueue_for(asked(ids), email.pk)

    assert dict(Send.objects.values_list("key", "message_id")) == first
    assert len(set(first.values())) == 2
    assert tokens.isdisjoint(Send.objects.values_list("token", flat=True))


def test_asking_costs_the_same_for_any_number(
    same_queries_for: SameQueriesFor,
    make_email: MakeEmail,
    make_contacts: MakeContacts,
    asked: Asked,
) -> None:
    email = make_email()

    def make(size: int) -> SQL:
        addresses = [f"{size}-{n}@example.com" for n in range(size - 1)]
        return asked(make_contacts(*({"email": address} for address in addresses), {}))

    same_queries_for(make, lambda select: sending.enqueue_for(select, email.pk))

    assert Send.objects.filter(result="QUEUED").count() == 10 + 5000 - 2


def test_noting_costs_the_same_for_any_number(
    same_queries_for: SameQueriesFor,
    make_email: MakeEmail,
    make_contacts: MakeContacts,
    asked: Asked,
) -> None:
    email = make_email()

    def make(size: int) -> SQL:
        ids = make_contacts(*({"email": f"{size}-{n}@example.com"} for n in range(size)))
        sending.enqueue_for(asked(ids), email.pk)
        return sql(
            "SELECT s.key, CASE s.id % 3 WHEN 0 THEN {failed} WHEN 1 THEN {sent} ELSE {unknown} END"
            " AS state, '550 5.1.1 no' AS error, app_now() AS begun_at, app_now() AS finished_at"
            " FROM emails_send s WHERE s.key = ANY({keys})",
            failed=outbox.State.FAILED,
            sent=outbox.State.SENT,
            unknown=outbox.State.UNKNOWN,
            keys=[f"1:{record_id}" for record_id in ids],
        )

    same_queries_for(make, sending.note)

    assert not Send.objects.filter(result="QUEUED").exists()


@pytest.mark.django_db(transaction=True)
def test_two_askers_at_once_use_a_key_once(
    make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts(*({"email": f"c{n}@example.com"} for n in range(300)), {})
    email_id = make_email().pk
    start = threading.Barrier(2)
    asked_for: list[int] = []

    def ask() -> None:
        try:
            start.wait()
            asked_for.append(sending.enqueue_for(asked(ids), email_id))
        finally:
            connection.close()

    together([ask, ask])

    assert sum(asked_for) == 300
    assert len(queued()) == 300
    assert Event.objects.filter(type="email.not_sent").count() == 1


def together(jobs: Sequence[Callable[[], None]]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
