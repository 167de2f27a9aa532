"""Random filters over random records: the database and plain Python must agree on every one."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg.types.json import Jsonb
from pytest_django import Settings

from crm import properties
from crm.event_types.base import EventType, event_types
from crm.filters import base
from crm.models import List, ListMembership, Property, PropertyGroup, Record
from crm.property_types.base import Definition, Option
from crm.sql import SQL, execute, join, rows, sql
from crm.tests.filter_lines import KINDS, MOMENTS, OSLO, any_value
from crm.tests.filter_model import Model, Thing
from crm.tests.filter_trees import COMPANY, EVENTS, HOLDER, LINKS, Trees
from crm.tests.filter_world import CONTACT, NOW, OPTIONS

pytestmark = pytest.mark.django_db

TREES = int(os.environ.get("FILTER_TREES", "20000"))
SEED = int(os.environ.get("FILTER_SEED", "1"))
#: How many filters one statement asks.
BATCH = 50
SIZES = {CONTACT: 40, COMPANY: 20}


@dataclass
class World:
    things: dict[str, list[Thing]]
    lists: dict[int, str]

    @property
    def by_id(self) -> dict[int, Thing]:
        return {thing.record_id: thing for things in self.things.values() for thing in things}


@pytest.fixture
def kinds_of_events() -> Iterator[None]:
    """Events with a property of each type, which happen in this test only."""
    definitions = tuple(
        Definition(name=name, label=name, type=kind, field_type=field_type, group="",
                   options=tuple(Option(value=one["value"], label=one["label"]) for one in OPTIONS))
        for name, (kind, field_type) in KINDS.items()
    )  # fmt: skip
    made: list[type[EventType]] = [
        type("Happening", (EventType,), {
            "event_type_id": key, "name": key, "api_name": key, "label": "Happening",
            "object_type": object_type, "properties": definitions,
        })
        for object_type, keys in EVENTS.items() for key in keys
    ]  # fmt: skip
    for kind in made:
        event_types.register(kind)
    yield
    for kind in made:
        del event_types._kinds[kind.event_type_id]


def make_properties() -> None:
    for object_type in (CONTACT, COMPANY):
        group = PropertyGroup.objects.filter(object_type=object_type).first()
        assert group is not None
        Property.objects.bulk_create(
            Property(object_type=object_type, name=name, label=name, type=kind, group=group,
                     field_type=field_type, options=OPTIONS, created_at=NOW)
            for name, (kind, field_type) in {**KINDS, HOLDER: ("string", "text")}.items()
        )  # fmt: skip


def some_values(chance: random.Random) -> dict[str, Any]:
    """A third of the values are missing."""
    return {
        name: any_value(kind, field_type, chance)
        for name, (kind, field_type) in KINDS.items()
        if chance.random() < 0.67
    }


def make_things(chance: random.Random) -> World:
    things = {}
    for object_type, count in SIZES.items():
        made = [Thing(some_values(chance)) for _ in range(count)]
        things[object_type] = made
        for thing in made:
            thing.is_archived = object_type == COMPANY and chance.random() < 0.15
            for name, (kind, field_type) in KINDS.items():
                for _ in range(chance.choice([0, 0, 1, 2])):
                    then = any_value(kind, field_type, chance) if chance.random() < 0.8 else None
                    thing.history.append((name, then, chance.choice(MOMENTS)))
            for _ in range(chance.choice([0, 1, 2, 4])):
                what = Thing(some_values(chance))
                thing.events.append(
                    (chance.choice(EVENTS[object_type]), chance.choice(MOMENTS), what)
                )
    return World(things, {})


def store(world: World, chance: random.Random) -> None:
    for object_type, made in world.things.items():
        stored = Record.objects.bulk_create(
            Record(object_type=object_type, properties=thing.properties, created_at=NOW,
                   updated_at=NOW, archived_at=NOW if thing.is_archived else None)
            for thing in made
        )  # fmt: skip
        for thing, record in zip(made, stored, strict=True):
            thing.record_id = record.pk
        store_history(made)
        store_events(made, object_type)
        for _ in range(2):
            store_list(world, object_type, chance.sample(made, len(made) // 3))
    relate(world, chance)
    for person in world.things[CONTACT]:
        held = chance.choice([None, "x", "", "12345678901234567890", "0", *"123456"])
        if held is not None and held.isdigit() and 0 < len(held) < 3:
            held = str(world.things[COMPANY][int(held)].record_id)
        if held is not None:
            person.properties = {**person.properties, HOLDER: held}
            Record.objects.filter(pk=person.record_id).update(properties=person.properties)


def store_history(made: list[Thing]) -> None:
    lines = [
        (thing.record_id, name, None if value is None else Jsonb(value), at)
        for thing in made
        for name, value, at in thing.history
    ]
    execute(
        sql(
            "INSERT INTO crm_property_history (record_id, property_name, value, source, source_id, at)"
            " SELECT u.a, u.b, u.c, 'API', '', u.d FROM unnest({a}::bigint[], {b}::text[],"
            " {c}::jsonb[], {d}::timestamptz[]) AS u(a, b, c, d)",
            **dict(zip("abcd", map(list, zip(*lines, strict=True)), strict=True)),
        )
    )


def store_events(made: list[Thing], object_type: str) -> None:
    lines = [
        (thing.record_id, type_, Jsonb(what.properties), at)
        for thing in made
        for type_, at, what in thing.events
    ]
    execute(
        sql(
            "INSERT INTO crm_event (record_id, type, object_type, properties, source, source_id, at)"
            " SELECT u.a, u.b, {kind}, u.c, 'API', '', u.d FROM unnest({a}::bigint[], {b}::text[],"
            " {c}::jsonb[], {d}::timestamptz[]) AS u(a, b, c, d)",
            kind=object_type,
            **dict(zip("abcd", map(list, zip(*lines, strict=True)), strict=True)),
        )
    )


def store_list(world: World, object_type: str, members: list[Thing]) -> None:
    made = List.objects.create(
        name=f"List {len(world.lists)}", object_type=object_type, created_at=NOW
    )
    ListMembership.objects.bulk_create(
        ListMembership(list=made, record_id=thing.record_id, since=NOW) for thing in members
    )
    for thing in members:
        thing.lists.add(made.pk)
    world.lists[made.pk] = object_type


def relate(world: World, chance: random.Random) -> None:
    """Contacts and companies; a label is not always beside the type without one."""
    for there, back in ((279, 280), (1, 2)):
        for person in world.things[CONTACT]:
            for firm in chance.sample(world.things[COMPANY], chance.choice([0, 0, 1, 2, 4])):
                person.links.setdefault(there, []).append(firm)
                firm.links.setdefault(back, []).append(person)
    for (_, number, _), made in ((link, made) for link in LINKS for made in world.things.values()):
        pairs = [
            (one.record_id, other.record_id) for one in made for other in one.links.get(number, [])
        ]
        execute(
            sql(
                "INSERT INTO crm_association (from_record_id, to_record_id, type_id, created_at)"
                " SELECT u.a, u.b, t.id, {now} FROM unnest({a}::bigint[], {b}::bigint[]) AS u(a, b)"
                " JOIN crm_associationtype t ON t.type_id = {number}"
                " AND t.category = 'HUBSPOT_DEFINED'",
                now=NOW,
                number=number,
                a=[pair[0] for pair in pairs],
                b=[pair[1] for pair in pairs],
            )
        )


def answers(
    trees: list[dict[str, Any]], library: base.Library, *, few: bool
) -> dict[int, list[Any]]:
    """What the database says of every contact to every filter, in one statement."""
    definitions = library.properties(CONTACT)
    conditions = [
        base.compile(base.parse(tree, definitions, library=library), CONTACT, NOW, few=few).where
        for tree in trees
    ]
    found = rows(
        sql(
            "SELECT r.id, ARRAY[{conditions}]::boolean[] FROM crm_record r"
            " WHERE r.object_type = {kind} AND r.archived_at IS NULL",
            conditions=join(", ", conditions),
            kind=CONTACT,
        )
    )
    return dict(found)


def smallest(node: Any, fails: Any) -> Any:
    """The smallest part of a filter that fails as well."""
    for child in [*node.get("filters", []), *node.get("filterBranches", [])]:
        whole = child if child.get("filterBranchType") in ("AND", "OR", "NOT_ANY", "NOT_ALL") else (
            {"filterBranchType": "AND", "filters" if "filterType" in child else "filterBranches": [child]}
        )  # fmt: skip
        if whole != node and fails(whole):
            return smallest(whole, fails)
    return node


@pytest.mark.usefixtures("kinds_of_events")
def test_the_database_and_plain_python_agree_on_random_filters(settings: Settings) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    # Compiling statements that run once for a few records would take most of the time.
    execute(SQL("SET LOCAL jit = off"))
    chance = random.Random(SEED)
    make_properties()
    world = make_things(chance)
    store(world, chance)
    types = {name: kind for name, (kind, _) in KINDS.items()}
    links = {(start, number) for start, number, _ in LINKS}
    model = Model(NOW, OSLO, types, world.lists, links, world.by_id)
    makes = Trees(chance, world.lists)
    library = base.Library({kind: properties.load(kind) for kind in (CONTACT, COMPANY)})
    telling = 0

    def differs(tree: dict[str, Any], *, few: bool) -> list[int]:
        ask = model.question(tree, CONTACT)
        found = answers([tree], library, few=few)
        people = world.things[CONTACT]
        return [p.record_id for p in people if ask(p) != bool(found[p.record_id][0])]

    for number in range(TREES // BATCH):
        trees = [makes.tree() for _ in range(BATCH)]
        few = number % 2 == 1
        found = answers(trees, library, few=few)
        for place, tree in enumerate(trees):
            ask = model.question(tree, CONTACT)
            expected = {person.record_id for person in world.things[CONTACT] if ask(person)}
            if expected != {record for record, row in found.items() if row[place]}:
                wrong = smallest(tree, lambda part, few=few: differs(part, few=few))
                pytest.fail(f"{differs(wrong, few=few)} {json.dumps(wrong, indent=1)}")
            telling += 0 < len(expected) < SIZES[CONTACT]
    # The filters must tell records apart, or agreeing on them would say little.
    assert telling > TREES / 4
