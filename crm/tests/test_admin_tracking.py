from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from crm import changes, clock, event_editing, event_sending
from crm.event_sending import Given
from crm.models import (
    Collected,
    CustomEvent,
    CustomEventProperty,
    Form,
    Record,
    TrackedSite,
)
from crm.tests.browsing import main_text, queries_of, text_of, viewer
from crm.tracking import processing
from crm.tracking.sites import clean_host

pytestmark = pytest.mark.django_db

EVENTS = "/admin/crm/customevent/"
FORMS = "/admin/crm/form/"
SITES = "/admin/crm/trackedsite/"
ROW = {"properties-TOTAL_FORMS": "1", "properties-INITIAL_FORMS": "0"}


def submitted(email: str = "liv@example.com", form: str = "contact", **fields: str) -> None:
    Collected.objects.create(
        at=clock.now(),
        item={
            "kind": "submission", "form": form, "host": "shop.example.com", "email": email,
            "page": {"hs_url": "https://shop.example.com/contact"},
            "fields": [["email", email], *fields.items()],
        },
    )  # fmt: skip
    assert processing.process() == 1


def row(place: int, **values: Any) -> dict[str, Any]:
    return {f"properties-{place}-{name}": value for name, value in values.items()}


def test_an_event_is_defined_with_its_properties(admin_client: Client) -> None:
    given = {"label": "Order paid", "name": "", "object_type": "0-1", "description": ""}
    answer = admin_client.post(
        f"{EVENTS}add/", given | {"has_default_properties": "on"}, follow=True
    )
    event = CustomEvent.objects.get()
    assert "Say next what it carries" in text_of(answer)
    assert (event.name, event.has_default_properties) == ("order_paid", True)
    page = f"{EVENTS}{event.pk}/change/"
    rows = ROW | {"properties-TOTAL_FORMS": "2", "label": "Order paid"}
    rows |= row(0, label="Amount", type="number") | row(
        1, label="Plan", name="plan", type="enumeration", choices="basic = Basic\nLarge"
    )
    answer = admin_client.post(page, rows, follow=True)
    assert "was changed successfully" in text_of(answer)
    found = {item.name: item for item in event.properties.all()}
    assert (found["amount"].type, found["plan"].options) == (
        "number", [{"label": "Basic", "value": "basic"}, {"label": "Large", "value": "Large"}],
    )  # fmt: skip
    assert "pe1_order_paid" in main_text(admin_client.get(EVENTS))


def test_mistakes_are_told_beside_the_field(admin_client: Client) -> None:
    event = event_editing.create(CustomEvent(name="order_paid", label="Order paid"))
    given = {"label": "Another", "name": "order_paid", "object_type": "0-1"}
    assert "already exists" in text_of(admin_client.post(f"{EVENTS}add/", given))
    given["name"] = "Bad name"
    assert "Use lower-case letters" in text_of(admin_client.post(f"{EVENTS}add/", given))
    page = f"{EVENTS}{event.pk}/change/"
    for wrong, words in (
        (row(0, label="Plan", type="enumeration"), "at least one option"),
        (row(0, label="Plan", type="number", choices="a"), "Only choices have options"),
        (row(0, label="City", name="hs_city", type="string"), "a default property"),
        (row(0, label="!", name="", type="string"), "Use lower-case letters"),
    ):
        given = ROW | {"label": "Order paid", "has_default_properties": "on"} | wrong
        assert words in text_of(admin_client.post(page, given)), words
    assert not CustomEventProperty.objects.exists()


def test_a_property_is_changed_and_archived_and_its_name_is_not_given_again(
    admin_client: Client,
) -> None:
    event = event_editing.create(
        CustomEvent(name="order_paid", label="Order paid"),
        [CustomEventProperty(name="amount", label="Amount", type="number")],
    )
    item = event.properties.get()
    page = f"{EVENTS}{event.pk}/change/"
    mine = {"label": "Order paid", "properties-TOTAL_FORMS": "1", "properties-INITIAL_FORMS": "1"}
    mine |= row(0, id=item.pk, event=event.pk, label="Sum", type="string", name="other")
    admin_client.post(page, mine)
    item.refresh_from_db()
    assert (item.label, item.type, item.name) == ("Sum", "number", "amount")
    admin_client.post(page, mine | row(0, DELETE="on"))
    item.refresh_from_db()
    assert item.archived_at is not None
    given = ROW | {"label": "Order paid"} | row(0, label="Amount", type="number")
    assert "archive has this name" in text_of(admin_client.post(page, given))


