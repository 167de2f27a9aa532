"""Tokens of the API in the admin and on the command line."""

from __future__ import annotations

import re
from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from crm.api import tokens
from crm.models import ApiToken
from crm.tests.api_world import Api, new_api

pytestmark = pytest.mark.django_db


def test_staff_make_a_token_see_it_once_and_revoke_it(admin_client: Client) -> None:
    added = admin_client.post(
        reverse("admin:crm_apitoken_add"),
        {"name": "Zapier", "scopes": ["crm.objects.contacts.read"]},
        follow=True,
    )
    (secret,) = re.findall(r"pat-eu1-[0-9a-f-]{36}", added.content.decode())
    token = ApiToken.objects.get()
    api = Api(token, secret)
    assert token.user.username == "admin"
    assert api.get("/crm/v3/objects/contacts").status == 200
    pages = [
        reverse("admin:crm_apitoken_changelist"),
        reverse("admin:crm_apitoken_change", args=[token.pk]),
        reverse("admin:crm_apitoken_delete", args=[token.pk]),
    ]
    for page in pages:
        shown = admin_client.get(page).content.decode()
        assert "Zapier" in shown
        assert secret not in shown
    admin_client.post(reverse("admin:crm_apitoken_delete", args=[token.pk]))
    assert api.get("/crm/v3/objects/contacts").status == 401


def test_a_token_cannot_be_changed(admin_client: Client) -> None:
    token = new_api("crm.objects.contacts.read").token
    address = reverse("admin:crm_apitoken_change", args=[token.pk])
    assert admin_client.post(address, {"name": "x", "scopes": ["tickets"]}).status_code == 403
    assert ApiToken.objects.get().scopes == ["crm.objects.contacts.read"]


def test_the_command_shows_a_token_that_works() -> None:
    User.objects.create(username="ines", is_staff=True)
    out = StringIO()
    call_command("create_token", "Zapier", user="ines", days=1, stdout=out)
    token = tokens.find(out.getvalue().strip())
    assert token is not None
    assert token.expires_at is not None
    assert Api(token, out.getvalue().strip()).get("/crm/v3/objects/deals").status == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"user": "nobody"}, "There is no user 'nobody' on the staff."),
        ({"user": "ines", "days": 0}, "--days must be"),
        ({"user": "ines", "scope": ["x"]}, "There is no scope x"),
        ({"user": "ines", "name": "Zapier"}, "There is a token 'Zapier' already."),
    ],
)
def test_the_command_refuses_in_words(options: dict[str, object], message: str) -> None:
    new_api()
    name = options.pop("name", "new")
    with pytest.raises(CommandError, match=message):
        call_command("create_token", name, **options)
