from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from crm import clock
from crm.models import Collected, Event, Form, Record, Visitor
from crm.tests import conforming
from crm.tracking import processing

pytestmark = pytest.mark.django_db

BODY = {
    "fields": [
        {"objectTypeId": "0-1", "name": "email", "value": "Liv@example.com"},
        {"name": "firstname", "value": "Liv"},
    ],
    "context": {
        "hutk": "00112233445566778899aabbccddeeff",
        "pageUri": "https://www.example.com/contact",
        "pageName": "Contact",
    },
}


@pytest.fixture
def form() -> Form:
    return Form.objects.create(name="Contact us", created_at=clock.now())


def send(form: Any, body: Any, portal: str = "1") -> tuple[int, Any]:
    path = f"/submissions/v3/integration/submit/{portal}/{getattr(form, 'pk', form)}"
    answer = Client(raise_request_exception=False).post(
        path, json.dumps(body), content_type="application/json"
    )
    given = json.loads(answer.content)
    conforming.check("POST", path, answer.status_code, given)
    return answer.status_code, given


def test_a_form_of_ours_is_taken_from_anywhere(form: Form) -> None:
    assert send(form, BODY) == (200, {"inlineMessage": "Thanks for submitting the form."})
    assert processing.process() == 1
    contact = Record.objects.get()
    assert (contact.properties["email"], contact.properties["firstname"]) == (
        "liv@example.com", "Liv",
    )  # fmt: skip
    event = Event.objects.get(type="form.submitted")
    assert (event.properties["hs_title"], event.source_id) == ("Contact", str(form.pk))
    assert Visitor.objects.get().contact_id == contact.pk


@pytest.mark.parametrize(
    "body",
    [
        {}, {"fields": []}, {"fields": [{}]}, {"fields": "x"}, [],
        {"fields": [{"name": "email", "value": "nobody"}]},
        {"fields": [{"name": "a", "value": "b"}] * 101},
        BODY | {"context": {"hutk": "x"}}, BODY | {"context": []},
    ],
)  # fmt: skip
def test_what_is_wrong_is_told(form: Form, body: Any) -> None:
    status, answer = send(form, body)
    assert (status, answer["category"]) == (400, "VALIDATION_ERROR")
    assert not Collected.objects.exists()


def test_an_unknown_form_is_not_found(form: Form) -> None:
    for key in ("nonsense", "00112233-4455-6677-8899-aabbccddeeff"):
        assert send(key, BODY)[0] == 404
    assert send(form, BODY, portal="2")[0] == 404
    Form.objects.update(archived_at=clock.now())
    assert send(form, BODY)[0] == 404
    assert not Collected.objects.exists()


def test_nobody_sends_without_end(form: Form, settings: Settings) -> None:
    settings.TRACKING_PER_ADDRESS = 2
    assert [send(form, BODY)[0] for _ in range(3)] == [200, 200, 429]
    assert Collected.objects.count() == 2
