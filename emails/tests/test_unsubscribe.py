from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from django.test import Client

from crm import changes, clock
from crm.changes import Source, SourceKind
from crm.models import Event, PropertyHistory, Record
from crm.sql import SQL, sql
from emails import sending, unsubscribing
from emails.models import AddressState, Send
from emails.tests.conftest import MakeContacts, MakeEmail
from emails.tests.sink import Sink
from workflows import outbox

Asked = Callable[..., SQL]
pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def send(make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked) -> Send:
    (record_id,) = make_contacts({"email": "bob@example.com"})
    sending.enqueue_for(asked([record_id]), make_email().pk)
    return Send.objects.get()


@pytest.fixture
def strict() -> Client:
    """A client that checks CSRF tokens and has no cookies."""
    return Client(enforce_csrf_checks=True)


def link(send: Send) -> str:
    return f"/u/{send.token.hex}/"


def is_unsubscribed(send: Send) -> bool:
    opted_out = Record.objects.get(pk=send.record_id).properties.get("hs_email_optout")
    noted = AddressState.objects.filter(address=send.address).exclude(unsubscribed_at=None)
    assert noted.exists() is bool(opted_out)
    return bool(opted_out)


def test_looking_at_the_page_changes_nothing(strict: Client, send: Send) -> None:
    for _ in range(2):
        for method in (strict.get, strict.head):
            response = method(link(send))
            assert response.status_code == 200
    page = strict.get(link(send)).content.decode()
    assert "b…@example.com" in page
    assert "bob@example.com" not in page
    assert not is_unsubscribed(send)
    assert not strict.cookies


def test_the_button_of_the_page_unsubscribes(strict: Client, send: Send) -> None:
    page = strict.get(link(send)).content.decode()
    form = re.search(r'<form method="post">.*name="(\w+)" value="(\w+)"', page, re.DOTALL)
    assert form is not None

    response = strict.post(link(send), {form[1]: form[2]})

    assert response.status_code == 200
    assert "You are unsubscribed" in response.content.decode()
    assert is_unsubscribed(send)
    assert not strict.cookies


@pytest.mark.parametrize("is_multipart", [False, True])
def test_one_click_unsubscribes(strict: Client, send: Send, is_multipart: bool) -> None:
    response = (
        strict.post(link(send), ONE_CLICK)  # the client makes multipart/form-data of it
        if is_multipart
        else strict.post(
            link(send),
            b"List-Unsubscribe=One-Click",
            content_type="application/x-www-form-urlencoded",
        )
    )

    assert (response.status_code, response.content) == (200, b"Unsubscribed.\n")
    assert "Location" not in response.headers
    assert not strict.cookies
    assert is_unsubscribed(send)


def test_the_link_in_the_mail_is_the_one_that_works(sink: Sink, strict: Client, send: Send) -> None:
    outbox.run(10)
    mail = sink.taken[0][2]
    address = str(mail["List-Unsubscribe"]).strip("<>")
    part = mail.get_body(("html",))
    assert part is not None
    assert f'href="{address}"' in part.get_content()

    strict.post(urlsplit(address).path, ONE_CLICK)

    assert is_unsubscribed(send)


def test_it_is_written_down_once_with_its_source(strict: Client, send: Send) -> None:
    for _ in range(3):
        assert strict.post(link(send), ONE_CLICK).status_code == 200

    (event,) = Event.objects.filter(type="email.unsubscribed")
    assert (event.record_id, event.source, event.source_id) == (
        send.record_id,
        "EMAIL",
        str(send.email_id),
    )
    assert event.properties["send_id"] == send.pk
    (history,) = PropertyHistory.objects.filter(property_name="hs_email_optout")
    assert (history.value, history.source, history.source_id) == (
        True,
        "EMAIL",
        str(send.email_id),
    )


def test_a_second_contact_with_the_address_is_unsubscribed_too(
    strict: Client, send: Send, make_contacts: MakeContacts
) -> None:
    source = Source(kind=SourceKind.CRM_UI)
    changes.update("0-1", {send.record_id: {"email": "new@example.com"}}, source)
    (other,) = make_contacts({"email": "bob@example.com"})

    strict.post(link(send), ONE_CLICK)

    opted_out = Record.objects.filter(properties__hs_email_optout=True)
    assert set(opted_out.values_list("pk", flat=True)) == {send.record_id, other}
    assert AddressState.objects.get().address == "bob@example.com"


def test_it_outlives_the_contact(
    strict: Client, send: Send, make_email: MakeEmail, make_contacts: MakeContacts, asked: Asked
) -> None:
    archived = sql("SELECT {id}::bigint AS record_id", id=send.record_id)
    changes.archive("0-1", archived, Source(kind=SourceKind.CRM_UI))
    strict.post(link(send), ONE_CLICK)
    again = make_contacts({"email": "Bob@Example.com"})

    assert sending.enqueue_for(asked(again), make_email().pk) == 0
    assert Send.objects.latest("pk").result == "PREVIOUSLY_UNSUBSCRIBED_PORTAL"


def test_a_mail_that_waits_is_not_sent_any_more(sink: Sink, strict: Client, send: Send) -> None:
    strict.post(link(send), ONE_CLICK)
    outbox.run(10)

    assert sink.taken == []


def test_an_unknown_token_tells_nothing(strict: Client, send: Send) -> None:
    unknown = f"/u/{uuid.uuid4().hex}/"
    page = strict.get(unknown)
    assert page.status_code == 404
    assert "This link does not work" in page.content.decode()
    known, other = strict.post(link(send), ONE_CLICK), strict.post(unknown, ONE_CLICK)
    assert (known.status_code, known.content) == (other.status_code, other.content)
    assert AddressState.objects.count() == 1


@pytest.mark.parametrize("token", ["x", "0" * 31, "z" * 32, "0" * 33, "bob@example.com", "%0a" * 5])
def test_a_malformed_token_is_refused(strict: Client, db: None, token: str) -> None:
    assert strict.get(f"/u/{token}/").status_code == 404
    assert strict.post(f"/u/{token}/", ONE_CLICK).status_code == 400


def test_forged_tokens_find_nothing(strict: Client, send: Send) -> None:
    for _ in range(200):
        response = strict.get(f"/u/{secrets.token_hex(16)}/")
        assert response.status_code == 404
        assert "Location" not in response.headers


def test_a_post_that_means_nothing_changes_nothing(strict: Client, send: Send) -> None:
    assert strict.post(link(send), {"List-Unsubscribe": "Later"}).status_code == 400
    assert strict.post(link(send)).status_code == 400
    assert not is_unsubscribed(send)


def test_the_page_is_for_nobody_else(strict: Client, send: Send) -> None:
    response = strict.get(link(send))
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response.headers["Cache-Control"]
    assert strict.put(link(send)).status_code == 405


def test_the_address_says_nothing_about_the_person(send: Send) -> None:
    assert re.fullmatch(r"/u/[0-9a-f]{32}/", link(send))
    assert unsubscribing.find(send.token) == send
    assert send.created_at == clock.now()