def test_an_archived_event_cannot_be_sent(admin_client: Client) -> None:
    event = event_editing.create(CustomEvent(name="order_paid", label="Order paid"))
    page = f"{EVENTS}{event.pk}/delete/"
    assert "What happened stays" in text_of(admin_client.get(page))
    admin_client.post(page)
    assert CustomEvent.objects.get().archived_at is not None
    assert admin_client.get(page).status_code == 404


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("www.example.com", "www.example.com"), (" HTTPS://Example.com/a?b ", "example.com"),
        ("http://localhost:8081/", "localhost:8081"), ("https://example.com:443", "example.com"),
        ("http://example.com:80/x", "example.com"), ("bücher.example", "xn--bcher-kva.example"),
    ],
)  # fmt: skip
def test_a_site_is_known_by_its_host(admin_client: Client, text: str, host: str) -> None:
    admin_client.post(f"{SITES}add/", {"host": text})
    assert TrackedSite.objects.get().host == host


@pytest.mark.parametrize("text", ["", " ", "a b", "https://", "-x.com", "x..y", "<b>", "é" * 300])
def test_what_is_no_host_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        clean_host(text)


def test_the_tracking_page_has_the_line_to_copy(admin_client: Client) -> None:
    page = admin_client.get(SITES)
    assert "&lt;script async src=&quot;" in page.content.decode()
    assert "/tracking/cohort.js" in page.content.decode()


def test_forms_are_listed_with_their_submissions(admin_client: Client) -> None:
    submitted(city="Oslo", colour="red")
    submitted("ole@example.com", city="Bergen")
    form = Form.objects.get()
    listed = main_text(admin_client.get(FORMS))
    assert "contact (shop.example.com)" in listed
    assert "email, city, colour" in listed
    shown = main_text(admin_client.get(f"{FORMS}{form.pk}/change/"))
    assert "liv@example.com" in shown
    assert "Bergen" in shown
    assert f'data-cohort-form="{form.pk}"' in shown


def test_pages_of_forms_cost_the_same_for_any_number(admin_client: Client) -> None:
    submitted()
    form = Form.objects.get()
    urls = [FORMS, f"{FORMS}{form.pk}/change/"]

    def counted() -> list[int]:
        # Custom objects are looked up again now and then, whatever the page.
        pages = [queries_of(admin_client, url) for url in urls]
        return [sum("crm_objectschema" not in query for query in page) for page in pages]

    few = counted()
    for number in range(12):
        submitted(f"p{number}@example.com")
        submitted(form=f"form{number}")
    assert counted() == few


def test_staff_say_which_property_a_field_fills(admin_client: Client) -> None:
    submitted(stage="lead")
    form = Form.objects.get()
    assert form.mapping["stage"] == ""
    given = {"name": "Contact us", "field_1": "lifecyclestage"}
    answer = admin_client.post(f"{FORMS}{form.pk}/change/", given)
    assert answer.status_code == 302
    form.refresh_from_db()
    assert (form.name, form.mapping["stage"]) == ("Contact us", "lifecyclestage")
    submitted("ole@example.com", stage="customer")
    found = Record.objects.get(properties__email="ole@example.com")
    assert found.properties["lifecyclestage"] == "customer"
    wrong = given | {"field_1": "hs_object_id"}
    assert "Select a valid choice" in text_of(admin_client.post(f"{FORMS}{form.pk}/change/", wrong))


def test_a_form_is_made_and_archived(admin_client: Client) -> None:
    answer = admin_client.post(f"{FORMS}add/", {"name": "Newsletter"}, follow=True)
    form = Form.objects.get()
    assert str(form.pk) in text_of(answer)
    admin_client.post(f"{FORMS}{form.pk}/delete/")
    form.refresh_from_db()
    assert form.archived_at is not None
    assert admin_client.get(f"{FORMS}nonsense/delete/").status_code == 404


def test_submissions_of_contacts_one_may_not_see_are_hidden() -> None:
    submitted()
    form = Form.objects.get()
    client = viewer("view_form")
    shown = main_text(client.get(f"{FORMS}{form.pk}/change/"))
    assert "Nobody has sent it yet" in shown
    assert "liv@example.com" not in shown
    assert client.get(EVENTS).status_code == 403


def test_a_timeline_tells_it_in_words(admin_client: Client) -> None:
    submitted(city="Oslo")
    contact = Record.objects.get()
    event_editing.create(
        CustomEvent(name="order_paid", label="Order paid"),
        [CustomEventProperty(name="amount", label="Amount", type="number")],
    )
    source = changes.Source(kind=changes.SourceKind.API, id="shop")
    given = Given(name="pe1_order_paid", record_id=contact.pk, properties={"amount": 1250})
    assert event_sending.send([given], source) == {}
    shown = main_text(admin_client.get(f"/admin/crm/contact/{contact.pk}/"))
    assert "Submitted the form “contact (shop.example.com)”" in shown
    assert "city Oslo" in shown
    assert "Order paid Amount 1,250" in shown
    assert "by the API (shop)" in shown
