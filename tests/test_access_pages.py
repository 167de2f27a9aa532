"""A stranger opens every page of the admin: nothing that is hidden is on it.

The pages come from the URLs. Whatever stands in an address is filled with something hidden, so a
new page is tried without being named here; a new kind of part in an address fails the first test.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from crm import access_switches, associations, changes, properties, sharing
from crm.access import Level
from crm.lists import membership
from crm.models import (
    ImportJob,
    List,
    Property,
    PropertyAccess,
    PropertyGroup,
    Record,
    SavedView,
)
from crm.objects import base as objects
from crm.properties import clean
from crm.property_types.base import Definition
from crm.tests.people import People, three
from crm.tests.writing import SYSTEM, select
from emails.models import Email
from workflows.tests.documents import delay, flow
from workflows.tests.world import enroll, live

pytestmark = pytest.mark.django_db

#: Stands in everything hidden and nowhere else.
SECRET = "zanzibar"
#: Messages hold what was sent to anybody; who has this switch sees all of them.
ALL_MESSAGES = "outbox"


@dataclass(frozen=True)
class Page:
    """An address of the admin: its name and what it takes."""

    name: str
    parts: tuple[str, ...]
    model: str

    def url(self, world: World) -> str | None:
        """The address of something hidden; None when it can be about nothing of the sort."""
        values = {part: world.value(part, self.model) for part in self.parts}
        return None if None in values.values() else reverse(self.name, kwargs=values)


def pages() -> Iterator[Page]:
    """Every named page of the admin, and of the mailbox."""
    for space, patterns in (("admin", _below("admin/")), ("emails", _below("mailbox/"))):
        for pattern in patterns:
            if pattern.name and pattern.name not in {"logout", "login"}:
                parts = tuple(pattern.pattern.converters) or _groups(pattern)
                model = ".".join(pattern.name.split("_", 1)).rpartition("_")[0]
                yield Page(f"{space}:{pattern.name}", parts, model)


def _below(prefix: str) -> Iterator[URLPattern]:
    def walk(items: list[Any], before: str) -> Iterator[URLPattern]:
        for item in items:
            address = before + str(item.pattern)
            if isinstance(item, URLResolver):
                yield from walk(item.url_patterns, address)
            elif address.startswith(prefix):
                yield item

    return walk(get_resolver().url_patterns, "")


def _groups(pattern: URLPattern) -> tuple[str, ...]:
    return tuple(re.findall(r"\(\?P<(\w+)>", str(pattern.pattern)))


@dataclass(frozen=True)
class World:
    people: People
    #: Record ids by the name of the object type.
    records: Mapping[str, int]
    #: Ids of other things by the name of their model.
    things: Mapping[str, int]
    #: Ids of saved views by the name of the object type.
    views: Mapping[str, int]
    own: int

    def value(self, part: str, model: str) -> str | int | None:
        """What stands for a part of an address; KeyError for one that nobody knows."""
        app, _, name = model.partition(".")
        if part in ("object_id", "record_id", "asset_id", "id", "pk"):
            kind = name.removesuffix("_password")
            found = self.things.get(kind) if app == "emails" else None
            found = self.records.get(kind, self.things.get(kind)) if found is None else found
            return self.records["contact"] if found is None and part == "record_id" else found
        known: dict[str, str | int | None] = {
            "workflow_id": self.things["workflow"],
            "property_id": self.things["property"],
            "list_id": self.things["list"],
            "job_id": self.things["importjob"],
            "object_type": "0-1",
            "app_label": "crm",
            "content_type_id": 1,
            "name": "nobody.eml",
            "message_id": 1,
            "number": 1,
            "url": "nothing",
            "other_id": self.records[other_of(name)],
            "view_id": self.views.get(name.removesuffix("_view")),
        }
        return known[part]


def other_of(kind: str) -> str:
    """The object type with a record of which each record here is associated."""
    return "contact" if kind in ("company", "lead") else "company"


def _associate(made: Mapping[str, int]) -> None:
    for name in ("contact", "deal", "ticket", "task", "lead"):
        other = other_of(name)
        kind = associations.between(objects.get(name).type_id, objects.get(other).type_id)
        associations.associate(kind, associations.pairs([(made[name], made[other])]))


def _texts(definitions: Mapping[str, Definition]) -> dict[str, str]:
    """The secret in every property that takes it."""
    found = {}
    for name, definition in definitions.items():
        try:
            clean(definitions, {name: SECRET})
        except properties.InvalidProperties:
            continue
        if definition.type == "string" and not definition.options:
            found[name] = SECRET
    return found


def _records(people: People) -> dict[str, int]:
    made = {}
    for kind in objects.in_order():
        definitions = properties.load(kind.type_id)
        values = _texts(definitions)
        if "hubspot_owner_id" in definitions:
            values["hubspot_owner_id"] = str(people.ada.owner.pk)
        made[kind.name] = changes.create(kind.type_id, [values], SYSTEM)[0]
    _associate(made)
    return made


def _views(people: People) -> dict[str, int]:
    return {
        kind.name: SavedView.objects.create(
            object_type=kind.type_id, name=SECRET, owner=people.ada.user
        ).pk
        for kind in objects.in_order()
    }


def _things(people: People, contact: int) -> dict[str, int]:
    """A list, a workflow, an email, a property and an import that only ada sees."""
    secret_list = List.objects.create(name=SECRET, object_type="0-1")
    workflow = live(flow(delay("1", 3), name=SECRET))
    now = people.team.created_at
    email = Email.objects.create(name=SECRET, subject=SECRET, created_at=now, updated_at=now)
    membership.add(secret_list, select([contact]))
    enroll(workflow, [contact])
    for asset in (secret_list, workflow, email):
        sharing.share(asset, editors=[people.ada.user])
    hidden = Property.objects.create(
        object_type="0-1", name=SECRET, label=SECRET, type="string", field_type="text",
        group=PropertyGroup.objects.filter(object_type="0-1")[0], created_at=people.team.created_at,
    )  # fmt: skip
    PropertyAccess.objects.create(definition=hidden, user=people.cy.user, level=Level.NONE)
    job = ImportJob.objects.create(
        object_type="0-1", file_name=f"{SECRET}.csv", user=people.ada.user, created_at=now,
        updated_at=now,
    )  # fmt: skip
    return {
        "list": secret_list.pk, "workflow": workflow.pk, "email": email.pk, "property": hidden.pk,
        "importjob": job.pk, "user": people.ada.user.pk, "team": people.team.pk,
        "owner": people.ada.owner.pk, "permissionset": people.permission_set.pk,
    }  # fmt: skip


@pytest.fixture
def world(db: None) -> World:
    switches = [item.name for item in access_switches.switches if item.name != ALL_MESSAGES]
    people = three(switches=switches)
    records = _records(people)
    things = _things(people, records["contact"])
    mine = {"firstname": "Own", "hubspot_owner_id": str(people.cy.owner.pk)}
    (own,) = changes.create("0-1", [mine], SYSTEM)
    kind = associations.between("0-1", "0-2")
    associations.associate(kind, associations.pairs([(own, records["company"])]))
    open_list = List.objects.create(name="Open", object_type="0-1")
    membership.add(open_list, select([own, records["contact"]]))
    workflow = live(flow(delay("1", 3), name="Open"))
    enroll(workflow, [own, records["contact"]])
    things |= {"open list": open_list.pk, "open": workflow.pk}
    return World(people, records, things, _views(people), own)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def undone(client: Client, url: str, method: str = "get") -> Any:
    """The answer to a request that leaves no trace."""
    with transaction.atomic():
        answer = getattr(client, method)(url)
        transaction.set_rollback(True)
    return answer


def told(answer: Any) -> str:
    """What a page says, with its links and fields."""
    return "" if answer.streaming else answer.content.decode()


def test_every_part_of_an_address_is_known(world: World) -> None:
    unknown = set()
    for page in pages():
        for part in page.parts:
            try:
                world.value(part, page.model)
            except KeyError:
                unknown.add((page.name, part))
    assert unknown == set(), "say in World.value what stands for it"


#: Pages about one of several things that are hidden here, as their names begin.
HIDDEN = (
    *(f"admin:crm_{kind}_" for kind in ("contact", "company", "deal", "ticket", "task", "lead")),
    "admin:crm_list_", "admin:crm_property_", "admin:crm_importjob_", "admin:workflows_workflow_",
    "admin:emails_email_",
)  # fmt: skip

#: Not even the owner: imports stay, and this one refused no row.
NOBODYS = {"admin:crm_importjob_delete", "admin:crm_importjob_rejects"}


def test_a_stranger_sees_nothing_hidden_on_any_page(world: World) -> None:
    client = client_of(world.people.cy.user)
    wrong = {}
    for page in pages():
        url = page.url(world)
        if url is None:
            continue
        for method in ("get", "post") if page.parts else ("get",):
            answer = undone(client, url, method)
            is_hidden = bool(page.parts) and page.name.startswith(HIDDEN)
            is_absent = answer.status_code in (403, 404, 405) or answer.headers.get("Location") in (
                "/admin/",
                f"{url}change/",
            )
            if SECRET in told(answer) or (is_hidden and not is_absent):
                wrong[page.name, method] = (answer.status_code, answer.headers.get("Location"))
    assert wrong == {}


def test_the_owner_sees_the_same_pages(world: World) -> None:
    """Otherwise the test above would be content with pages that are broken."""
    client = client_of(world.people.ada.user)
    for page in pages():
        url = page.url(world)
        if url is None or not page.name.startswith(HIDDEN) or page.name in NOBODYS:
            continue
        if page.name.endswith("_erase"):
            # For superusers, and contacts alone.
            assert undone(client, url).status_code in (403, 404)
            continue
        answer = undone(client, url)
        assert answer.status_code in (200, 302, 405), (page.name, answer.status_code)
        if page.name.endswith(("_changelist", "_record", "_page")):
            assert SECRET in told(answer), page.name


def test_a_team_mate_sees_records_and_changes_none(world: World) -> None:
    client = client_of(world.people.bea.user)
    for name, key in world.records.items():
        if "hubspot_owner_id" not in properties.load(objects.get(name).type_id):
            continue
        assert undone(client, f"/admin/crm/{name}/{key}/").status_code == 200, name
        for page in ("change/", "delete/"):
            assert undone(client, f"/admin/crm/{name}/{key}/{page}").status_code == 403, name
        assert undone(client, f"/admin/crm/{name}/{key}/restore/", "post").status_code == 403, name


def test_open_pages_leave_out_what_is_hidden(world: World) -> None:
    client = client_of(world.people.cy.user)
    open_list, workflow = world.things["open list"], world.things["open"]
    for url in (
        "/admin/",
        "/admin/health/",
        f"/admin/search/?s={SECRET}",
        f"/admin/crm/contact/?q={SECRET}",
        f"/admin/crm/contact/{world.own}/",
        f"/admin/crm/contact/{world.own}/?tab=properties",
        f"/admin/crm/contact/{world.own}/?tab=workflows",
        f"/admin/crm/list/{open_list}/change/",
        f"/admin/workflows/workflow/{workflow}/?tab=enrollments",
        f"/admin/workflows/workflow/{workflow}/?tab=log",
        f"/admin/workflows/workflow/{workflow}/?tab=enrollments&why={world.records['contact']}",
    ):
        answer = client.get(url)
        assert answer.status_code == 200, url
        # What was searched for stands in the field again, and in links.
        said = re.sub(rf'(="|=|%3D){SECRET}', "", told(answer))
        assert SECRET not in said, url


def test_bulk_actions_leave_out_what_is_hidden(world: World) -> None:
    client = client_of(world.people.cy.user)
    chosen = {"_selected_action": [world.own, world.records["contact"]], "action": "archive"}
    page = client.post("/admin/crm/contact/", chosen)
    assert "1 contact" in told(page)
    client.post("/admin/crm/contact/", chosen | {"confirmed": "1"})
    archived = Record.objects.exclude(archived_at=None)
    assert list(archived.values_list("pk", flat=True)) == [world.own]


def test_the_menu_shows_what_the_permission_set_allows(world: World) -> None:
    world.people.permission_set.switches = []
    world.people.permission_set.records = {"0-1": {"view": "OWN"}}
    world.people.permission_set.save()
    groups = client_of(world.people.cy.user).get("/admin/").context["sidebar_navigation"]
    titles = [item["title"] for group in groups for item in group["items"]]
    assert titles == ["Home", "Contacts", "Health"]
