"""Any filter over a list of records, and who may use which."""

from __future__ import annotations

import base64
import zlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from crm.admin.advanced_filter import LONGEST, MOST_BYTES, pack, unpack
from crm.admin.filter_builder.drawing import Row, dump
from crm.models import Property, PropertyAccess
from crm.tests.browsing import main_text, viewer
from crm.tests.filter_world import on
from crm.tests.writing import contacts

LIST = "/admin/crm/contact/"

pytestmark = pytest.mark.django_db


def cities(*names: str) -> dict[str, Any]:
    found = on("city", "IS_EQUAL_TO", operationType="MULTISTRING", values=list(names))
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": [found]}
    return {"filterBranchType": "OR", "filterBranches": [branch], "filters": []}


def state(*names: str) -> str:
    values: dict[str, str | list[str]] = {
        "property": "city",
        "operation": "MULTISTRING:IS_EQUAL_TO",
        "values": list(names),
    }
    return dump(((Row(kind="filterType:PROPERTY", values=values),),))


@pytest.fixture
def people() -> None:
    contacts(
        {"firstname": "Ana", "city": "Oslo", "lifecyclestage": "lead"},
        {"firstname": "Bo", "city": "Oslo", "lifecyclestage": "customer"},
        {"firstname": "Cy", "city": "Rome", "lifecyclestage": "lead"},
    )


def test_a_filter_is_built_used_changed_and_removed(admin_client: Client, people: None) -> None:
    page = main_text(admin_client.get(f"{LIST}filter/?lifecyclestage=lead"))
    assert "Filter contacts" in page
    response = admin_client.post(f"{LIST}filter/?lifecyclestage=lead", {"filter": state("Oslo")})
    assert response.status_code == 302
    shown = admin_client.get(response["Location"])
    page = main_text(shown)
    assert "City is equal to Oslo" in page
    assert ("Ana" in page, "Bo" in page, "Cy" in page) == (True, False, False)
    packed = parse_qs(urlsplit(response["Location"]).query)["advanced"][0]
    change = admin_client.get(f"{LIST}filter/?advanced={packed}")
    assert b'data-value="Oslo"' in change.content
    assert f'href="filter/?advanced={packed}&amp;lifecyclestage=lead"'.encode() in shown.content
    assert b'href="?lifecyclestage=lead"' in shown.content


def test_the_filter_holds_for_actions_on_everything_that_matches(
    admin_client: Client, people: None
) -> None:
    url = f"{LIST}?advanced={pack(cities('Rome'))}"
    data = {"action": "archive", "_selected_action": ["1"], "select_across": "1", "index": "0"}
    page = main_text(admin_client.post(url, data))
    assert "1 contact" in page


def test_an_unfinished_filter_stays_on_its_page(admin_client: Client) -> None:
    response = admin_client.post(f"{LIST}filter/", {"filter": state()})
    assert response.status_code == 200
    assert "A filter needs attention" in main_text(response)


def test_a_filter_too_long_for_an_address_is_refused(admin_client: Client) -> None:
    names = [f"{number:x}" * 7 for number in range(0, 6_000, 7)]
    assert len(pack(cities(*names))) > LONGEST
    response = admin_client.post(f"{LIST}filter/", {"filter": state(*names)})
    assert "too long for a list" in main_text(response)


@pytest.mark.parametrize(
    "text",
    ["x", "\xe5", "====", base64.b64encode(b"no").decode(),
     base64.urlsafe_b64encode(zlib.compress(b"[" * 90_000)).decode(),
     base64.urlsafe_b64encode(zlib.compress(b"[5]")).decode()],
)  # fmt: skip
def test_a_broken_address_shows_nobody(admin_client: Client, people: None, text: str) -> None:
    response = admin_client.get(LIST, {"advanced": text})
    assert response.status_code == 200
    assert "cannot be read" in main_text(response)
    assert "Ana" not in main_text(response)


def test_an_address_unpacks_to_no_more_than_is_allowed() -> None:
    bomb = zlib.compress(b'{"a": "' + b"x" * (MOST_BYTES + 1) + b'"}')
    assert unpack(base64.urlsafe_b64encode(bomb).decode()) is None
    assert unpack(pack(cities("Oslo"))) == cities("Oslo")


def test_what_a_user_may_not_see_cannot_be_asked_for(people: None) -> None:
    client = viewer("view_contact")
    city = Property.objects.get(object_type="0-1", name="city")
    PropertyAccess.objects.create(definition=city, level=PropertyAccess.Level.NONE)
    page = main_text(client.get(LIST, {"advanced": pack(cities("Oslo"))}))
    assert "Ana" not in page
    response = client.post(f"{LIST}filter/", {"filter": state("Oslo")})
    assert "asks for what you may not see" in main_text(response)
    offered = client.get("/admin/filters/0-1/offers/?q=city").json()["html"]
    assert "City" not in offered
