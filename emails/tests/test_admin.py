from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from conftest import SameQueriesFor
from crm import clock
from crm.tests.browsing import main_text, text_of, viewer
from emails import sending
from emails.models import Email, Send
from emails.tests.conftest import MakeContacts, MakeEmail
from emails.tests.sink import Sink
from workflows import outbox

LIST = "/admin/emails/email/"
PREVIEW = f"{LIST}preview/"
GOOD = {
    "name": "Welcome",
    "subject": "Hello {{ contact.firstname | default: 'you' }}",
    "from_name": "Ada",
    "from_address": "ada@cohort.example.com",
    "html": "<p>Dear {{ contact.firstname }}</p>",
}

pytestmark = pytest.mark.django_db


def errors(response: Any) -> dict[str, str]:
    """The messages of the form, by field."""
    page = response.content.decode()
    found = re.findall(r'id="id_(\w+)_error">\s*(.*?)\s*</p>', page, re.DOTALL)
    return dict(found)


def frame(response: Any) -> str:
    """What the frame of a preview holds."""
    import html

    found = re.search(r'<iframe[^>]*srcdoc="([^"]*)"', response.content.decode(), re.DOTALL)
    assert found is not None
    return html.unescape(found[1])


def test_a_draft_is_saved_and_published(admin_client: Client) -> None:
    admin_client.post(f"{LIST}add/", GOOD | {"_draft": "1"})
    email = Email.objects.get()
    assert (email.state, email.revision) == ("DRAFT", None)
    url = f"{LIST}{email.pk}/change/"
    response = admin_client.post(url, GOOD | {"_publish": "1"}, follow=True)
    assert "Published: revision 1 goes out from now." in text_of(response)
    email.refresh_from_db()
    assert email.state == "PUBLISHED"


def test_what_goes_out_stays_while_a_draft_is_written(
    admin_client: Client, make_email: MakeEmail
) -> None:
    email = make_email(**GOOD)
    url = f"{LIST}{email.pk}/change/"
    given = GOOD | {"subject": "Something else", "_draft": "1"}
    response = admin_client.post(url, given, follow=True)
    assert "What goes out is still the published text." in text_of(response)
    assert "The draft differs from what goes out" in main_text(response)
    email.refresh_from_db()
    assert email.revision is not None
    assert email.revision.source["subject"] == GOOD["subject"]


def test_mistakes_stand_beside_their_fields_in_drafts_too(admin_client: Client) -> None:
    given = GOOD | {
        "subject": "Hello {{ contact.shoe_size }}",
        "html": "<p>{{ contact.firstname </p>",
        "from_address": "not an address",
        "_draft": "1",
    }
    found = errors(admin_client.post(f"{LIST}add/", given))
    assert set(found) == {"subject", "html", "from_address"}
    assert "shoe_size" in found["subject"]
    assert found["html"].startswith("Line 1, column 4:")
    assert not Email.objects.exists()


def test_an_unfinished_email_is_kept_as_a_draft_but_not_published(admin_client: Client) -> None:
    given = GOOD | {"html": ""}
    found = errors(admin_client.post(f"{LIST}add/", given | {"_publish": "1"}))
    assert found == {"html": "An email needs a text."}
    admin_client.post(f"{LIST}add/", given | {"_draft": "1"})
    assert Email.objects.get().state == "DRAFT"


def test_the_preview_is_filled_in_for_a_contact(
    admin_client: Client, make_contacts: MakeContacts
) -> None:
    make_contacts({"email": "ana@example.com", "firstname": "Ana & Bo"})
    response = admin_client.post(PREVIEW, GOOD | {"preview_record": "ANA@example.com"})
    assert "Subject Hello Ana & Bo" in text_of(response)
    assert "<p>Dear Ana &amp; Bo</p>" in frame(response)
    nobody = admin_client.post(PREVIEW, GOOD)
    assert "Subject Hello you" in text_of(nobody)
    missing = admin_client.post(PREVIEW, GOOD | {"preview_record": "gone@example.com"})
    assert "There is no contact gone@example.com; shown without one." in text_of(missing)


def test_the_preview_runs_no_script_and_fetches_nothing(admin_client: Client) -> None:
    evil = "<script>alert(1)</script><img src='https://evil.example.com/x.png'>"
    response = admin_client.post(PREVIEW, GOOD | {"html": evil})
    page = response.content.decode()
    assert '<iframe class="co-frame"' in page
    assert re.search(r"<iframe[^>]*\bsandbox(?!=)", page)
    assert "<script>alert" not in page
    assert "default-src 'none'; img-src 'self' data:" in frame(response)


