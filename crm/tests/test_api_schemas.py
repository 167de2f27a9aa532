from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm import access, changes
from crm.api import scopes
from crm.features import CUSTOM_OBJECT_TYPES
from crm.models import ObjectSchema, Property, Record
from crm.objects import base as objects
from crm.objects import custom
from crm.tests.api_world import agree, new_api
from crm.tests.custom_world import make_car
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db

BASE = "/crm-object-schemas/v3/schemas"
CAR = {
    "name": "car",
    "labels": {"singular": "Car", "plural": "Cars"},
    "requiredProperties": ["vin"],
    "searchableProperties": ["vin"],
    "primaryDisplayProperty": "vin",
    "secondaryDisplayProperties": ["colour"],
    "description": "What we rent out",
    "properties": [
        {
            "name": "vin", "label": "VIN", "type": "string", "fieldType": "text",
            "hasUniqueValue": True,
        },
        {
            "name": "colour", "label": "Colour", "type": "enumeration", "fieldType": "select",
            "options": [{"label": "Red", "value": "red"}],
        },
    ],
    "associatedObjects": ["CONTACT", "0-2"],
}  # fmt: skip


def test_a_schema_is_created_with_properties_and_associations() -> None:
    made = new_api().made(BASE, CAR)
    kind = objects.get("p1_car")
    assert made["objectTypeId"] == kind.type_id == f"2-{made['id']}"
    assert (made["name"], made["fullyQualifiedName"]) == ("car", "p1_car")
    assert made["labels"] == {"singular": "Car", "plural": "Cars"}
    assert made["requiredProperties"] == made["searchableProperties"] == ["vin"]
    assert (made["primaryDisplayProperty"], made["secondaryDisplayProperties"]) == (
        "vin", ["colour"],
    )  # fmt: skip
    assert (made["description"], made["archived"]) == ("What we rent out", False)
    fields = {one["name"]: one for one in made["properties"]}
    assert set(fields) >= {
        "vin", "colour", "hubspot_owner_id", "hs_createdate", "hs_lastmodifieddate", "hs_object_id",
    }  # fmt: skip
    assert (fields["vin"]["hasUniqueValue"], fields["vin"]["groupName"]) == (
        True, "car_information",
    )  # fmt: skip
    ends = {
        (one["fromObjectTypeId"], one["toObjectTypeId"], one["name"])
        for one in made["associations"]
    }
    assert {
        (kind.type_id, "0-1", "car_to_contact"),
        ("0-1", kind.type_id, "contact_to_car"),
        (kind.type_id, "0-2", "car_to_company"),
    } <= ends
    assert len({one["id"] for one in made["associations"]}) == len(ends)


@pytest.mark.parametrize("base", [BASE, "/crm/v3/schemas", "/crm-object-schemas/2026-03/schemas"])
def test_it_is_found_under_every_name_and_address(base: str) -> None:
    api = new_api()
    made = api.made(base, CAR)
    for key in ("car", "CAR", "p_car", "p1_car", "P1_Car", "p7_car", made["objectTypeId"]):
        assert api.get(f"{base}/{key}").body == made
    assert api.get(base).body["results"] == [made]
    assert api.get(f"{base}/boat").status == 404
    read = api.post(f"{base}/batch/read", {"inputs": ["car", "boat"]})
    assert (read.status, read.body["results"], read.body["numErrors"]) == (207, [made], 1)
    assert api.post(f"{base}/batch/read", {"inputs": [{"id": "car"}]}).body["results"] == [made]


def test_standard_types_have_a_schema_that_cannot_be_changed() -> None:
    api = new_api()
    contact = api.get(f"{BASE}/contacts").body
    assert (contact["objectTypeId"], contact["labels"]["plural"]) == ("0-1", "Contacts")
    assert "email" in [one["name"] for one in contact["properties"]]
    assert api("PATCH", f"{BASE}/contacts", {"labels": {"singular": "Person"}}).status == 404
    assert api("DELETE", f"{BASE}/contacts").status == 404


