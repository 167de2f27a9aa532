"""Property definitions, their groups, owners and the account over the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from crm import properties
from crm.models import Owner, Property, PropertyGroup
from crm.objects.base import object_types
from crm.tests.api_world import Api, new_api

pytestmark = pytest.mark.django_db

CONTACTS = "/crm/v3/properties/contacts"
COLOUR = {
    "name": "favourite_colour",
    "label": "Favourite colour",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "contactinformation",
    "description": "Of the car",
    "options": [
        {"label": "Red", "value": "red", "displayOrder": 5, "hidden": False},
        {"label": "Blue", "value": "blue"},
    ],
}


@pytest.fixture
def api(db: None) -> Api:
    return new_api()


def test_a_property_is_made_shown_and_written(api: Api) -> None:
    made = api.made(CONTACTS, COLOUR)
    moment = made["createdAt"]
    assert made == {
        "name": "favourite_colour",
        "label": "Favourite colour",
        "type": "enumeration",
        "fieldType": "select",
        "description": "Of the car",
        "groupName": "contactinformation",
        "options": [
            {"label": "Red", "value": "red", "displayOrder": 5, "hidden": False, "description": ""},
            {"label": "Blue", "value": "blue", "displayOrder": 1, "hidden": False, "description": ""},
        ],
        "displayOrder": -1,
        "calculated": False,
        "externalOptions": False,
        "hasUniqueValue": False,
        "hidden": False,
        "hubspotDefined": False,
        "formField": True,
        "modificationMetadata": {
            "archivable": True,
            "readOnlyDefinition": False,
            "readOnlyValue": False,
            "readOnlyOptions": False,
        },
        "createdAt": moment,
        "updatedAt": moment,
        "archived": False,
        "dataSensitivity": "non_sensitive",
    }  # fmt: skip
    assert api.get(f"{CONTACTS}/favourite_colour").body == made
    record = api.made("/crm/v3/objects/contacts", {"properties": {"favourite_colour": "blue"}})
    assert record["properties"]["favourite_colour"] == "blue"


@pytest.mark.parametrize("kind", list(object_types), ids=lambda kind: kind.name)
def test_the_properties_of_every_type_are_listed(api: Api, kind: Any) -> None:
    listed = api.get(f"/crm/v3/properties/{kind.type_id}/").body["results"]
    assert {item["name"] for item in listed} == properties.load(kind.type_id).keys()


def test_some_properties_are_listed_by_name(api: Api) -> None:
    listed = api.get(f"{CONTACTS}?properties=email,hubspot_owner_id").body["results"]
    found = {item["name"]: item for item in listed}
    assert found.keys() == {"email", "hubspot_owner_id"}
    assert found["email"]["hasUniqueValue"]
    owner = found["hubspot_owner_id"]
    assert (owner["referencedObjectType"], owner["externalOptions"]) == ("OWNER", True)


@pytest.mark.parametrize(
    "change",
    [
        {"name": None}, {"label": ""}, {"type": None}, {"fieldType": None}, {"groupName": None},
        {"name": "Colour"}, {"name": "1st"}, {"name": "a" * 101}, {"name": "hs_colour"}, {"name": 5.5},
        {"groupName": "nope"}, {"type": "json"}, {"type": "number"}, {"fieldType": "file"},
        {"fieldType": "calculation_equation", "type": "number", "options": []},
        {"options": []}, {"options": [{"value": "x"}]}, {"options": [{"value": "a;b", "label": "x"}]},
        {"options": [{"value": "x", "label": "x"}] * 2}, {"options": "x"}, {"options": [5]},
        {"type": "string", "fieldType": "text"}, {"label": "x" * 201}, {"hasUniqueValue": True},
        {"hasUniqueValue": "maybe"}, {"displayOrder": "x"}, {"displayOrder": 10**12},
    ],
    ids=str,
)  # fmt: skip
def test_a_property_that_cannot_be_is_refused(api: Api, change: dict[str, Any]) -> None:
    answer = api.post(CONTACTS, COLOUR | change)
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    assert not Property.objects.filter(is_standard=False).exists()


def test_a_name_is_used_once(api: Api) -> None:
    api.made(CONTACTS, COLOUR)
    for name in ("favourite_colour", "email"):
        answer = api.post(CONTACTS, COLOUR | {"name": name})
        assert (answer.status, answer.body["category"]) == (409, "OBJECT_ALREADY_EXISTS")


def test_a_yes_or_no_property_has_its_options(api: Api) -> None:
    body = COLOUR | {"type": "bool", "fieldType": "booleancheckbox", "options": []}
    options = api.made(CONTACTS, body)["options"]
    assert [(item["label"], item["value"]) for item in options] == [
        ("Yes", "true"),
        ("No", "false"),
    ]


def test_a_unique_property_names_a_record(api: Api) -> None:
    body = {"name": "vin", "label": "VIN", "type": "string", "fieldType": "text",
            "groupName": "contactinformation", "hasUniqueValue": True}  # fmt: skip
    assert api.made(CONTACTS, body)["hasUniqueValue"]
    made = api.made("/crm/v3/objects/contacts", {"properties": {"vin": "A1"}})
    assert api.get("/crm/v3/objects/contacts/a1?idProperty=vin").body["id"] == made["id"]
    taken = api.post("/crm/v3/objects/contacts", {"properties": {"vin": "a1"}})
    assert (taken.status, taken.body["context"]) == (409, {"id": [made["id"]]})


def test_a_property_is_changed(api: Api) -> None:
    api.made(CONTACTS, COLOUR)
    change = {
        "label": "Colour", "description": "", "fieldType": "radio", "displayOrder": 3,
        "groupName": "contact_activity", "options": [{"label": "Green", "value": "green"}],
    }  # fmt: skip
    changed = api("PATCH", f"{CONTACTS}/favourite_colour", change)
    assert changed.status == 200
    assert changed.body == api.get(f"{CONTACTS}/favourite_colour").body
    shown = {name: changed.body[name] for name in change if name != "options"}
    assert shown == {name: value for name, value in change.items() if name != "options"}
    assert [item["value"] for item in changed.body["options"]] == ["green"]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("favourite_colour", {"type": "string", "fieldType": "text"}),
        ("favourite_colour", {"fieldType": "checkbox"}),
        ("favourite_colour", {"groupName": "nope"}),
        ("email", {"description": "x"}),
        ("email", {"fieldType": "textarea"}),
        ("email", {"options": [{"label": "x", "value": "x"}]}),
    ],
)
def test_a_change_that_would_break_values_is_refused(
    api: Api, name: str, change: dict[str, Any]
) -> None:
    api.made(CONTACTS, COLOUR)
    before = api.get(f"{CONTACTS}/{name}").body
    assert api("PATCH", f"{CONTACTS}/{name}", change).status == 400
    assert api.get(f"{CONTACTS}/{name}").body == before


def test_the_label_of_a_standard_property_may_change(api: Api) -> None:
    assert api("PATCH", f"{CONTACTS}/email", {"label": "Mail"}).body["label"] == "Mail"


def test_a_property_is_archived_and_listed_as_such(api: Api) -> None:
    api.made(CONTACTS, COLOUR)
    address = f"{CONTACTS}/favourite_colour"
    assert api("DELETE", address).status == 204
    assert api("DELETE", address).status == 204
    assert api.get(address).status == 404
    assert api("PATCH", address, {"label": "x"}).status == 404
    (listed,) = api.get(f"{CONTACTS}?archived=true").body["results"]
    assert (listed["name"], listed["archived"]) == ("favourite_colour", True)
    assert api.get(f"{address}?archived=true").body == listed
    assert api("DELETE", f"{CONTACTS}/email").status == 400


def test_properties_go_in_batches(api: Api) -> None:
    inputs = [COLOUR | {"name": name} for name in ("one", "two")]
    made = api.post(f"{CONTACTS}/batch/create", {"inputs": inputs})
    assert (made.status, [item["name"] for item in made.body["results"]]) == (201, ["one", "two"])
    wanted = [{"name": name} for name in ("two", "nope", "email")]
    read = api.post(f"{CONTACTS}/batch/read", {"archived": False, "inputs": wanted})
    assert (read.status, [item["name"] for item in read.body["results"]]) == (207, ["two", "email"])
    assert read.body["errors"][0]["context"] == {"name": ["nope"]}
    gone = [{"name": "one"}, {"name": "nope"}]
    assert api.post(f"{CONTACTS}/batch/archive", {"inputs": gone}).status == 204
    assert api.get(f"{CONTACTS}/one").status == 404
    twice = api.post(f"{CONTACTS}/batch/create", {"inputs": [COLOUR, COLOUR]})
    assert (twice.status, api.get(f"{CONTACTS}/favourite_colour").status) == (409, 404)


def test_a_group_is_made_changed_and_removed(api: Api) -> None:
    groups = f"{CONTACTS}/groups"
    body = {"name": "cars", "label": "Cars", "displayOrder": 7}
    assert api.made(groups, body) == body | {"archived": False}
    assert api.post(groups, body).status == 409
    changed = api("PATCH", f"{groups}/cars", {"label": "Vehicles"})
    assert (changed.status, changed.body["label"]) == (200, "Vehicles")
    assert changed.body in api.get(groups).body["results"]
    assert api.get(f"{groups}/cars").body == changed.body
    api.made(CONTACTS, COLOUR | {"groupName": "cars"})
    assert api("DELETE", f"{groups}/cars").status == 400
    api("DELETE", f"{CONTACTS}/favourite_colour")
    assert api("DELETE", f"{groups}/cars").status == 204
    assert api.get(f"{groups}/cars").status == 404
    assert api("DELETE", f"{groups}/contactinformation").status == 400
    assert not PropertyGroup.objects.filter(name="cars").exists()


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": "X", "label": "X"}, {"label": "X"}])
def test_a_group_that_cannot_be_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.post(f"{CONTACTS}/groups", body).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CONTACTS), ("PATCH", f"{CONTACTS}/email"), ("DELETE", f"{CONTACTS}/email"),
        ("POST", f"{CONTACTS}/groups"), ("PATCH", f"{CONTACTS}/groups/x"),
        ("DELETE", f"{CONTACTS}/groups/x"), ("POST", f"{CONTACTS}/batch/create"),
        ("POST", f"{CONTACTS}/batch/archive"), ("GET", "/crm/v3/owners"),
        ("GET", "/crm/v3/owners/1"), ("GET", "/crm/v3/properties/companies"),
    ],
)  # fmt: skip
def test_reading_contacts_is_not_changing_what_they_are(method: str, path: str) -> None:
    api = new_api("crm.objects.contacts.read", "crm.objects.contacts.write")
    assert api(method, path, {} if method != "GET" else None).status == 403
    assert api.get(CONTACTS).status == 200


def owner(name: str, user: User | None = None) -> Owner:
    return Owner.objects.create(
        email=f"{name}@example.com", first_name=name.title(), last_name="Dahl", user=user
    )


def test_owners_are_listed_and_found(api: Api) -> None:
    user = User.objects.create(username="liv")
    liv, ola = owner("liv", user), owner("ola")
    page = api.get("/crm/v3/owners/?limit=1&archived=False").body
    assert [item["id"] for item in page["results"]] == [str(liv.pk)]
    shown = page["results"][0]
    assert (shown["email"], shown["firstName"], shown["userId"], shown["archived"]) == (
        "liv@example.com", "Liv", user.pk, False,
    )  # fmt: skip
    following = api.get(page["paging"]["next"]["link"]).body
    assert ([item["id"] for item in following["results"]], "paging" in following) == (
        [str(ola.pk)], False,
    )  # fmt: skip
    assert api.get("/crm/v3/owners?email=OLA@example.com").body["results"][0]["id"] == str(ola.pk)
    assert api.get(f"/crm/v3/owners/{liv.pk}").body == shown
    assert api.get(f"/crm/v3/owners/{user.pk}?idProperty=userId").body == shown
    assert api.get(f"/crm/v3/owners/{user.pk}?idProperty=email").status == 400
    for nobody in ("999999", "x", "99999999999999999999"):
        assert api.get(f"/crm/v3/owners/{nobody}").status == 404


def test_tools_learn_whose_account_it_is_and_what_their_token_may_do(api: Api) -> None:
    details = api.get("/account-info/v3/details")
    assert (details.status, details.body["portalId"], details.body["utcOffset"]) == (
        200,
        1,
        "+00:00",
    )
    assert api.get("/account-info/2026-03/details").body == details.body
    path = "/oauth/v2/private-apps/get/access-token-info"
    answer = api.post(path, {"tokenKey": api.secret})
    assert answer.body["scopes"] == api.token.scopes
    assert api.post(path, {"tokenKey": new_api(name="other").secret}).status == 404
    assert api.post(path, {}).status == 400


def test_stages_are_options_and_calculated_properties_say_so(api: Api) -> None:
    stage = api.get("/crm/v3/properties/deals/dealstage").body
    assert stage["options"][0] == {
        "label": "Appointment scheduled", "value": "appointmentscheduled",
        "displayOrder": 0, "hidden": False, "description": "",
    }  # fmt: skip
    assert (stage["externalOptions"], len(stage["options"])) == (True, 7)
    assert "referencedObjectType" not in stage
    counted = api.get("/crm/v3/properties/contacts/num_associated_deals").body
    assert counted["calculated"]
    assert counted["modificationMetadata"]["readOnlyValue"]


def test_a_calculated_property_is_made_read_and_changed(api: Api) -> None:
    given = {
        "name": "share", "label": "Share", "type": "number", "groupName": "contactinformation",
        "fieldType": "calculation_equation", "calculationFormula": "hubspotscore / 100",
    }  # fmt: skip
    made = api.made("/crm/v3/properties/contacts", given)
    assert (made["calculated"], made["calculationFormula"]) == (True, "hubspotscore / 100")
    assert made["modificationMetadata"]["readOnlyValue"] is True
    assert made["formField"] is False
    changed = api("PATCH", "/crm/v3/properties/contacts/share", {
        "calculationFormula": "hubspotscore / 10", "hidden": True,
    }).body  # fmt: skip
    assert (changed["calculationFormula"], changed["hidden"]) == ("hubspotscore / 10", True)
    wrong = api("PATCH", "/crm/v3/properties/contacts/share", {"calculationFormula": "share"})
    assert (wrong.status, wrong.body["message"]) == (400, "The formula follows from itself.")
