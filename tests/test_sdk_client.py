"""HubSpot's second Python library, with dates in its addresses, against the web server.

It raises over everything that is no success; what comes back is compared with what was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hubspot_sdk
import pytest
from django.contrib.auth.models import User
from hubspot_sdk import HubSpot

from crm.models import Owner, Record
from tests.conftest import Account
from tests.examples.lists import in_city

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

CONTACT, COMPANY = "0-1", "0-2"


@pytest.fixture
def sdk(account: Account) -> Iterator[Any]:
    # Without retries: what fails is to be seen at once.
    with HubSpot(access_token=account.secret, base_url=account.url, max_retries=0) as client:
        yield client


def create(sdk: Any, kind: str = CONTACT, **properties: str) -> str:
    made = sdk.crm.objects.generic_objects.create(kind, properties=properties, associations=[])
    return str(made.id)


def test_a_record_is_created_read_changed_listed_and_archived(sdk: Any) -> None:
    api = sdk.crm.objects.contacts
    made = api.create(properties={"email": "a+b@example.com", "firstname": "Ana"}, associations=[])
    assert (made.properties["email"], made.archived) == ("a+b@example.com", False)
    read = api.get(
        "a+b@example.com", id_property="email", properties=["email", "city"],
        properties_with_history=["firstname"], associations=["companies"],
    )  # fmt: skip
    assert (read.id, read.properties["city"]) == (made.id, None)
    assert [line.value for line in read.properties_with_history["firstname"]] == ["Ana"]
    changed = api.update(made.id, properties={"city": "Oslo", "firstname": ""})
    assert (changed.properties["city"], changed.properties["firstname"]) == ("Oslo", None)
    page = api.list(limit=10, properties=["city"])
    assert [row.properties["city"] for row in page.results] == ["Oslo"]
    assert page.paging is None
    api.delete(made.id)
    assert api.list().results == []
    assert api.get(made.id, archived=True).archived is True


@pytest.mark.parametrize(
    "name", ["companies", "deals", "tickets", "tasks", "notes", "calls", "meetings", "emails"]
)
def test_all_types_are_served_by_their_modules(sdk: Any, name: str) -> None:
    api = getattr(sdk.crm.objects, name)
    made = api.create(properties={}, associations=[])
    assert api.get(made.id).id == made.id
    assert [row.id for row in api.list().results] == [made.id]
    found = api.search(after="0", filter_groups=[], limit=10, properties=[], sorts=[])
    assert found.total == 1
    api.delete(made.id)
    assert not Record.objects.filter(archived_at=None).exists()


def test_pages_follow_each_other(sdk: Any) -> None:
    people = [{"properties": {"firstname": str(n)}, "associations": []} for n in range(5)]
    assert sdk.crm.objects.contacts.batch.create(inputs=people).status == "COMPLETE"
    listed = list(sdk.crm.objects.contacts.list(limit=2, properties=["firstname"]))
    assert [row.properties["firstname"] for row in listed] == list("01234")


def test_batches(sdk: Any) -> None:
    api = sdk.crm.objects.contacts.batch
    people = [{"properties": {"email": f"p{n}@example.com"}, "associations": []} for n in range(3)]
    ids = [row.id for row in api.create(inputs=people).results]
    read = api.get(
        inputs=[{"id": "p1@example.com"}], id_property="email", properties=["email"],
        properties_with_history=[],
    )  # fmt: skip
    assert [row.id for row in read.results] == [ids[1]]
    changes = [{"id": key, "properties": {"city": "Oslo"}} for key in (ids[0], "999999")]
    changed = api.update(inputs=changes)
    assert [row.properties["city"] for row in changed.results] == ["Oslo"]
    assert (changed.numErrors, changed.errors[0]["category"]) == (1, "OBJECT_NOT_FOUND")
    upserts = [
        {"id": email, "id_property": "email", "properties": {"city": "Bergen"}}
        for email in ("p0@example.com", "new@example.com")
    ]
    assert [row.new for row in api.upsert(inputs=upserts).results] == [False, True]
    api.delete(inputs=[{"id": key} for key in ids])
    (left,) = sdk.crm.objects.contacts.list().results
    assert left.properties["email"] == "new@example.com"


def test_search(sdk: Any) -> None:
    for n in range(3):
        create(sdk, email=f"p{n}@example.com", hubspotscore=str(n))
    line = {"property_name": "hubspotscore", "operator": "GTE", "value": "1"}
    page = sdk.crm.objects.contacts.search(
        query="example", filter_groups=[{"filters": [line]}], sorts=["-hubspotscore"],
        properties=["email"], limit=1, after="0",
    )  # fmt: skip
    assert (page.total, page.results[0].properties["email"]) == (2, "p2@example.com")
    assert page.paging.next.after == "1"


def test_properties_and_groups(sdk: Any) -> None:
    api = sdk.crm.properties
    group = api.groups.create("contacts", name="cars", label="Cars", display_order=3)
    assert (group.name, group.display_order) == ("cars", 3)
    changed = api.groups.update("cars", object_type="contacts", label="Vehicles")
    assert api.groups.get("cars", object_type="contacts").label == changed.label == "Vehicles"
    assert "cars" in [item.name for item in api.groups.list("contacts").results]
    new = {"label": "Colour", "type": "enumeration", "field_type": "select", "group_name": "cars",
           "options": [{"label": "Red", "value": "red", "hidden": False, "display_order": 0}]}  # fmt: skip
    made = api.create("contacts", name="colour", **new)
    assert (made.name, made.options[0].value) == ("colour", "red")
    assert api.get("colour", object_type="contacts").label == "Colour"
    assert api.update("colour", object_type="contacts", label="Paint").label == "Paint"
    assert "colour" in [item.name for item in api.list("contacts").results]
    many = api.batch.create("contacts", inputs=[new | {"name": "wheels"}])
    assert [item.name for item in many.results] == ["wheels"]
    names = [{"name": "wheels"}, {"name": "email"}]
    read = api.batch.get("contacts", inputs=names, archived=False, data_sensitivity="non_sensitive")
    assert [item.name for item in read.results] == ["wheels", "email"]
    api.batch.delete("contacts", inputs=names[:1])
    api.delete("colour", object_type="contacts")
    api.groups.delete("cars", object_type="contacts")
    gone = api.list("contacts", archived=True).results
    assert {item.name for item in gone} == {"colour", "wheels"}


def test_associations(sdk: Any) -> None:
    api = sdk.crm.associations
    contact, company = create(sdk), create(sdk, COMPANY)
    ends = {"to_object_id": company, "to_object_type": "companies"}
    default = api.create(from_object_type="contacts", from_object_id=contact, **ends)
    assert [row.association_spec.association_type_id for row in default.results] == [279, 280]
    spec = {"association_category": "HUBSPOT_DEFINED", "association_type_id": 1}
    from_contact = {"object_type": "contacts", "object_id": contact}
    made = api.update_labels(body=[spec], **from_contact, **ends)
    assert (made.labels, str(made.to_object_id)) == (["Primary"], company)
    (row,) = api.list("companies", limit=500, **from_contact).results
    assert [item.type_id for item in row.association_types] == [1, 279]
    api.delete(**from_contact, **ends)
    types = {"to_object_type": "companies", "from_object_type": "contacts"}
    pair = {"from": {"id": contact}, "to": {"id": company}}
    many = api.batch.create(inputs=[pair | {"types": [spec]}], **types)
    assert many.results[0].labels == ["Primary"]
    api.batch.create_default(inputs=[pair], **types)
    (found,) = api.batch.get(inputs=[{"id": contact}], **types).results
    assert (found.from_.id, str(found.to[0].to_object_id)) == (contact, company)
    api.batch.delete_labels(inputs=[pair | {"types": [spec]}], **types)
    (found,) = api.batch.get(inputs=[{"id": contact}], **types).results
    assert [item.type_id for item in found.to[0].association_types] == [279]
    api.batch.delete(inputs=[{"from": pair["from"], "to": [pair["to"]]}], **types)
    none = api.batch.get(inputs=[{"id": contact}], **types)
    assert none.errors[0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_association_labels(sdk: Any) -> None:
    api = sdk.crm.associations_schema.labels
    types = {"to_object_type": "companies", "from_object_type": "contacts"}
    new = {"label": "Billing", "name": "billing", "inverse_label": "Bills to"}
    there, back = api.create_label(**new, **types).results
    assert (there.label, back.label) == ("Billing", "Bills to")
    api.update_label(association_type_id=there.type_id, label="Pays", **types)
    assert "Pays" in [item.label for item in api.list_labels(**types).results]
    api.delete_label(there.type_id, **types)
    assert "Pays" not in [item.label for item in api.list_labels(**types).results]


def test_pipelines_and_their_stages(sdk: Any) -> None:
    api = sdk.crm.pipelines
    (listed,) = api.list("deals").results
    assert api.get(listed.id, object_type="deals") == listed
    stages = api.list_stages(listed.id, object_type="deals").results
    assert stages == listed.stages
    one = api.get_stage(stages[0].id, object_type="deals", pipeline_id=listed.id)
    assert one == stages[0]


def test_pipelines_are_written(sdk: Any) -> None:
    api, deals = sdk.crm.pipelines, {"object_type": "deals"}
    won = {"label": "Won", "display_order": 1, "metadata": {"probability": "1.0"}}
    made = api.create("deals", label="Renewals", display_order=1, stages=[won])
    assert (made.label, [stage.label for stage in made.stages]) == ("Renewals", ["Won"])
    assert api.update(made.id, label="Again", **deals).label == "Again"
    lost = {"label": "Lost", "display_order": 2, "metadata": {"probability": "0.0"}}
    stage = api.create_stage(made.id, **lost, **deals)
    ends = deals | {"pipeline_id": made.id}
    assert api.update_stage(stage.id, label="Gone", metadata={}, **ends).label == "Gone"
    assert api.update_stage_all_properties(stage.id, **lost, **ends).label == "Lost"
    api.delete_stage(stage.id, **ends)
    again = api.update_all_properties(
        made.id, label="Renewals", display_order=1, stages=[won], **deals
    )
    assert again.label == "Renewals"
    api.delete(made.id, **deals)
    assert made.id not in [row.id for row in api.list("deals").results]


def test_lists_and_their_members(sdk: Any) -> None:
    api = sdk.crm.lists
    ana, bo = create(sdk, firstname="Ana"), create(sdk, firstname="Bo")
    new = {"object_type_id": CONTACT, "processing_type": "MANUAL"}
    # The types of lists refer to each other in a circle, so the library gives them as they came.
    key = api.create(name="Guests", **new).to_dict(warnings=False)["list"]["listId"]
    assert api.add_memberships(key, body=[ana, bo]).records_ids_added == [ana, bo]
    assert api.remove_memberships(key, body=[bo]).record_ids_removed == [bo]
    changed = api.add_and_remove_memberships(
        key, record_ids_to_add=[bo], record_ids_to_remove=[ana]
    )
    assert (changed.records_ids_added, changed.record_ids_removed) == ([bo], [ana])
    assert [row.record_id for row in api.list_memberships(key).results] == [bo]
    (found,) = api.get_record_memberships(bo, object_type_id=CONTACT).results
    assert found.list_id == key
    assert api.get(key).to_dict(warnings=False)["list"]["name"] == "Guests"
    named = api.get_by_object_type_and_name("Guests", object_type_id=CONTACT)
    assert named.to_dict(warnings=False)["list"]["listId"] == key
    listed = api.list(list_ids=[key]).to_dict(warnings=False)["lists"]
    assert [row["listId"] for row in listed] == [key]
    search = api.list_by_search(
        query="gues", list_ids=[], offset=0, processing_types=[], additional_filter_properties=[]
    )
    assert search.total == 1
    renamed = api.update_list_name(key, list_name="Visitors")
    assert renamed.to_dict(warnings=False)["updatedList"]["name"] == "Visitors"
    api.delete_memberships(key)
    api.delete(key)
    api.restore(key)
    active = new | {"processing_type": "DYNAMIC"}
    oslo = api.create(name="Oslo", filter_branch=in_city("Oslo"), **active).to_dict(warnings=False)
    key = oslo["list"]["listId"]
    changed = api.update_list_filters(key, filter_branch=in_city("Bergen"))
    assert "Bergen" in str(changed.to_dict(warnings=False)["updatedList"]["filterBranch"])


def test_owners_and_the_account(sdk: Any) -> None:
    user = User.objects.get()
    owner = Owner.objects.create(email="o@x.example", first_name="Ola", last_name="W", user=user)
    (listed,) = sdk.crm.owners.list(email="o@x.example", limit=100).results
    assert (listed.id, listed.email, listed.user_id) == (str(owner.pk), owner.email, user.pk)
    assert sdk.crm.owners.get(owner.pk).id == listed.id
    assert sdk.account.get().portal_id == 1


def test_errors_have_the_exceptions_of_their_codes(sdk: Any, account: Account) -> None:
    create(sdk, email="taken@example.com")
    with pytest.raises(hubspot_sdk.ConflictError) as taken:
        create(sdk, email="taken@example.com")
    assert "Contact already exists. Existing ID: " in str(taken.value.body)
    with pytest.raises(hubspot_sdk.BadRequestError):
        create(sdk, nope="x")
    with pytest.raises(hubspot_sdk.NotFoundError):
        sdk.crm.objects.contacts.get("999999")
    with (
        HubSpot(access_token="pat-eu1-unknown", base_url=account.url) as nobody,
        pytest.raises(hubspot_sdk.AuthenticationError),
    ):
        nobody.crm.objects.contacts.list()


def test_a_conflict_is_not_tried_again(account: Account) -> None:
    """A-045: the library repeats conflicts, writes too, unless it is told not to."""
    with HubSpot(access_token=account.secret, base_url=account.url, max_retries=2) as eager:
        tries: list[int] = []
        eager._client.event_hooks["response"].append(
            lambda answer: tries.append(answer.status_code)
        )
        create(eager, email="taken@example.com")
        with pytest.raises(hubspot_sdk.ConflictError):
            create(eager, email="taken@example.com")
    assert tries == [201, 409]