def test_every_mistake_has_its_place() -> None:
    answer = new_api().post(BASE, CAR | {"name": "no good", "primaryDisplayProperty": "nope"})
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    assert [one["in"] for one in answer.body["errors"]] == ["name", "primaryDisplayProperty"]
    assert not ObjectSchema.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"name": 7},
        {"name": None},
        {"labels": "Car"},
        {"labels": {}},
        {"labels": {"singular": "Car"}},
        {"properties": {}},
        {"properties": ["vin"]},
        {"properties": [{"name": "vin"}]},
        {"properties": [{"name": "x", "label": "X", "type": "nope", "fieldType": "text"}]},
        {"associatedObjects": ["BOAT"]},
        {"associatedObjects": "CONTACT"},
        {"requiredProperties": "vin"},
        {"requiredProperties": ["hs_object_id"]},
    ],
    ids=str,
)
def test_a_bad_body_is_refused(change: dict[str, Any]) -> None:
    answer = new_api().post(BASE, CAR | change)
    assert (answer.status, answer.body["category"]) == (400, "VALIDATION_ERROR")
    assert not ObjectSchema.objects.exists()
    assert not Property.objects.filter(name="vin", object_type__startswith="2-").exists()


def test_a_name_is_taken_once() -> None:
    api = new_api()
    api.made(BASE, CAR)
    again = api.post(BASE, CAR | {"name": "Car", "labels": {"singular": "A", "plural": "B"}})
    assert (again.status, again.body["category"]) == (409, "OBJECT_ALREADY_EXISTS")


def test_the_plan_says_how_many() -> None:
    agree(CUSTOM_OBJECT_TYPES, 1)
    api = new_api()
    api.made(BASE, CAR)
    more = api.post(BASE, CAR | {"name": "boat", "labels": {"singular": "Boat", "plural": "Boats"}})
    assert (more.status, more.body["category"]) == (403, "LIMIT_EXCEEDED")


def test_a_schema_is_changed() -> None:
    api = new_api()
    api.made(BASE, CAR)
    body = {
        "labels": {"plural": "Vehicles"},
        "requiredProperties": [],
        "searchableProperties": ["colour"],
        "primaryDisplayProperty": "colour",
        "secondaryDisplayProperties": ["vin"],
        "restorable": True,
    }
    changed = api("PATCH", f"{BASE}/car", body)
    assert changed.status == 200
    assert changed.body["labels"] == {"singular": "Car", "plural": "Vehicles"}
    assert changed.body["requiredProperties"] == []
    assert changed.body["searchableProperties"] == ["colour"]
    assert changed.body["primaryDisplayProperty"] == "colour"
    assert changed.body["description"] == "What we rent out"
    assert "properties" not in changed.body
    assert api("PATCH", f"{BASE}/car", {"clearDescription": True}).body["description"] == ""
    bad = api("PATCH", f"{BASE}/car", {"labels": {"singular": "Contact"}})
    assert (bad.status, bad.body["errors"][0]["in"]) == (400, "labels.singular")


def test_it_is_archived_and_purged_when_no_record_is_left() -> None:
    api = new_api()
    made = api.made(BASE, CAR)
    car = api.made("/crm/v3/objects/car", {"properties": {"vin": "W1"}})
    refused = api("DELETE", f"{BASE}/car")
    assert (refused.status, refused.body["message"]) == (
        400, "records: There is 1 car. Archive them first.",
    )  # fmt: skip
    assert api("DELETE", f"{BASE}/car?archived=true").status == 400
    api("DELETE", f"/crm/v3/objects/car/{car['id']}")
    assert api("DELETE", f"{BASE}/car").status == 204
    assert api.get(f"{BASE}/car").status == 404
    assert api.get("/crm/v3/objects/car").status == 400
    assert api.get(f"/crm/v3/objects/{made['objectTypeId']}").status == 400
    archived = api.get(f"{BASE}/car?archived=true")
    assert (archived.status, archived.body["archived"]) == (200, True)
    assert api.post(BASE, CAR).status == 409
    assert api("DELETE", f"{BASE}/{made['objectTypeId']}?archived=true").status == 204
    assert api.get(f"{BASE}?archived=true").body["results"] == []
    assert api("DELETE", f"{BASE}/car?archived=true").status == 404
    assert api.made(BASE, CAR)["objectTypeId"] != made["objectTypeId"]


