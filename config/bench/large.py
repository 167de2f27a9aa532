"""How an account of a million contacts feels: pages, searches, lists and writes, in milliseconds."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.contrib.auth.models import User
from django.test import Client

from config.bench.engine import condition
from crm import changes, clock
from crm.api import scopes, tokens
from crm.lists import building, editing
from crm.models import List, Record
from crm.sql import SQL, rows, sql, value
from crm.statements import Source, SourceKind
from workflows import triggers

REPEATS = 9
LISTS = 200
CHANGED = 1_000
CONTACT = "0-1"
SOURCE = Source(kind=SourceKind.SYSTEM, id="bench")
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One thing people wait for."""

    name: str
    #: Median and slowest of the repeats.
    milliseconds: float
    slowest: float
    #: What the project promises, None where nothing is promised.
    goal: float | None = None
    #: Hand-written SQL with the same answer, in the same run.
    floor: float | None = None


def figures() -> Iterator[Figure]:
    """Everything, one after the other, on the records that are there."""
    admin = Client()
    admin.force_login(User.objects.create_superuser("bench"))
    yield from _pages(admin)
    yield from _searches()
    yield _upsert()
    yield _list()
    yield _evaluation()


def memory() -> int:
    """The most memory this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _time(run: Callable[[], object], repeats: int = REPEATS) -> list[float]:
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        run()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _figure(name: str, times: list[float], **more: float | None) -> Figure:
    return Figure(name=name, milliseconds=statistics.median(times), slowest=max(times), **more)


def _pages(admin: Client) -> Iterator[Figure]:
    def page(query: str) -> None:
        response = admin.get(f"/admin/crm/contact/{query}")
        assert response.status_code == 200, response.status_code

    first, last = _ends()
    middle = (first + last) // 2
    asked = {
        "list of contacts, first page": "",
        "list of contacts, a page in the middle": f"?before={middle}",
        "list of contacts, the last page": f"?after={first}",
        "search for a name": "?q=lindqvist+mara",
        "search for an address": "?q=person777@firm777.example",
    }
    page("")
    asked["page of a contact"] = f"{middle}/change/"
    for name, query in asked.items():
        yield _figure(name, _time(partial(page, query)), goal=150)


def _ends() -> tuple[int, int]:
    [(first, last)] = rows(
        sql("SELECT min(id), max(id) FROM crm_record WHERE object_type = {type}", type=CONTACT)
    )
    return first, last


def _api() -> Callable[[str, Json], Json]:
    user = User.objects.get(username="bench")
    _, secret = tokens.issue(f"bench {clock.now().isoformat()}", user, scopes.known())
    client = Client(headers={"Authorization": f"Bearer {secret}"})

    def post(path: str, body: Json) -> Json:
        response = client.post(path, json.dumps(body), content_type="application/json")
        assert response.status_code < 300, response.content
        found: Json = response.json()
        return found

    return post


def _searches() -> Iterator[Figure]:
    post = _api()

    def search(**body: Any) -> None:
        post("/crm/v3/objects/contacts/search", {"limit": 10, **body})

    email = {"propertyName": "email", "operator": "EQ", "value": "person777@firm777.example"}
    yield _figure("API search by address", _time(lambda: search(filters=[email])), goal=150)
    yield _figure("API search for words", _time(lambda: search(query="lindqvist mara")), goal=150)
    score = {"propertyName": "hubspotscore", "operator": "GT", "value": "99"}
    yield _figure("API search by an unindexed property", _time(lambda: search(filters=[score])))


def _upsert() -> Figure:
    post = _api()
    round_ = iter(range(REPEATS + 1))

    def upsert() -> None:
        number = next(round_)
        inputs = [
            {
                "id": f"person{n}@firm{n}.example" if n % 2 else f"new{number}-{n}@firm.example",
                "idProperty": "email",
                "properties": {"jobtitle": f"Title {number}", "city": "Oslo"},
            }
            for n in range(100)
        ]
        post("/crm/v3/objects/contacts/batch/upsert", {"inputs": inputs})

    upsert()
    return _figure("API batch upsert of 100 contacts", _time(upsert), goal=100)


def _list() -> Figure:
    """A dynamic list over three properties, an association and a count of events, built anew."""
    branch = _branch()
    began = time.perf_counter()
    made = editing.create("Bench", CONTACT, List.ProcessingType.DYNAMIC, filter_branch=branch)
    while building.build():
        pass
    seconds = time.perf_counter() - began
    size = value(sql("SELECT count(*) FROM crm_listmembership WHERE list_id = {id}", id=made.pk))
    began = time.perf_counter()
    found = rows(SQL(_FLOOR))
    floor = time.perf_counter() - began
    assert [(size,)] == found, (size, found)
    return Figure(
        name=f"dynamic list of {size:,} built",
        milliseconds=seconds * 1000,
        slowest=seconds * 1000,
        floor=floor * 1000,
    )


def _branch() -> Json:
    def group(*filters: Json, branches: list[Json] | None = None) -> Json:
        return {
            "filterBranchType": "AND",
            "filters": list(filters),
            "filterBranches": branches or [],
        }

    def one(name: str, operation: Json) -> Json:
        found: Json = condition(name, operation)["filterBranches"][0]["filters"][0]
        return found

    lead = {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": ["lead"]}
    high = {"operationType": "NUMBER", "operator": "IS_GREATER_THAN", "value": 50}
    oslo = {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": "Oslo"}
    large = {"operationType": "NUMBER", "operator": "IS_GREATER_THAN", "value": 1000}
    visited = {
        "filterBranchType": "UNIFIED_EVENTS",
        "operator": "HAS_COMPLETED",
        "eventTypeId": "4-96000",
        "filters": [],
        "coalescingRefineBy": {"type": "NUM_OCCURRENCES", "minOccurrences": 6},
    }
    firm = {
        "filterBranchType": "ASSOCIATION",
        "operator": "IN_LIST",
        "objectTypeId": "0-2",
        "associationTypeId": 279,
        "associationCategory": "HUBSPOT_DEFINED",
        "filters": [one("numberofemployees", large)],
        "filterBranches": [],
    }
    return {
        "filterBranchType": "OR",
        "filters": [],
        "filterBranches": [
            group(one("lifecyclestage", lead), one("hubspotscore", high), branches=[firm]),
            group(one("city", oslo), branches=[visited]),
        ],
    }


_FLOOR = """
    SELECT count(*) FROM crm_record r WHERE r.object_type = '0-1' AND r.archived_at IS NULL AND (
        (r.properties->>'lifecyclestage' = 'lead' AND (r.properties->>'hubspotscore')::numeric > 50
         AND r.id IN (
            SELECT a.from_record_id FROM crm_association a
            JOIN crm_associationtype t ON t.id = a.type_id AND t.type_id = 279
            JOIN crm_record o ON o.id = a.to_record_id AND o.archived_at IS NULL
            WHERE (o.properties->>'numberofemployees')::numeric > 1000))
        OR (lower(r.properties->>'city') = 'oslo' AND r.id IN (
            SELECT record_id FROM crm_event WHERE type = 'page.visited'
            GROUP BY 1 HAVING count(*) >= 6)))
"""


def _evaluation() -> Figure:
    """The change queue worked off: contacts that changed, judged by many dynamic lists."""
    now = clock.now()
    List.objects.bulk_create(
        [
            List(
                name=f"Bench {n}",
                object_type=CONTACT,
                processing_type=List.ProcessingType.DYNAMIC,
                filter_branch=condition(
                    "jobtitle",
                    {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": f"Title {n}"},
                ),
                filters_updated_at=now,
                created_at=now,
                updated_at=now,
            )
            for n in range(LISTS)
        ]
    )
    first, _ = _ends()
    while triggers.match():
        pass
    times = []
    for turn in range(REPEATS):
        ids = list(
            Record.objects.filter(object_type=CONTACT, pk__gte=first + turn * CHANGED)
            .order_by("pk")
            .values_list("pk", flat=True)[:CHANGED]
        )
        changes.update(CONTACT, {one: {"jobtitle": f"Title {one % LISTS}"} for one in ids}, SOURCE)
        times += _time(triggers.match, repeats=1)
    return _figure(
        f"{CHANGED:,} changed contacts judged by {LISTS} dynamic lists", times, goal=1000
    )
