"""Custom objects with HubSpot's own Python library against a live server."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connections
from hubspot import HubSpot
from hubspot.crm import contacts, objects, schemas
from hubspot.crm.associations import v4
from pytest_django.live_server_helper import LiveServer

from crm.api import scopes, tokens

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def crm(live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    # The library keeps its sockets, hence the server its threads: they must not keep the database.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    user = User.objects.create(username="ines", is_staff=True, is_superuser=True)
    _, secret = tokens.issue("contract tests", user, scopes.known())
    return HubSpot(access_token=secret, host=live_server.url, base_url=live_server.url).crm


def car() -> Any:
    return schemas.ObjectSchemaEgg(
        name="car",
        labels=schemas.ObjectTypeDefinitionLabels(singular="Car", plural="Cars"),
        required_properties=["vin"],
        searchable_properties=["vin"],
        primary_display_property="vin",
        secondary_display_properties=[],
        properties=[
            schemas.ObjectTypePropertyCreate(
                name="vin", label="VIN", type="string", field_type="text", has_unique_value=True
            ),
            schemas.ObjectTypePropertyCreate(
                name="doors", label="Doors", type="number", field_type="number"
            ),
        ],
        associated_objects=["CONTACT"],
    )


def create(crm: Any, **values: str) -> Any:
    given = objects.SimplePublicObjectInputForCreate(properties=values)
    return crm.objects.basic_api.create("p1_car", given)


def test_a_schema_lives_from_its_creation_to_its_end(crm: Any) -> None:
    api = crm.schemas.core_api
    made = api.create(car())
    assert (made.name, made.fully_qualified_name, made.archived) == ("car", "p1_car", False)
    assert made.object_type_id == f"2-{made.id}"
    assert (made.labels.singular, made.required_properties) == ("Car", ["vin"])
    vin = next(one for one in made.properties if one.name == "vin")
    assert (vin.label, vin.has_unique_value) == ("VIN", True)
    assert ("0-1", "contact_to_car") in {
        (one.from_object_type_id, one.name) for one in made.associations
    }
    assert api.get_by_id("car").object_type_id == made.object_type_id
    assert [one.id for one in api.get_all().results] == [made.id]

    change = schemas.ObjectTypeDefinitionPatch(
        labels=schemas.ObjectTypeDefinitionLabels(singular="Vehicle", plural="Vehicles"),
        required_properties=["vin", "doors"],
    )
    changed = api.update(made.object_type_id, change)
    assert (changed.labels.plural, changed.required_properties) == ("Vehicles", ["vin", "doors"])

    wanted = schemas.AssociationDefinitionEgg(
        from_object_type_id=made.object_type_id, to_object_type_id="0-3", name="car_to_deal"
    )
    added = api.create_association(made.object_type_id, wanted)
    assert (added.to_object_type_id, added.name) == ("0-3", "car_to_deal")
    api.archive_association(made.object_type_id, added.id)
    assert added.id not in [one.id for one in api.get_by_id("p1_car").associations]

    one = create(crm, vin="W1", doors="3")
    with pytest.raises(schemas.ApiException) as caught:
        api.archive(made.object_type_id)
    assert (caught.value.status, "There is 1 vehicle" in caught.value.body) == (400, True)
    crm.objects.basic_api.archive("p1_car", one.id)
    api.archive(made.object_type_id)
    assert api.get_all().results == []
    assert [one.id for one in api.get_all(archived=True).results] == [made.id]
    api.archive(made.object_type_id, archived=True)
    assert api.get_all(archived=True).results == []


def test_records_are_created_found_and_related(crm: Any) -> None:
    made = crm.schemas.core_api.create(car())
    given = contacts.SimplePublicObjectInputForCreate(properties={"email": "a@example.com"})
    contact = crm.contacts.basic_api.create(given)
    one = create(crm, vin="W1", doors="3")
    assert (one.properties["vin"], one.properties["doors"]) == ("W1", "3")
    wanted = objects.PublicObjectSearchRequest(query="w1", properties=["doors"])
    found = crm.objects.search_api.do_search(made.object_type_id, wanted)
    assert [(row.id, row.properties["doors"]) for row in found.results] == [(one.id, "3")]

    crm.associations.v4.basic_api.create_default("p1_car", one.id, "contacts", contact.id)
    page = crm.associations.v4.basic_api.get_page("contacts", contact.id, made.object_type_id)
    assert [int(row.to_object_id) for row in page.results] == [int(one.id)]
    (kind,) = page.results[0].association_types
    assert (kind.category, kind.label) == ("USER_DEFINED", None)
    read = crm.objects.basic_api.get_by_id("car", one.id, associations=["contacts"])
    assert [row.id for row in read.associations["contacts"].results] == [contact.id]
    batch = v4.BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[v4.PublicFetchAssociationsBatchRequest(id=one.id)]
    )
    (line,) = crm.associations.v4.batch_api.get_page("p1_car", "contacts", batch).results
    assert [int(row.to_object_id) for row in line.to] == [int(contact.id)]
    names = crm.associations.schema.types_api.get_all("p1_car", "contacts").results
    assert [item.name for item in names] == ["car_to_contact"]


def test_what_is_missing_is_said(crm: Any) -> None:
    crm.schemas.core_api.create(car())
    with pytest.raises(objects.ApiException) as caught:
        create(crm, doors="3")
    assert (caught.value.status, "REQUIRED_PROPERTY" in caught.value.body) == (400, True)
    with pytest.raises(schemas.ApiException) as taken:
        crm.schemas.core_api.create(car())
    assert taken.value.status == 409