def test_archived_and_purged_at_once() -> None:
    api = new_api()
    api.made(BASE, CAR)
    assert api("DELETE", f"{BASE}/car?archived=true").status == 204
    assert api.get(f"{BASE}?archived=true").body["results"] == []


def test_relations_are_added_and_removed() -> None:
    api = new_api()
    made = api.made(BASE, CAR)
    wanted = {
        "fromObjectTypeId": "deal", "toObjectTypeId": made["objectTypeId"], "name": "deal_to_car",
    }  # fmt: skip
    added = api.made(f"{BASE}/car/associations", wanted)
    assert (added["fromObjectTypeId"], added["toObjectTypeId"], added["name"]) == (
        "0-3", made["objectTypeId"], "deal_to_car",
    )  # fmt: skip
    labels = api.get("/crm/v4/associations/car/deals/labels").body["results"]
    assert [(one["category"], one["label"]) for one in labels] == [("USER_DEFINED", None)]
    assert api.post(f"{BASE}/car/associations", wanted).status == 409
    assert api.post(f"{BASE}/car/associations", wanted | {"name": "no name!"}).status == 400
    stray = {"fromObjectTypeId": "contact", "toObjectTypeId": "ticket"}
    assert api.post(f"{BASE}/car/associations", stray).status == 400
    assert api("DELETE", f"{BASE}/car/associations/{added['id']}").status == 204
    assert api("DELETE", f"{BASE}/car/associations/{added['id']}").status == 404
    assert api("DELETE", f"{BASE}/car/associations/{'9' * 30}").status == 404
    assert api.get("/crm/v4/associations/car/deals/labels").body["results"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", BASE, CAR),
        ("PATCH", f"{BASE}/p1_car", {"labels": {"singular": "X"}}),
        ("DELETE", f"{BASE}/p1_car", None),
        ("POST", f"{BASE}/p1_car/associations", {}),
        ("DELETE", f"{BASE}/p1_car/associations/1", None),
    ],
)
def test_a_token_that_may_only_read_changes_nothing(method: str, path: str, body: Any) -> None:
    make_car()
    answer = new_api("crm.schemas.custom.read")(method, path, body)
    assert (answer.status, answer.body["category"]) == (403, "MISSING_SCOPES")
    assert new_api("crm.schemas.custom.read", name="r").get(BASE).status == 200
    assert new_api("crm.objects.contacts.read", name="c").get(BASE).status == 403


def test_records_of_it_are_served_like_all_others() -> None:
    api = new_api()
    made = api.made(BASE, CAR)
    type_id = made["objectTypeId"]
    contact = api.made("/crm/v3/objects/contacts", {"properties": {"email": "a@example.com"}})
    (relation,) = [
        one for one in made["associations"]
        if (one["fromObjectTypeId"], one["toObjectTypeId"]) == (type_id, "0-1")
    ]  # fmt: skip
    spec = {"associationCategory": "USER_DEFINED", "associationTypeId": int(relation["id"])}
    car = api.made(
        "/crm/v3/objects/p1_car",
        {
            "properties": {"vin": "W1", "colour": "red"},
            "associations": [{"to": {"id": contact["id"]}, "types": [spec]}],
        },
    )
    read = api.get(f"/crm/v3/objects/cars/{car['id']}")
    assert read.status == 400
    read = api.get("/crm/v3/objects/car/W1?idProperty=vin&associations=contacts&properties=colour")
    assert read.body["properties"]["colour"] == "red"
    assert read.body["associations"]["contacts"]["results"] == [
        {"id": contact["id"], "type": "car_to_contact"}
    ]
    back = api.get(f"/crm/v3/objects/contacts/{contact['id']}?associations={type_id}").body
    assert back["associations"]["p1_car"]["results"] == [
        {"id": car["id"], "type": "contact_to_car"}
    ]
    page = api.get("/crm/v3/objects/2-0")
    assert page.status == 400
    default = api.get(f"/crm/v3/objects/{type_id}").body["results"][0]["properties"]
    assert default.keys() >= {"hs_createdate", "hs_lastmodifieddate", "hs_object_id"}
    assert "vin" not in default
    found = api.post(f"/crm/v3/objects/{type_id}/search", {"query": "w1"}).body
    assert (found["total"], found["results"][0]["id"]) == (1, car["id"])
    batch = {"inputs": [{"id": "w1", "idProperty": "vin", "properties": {"colour": ""}}]}
    assert api.post(f"/crm/v3/objects/{type_id}/batch/upsert", batch).body["results"][0]["new"] is (
        False
    )


