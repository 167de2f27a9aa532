from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.db import connection
from hypothesis import HealthCheck, given
from hypothesis import settings as attempts
from hypothesis import strategies as st

from crm import clock
from crm.models import Event
from crm.sql import SQL, rows, sql
from emails import sending
from emails.models import AddressState, Email, Send
from emails.tests.conftest import MakeContacts, MakeEmail
from emails.tests.sink import Sink
from workflows import outbox

Asked = Callable[..., SQL]
pytestmark = pytest.mark.django_db


NASTY = st.text(
    alphabet=st.sampled_from(
        "aZ 9,;:<>@\"'()[]\\=?_\r\n\t\x0b\x0c\x1b\x7f\x85\x9f\u2028\u2029\u200e\u202eé漢🎉%{"
    ),
    max_size=120,
)


@pytest.fixture
def open_email(make_email: MakeEmail) -> Email:
    return make_email(subject="Hi {{ contact.firstname }}", from_name="{{ contact.company }}")


@attempts(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(people=st.lists(st.tuples(NASTY, NASTY), min_size=10, max_size=10))
def test_no_value_adds_a_header_or_a_recipient(
    sink: Sink, open_email: Email, asked: Asked, people: list[tuple[str, str]]
) -> None:
    # Written past the cleaning of crm: this is the last line of defence.
    insert = sql(
        "INSERT INTO crm_record (object_type, properties, created_at, updated_at)"
        " SELECT '0-1', jsonb_build_object('email', 'bob@example.com', 'firstname', name,"
        " 'company', company), app_now(), app_now()"
        " FROM unnest({names}::text[], {companies}::text[]) AS u(name, company) RETURNING id",
        names=[
            f"{name}\r\nBcc: eve@example.com\nTo: mallory@example.com, eve@example.com"
            for name, _ in people
        ],
        companies=[f"{company}>, eve@example.com, <mallory@example.com" for _, company in people],
    )
    sending.enqueue_for(asked([row[0] for row in rows(insert)]), open_email.pk)
    sink.taken.clear()

    outbox.run(10)

    assert len(sink.taken) == len(people)
    for sender, recipients, mail in sink.taken:
        assert (sender, recipients) == ("ada@cohort.example.com", ["bob@example.com"])
        assert mail.keys() == EXPECTED_HEADERS
        assert mail["To"] == "bob@example.com"
        from_ = [address.addr_spec for address in mail["From"].addresses]
        assert from_ == ["ada@cohort.example.com"]
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", str(mail["Subject"]))


EXPECTED_HEADERS = [
    "From",
    "To",
    "Subject",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-ID",
    "Feedback-ID",
    "Date",
    "MIME-Version",
    "Content-Type",
]


@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_send_each_mail_once(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts(*({"email": f"c{n}@example.com"} for n in range(200)))
    sending.enqueue_for(asked(ids), make_email().pk)
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            outbox.run(60)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sink.addresses() == sorted(f"c{n}@example.com" for n in range(200))
    assert Send.objects.filter(result="SENT").count() == 200
    assert Event.objects.filter(type="email.sent").count() == 200
    assert len({mail["Message-ID"] for _, _, mail in sink.taken}) == 200


@pytest.mark.django_db(transaction=True)
def test_no_mail_begins_after_an_unsubscribe_was_committed(
    sink: Sink, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    ids = make_contacts(*({"email": f"c{n}@example.com"} for n in range(150)))
    sending.enqueue_for(asked(ids), make_email().pk)

    #: When each address was certainly unsubscribed: read after the commit.
    committed: dict[str, datetime] = {}

    def unsubscribe_all() -> None:
        try:
            for address in Send.objects.order_by("-id").values_list("address", flat=True):
                AddressState.objects.create(address=address, unsubscribed_at=clock.now())
                committed[address] = clock.now()
        finally:
            connection.close()

    thread = threading.Thread(target=unsubscribe_all)
    thread.start()
    outbox.run(60)
    thread.join()

    sent = Send.objects.filter(result="SENT")
    late = [
        item.address for item in sent if item.sent_at and item.sent_at > committed[item.address]
    ]
    assert late == []
    refused = Send.objects.filter(result="PREVIOUSLY_UNSUBSCRIBED_PORTAL").count()
    assert refused > 0
    assert sent.count() + refused == 150
    assert sink.addresses() == sorted(sent.values_list("address", flat=True))
