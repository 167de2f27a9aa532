from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, RequestFactory
from django.urls import reverse

from config import admin_site
from crm import catalogue, changes, properties
from crm.models import AssociationType
from crm.objects import base as objects
from crm.objects.base import ObjectType, object_types
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db

TYPE_IDS = {
    "0-1": ("contact", "contacts"),
    "0-2": ("company", "companies"),
    "0-3": ("deal", "deals"),
    "0-5": ("ticket", "tickets"),
    "0-7": ("product", "products"),
    "0-8": ("line_item", "line_items"),
    "0-11": ("conversation", "conversations"),
    "0-14": ("quote", "quotes"),
    "0-18": ("communication", "communications"),
    "0-19": ("feedback_submission", "feedback_submissions"),
    "0-27": ("task", "tasks"),
    "0-46": ("note", "notes"),
    "0-47": ("meeting", "meetings"),
    "0-48": ("call", "calls"),
    "0-49": ("email", "emails"),
    "0-53": ("invoice", "invoices"),
    "0-69": ("subscription", "subscriptions"),
    "0-136": ("lead", "leads"),
}

#: Type ids that HubSpot's own client libraries have in their enumerations: there and back.
STANDARD = """
    contact company 1 2            contact company 279 280        contact deal 4 3
    company deal 6 5               company deal 342 341           company company 13 14
    company company 450 450        contact contact 449 449        deal deal 451 451
    ticket ticket 452 452          contact ticket 15 16           deal line_item 19 20
    company ticket 25 26           ticket company 339 340         deal ticket 27 28
    deal quote 63 64               quote line_item 67 68          quote contact 69 70
    quote company 71 72            communication contact 81 82    communication ticket 83 84
    communication deal 85 86       communication company 87 88    company call 181 182
    contact feedback_submission 97 98                             ticket feedback_submission 99 100
    company email 185 186          company meeting 187 188        company note 189 190
    company task 191 192           contact call 193 194           contact email 197 198
    contact meeting 199 200        contact note 201 202           contact task 203 204
    deal call 205 206              deal email 209 210             deal meeting 211 212
    deal note 213 214              deal task 215 216              quote task 217 218
    ticket call 219 220            ticket email 223 224           ticket meeting 225 226
    ticket note 227 228            ticket task 229 230            call meeting 399 400
"""


def test_every_object_type_has_hubspots_id_and_names() -> None:
    assert {kind.type_id: (kind.name, kind.plural) for kind in object_types} == TYPE_IDS


def test_standard_associations_have_hubspots_type_ids_in_both_directions() -> None:
    found = {
        row.type_id: (row.from_object_type, row.to_object_type, row.inverse and row.inverse.type_id)
        for row in AssociationType.objects.select_related("inverse")
    }
    words = STANDARD.split()
    rows = [words[start : start + 4] for start in range(0, len(words), 4)]
    assert len(rows) == 47
    for one, other, there, back in rows:
        first, second = objects.get(one).type_id, objects.get(other).type_id
        assert found[int(there)] == (first, second, int(back))
        assert found[int(back)] == (second, first, int(there))


def test_names_of_the_way_back_are_turned_round() -> None:
    names = dict(AssociationType.objects.values_list("type_id", "name"))
    assert names[280] == "company_to_contact_unlabeled"
    assert names[579] == "primary_contact_to_lead"
    assert names[449] == "contact_to_contact"


def test_the_catalogue_costs_the_same_queries_for_any_number_of_relations(
    django_assert_max_num_queries: Any,
) -> None:
    # At most four for the groups, properties and pipelines of each type, the rest for all relations.
    with django_assert_max_num_queries(4 * len(object_types) + 8):
        catalogue.synchronise()


def test_calculated_properties_are_refused_from_outside_and_marked() -> None:
    contact = properties.load("0-1")
    assert contact["num_associated_deals"].is_calculated
    assert not contact["hs_email_open"].is_calculated
    with pytest.raises(properties.InvalidProperties) as raised:
        properties.clean(contact, {"num_associated_deals": 3, "hs_email_open": 1})
    assert raised.value.errors == {
        "num_associated_deals": "is read only",
        "hs_email_open": "is read only",
    }


def test_what_is_calculated_is_read_only() -> None:
    declared = [item for kind in object_types for item in kind.properties if item.is_calculated]
    assert len(declared) > 20
    assert all(item.is_read_only for item in declared)


@pytest.mark.parametrize(
    ("name", "values", "title"),
    [
        ("quote", {"hs_title": "Offer 7"}, "Offer 7"),
        ("lead", {"hs_lead_name": "Ann of Acme"}, "Ann of Acme"),
        ("product", {"hs_sku": "A-1"}, "A-1"),
        ("line_item", {}, "Line item 7"),
        ("note", {"hs_note_body": "<p>Call <b>back</b>\n soon</p>"}, "Call back soon"),
        ("note", {"hs_note_body": "x" * 61}, "x" * 59 + "…"),
        ("communication", {"hs_communication_channel_type": "WHATS_APP"}, "WhatsApp 7"),
        ("feedback_submission", {"hs_survey_name": "Autumn"}, "Autumn 7"),
        ("invoice", {"hs_number": "2026-12"}, "2026-12"),
    ],
)
def test_titles(name: str, values: dict[str, Any], title: str) -> None:
    assert objects.get(name).title(values, 7) == title


def test_a_record_of_every_object_type_can_be_written() -> None:
    for kind in object_types:
        writable = [item for item in kind.properties if not item.is_read_only and not item.column]
        texts = {item.name: "x" for item in writable if item.type == "string"}
        if kind.name == "contact":
            texts["email"] = "x@example.com"
        (record,) = changes.create(kind.type_id, [texts], SYSTEM)
        assert record > 0


@pytest.mark.parametrize("kind", list(object_types), ids=lambda kind: kind.name)
def test_every_object_type_has_its_pages(kind: type[ObjectType], admin_client: Client) -> None:
    (record,) = changes.create(kind.type_id, [{}], SYSTEM)
    listed = admin_client.get(reverse(f"admin:crm_{kind.name}_changelist"))
    assert kind.title({}, record) in listed.content.decode()
    assert admin_client.get(reverse(f"admin:crm_{kind.name}_add")).status_code == 200
    page = admin_client.get(reverse(f"admin:crm_{kind.name}_record", args=[record]))
    assert page.status_code == 200


def test_every_object_type_has_permissions_of_its_own() -> None:
    names = set(Permission.objects.values_list("codename", flat=True))
    assert {f"view_{kind.name}" for kind in object_types} <= names


def test_the_menu_keeps_what_is_rarely_opened_in_a_closed_group(
    rf: RequestFactory, admin_user: User
) -> None:
    request = rf.get("/")
    request.user = admin_user
    groups = {group["title"]: group for group in admin_site.menu(request)}
    shown = [item["title"] for item in groups["CRM"]["items"]]
    assert shown == [
        "Contacts", "Companies", "Deals", "Tickets", "Tasks", "Leads",
        "Lists", "Properties", "Custom objects", "Association labels", "Pipelines", "Events",
        "Imports", "Exports",
    ]  # fmt: skip
    assert not groups["CRM"]["collapsible"]
    assert len(groups["More records"]["items"]) == len(object_types) - 6
    assert groups["More records"]["collapsible"]
