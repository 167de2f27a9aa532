"""Emails of records that are merged or erased."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from crm import changes, erasure
from crm.changes import Source, SourceKind
from crm.merging import merge
from crm.sql import SQL, rows
from emails import sending, unsubscribing
from emails.models import AddressState, Send
from emails.tests.conftest import MakeContacts, MakeEmail
from workflows import outbox

Asked = Callable[..., SQL]
pytestmark = pytest.mark.django_db

SYSTEM = Source(kind=SourceKind.SYSTEM)


@pytest.fixture
def bob(make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked) -> Send:
    """What Bob was sent; it still waits."""
    (record_id,) = make_contacts({"email": "bob@example.com"})
    sending.enqueue_for(asked([record_id]), make_email().pk)
    return Send.objects.get()


def again(make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked) -> str:
    """How a send to a new contact with Bob's address ends."""
    (record_id,) = make_contacts({"email": "Bob@example.com"})
    sending.enqueue_for(asked([record_id], 2), make_email().pk)
    return Send.objects.get(record_id=record_id).result


def test_sends_follow_a_merged_record(bob: Send, make_contacts: MakeContacts) -> None:
    (ana,) = make_contacts({"email": "ana@example.com"})
    merge("0-1", ana, bob.record_id, SYSTEM)
    bob.refresh_from_db()
    assert (bob.record_id, bob.address, bob.result) == (ana, "bob@example.com", "QUEUED")
    # And who unsubscribes from what the merged one got is the one that is left.
    unsubscribing.unsubscribe(bob)
    changes.update("0-1", {ana: {"city": "Oslo"}}, SYSTEM)
    [(optout,)] = rows(
        SQL("SELECT properties->'hs_email_optout' FROM crm_record ORDER BY id DESC LIMIT 1")
    )
    assert optout in (True, "true")


def test_an_erased_record_gets_nothing_more_and_its_address_is_gone(bob: Send) -> None:
    erasure.erase("0-1", [bob.record_id], SYSTEM)
    [(state,)] = rows(SQL("SELECT state FROM workflows_outboxmessage"))
    assert state == outbox.State.CANCELLED
    bob.refresh_from_db()
    assert bob.address.startswith(erasure.PREFIX)
    assert "bob" not in bob.address


@pytest.mark.parametrize(
    ("state", "result"),
    [
        ("unsubscribed_at", "PREVIOUSLY_UNSUBSCRIBED_PORTAL"),
        ("hard_bounced_at", "PREVIOUSLY_BOUNCED"),
        ("complained_at", "PREVIOUS_SPAM"),
    ],
)
def test_what_was_refused_stays_refused(
    bob: Send,
    make_email: MakeEmail,
    make_contacts: MakeContacts,
    asked: Asked,
    state: str,
    result: str,
) -> None:
    """C-062"""
    AddressState.objects.create(
        address="bob@example.com", note="550 bob@example.com", **{state: bob.created_at}
    )
    erasure.erase("0-1", [bob.record_id], SYSTEM)
    left = AddressState.objects.get()
    assert (left.note, "bob" in left.address) == ("", False)
    assert again(make_email, make_contacts, asked) == result


def test_who_refused_nothing_may_come_back(
    bob: Send, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    erasure.erase("0-1", [bob.record_id], SYSTEM)
    assert again(make_email, make_contacts, asked) == "QUEUED"


def test_the_link_in_an_old_mail_still_works(
    bob: Send, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    erasure.erase("0-1", [bob.record_id], SYSTEM)
    page = Client().get(f"/u/{bob.token.hex}/").content.decode()
    assert "your address" in page
    assert erasure.PREFIX not in page
    Client().post(f"/u/{bob.token.hex}/", {"confirm": "yes"})
    assert again(make_email, make_contacts, asked) == "PREVIOUSLY_UNSUBSCRIBED_PORTAL"


def test_two_erasures_of_one_address_keep_what_either_knew(
    bob: Send, make_contacts: MakeContacts
) -> None:
    AddressState.objects.create(address="bob@example.com", unsubscribed_at=bob.created_at)
    erasure.erase("0-1", [bob.record_id], SYSTEM)
    (second,) = make_contacts({"email": "bob@example.com"})
    AddressState.objects.create(address="bob@example.com", hard_bounced_at=bob.created_at)
    erasure.erase("0-1", [second], SYSTEM)
    left = AddressState.objects.get()
    assert (left.unsubscribed_at, left.hard_bounced_at) == (bob.created_at, bob.created_at)