def test_the_preview_shows_the_mistake_instead_of_the_email(admin_client: Client) -> None:
    response = admin_client.post(PREVIEW, GOOD | {"html": "{{ contact.firstname"})
    assert "Line 1, column 1:" in text_of(response)
    assert "<iframe" not in response.content.decode()


def test_a_test_is_sent_at_once_and_counts_nowhere(
    admin_client: Client, sink: Sink, make_contacts: MakeContacts
) -> None:
    make_contacts({"email": "ana@example.com", "firstname": "Ana"})
    given = {"preview_record": "ana@example.com", "test": "1", "test_address": "me@example.com"}
    response = admin_client.post(PREVIEW, GOOD | given)
    assert "Sent to me@example.com." in text_of(response)
    [(sender, recipients, mail)] = sink.taken
    assert (sender, recipients) == ("ada@cohort.example.com", ["me@example.com"])
    assert mail["Subject"] == "[Test] Hello Ana"
    assert not Send.objects.exists()


@pytest.mark.parametrize(
    ("_case", "given", "message"),
    [
        ("no address", {"test_address": "nobody"}, "nobody"),
        ("two lines", {"test_address": "a@example.com\r\nBcc: b@example.com"}, "The test was not"),
        ("refused", {"test_address": "gone@example.com"}, "550 5.1.1 no such mailbox"),
    ],
)
def test_a_test_that_cannot_be_sent_says_why(
    admin_client: Client, sink: Sink, _case: str, given: dict[str, str], message: str
) -> None:
    sink.answers["gone@example.com"] = [("RCPT", "550 5.1.1 no such mailbox")]
    response = admin_client.post(PREVIEW, GOOD | {"test": "1"} | given)
    assert "The test was not sent." in text_of(response)
    assert message in text_of(response)
    assert sink.taken == []


def test_a_mail_server_that_is_down_is_named(admin_client: Client, sink: Sink) -> None:
    sink.stop()
    given = {"test": "1", "test_address": "me@example.com"}
    page = text_of(admin_client.post(PREVIEW, GOOD | given))
    assert f"The mail server 127.0.0.1:{sink.port} cannot be used" in page


def test_the_list_costs_the_same_queries_for_10_and_40_emails(
    admin_client: Client, same_queries_for: SameQueriesFor, make_email: MakeEmail
) -> None:
    def make(size: int) -> None:
        for n in range(size):
            make_email(name=f"{size}-{n}")

    same_queries_for(make, lambda _: admin_client.get(LIST), sizes=(10, 40))


def test_an_email_is_archived_not_deleted(admin_client: Client, make_email: MakeEmail) -> None:
    email = make_email(**GOOD)
    admin_client.post(f"{LIST}{email.pk}/delete/")
    email.refresh_from_db()
    assert email.archived_at is not None
    assert admin_client.get(f"{LIST}{email.pk}/change/").status_code == 404


def test_the_timeline_tells_of_sent_and_refused_emails(
    admin_client: Client,
    sink: Sink,
    make_email: MakeEmail,
    make_contacts: MakeContacts,
    asked: Any,
) -> None:
    email = make_email(**GOOD)
    with clock.at(datetime(2026, 3, 1, 9, tzinfo=UTC)):
        ana, bo = make_contacts({"email": "ana@example.com"}, {"firstname": "Bo"})
        sending.enqueue_for(asked([ana, bo]), email.pk)
    response = admin_client.get(f"/admin/crm/contact/{bo}/")
    assert "Was not sent “Welcome”: no usable email address 09:00" in main_text(response)
    assert f'<a href="{LIST}{email.pk}/change/">Was not sent' in response.content.decode()
    page = main_text(admin_client.get(f"{LIST}{email.pk}/change/"))
    assert "Waiting to be sent 1" in page
    assert "No usable email address 1" in page
    assert outbox.health()[0].waiting == 1


def test_who_may_only_look_writes_nothing(make_email: MakeEmail) -> None:
    email = make_email(**GOOD)
    client = viewer("view_email")
    assert client.get(LIST).status_code == 200
    for url in (f"{LIST}add/", f"{LIST}{email.pk}/change/", f"{LIST}{email.pk}/delete/", PREVIEW):
        assert (url, client.post(url, GOOD).status_code) == (url, 403)
    assert Email.objects.count() == 1
