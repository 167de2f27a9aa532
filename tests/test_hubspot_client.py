"""HubSpot's own Python library against the web server, changed in nothing but the base URL.

Every call that the API serves is made over HTTP, and what comes back is compared with what was
written. The library casts a wrong success code to None, so a wrong code shows here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from hubspot import HubSpot
from hubspot.crm import associations as v3
from hubspot.crm import contacts, objects, properties
from hubspot.crm.associations import v4
from hubspot.crm.associations.v4 import schema as v4_schema

from crm.api import scopes, tokens
from crm.models import Owner
from tests.conftest import Account

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Server:
    client: Any
    base_url: str
    secret: str


@pytest.fixture
def server(account: Account) -> Server:
    return Server(connected(account.url, account.secret), account.url, account.secret)


def connected(base_url: str, secret: str) -> Any:
    return HubSpot(access_token=secret, host=base_url, base_url=base_url)


def spec(number: int, category: str = "HUBSPOT_DEFINED") -> Any:
    return v4.AssociationSpec(association_category=category, association_type_id=number)


def create_contact(client: Any, **values: str) -> Any:
    given = contacts.SimplePublicObjectInputForCreate(properties=values)
    return client.crm.contacts.basic_api.create(given)


def create_company(client: Any, name: str = "Cohort") -> Any:
    given = objects.SimplePublicObjectInputForCreate(properties={"name": name})
    return client.crm.objects.basic_api.create("companies", given)


def test_a_contact_is_created_read_changed_listed_and_archived(server: Server) -> None:
    api = server.client.crm.contacts.basic_api
    made = create_contact(server.client, email="a+b@example.com", firstname="Ana")
    assert (made.properties["email"], made.archived) == ("a+b@example.com", False)
    assert isinstance(made.created_at, datetime)
    read = api.get_by_id(
        "a+b@example.com", id_property="email", properties=["email", "city"],
        properties_with_history=["firstname"], associations=["companies"], archived=False,
    )  # fmt: skip
    assert (read.id, read.properties["city"]) == (made.id, None)
    assert [line.value for line in read.properties_with_history["firstname"]] == ["Ana"]
    change = contacts.SimplePublicObjectInput(properties={"city": "Oslo", "firstname": ""})
    changed = api.update(made.id, change)
    assert (changed.properties["city"], changed.properties["firstname"]) == ("Oslo", None)
    assert changed.updated_at > made.updated_at
    page = api.get_page(limit=10, properties=["city"])
    assert [(row.id, row.properties["city"]) for row in page.results] == [(made.id, "Oslo")]
    assert page.paging is None
    api.archive(made.id)
    assert api.get_page(limit=10).results == []
    archived = api.get_by_id(made.id, archived=True)
    assert (archived.archived, archived.archived_at is not None) == (True, True)


def test_a_contact_is_created_with_an_association(server: Server) -> None:
    company = create_company(server.client)
    given = contacts.SimplePublicObjectInputForCreate(
        properties={"email": "a@example.com", "hubspotscore": 5, "hs_email_optout": True},
        associations=[
            contacts.PublicAssociationsForObject(
                to=contacts.PublicObjectId(id=company.id), types=[spec(279)]
            )
        ],
    )
    made = server.client.crm.contacts.basic_api.create(given)
    assert (made.properties["hubspotscore"], made.properties["hs_email_optout"]) == ("5", "true")
    read = server.client.crm.contacts.basic_api.get_by_id(made.id, associations=["companies"])
    related = read.associations["companies"].results
    # The first company of a contact is the primary one.
    assert [(one.id, one.type) for one in related] == [
        (company.id, "contact_to_company"),
        (company.id, "contact_to_company_unlabeled"),
    ]


@pytest.mark.parametrize("kind", ["companies", "deals", "tickets", "tasks"])
def test_the_typed_modules_and_the_generic_one_serve_all_types(server: Server, kind: str) -> None:
    crm = server.client.crm
    module = crm.objects.tasks if kind == "tasks" else getattr(crm, kind)
    given = objects.SimplePublicObjectInputForCreate(properties={})
    made = module.basic_api.create(given)
    assert module.basic_api.get_by_id(made.id).id == made.id
    assert [row.id for row in crm.objects.basic_api.get_page(kind).results] == [made.id]
    assert module.search_api.do_search(objects.PublicObjectSearchRequest()).total == 1
    module.basic_api.archive(made.id)
    assert module.basic_api.get_page().results == []


def test_all_records_are_fetched_page_by_page(server: Server) -> None:
    api = server.client.crm.contacts
    inputs = [
        contacts.SimplePublicObjectBatchInputForCreate(properties={"firstname": str(n)})
        for n in range(100)
    ]
    for _ in range(2):
        api.batch_api.create(
            contacts.BatchInputSimplePublicObjectBatchInputForCreate(inputs=inputs)
        )
    create_contact(server.client, firstname="last")
    everybody = api.get_all(properties=["firstname"])
    assert [row.properties["firstname"] for row in everybody] == [
        *map(str, range(100)), *map(str, range(100)), "last",
    ]  # fmt: skip


def test_batches(server: Server) -> None:
    api = server.client.crm.contacts.batch_api
    made = api.create(
        contacts.BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[
                contacts.SimplePublicObjectBatchInputForCreate(
                    properties={"email": f"p{n}@example.com"}, object_write_trace_id=str(n)
                )
                for n in range(3)
            ]
        )
    )
    ids = [row.id for row in made.results]
    assert (made.status, len(ids)) == ("COMPLETE", 3)
    read = api.read(
        contacts.BatchReadInputSimplePublicObjectId(
            inputs=[contacts.SimplePublicObjectId(id="p1@example.com")],
            id_property="email",
            properties=["email"],
            properties_with_history=[],
        )
    )
    assert [row.id for row in read.results] == [ids[1]]
    changed = api.update(
        contacts.BatchInputSimplePublicObjectBatchInput(
            inputs=[
                contacts.SimplePublicObjectBatchInput(id=ids[0], properties={"city": "Oslo"}),
                contacts.SimplePublicObjectBatchInput(id="999999", properties={"city": "x"}),
            ]
        )
    )
    assert [row.properties["city"] for row in changed.results] == ["Oslo"]
    assert (changed.num_errors, changed.errors[0].category) == (1, "OBJECT_NOT_FOUND")
    merged = api.upsert(
        contacts.BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                contacts.SimplePublicObjectBatchInputUpsert(
                    id=email, id_property="email", properties={"city": "Bergen"}
                )
                for email in ("p0@example.com", "new@example.com")
            ]
        )
    )
    assert [(row.new, row.properties["city"]) for row in merged.results] == [
        (False, "Bergen"), (True, "Bergen"),
    ]  # fmt: skip
    api.archive(
        contacts.BatchInputSimplePublicObjectId(
            inputs=[contacts.SimplePublicObjectId(id=record_id) for record_id in ids]
        )
    )
    left = server.client.crm.contacts.basic_api.get_page().results
    assert [row.properties["email"] for row in left] == ["new@example.com"]


def test_search(server: Server) -> None:
    for n in range(3):
        create_contact(server.client, email=f"p{n}@example.com", hubspotscore=str(n))
    moment = contacts.Filter(
        property_name="createdate", operator="GT", value=str(datetime(2020, 1, 1, tzinfo=UTC))
    )
    score = contacts.Filter(property_name="hubspotscore", operator="GTE", value="1")
    request = contacts.PublicObjectSearchRequest(
        query="example", filter_groups=[contacts.FilterGroup(filters=[moment, score])],
        sorts=["-hubspotscore"], properties=["email"], limit=1, after="0",
    )  # fmt: skip
    page = server.client.crm.contacts.search_api.do_search(request)
    assert (page.total, page.results[0].properties["email"]) == (2, "p2@example.com")
    request.after = page.paging.next.after
    page = server.client.crm.contacts.search_api.do_search(request)
    assert (page.results[0].properties["email"], page.paging) == ("p1@example.com", None)


def test_properties_and_groups(server: Server) -> None:
    crm = server.client.crm.properties
    group = crm.groups_api.create(
        "contacts", properties.PropertyGroupCreate(name="cars", label="Cars", display_order=3)
    )
    assert (group.name, group.display_order) == ("cars", 3)
    changed_group = crm.groups_api.update(
        "contacts", "cars", properties.PropertyGroupUpdate(label="Vehicles")
    )
    assert crm.groups_api.get_by_name("contacts", "cars") == changed_group
    assert changed_group in crm.groups_api.get_all("contacts").results
    option = properties.OptionInput(label="Red", value="red", display_order=0, hidden=False)
    new = properties.PropertyCreate(
        name="colour", label="Colour", type="enumeration", field_type="select", group_name="cars",
        options=[option],
    )  # fmt: skip
    made = crm.core_api.create("contacts", new)
    assert (made.name, made.options[0].value, made.group_name) == ("colour", "red", "cars")
    assert crm.core_api.get_by_name("contacts", "colour") == made
    assert made in crm.core_api.get_all("contacts").results
    changed = crm.core_api.update("contacts", "colour", properties.PropertyUpdate(label="Paint"))
    assert changed.label == "Paint"
    new.name = "wheels"
    made_many = crm.batch_api.create("contacts", properties.BatchInputPropertyCreate(inputs=[new]))
    assert [item.name for item in made_many.results] == ["wheels"]
    names = [properties.PropertyName(name="wheels"), properties.PropertyName(name="email")]
    read = crm.batch_api.read(
        "contacts", properties.BatchReadInputPropertyName(archived=False, inputs=names)
    )
    assert [item.name for item in read.results] == ["wheels", "email"]
    crm.batch_api.archive("contacts", properties.BatchInputPropertyName(inputs=names[:1]))
    crm.core_api.archive("contacts", "colour")
    crm.groups_api.archive("contacts", "cars")
    gone = crm.core_api.get_all("contacts", archived=True).results
    assert {item.name for item in gone} == {"colour", "wheels"}


def test_pipelines_and_their_stages(server: Server) -> None:
    crm = server.client.crm.pipelines
    (listed,) = crm.pipelines_api.get_all("deals").results
    assert crm.pipelines_api.get_by_id("deals", "default") == listed
    stages = crm.pipeline_stages_api.get_all("deals", "default").results
    assert [stage.id for stage in stages] == [stage.id for stage in listed.stages]
    won = crm.pipeline_stages_api.get_by_id("deals", "default", "closedwon")
    assert won.metadata["isClosed"] == "true"


def test_owners_and_the_account(server: Server) -> None:
    user = User.objects.get()
    owner = Owner.objects.create(email="o@x.example", first_name="Ola", last_name="W", user=user)
    api = server.client.crm.owners.owners_api
    (listed,) = api.get_page(email="o@x.example", limit=100, archived=False).results
    assert (listed.id, listed.email, listed.user_id) == (str(owner.pk), owner.email, user.pk)
    assert api.get_by_id(owner_id=owner.pk, id_property="id", archived=False) == listed
    assert server.client.crm.owners.get_all() == [listed]
    details = server.client.api_request({"path": "/account-info/v3/details"})
    assert (details.status_code, details.json()["portalId"]) == (200, 1)
    info = server.client.api_request(
        {"path": "/oauth/v2/private-apps/get/access-token-info", "method": "POST",
         "body": {"tokenKey": server.secret}}
    )  # fmt: skip
    assert info.json()["scopes"] == sorted(scopes.known())


def test_associations_v4(server: Server) -> None:
    api = server.client.crm.associations.v4
    contact, company = create_contact(server.client), create_company(server.client)
    default = api.basic_api.create_default("contacts", contact.id, "companies", company.id)
    assert [row.association_spec.association_type_id for row in default.results] == [279, 280]
    made = api.basic_api.create("contacts", contact.id, "companies", company.id, [spec(1)])
    assert (made.labels, str(made.to_object_id)) == (["Primary"], company.id)
    (row,) = api.basic_api.get_page("contacts", contact.id, "companies", limit=500).results
    assert (str(row.to_object_id), [item.type_id for item in row.association_types]) == (
        company.id, [1, 279],
    )  # fmt: skip
    ids = {"_from": v4.PublicObjectId(id=contact.id), "to": v4.PublicObjectId(id=company.id)}
    api.basic_api.archive("contacts", contact.id, "companies", company.id)
    many = api.batch_api.create(
        "contacts", "companies",
        v4.BatchInputPublicAssociationMultiPost(
            inputs=[v4.PublicAssociationMultiPost(types=[spec(1)], **ids)]
        ),
    )  # fmt: skip
    assert many.results[0].labels == ["Primary"]
    api.batch_api.create_default(
        "contacts", "companies",
        v4.BatchInputPublicDefaultAssociationMultiPost(
            inputs=[v4.PublicDefaultAssociationMultiPost(**ids)]
        ),
    )  # fmt: skip
    wanted = v4.BatchInputPublicFetchAssociationsBatchRequest(
        inputs=[v4.PublicFetchAssociationsBatchRequest(id=contact.id)]
    )
    (found,) = api.batch_api.get_page("contacts", "companies", wanted).results
    assert (found._from.id, str(found.to[0].to_object_id)) == (contact.id, company.id)
    api.batch_api.archive_labels(
        "contacts", "companies",
        v4.BatchInputPublicAssociationMultiPost(
            inputs=[v4.PublicAssociationMultiPost(types=[spec(1)], **ids)]
        ),
    )  # fmt: skip
    (found,) = api.batch_api.get_page("contacts", "companies", wanted).results
    assert [item.type_id for item in found.to[0].association_types] == [279]
    api.batch_api.archive(
        "contacts", "companies",
        v4.BatchInputPublicAssociationMultiArchive(
            inputs=[v4.PublicAssociationMultiArchive(_from=ids["_from"], to=[ids["to"]])]
        ),
    )  # fmt: skip
    none = api.batch_api.get_page("contacts", "companies", wanted)
    assert none.errors[0].sub_category == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_association_labels(server: Server) -> None:
    api = server.client.crm.associations.v4.schema.definitions_api
    made = api.create(
        "contacts", "companies",
        v4_schema.PublicAssociationDefinitionCreateRequest(
            label="Billing", name="billing", inverse_label="Bills to"
        ),
    )  # fmt: skip
    there, back = made.results
    assert (there.label, back.label, there.category) == ("Billing", "Bills to", "USER_DEFINED")
    api.update(
        "contacts", "companies",
        v4_schema.PublicAssociationDefinitionUpdateRequest(
            association_type_id=there.type_id, label="Pays"
        ),
    )  # fmt: skip
    labels = {item.type_id: item.label for item in api.get_all("contacts", "companies").results
              if item.category == "USER_DEFINED"}  # fmt: skip
    assert labels == {there.type_id: "Pays"}
    api.remove("contacts", "companies", there.type_id)
    found = api.get_all("contacts", "companies").results
    assert not [item for item in found if item.category == "USER_DEFINED"]


def test_associations_v3(server: Server) -> None:
    api = server.client.crm.associations
    contact, company = create_contact(server.client), create_company(server.client)
    one = v3.PublicAssociation(
        _from=v3.PublicObjectId(id=contact.id), to=v3.PublicObjectId(id=company.id),
        type="contact_to_company",
    )  # fmt: skip
    batch = v3.BatchInputPublicAssociation(inputs=[one])
    made = api.batch_api.create("contacts", "companies", batch)
    assert (made.results[0].to.id, made.results[0].type) == (company.id, "contact_to_company")
    wanted = v3.BatchInputPublicObjectId(inputs=[v3.PublicObjectId(id=contact.id)])
    (found,) = api.batch_api.read("contacts", "companies", wanted).results
    assert (found._from.id, found.to[0].id) == (contact.id, company.id)
    names = {item.name for item in api.schema.types_api.get_all("contacts", "companies").results}
    assert "contact_to_company" in names
    api.batch_api.archive("contacts", "companies", batch)
    (found,) = api.batch_api.read("contacts", "companies", wanted).results
    assert [one.type for one in found.to] == ["contact_to_company_unlabeled"]


@pytest.mark.parametrize(
    ("values", "status", "words"),
    [
        ({"email": "taken@example.com"}, 409, "Contact already exists. Existing ID: "),
        ({"nope": "x"}, 400, "PROPERTY_DOESNT_EXIST"),
    ],
)
def test_errors_arrive_as_exceptions_with_their_words(
    server: Server, values: dict[str, str], status: int, words: str
) -> None:
    create_contact(server.client, email="taken@example.com")
    with pytest.raises(contacts.ApiException) as caught:
        create_contact(server.client, **values)
    assert caught.value.status == status
    assert words in caught.value.body


def test_errors_have_the_exceptions_of_their_codes(server: Server) -> None:
    with pytest.raises(contacts.exceptions.NotFoundException):
        server.client.crm.contacts.basic_api.get_by_id("999999")
    nobody = connected(server.base_url, "pat-eu1-unknown")
    with pytest.raises(contacts.exceptions.UnauthorizedException):
        nobody.crm.contacts.basic_api.get_page()
    _, secret = tokens.issue("few", User.objects.get(), ["crm.objects.deals.read"])
    with pytest.raises(contacts.exceptions.ForbiddenException):
        connected(server.base_url, secret).crm.contacts.basic_api.get_page()