def test_a_missing_required_property_is_named() -> None:
    api = new_api()
    api.made(BASE, CAR)
    answer = api.post("/crm/v3/objects/car", {"properties": {"colour": "blue", "vin": ""}})
    assert answer.status == 400
    assert {(one["in"], one["code"]) for one in answer.body["errors"]} == {
        ("properties.vin", "REQUIRED_PROPERTY"),
        ("properties.colour", "INVALID_OPTION"),
    }
    batch = {"inputs": [{"properties": {"vin": "W1"}}, {"properties": {"colour": "red"}}]}
    assert api.post("/crm/v3/objects/car/batch/create", batch).status == 400
    assert not Record.objects.exists()
    made = api.made("/crm/v3/objects/car", {"properties": {"vin": "W1"}})
    change = {"properties": {"colour": "red"}}
    assert api("PATCH", f"/crm/v3/objects/car/{made['id']}", change).status == 200


def test_what_was_archived_meanwhile_takes_no_records() -> None:
    kind = make_car()
    api = new_api()
    assert api.get(f"/crm/v3/objects/{kind.type_id}").status == 200
    ObjectSchema.objects.update(archived_at="2026-01-01T00:00Z")
    answer = api.post(f"/crm/v3/objects/{kind.type_id}", {"properties": {"vin": "W1"}})
    assert (answer.status, answer.body["message"]) == (400, "Cars are not in use any more.")


def test_listing_costs_the_same_queries_for_any_number_of_them(
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(6):
        make_car(f"car{number}", singular=f"Car {number}", plural=f"Cars {number}")
    api = new_api()
    api.get(BASE)
    with django_assert_max_num_queries(10):
        assert len(api.get(BASE).body["results"]) == 6


def test_a_property_of_it_is_made_and_filtered_by() -> None:
    api = new_api()
    api.made(BASE, CAR)
    field = {
        "name": "doors", "label": "Doors", "type": "number", "fieldType": "number",
        "groupName": "car_information",
    }  # fmt: skip
    api.made("/crm/v3/properties/car", field)
    kind = objects.get("p1_car")
    changes.create(kind.type_id, [{"vin": "W1", "doors": 3}, {"vin": "W2", "doors": 5}], SYSTEM)
    wanted = {"filters": [{"propertyName": "doors", "operator": "GT", "value": "4"}]}
    found = api.post("/crm/v3/objects/car/search", {"filterGroups": [wanted]}).body
    assert found["total"] == 1


def test_a_call_costs_at_most_one_query_more_than_for_contacts() -> None:
    kind = make_car()
    api = new_api()
    contact = api.made("/crm/v3/objects/contacts", {"properties": {"email": "a@example.com"}})
    car = api.made(f"/crm/v3/objects/{kind.type_id}", {"properties": {"vin": "W1"}})
    counts = {}
    for key, record in (("contacts", contact), (kind.type_id, car), ("p1_car", car)):
        api.get(f"/crm/v3/objects/{key}/{record['id']}")
        custom.forget()
        with CaptureQueriesContext(connection) as captured:
            assert api.get(f"/crm/v3/objects/{key}/{record['id']}").status == 200
        counts[key] = len(captured)
    assert max(counts.values()) <= counts["contacts"] + 1, counts


def test_who_sees_custom_objects_may_let_a_program_see_them() -> None:
    make_car()
    user = User.objects.create_user("viewer")
    assert not scopes.is_allowed("crm.objects.custom.read", access.of(user))
    user = User.objects.get(pk=user.pk)
    user.user_permissions.add(Permission.objects.get(codename="view_p1_car"))
    assert scopes.is_allowed("crm.objects.custom.read", access.of(user))
    assert not scopes.is_allowed("crm.objects.custom.write", access.of(user))
