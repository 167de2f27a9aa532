"""Three users ask every endpoint of the API: who owns the records, a team mate, and a stranger.

The endpoints come from the URLs, so one without a line here fails the first test. A line says what
each of the three is answered; whatever a stranger is answered, nothing of a hidden record is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver

from crm import access_switches, associations, changes, sharing
from crm.api.endpoint import Endpoint
from crm.api.routing import UnknownAddress
from crm.models import ApiToken, ImportJob, List, PipelineStage
from crm.tests.api_world import Answer, new_api
from crm.tests.people import People, three
from crm.tests.writing import SYSTEM

pytestmark = pytest.mark.django_db

#: Stands in every hidden record and nowhere else.
SECRET = "zanzibar"
CONTACT, COMPANY = "0-1", "0-2"


@dataclass(frozen=True)
class Probe:
    """One request, and the status for the owner, the team mate (who only sees) and the stranger."""

    path: str
    body: Any
    statuses: tuple[int, int, int]


def found(path: str, body: Any = None) -> Probe:
    """About records that are named: the mate sees them, to the stranger they are not there."""
    return Probe(path, body, (200, 200, 404))


def part(path: str, body: Any = None) -> Probe:
    """A set, out of which what is hidden is left."""
    return Probe(path, body, (200, 200, 200))


def every(status: int, path: str, body: Any = None) -> Probe:
    """The same for everybody: no record is told about."""
    return Probe(path, body, (status, status, status))


def closed(path: str, body: Any = None) -> Probe:
    """Needs a switch that none of the three has."""
    return every(403, path, body)


RECORDS = "/crm/v3/objects/contacts"
PAIR = "/crm/v4/associations/contacts/companies"
NAMED = "/crm/v3/associations/contacts/companies"
RELATED = "/crm/v4/objects/contacts/{contact}/associations"
PROPERTIES = "/crm/v3/properties/contacts"
FROM, TO = {"id": "{contact}"}, {"id": "{company}"}
LABEL = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]
ONE = {"inputs": [{"id": "{contact}"}]}
CHANGE = {"inputs": [{"id": "{contact}", "properties": {"city": "Oslo"}}]}
UPSERT = {
    "inputs": [
        {"idProperty": "email", "id": SECRET + "@example.com", "properties": {"city": "Oslo"}}
    ]
}
LINK = {"inputs": [{"from": FROM, "to": TO, "types": LABEL}]}
UNLINK = {"inputs": [{"from": FROM, "to": [TO]}]}
PLAIN = {"inputs": [{"from": FROM, "to": TO}]}
NAMED_LINK = {"inputs": [{"from": FROM, "to": TO, "type": "contact_to_company_unlabeled"}]}
NEW = {"properties": {"firstname": "New"}}
USER = "/settings/v3/users"
FORM = {"fields": [{"name": "email", "value": "a@example.com"}]}
SCHEMAS = "/crm-object-schemas/v3/schemas"

#: By endpoint and method. A batch answers 207 where it could not find what it was asked for.
PROBES: dict[tuple[str, str], Probe] = {
    ("account.Details", "GET"): every(200, "/account-info/v3/details"),
    ("account.TokenInfo", "POST"): every(
        404, "/oauth/v2/private-apps/get/access-token-info", {"tokenKey": "pat-eu1-x"}
    ),
    ("oauth_endpoints.Tokens", "POST"): every(400, "/oauth/v1/token", {}),
    ("oauth_endpoints.AccessToken", "GET"): every(404, "/oauth/v1/access-tokens/x"),
    ("oauth_endpoints.RefreshToken", "GET"): every(404, "/oauth/v1/refresh-tokens/x"),
    ("oauth_endpoints.RefreshToken", "DELETE"): every(204, "/oauth/v1/refresh-tokens/x"),
    ("owners.Owners", "GET"): every(200, "/crm/v3/owners"),
    ("owners.OneOwner", "GET"): every(200, "/crm/v3/owners/{owner}"),
    ("users.Users", "GET"): closed(USER),
    ("users.Users", "POST"): closed(USER, {"email": "new@example.com"}),
    ("users.Roles", "GET"): closed(f"{USER}/roles"),
    ("users.Teams", "GET"): closed(f"{USER}/teams"),
    ("users.OneUser", "GET"): closed(f"{USER}/{{user}}"),
    ("users.OneUser", "PUT"): closed(f"{USER}/{{user}}", {}),
    ("users.OneUser", "DELETE"): closed(f"{USER}/{{user}}"),
    ("pipelines.Pipelines", "GET"): every(200, "/crm/v3/pipelines/deals"),
    ("pipelines.OnePipeline", "GET"): every(200, "/crm/v3/pipelines/deals/default"),
    ("pipelines.Stages", "GET"): every(200, "/crm/v3/pipelines/deals/default/stages"),
    ("pipelines.OneStage", "GET"): every(200, "/crm/v3/pipelines/deals/default/stages/{stage}"),
    ("properties.Properties", "GET"): every(200, PROPERTIES),
    ("properties.Properties", "POST"): closed(PROPERTIES, {"name": "colour"}),
    ("properties.OneProperty", "GET"): every(200, f"{PROPERTIES}/email"),
    ("properties.OneProperty", "PATCH"): closed(f"{PROPERTIES}/email", {"label": "Mail"}),
    ("properties.OneProperty", "DELETE"): closed(f"{PROPERTIES}/email"),
    ("properties.BatchCreate", "POST"): closed(f"{PROPERTIES}/batch/create", {"inputs": []}),
    ("properties.BatchRead", "POST"): every(
        200, f"{PROPERTIES}/batch/read", {"inputs": [{"name": "email"}]}
    ),
    ("properties.BatchArchive", "POST"): closed(
        f"{PROPERTIES}/batch/archive", {"inputs": [{"name": "email"}]}
    ),
    ("properties.Groups", "GET"): every(200, f"{PROPERTIES}/groups"),
    ("properties.Groups", "POST"): closed(f"{PROPERTIES}/groups", {"name": "x", "label": "X"}),
    ("properties.Group", "GET"): every(200, f"{PROPERTIES}/groups/contactinformation"),
    ("properties.Group", "PATCH"): closed(f"{PROPERTIES}/groups/contactinformation", {}),
    ("properties.Group", "DELETE"): closed(f"{PROPERTIES}/groups/contactinformation"),
    ("objects.Records", "GET"): part(f"{RECORDS}?associations=companies&limit=100"),
    ("objects.Records", "POST"): every(201, RECORDS, NEW),
    ("objects.Record", "GET"): found(f"{RECORDS}/{{contact}}?associations=companies"),
    ("objects.Record", "PATCH"): Probe(
        f"{RECORDS}/{{contact}}", {"properties": {"city": "Oslo"}}, (200, 403, 404)
    ),
    ("objects.Record", "DELETE"): Probe(f"{RECORDS}/{{contact}}", None, (204, 403, 204)),
    ("objects.BatchCreate", "POST"): every(201, f"{RECORDS}/batch/create", {"inputs": [NEW]}),
    ("objects.BatchRead", "POST"): Probe(f"{RECORDS}/batch/read", ONE, (200, 200, 207)),
    ("objects.BatchUpdate", "POST"): Probe(f"{RECORDS}/batch/update", CHANGE, (200, 403, 207)),
    ("objects.BatchUpsert", "POST"): Probe(f"{RECORDS}/batch/upsert", UPSERT, (200, 403, 409)),
    ("objects.BatchArchive", "POST"): Probe(f"{RECORDS}/batch/archive", ONE, (204, 403, 204)),
    ("merging.Merge", "POST"): Probe(
        f"{RECORDS}/merge",
        {"primaryObjectId": "{contact}", "objectIdToMerge": "{second}"},
        (200, 403, 404),
    ),
    ("merging.Erase", "POST"): closed(f"{RECORDS}/gdpr-delete", {"objectId": "{contact}"}),
    ("schemas.Schemas", "GET"): every(200, SCHEMAS),
    ("schemas.Schemas", "POST"): closed(SCHEMAS, {"name": "car"}),
    ("schemas.OneSchema", "GET"): every(200, f"{SCHEMAS}/contacts"),
    ("schemas.OneSchema", "PATCH"): closed(f"{SCHEMAS}/2-1", {}),
    ("schemas.OneSchema", "DELETE"): closed(f"{SCHEMAS}/2-1"),
    ("schemas.Associations", "POST"): closed(f"{SCHEMAS}/2-1/associations", {}),
    ("schemas.OneAssociation", "DELETE"): closed(f"{SCHEMAS}/2-1/associations/1"),
    ("schemas.BatchRead", "POST"): every(200, f"{SCHEMAS}/batch/read", {"inputs": []}),
    ("event_definitions.Definitions", "GET"): every(200, "/events/v3/event-definitions"),
    ("event_definitions.OneDefinition", "GET"): every(404, "/events/v3/event-definitions/x"),
    ("event_occurrences.EventTypes", "GET"): every(200, "/events/v3/events/event-types"),
    ("event_occurrences.Events", "GET"): part(
        "/events/v3/events?objectType=contact&objectId={contact}"
    ),
    ("submissions.Submit", "POST"): every(
        404, "/submissions/v3/integration/submit/1/00000000-0000-0000-0000-000000000000", FORM
    ),
    ("events.Send", "POST"): every(404, "/events/v3/send", {"eventName": "x", "objectId": "1"}),
    ("events.SendBatch", "POST"): every(204, "/events/v3/send/batch", {"inputs": []}),
    ("search.Search", "POST"): part(f"{RECORDS}/search", {"query": SECRET}),
    ("associations.RelatedRecords", "GET"): found(f"{RELATED}/companies"),
    ("associations.DefaultRelation", "PUT"): Probe(
        "/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}",
        None,
        (200, 403, 404),
    ),
    ("associations.Relation", "PUT"): Probe(
        f"{RELATED}/companies/{{company}}", LABEL, (201, 403, 404)
    ),
    ("associations.Relation", "DELETE"): Probe(
        f"{RELATED}/companies/{{company}}", None, (204, 403, 204)
    ),
    ("associations.BatchCreate", "POST"): Probe(f"{PAIR}/batch/create", LINK, (201, 403, 207)),
    ("associations.BatchRead", "POST"): Probe(f"{PAIR}/batch/read", ONE, (200, 200, 207)),
    ("associations.BatchArchive", "POST"): Probe(f"{PAIR}/batch/archive", UNLINK, (204, 403, 204)),
    ("associations.BatchArchiveLabels", "POST"): Probe(
        f"{PAIR}/batch/labels/archive", LINK, (204, 403, 204)
    ),
    ("associations.BatchDefault", "POST"): Probe(
        f"{PAIR}/batch/associate/default", PLAIN, (200, 403, 207)
    ),
    ("associations.Labels", "GET"): every(200, f"{PAIR}/labels"),
    ("associations.Labels", "POST"): closed(f"{PAIR}/labels", {"label": "Friend", "name": "f"}),
    ("associations.Labels", "PUT"): closed(f"{PAIR}/labels", {"label": "x"}),
    ("associations.Label", "DELETE"): closed(f"{PAIR}/labels/7"),
    ("named_associations.BatchCreate", "POST"): Probe(
        f"{NAMED}/batch/create", NAMED_LINK, (201, 403, 207)
    ),
    ("named_associations.BatchRead", "POST"): Probe(f"{NAMED}/batch/read", ONE, (200, 200, 207)),
    ("named_associations.BatchArchive", "POST"): Probe(
        f"{NAMED}/batch/archive", NAMED_LINK, (204, 403, 204)
    ),
    ("named_associations.Types", "GET"): every(200, f"{NAMED}/types"),
}


def patterns_below(items: list[Any]) -> Iterator[URLPattern]:
    for item in items:
        if isinstance(item, URLResolver):
            yield from patterns_below(item.url_patterns)
        else:
            yield item


def view_of(pattern: URLPattern) -> type[Endpoint] | None:
    """The endpoint at an address, None for what is none."""
    view = getattr(pattern.callback, "view_class", getattr(pattern.callback, "cls", None))
    is_one = isinstance(view, type) and issubclass(view, Endpoint) and view is not UnknownAddress
    return view if is_one else None


def endpoints() -> Iterator[type[Endpoint]]:
    """Every endpoint that has an address."""
    views = map(view_of, patterns_below(get_resolver().url_patterns))
    yield from (view for view in views if view is not None)


def asked(view: type[Endpoint]) -> Iterator[tuple[str, str]]:
    """The endpoint and its methods as PROBES names them."""
    name = f"{view.__module__.rpartition('.')[2]}.{view.__qualname__}"
    for method in Endpoint.http_method_names:
        if hasattr(view, method):
            yield name, method.upper()


def guarded() -> dict[tuple[str, str], Probe]:
    """Endpoints without a line whose rule asks for a switch: nobody here has one."""
    found = {}
    for view, address in endpoints_with_addresses():
        for key in asked(view):
            needed = view.rule and (view.rule.read if key[1] == "GET" else view.rule.write)
            if needed and key not in PROBES:
                found[key] = closed(address, {})
    return found


def endpoints_with_addresses() -> Iterator[tuple[type[Endpoint], str]]:
    """Every endpoint with an address of it, in which 1 stands for everything."""
    for pattern in patterns_below(get_resolver().url_patterns):
        view = view_of(pattern)
        if view is not None:
            address = re.sub(r"\(\?P<\w+>[^)]*\)", "1", str(pattern.pattern)).strip("^$?")
            yield view, f"/{address.rstrip('/')}"


def test_every_endpoint_has_a_line() -> None:
    served = {key for view in endpoints() for key in asked(view)}
    known = PROBES.keys() | guarded().keys()
    assert sorted(served - known) == [], "say above what the three are answered"
    assert sorted(PROBES.keys() - served) == [], "these are not served"


def test_every_endpoint_has_a_rule() -> None:
    without = [view.__qualname__ for view in endpoints() if view.rule is None]
    assert without == [], "without a rule only superusers may ask: set Endpoint.rule"


@dataclass(frozen=True)
class World:
    people: People
    #: What the braces in addresses and bodies stand for.
    ids: dict[str, str]
    #: The stranger's own contact, which is associated with the hidden company.
    own: int


@pytest.fixture
def world(db: None) -> World:
    people = three()
    ada, cy = str(people.ada.owner.pk), str(people.cy.owner.pk)
    hidden = {"firstname": SECRET, "email": f"{SECRET}@example.com", "hubspot_owner_id": ada}
    second = {"firstname": SECRET, "hubspot_owner_id": ada}
    contact, other, own = changes.create(
        CONTACT, [hidden, second, {"firstname": "Cy's", "hubspot_owner_id": cy}], SYSTEM
    )
    (company,) = changes.create(COMPANY, [{"name": SECRET, "hubspot_owner_id": ada}], SYSTEM)
    kind = associations.between(CONTACT, COMPANY)
    associations.associate(kind, associations.pairs([(contact, company), (own, company)]))
    stage = PipelineStage.objects.filter(pipeline__object_type="0-3").order_by("pk")[0]
    ids = {
        "contact": contact, "company": company, "own": own, "owner": ada, "stage": stage.stage_id,
        "user": people.ada.user.pk, "second": other,
    }  # fmt: skip
    return World(people, {name: str(value) for name, value in ids.items()}, own)


def ask(world: World, who: str, method: str, path: str, body: Any = None) -> Answer:
    """Have one of the three send a request, with the ids put into its braces."""

    def filled(text: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda found: world.ids.get(found[1], found[0]), text)

    name = f"{who} {ApiToken.objects.count()}"
    api = new_api(user=getattr(world.people, who).user, name=name)
    return api(method, filled(path), json.loads(filled(json.dumps(body))))


WHO = ("ada", "bea", "cy")


@pytest.mark.parametrize("who", WHO)
def test_what_they_are_answered(world: World, who: str) -> None:
    probes = PROBES | guarded()
    answers = {key: undone(world, who, key[1], probe) for key, probe in probes.items()}
    expected = {key: probe.statuses[WHO.index(who)] for key, probe in probes.items()}
    assert {key: answer.status for key, answer in answers.items()} == expected
    if who == "cy":
        for key, answer in answers.items():
            # What the stranger sent comes back in messages; what is stored may not.
            told = json.dumps(answer.body)
            assert f'"{SECRET}"' not in told, key
            assert f'"toObjectId": {world.ids["company"]}' not in told, key


def undone(world: World, who: str, method: str, probe: Probe) -> Answer:
    """The answer to a request that leaves no trace."""
    with transaction.atomic():
        answer = ask(world, who, method, probe.path, probe.body)
        transaction.set_rollback(True)
    return answer


LISTS, IMPORTS = "/crm/v3/lists", "/crm/v3/imports"
ONE_LIST = f"{LISTS}/{{list}}"
#: With every switch on: the list is ada's, who shows it to bea; the import is ada's alone.
SWITCHED: dict[tuple[str, str], Probe] = {
    ("lists.OneList", "GET"): found(ONE_LIST),
    ("lists.NamedList", "GET"): found(f"{LISTS}/object-type-id/0-1/name/{SECRET}"),
    ("lists.OneList", "DELETE"): Probe(ONE_LIST, None, (204, 403, 404)),
    ("lists.Rename", "PUT"): Probe(
        f"{ONE_LIST}/update-list-name?listName=x", None, (200, 403, 404)
    ),
    ("lists.Lists", "GET"): part(f"{LISTS}?listIds={{list}}"),
    ("lists.Search", "POST"): part(f"{LISTS}/search", {"query": SECRET}),
    ("list_members.Members", "GET"): found(f"{ONE_LIST}/memberships"),
    ("list_members.JoinOrder", "GET"): found(f"{ONE_LIST}/memberships/join-order"),
    ("list_members.Members", "DELETE"): Probe(f"{ONE_LIST}/memberships", None, (204, 403, 404)),
    ("list_members.Add", "PUT"): Probe(f"{ONE_LIST}/memberships/add", ["{own}"], (200, 403, 404)),
    ("list_members.ListsOfRecord", "GET"): Probe(
        f"{LISTS}/records/0-1/{{own}}/memberships", None, (404, 404, 200)
    ),
    ("imports.Imports", "GET"): part(IMPORTS),
    ("imports.OneImport", "GET"): Probe(f"{IMPORTS}/{{job}}", None, (200, 404, 404)),
    ("imports.Errors", "GET"): Probe(f"{IMPORTS}/{{job}}/errors", None, (200, 404, 404)),
}


@pytest.mark.parametrize("who", WHO)
def test_switches_do_not_open_what_is_kept_to_others(world: World, who: str) -> None:
    people = world.people
    people.permission_set.switches = [item.name for item in access_switches.switches]
    people.permission_set.save()
    secret = List.objects.create(name=SECRET, object_type=CONTACT)
    sharing.share(secret, viewers=[people.bea.user], editors=[people.ada.user])
    now = people.team.created_at
    job = ImportJob.objects.create(
        object_type=CONTACT, file_name=SECRET, user=people.ada.user, created_at=now, updated_at=now
    )
    world.ids.update(list=str(secret.pk), job=str(job.pk))
    answers = {key: undone(world, who, key[1], probe) for key, probe in SWITCHED.items()}
    expected = {key: probe.statuses[WHO.index(who)] for key, probe in SWITCHED.items()}
    assert {key: answer.status for key, answer in answers.items()} == expected
    if who == "cy":
        for key, answer in answers.items():
            assert f'"{SECRET}"' not in json.dumps(answer.body), key


def test_a_stranger_is_not_told_what_belongs_to_own_records(world: World) -> None:
    company = world.ids["company"]
    for path in (
        f"{RECORDS}/{{own}}?associations=companies",
        "/crm/v4/objects/contacts/{own}/associations/companies",
        f"{RECORDS}?associations=companies",
    ):
        answer = ask(world, "cy", "GET", path)
        assert answer.status == 200
        told = json.dumps(answer.body)
        assert f'"{company}"' not in told
        assert f'"toObjectId": {company}' not in told
    assert ask(world, "bea", "GET", f"{RECORDS}/{{own}}").status == 404


def test_totals_of_a_search_leave_out_what_is_hidden(world: World) -> None:
    totals = {who: ask(world, who, "POST", f"{RECORDS}/search", {}).body["total"] for who in WHO}
    assert totals == {"ada": 2, "bea": 2, "cy": 1}
    by_company = {
        "filters": [
            {"propertyName": "associations.company", "operator": "EQ", "value": "{company}"}
        ]
    }
    answers = {who: ask(world, who, "POST", f"{RECORDS}/search", by_company).body for who in WHO}
    assert {who: answer["total"] for who, answer in answers.items()} == {
        "ada": 1,
        "bea": 1,
        "cy": 0,
    }


def test_a_taken_value_does_not_tell_whose_it_is(world: World) -> None:
    body = {"properties": {"email": f"{SECRET}@example.com"}}
    answers = {who: ask(world, who, "POST", RECORDS, body) for who in ("ada", "cy")}
    assert {who: answer.status for who, answer in answers.items()} == {"ada": 409, "cy": 409}
    assert world.ids["contact"] in answers["ada"].body["message"]
    assert world.ids["contact"] not in answers["cy"].body["message"]


def test_many_are_archived_only_with_the_switch(world: World) -> None:
    both = {"inputs": [{"id": "{contact}"}, {"id": "{contact}0"}]}
    assert ask(world, "ada", "POST", f"{RECORDS}/batch/archive", both).status == 403
    world.people.permission_set.switches = ["bulk_delete"]
    world.people.permission_set.save()
    assert ask(world, "bea", "POST", f"{RECORDS}/batch/archive", both).status == 403
    assert new_api(user=world.people.ada.user, name="again").get(RECORDS).body["results"]
