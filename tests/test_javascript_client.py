"""HubSpot's own JavaScript library against the web server, changed in nothing but the base path.

It throws over every code that it does not expect, also over a wrong code of success, and over
every error that is no JSON. What comes back is compared with what was written.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User

from crm.api import tokens
from crm.models import Owner
from tests.conftest import Account
from tests.examples.lists import in_city
from tests.javascript import JavaScript, JavaScriptError

pytestmark = [
    pytest.mark.processes,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        shutil.which("node") is None or shutil.which("npm") is None,
        reason="HubSpot's JavaScript library needs node and npm, which are not installed here",
    ),
]

Json = dict[str, Any]


@pytest.fixture(scope="module")
def library() -> Iterator[JavaScript]:
    made = JavaScript.start()
    yield made
    made.stop()


@pytest.fixture
def js(library: JavaScript, account: Account) -> JavaScript:
    library.connect(account.url, account.secret)
    return library


def inputs(*items: Json) -> Json:
    return {"inputs": list(items)}


def spec(number: int) -> Json:
    return {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": number}


def create(js: JavaScript, kind: str = "contacts", **properties: str) -> Json:
    made: Json = js("crm.objects.basicApi.create", kind, {"properties": properties})
    return made


def test_a_record_is_created_read_changed_listed_and_archived(js: JavaScript) -> None:
    basic = "crm.contacts.basicApi"
    made = js(f"{basic}.create", {"properties": {"email": "a+b@example.com", "firstname": "Ana"}})
    assert made["properties"]["email"] == "a+b@example.com"
    read = js(
        f"{basic}.getById", "a+b@example.com", ["email", "city"], ["firstname"], ["companies"],
        False, "email",
    )  # fmt: skip
    assert (read["id"], read["properties"]["city"]) == (made["id"], None)
    assert [line["value"] for line in read["propertiesWithHistory"]["firstname"]] == ["Ana"]
    change = {"properties": {"city": "Oslo", "firstname": ""}}
    changed = js(f"{basic}.update", made["id"], change)
    assert (changed["properties"]["city"], changed["properties"]["firstname"]) == ("Oslo", None)
    page = js(f"{basic}.getPage", 10, None, ["city"])
    assert [row["properties"]["city"] for row in page["results"]] == ["Oslo"]
    assert "paging" not in page
    assert js(f"{basic}.archive", made["id"]) is None
    assert js(f"{basic}.getPage")["results"] == []
    archived = js(f"{basic}.getById", made["id"], None, None, None, True)
    assert archived["archived"] is True


@pytest.mark.parametrize("kind", ["companies", "deals", "tickets", "tasks", "notes", "0-1"])
def test_all_types_are_served_under_the_generic_module(js: JavaScript, kind: str) -> None:
    made = create(js, kind)
    basic = "crm.objects.basicApi"
    assert js(f"{basic}.getById", kind, made["id"])["id"] == made["id"]
    assert [row["id"] for row in js(f"{basic}.getPage", kind)["results"]] == [made["id"]]
    assert js("crm.objects.searchApi.doSearch", kind, {})["total"] == 1
    assert js(f"{basic}.archive", kind, made["id"]) is None


def test_all_records_are_fetched_page_by_page(js: JavaScript) -> None:
    people = inputs(*({"properties": {"firstname": str(n)}} for n in range(100)))
    for _ in range(2):
        assert js("crm.contacts.batchApi.create", people)["status"] == "COMPLETE"
    create(js, firstname="last")
    everybody = js("crm.contacts.getAll", None, None, ["firstname"])
    assert [row["properties"]["firstname"] for row in everybody] == [
        *map(str, range(100)), *map(str, range(100)), "last",
    ]  # fmt: skip


def test_batches(js: JavaScript) -> None:
    batch = "crm.contacts.batchApi"
    people = [{"properties": {"email": f"p{n}@example.com"}} for n in range(3)]
    ids = [row["id"] for row in js(f"{batch}.create", inputs(*people))["results"]]
    wanted = inputs({"id": "p1@example.com"}) | {
        "idProperty": "email", "properties": ["email"], "propertiesWithHistory": [],
    }  # fmt: skip
    read = js(f"{batch}.read", wanted, False)
    assert [row["id"] for row in read["results"]] == [ids[1]]
    changes = [{"id": key, "properties": {"city": "Oslo"}} for key in (ids[0], "999999")]
    changed = js(f"{batch}.update", inputs(*changes))
    assert [row["properties"]["city"] for row in changed["results"]] == ["Oslo"]
    assert (changed["numErrors"], changed["errors"][0]["category"]) == (1, "OBJECT_NOT_FOUND")
    upserts = [
        {"id": email, "idProperty": "email", "properties": {"city": "Bergen"}}
        for email in ("p0@example.com", "new@example.com")
    ]
    merged = js(f"{batch}.upsert", inputs(*upserts))
    assert [row["_new"] for row in merged["results"]] == [False, True]
    assert js(f"{batch}.archive", inputs(*({"id": key} for key in ids))) is None
    left = js("crm.contacts.basicApi.getPage")["results"]
    assert [row["properties"]["email"] for row in left] == ["new@example.com"]


def test_search(js: JavaScript) -> None:
    for n in range(3):
        create(js, email=f"p{n}@example.com", hubspotscore=str(n))
    request = {
        "query": "example", "sorts": ["-hubspotscore"], "properties": ["email"], "limit": 1,
        "after": "0",
        "filterGroups": [
            {"filters": [{"propertyName": "hubspotscore", "operator": "GTE", "value": "1"}]}
        ],
    }  # fmt: skip
    page = js("crm.contacts.searchApi.doSearch", request)
    assert (page["total"], page["results"][0]["properties"]["email"]) == (2, "p2@example.com")
    page = js(
        "crm.contacts.searchApi.doSearch", request | {"after": page["paging"]["next"]["after"]}
    )
    assert page["results"][0]["properties"]["email"] == "p1@example.com"


def test_properties_and_groups(js: JavaScript) -> None:
    core, groups, batch = (f"crm.properties.{name}Api" for name in ("core", "groups", "batch"))
    group = js(f"{groups}.create", "contacts", {"name": "cars", "label": "Cars"})
    changed = js(f"{groups}.update", "contacts", "cars", {"label": "Vehicles"})
    assert changed == group | {"label": "Vehicles"}
    assert js(f"{groups}.getByName", "contacts", "cars") == changed
    assert changed in js(f"{groups}.getAll", "contacts")["results"]
    new = {
        "name": "colour", "label": "Colour", "type": "enumeration", "fieldType": "select",
        "groupName": "cars", "options": [{"label": "Red", "value": "red", "hidden": False}],
    }  # fmt: skip
    made = js(f"{core}.create", "contacts", new)
    assert (made["name"], made["options"][0]["value"]) == ("colour", "red")
    assert js(f"{core}.getByName", "contacts", "colour") == made
    assert made in js(f"{core}.getAll", "contacts")["results"]
    assert js(f"{core}.update", "contacts", "colour", {"label": "Paint"})["label"] == "Paint"
    many = js(f"{batch}.create", "contacts", inputs(new | {"name": "wheels"}))
    assert [item["name"] for item in many["results"]] == ["wheels"]
    names = [{"name": "wheels"}, {"name": "email"}]
    read = js(f"{batch}.read", "contacts", inputs(*names) | {"archived": False})
    assert [item["name"] for item in read["results"]] == ["wheels", "email"]
    assert js(f"{batch}.archive", "contacts", inputs(names[0])) is None
    assert js(f"{core}.archive", "contacts", "colour") is None
    assert js(f"{groups}.archive", "contacts", "cars") is None


def test_associations_v4(js: JavaScript) -> None:
    basic, batch = "crm.associations.v4.basicApi", "crm.associations.v4.batchApi"
    contact, company = create(js)["id"], create(js, "companies")["id"]
    ends = (contact, "companies", company)
    default = js(f"{basic}.createDefault", "contacts", *ends)["results"]
    assert [row["associationSpec"]["associationTypeId"] for row in default] == [279, 280]
    made = js(f"{basic}.create", "contacts", *ends, [spec(1)])
    assert (made["labels"], str(made["toObjectId"])) == (["Primary"], company)
    (row,) = js(f"{basic}.getPage", "contacts", contact, "companies", None, 500)["results"]
    assert [item["typeId"] for item in row["associationTypes"]] == [1, 279]
    assert js(f"{basic}.archive", "contacts", *ends) is None
    pair = {"_from": {"id": contact}, "to": {"id": company}}
    many = js(f"{batch}.create", "contacts", "companies", inputs(pair | {"types": [spec(1)]}))
    assert many["results"][0]["labels"] == ["Primary"]
    js(f"{batch}.createDefault", "contacts", "companies", inputs(pair))
    wanted = inputs({"id": contact})
    (found,) = js(f"{batch}.getPage", "contacts", "companies", wanted)["results"]
    assert (found["_from"]["id"], str(found["to"][0]["toObjectId"])) == (contact, company)
    labels = inputs(pair | {"types": [spec(1)]})
    assert js(f"{batch}.archiveLabels", "contacts", "companies", labels) is None
    (found,) = js(f"{batch}.getPage", "contacts", "companies", wanted)["results"]
    assert [item["typeId"] for item in found["to"][0]["associationTypes"]] == [279]
    gone = inputs({"_from": pair["_from"], "to": [pair["to"]]})
    assert js(f"{batch}.archive", "contacts", "companies", gone) is None
    none = js(f"{batch}.getPage", "contacts", "companies", wanted)
    assert none["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"


def test_association_labels(js: JavaScript) -> None:
    api = "crm.associations.v4.schema.definitionsApi"
    new = {"label": "Billing", "name": "billing", "inverseLabel": "Bills to"}
    there, back = js(f"{api}.create", "contacts", "companies", new)["results"]
    assert (there["label"], back["label"]) == ("Billing", "Bills to")
    change = {"associationTypeId": there["typeId"], "label": "Pays"}
    assert js(f"{api}.update", "contacts", "companies", change) is None
    labels = {row["label"] for row in js(f"{api}.getAll", "contacts", "companies")["results"]}
    assert "Pays" in labels
    assert js(f"{api}.remove", "contacts", "companies", there["typeId"]) is None


def test_pipelines_and_their_stages(js: JavaScript) -> None:
    pipelines, stages = "crm.pipelines.pipelinesApi", "crm.pipelines.pipelineStagesApi"
    (listed,) = js(f"{pipelines}.getAll", "deals")["results"]
    assert js(f"{pipelines}.getById", "deals", listed["id"]) == listed
    found = js(f"{stages}.getAll", "deals", listed["id"])["results"]
    assert found == listed["stages"]
    assert js(f"{stages}.getById", "deals", listed["id"], found[0]["id"]) == found[0]


def test_pipelines_are_written(js: JavaScript) -> None:
    pipelines, stages = "crm.pipelines.pipelinesApi", "crm.pipelines.pipelineStagesApi"
    won = {"label": "Won", "displayOrder": 1, "metadata": {"probability": "1.0"}}
    new = {"label": "Renewals", "displayOrder": 1, "stages": [won]}
    made = js(f"{pipelines}.create", "deals", new)
    assert (made["label"], [row["label"] for row in made["stages"]]) == ("Renewals", ["Won"])
    key = made["id"]
    assert js(f"{pipelines}.update", "deals", key, {"label": "Again"})["label"] == "Again"
    assert js(f"{pipelines}.replace", "deals", key, new)["label"] == "Renewals"
    lost = {"label": "Lost", "displayOrder": 2, "metadata": {"probability": "0.0"}}
    stage = js(f"{stages}.create", "deals", key, lost)
    change = {"label": "Gone", "metadata": {}}
    assert js(f"{stages}.update", "deals", key, stage["id"], change)["label"] == "Gone"
    assert js(f"{stages}.replace", "deals", key, stage["id"], lost)["label"] == "Lost"
    assert js(f"{stages}.archive", "deals", key, stage["id"]) is None
    assert js(f"{pipelines}.archive", "deals", key) is None
    assert key not in [row["id"] for row in js(f"{pipelines}.getAll", "deals")["results"]]


def test_lists_and_their_members(js: JavaScript) -> None:
    lists, members = "crm.lists.listsApi", "crm.lists.membershipsApi"
    ana, bo = (create(js, firstname=name)["id"] for name in ("Ana", "Bo"))
    new = {"name": "Guests / friends", "objectTypeId": "0-1", "processingType": "MANUAL"}
    made = js(f"{lists}.create", new)["list"]
    key = made["listId"]
    assert js(f"{members}.add", key, [ana, bo])["recordsIdsAdded"] == [ana, bo]
    assert js(f"{members}.remove", key, [bo])["recordIdsRemoved"] == [bo]
    both = {"recordIdsToAdd": [bo], "recordIdsToRemove": [ana]}
    changed = js(f"{members}.addAndRemove", key, both)
    assert (changed["recordsIdsAdded"], changed["recordIdsRemoved"]) == ([bo], [ana])
    page = js(f"{members}.getPage", key, None, None, 10)
    assert [row["recordId"] for row in page["results"]] == [bo]
    (found,) = js(f"{members}.getLists", "0-1", bo)["results"]
    assert found["listId"] == key
    assert js(f"{lists}.getById", key)["list"]["name"] == "Guests / friends"
    assert js(f"{lists}.getByName", "Guests / friends", "0-1")["list"]["listId"] == key
    assert [row["listId"] for row in js(f"{lists}.getAll", [key])["lists"]] == [key]
    search = {"query": "friends", "count": 20, "additionalProperties": [], "listIds": []}
    assert js(f"{lists}.doSearch", search)["total"] == 1
    renamed = js(f"{lists}.updateName", key, "Visitors")
    assert renamed["updatedList"]["name"] == "Visitors"
    assert js(f"{members}.removeAll", key) is None
    assert js(f"{lists}.remove", key) is None
    assert js(f"{lists}.restore", key) is None
    filtered = new | {"name": "Oslo", "processingType": "DYNAMIC", "filterBranch": in_city("Oslo")}
    oslo = js(f"{lists}.create", filtered)["list"]["listId"]
    change = {"filterBranch": in_city("Bergen")}
    changed = js(f"{lists}.updateListFilters", oslo, change)["updatedList"]
    assert "Bergen" in str(changed["filterBranch"])


def test_owners_and_the_account(js: JavaScript, account: Account) -> None:
    user = User.objects.get()
    owner = Owner.objects.create(email="o@x.example", first_name="Ola", last_name="W", user=user)
    (listed,) = js("crm.owners.ownersApi.getPage", "o@x.example", None, 100, False)["results"]
    assert (listed["id"], listed["email"]) == (str(owner.pk), owner.email)
    assert js("crm.owners.ownersApi.getById", owner.pk, "id", False) == listed
    details = js("apiRequest", {"path": "/account-info/v3/details"})
    assert (details["status"], '"portalId":1' in details["body"]) == (200, True)
    asked = {
        "path": "/oauth/v2/private-apps/get/access-token-info", "method": "POST",
        "body": {"tokenKey": account.secret},
    }  # fmt: skip
    assert js("apiRequest", asked)["status"] == 200


@pytest.mark.parametrize(
    ("call", "args", "code", "category"),
    [
        ("crm.contacts.basicApi.create", [{"properties": {"nope": "x"}}], 400, "VALIDATION_ERROR"),
        ("crm.contacts.basicApi.create", [{"properties": {"email": "taken@example.com"}}],
         409, "CONFLICT"),
        ("crm.contacts.basicApi.getById", ["999999"], 404, "OBJECT_NOT_FOUND"),
        ("crm.objects.basicApi.getPage", ["nothing"], 400, "VALIDATION_ERROR"),
        ("crm.associations.v4.basicApi.create", ["contacts", "1", "companies", "2", []],
         400, "VALIDATION_ERROR"),
    ],
)  # fmt: skip
def test_errors_arrive_as_exceptions_with_their_words(
    js: JavaScript, call: str, args: list[Any], code: int, category: str
) -> None:
    create(js, email="taken@example.com")
    with pytest.raises(JavaScriptError) as caught:
        js(call, *args)
    assert (caught.value.name, caught.value.code) == ("ApiException", code)
    assert caught.value.body["category"] == category


def test_who_may_not_is_told_in_an_exception(js: JavaScript, account: Account) -> None:
    js.connect(account.url, "pat-eu1-unknown")
    with pytest.raises(JavaScriptError) as caught:
        js("crm.contacts.basicApi.getPage")
    assert (caught.value.name, caught.value.code) == ("ApiException", 401)
    user = User.objects.create(username="few", is_superuser=True)
    _, secret = tokens.issue("few", user, ["crm.objects.deals.read"])
    js.connect(account.url, secret)
    with pytest.raises(JavaScriptError) as caught:
        js("crm.contacts.basicApi.getPage")
    assert (caught.value.code, caught.value.body["category"]) == (403, "MISSING_SCOPES")
