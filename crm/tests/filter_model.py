"""What filters mean, once more: record by record in plain Python, without the compiler's code.

Only for tests. A filter becomes a function of a record; values are compared in filter_values_model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from crm.tests.filter_values_model import Times, is_presence, presence, updated, values

Json = Mapping[str, Any]
Question = Callable[["Thing"], bool]


@dataclass(eq=False)
class Thing:
    """A record, or an occurrence of an event (which has properties and nothing else)."""

    properties: Mapping[str, Any]
    #: (property, value, since)
    history: list[tuple[str, Any, datetime]] = field(default_factory=list)
    lists: set[int] = field(default_factory=set)
    #: By association type.
    links: dict[int, list[Thing]] = field(default_factory=dict)
    #: (event type, when, what is known of it)
    events: list[tuple[str, datetime, Thing]] = field(default_factory=list)
    is_archived: bool = False
    record_id: int = 0


@dataclass
class Model:
    """Answers for one moment, in one time zone."""

    now: datetime
    zone: ZoneInfo
    #: Property -> its type, for records and events alike.
    types: Mapping[str, str]
    #: Lists that there are: id -> the object type it holds.
    lists: Mapping[int, str]
    #: Association types that begin at an object type: (object type, number).
    links: set[tuple[str, int]]
    #: By id.
    things: Mapping[int, Thing]

    @property
    def times(self) -> Times:
        return Times(self.now, self.zone)

    def question(self, node: Json, about: str, *, negated: bool = False) -> Question:
        """Whether a record of the type `about` meets a filter or branch, or its opposite."""
        name = node.get("filterBranchType")
        if name not in ("AND", "OR", "NOT_ANY", "NOT_ALL"):
            return self.condition(node, about, negated=negated)
        turned = negated != name.startswith("NOT_")
        wants_all = (name in ("AND", "NOT_ALL")) != turned
        parts = [self.question(child, about, negated=turned) for child in children(node)]
        join = all if wants_all else any
        return lambda thing: join(part(thing) for part in parts)

    def condition(self, node: Json, about: str, *, negated: bool) -> Question:
        kind = node.get("filterType") or node["filterBranchType"]
        if not self.is_sound(node, about) and (kind not in ("ASSOCIATION", "PROPERTY_ASSOCIATION")):
            return lambda _: False
        if kind == "CONSTANT":
            return lambda _: bool(node["shouldAccept"]) != negated
        if kind == "IN_LIST":
            is_in = node["operator"] == "IN_LIST"
            return lambda thing: ((node["listId"] in thing.lists) == is_in) != negated
        if kind == "PROPERTY":
            test = self.property(node["property"], node["operation"])
            return lambda thing: test(thing) != negated
        return self.counted(node, kind, about, negated=negated)

    def is_sound(self, node: Json, about: str) -> bool:
        """Whether everything that a filter names is there."""
        kind = node.get("filterType") or node["filterBranchType"]
        if kind == "CAMPAIGN_INFLUENCED":
            return False
        if kind == "IN_LIST":
            return self.lists.get(node["listId"]) == about
        inside = target(node, about)
        if kind in ("ASSOCIATION", "NUM_ASSOCIATIONS"):
            number = node["associationTypeId"]
            if (about, number) not in self.links:
                return False
        if "listId" in node and self.lists.get(node["listId"]) != inside:
            return False
        return all(self.is_sound(child, inside) for child in children(node))

    def counted(self, node: Json, kind: str, about: str, *, negated: bool) -> Question:
        """Conditions on events and on other records."""
        is_negative = "NOT_" in node.get("operator", "")
        inside = target(node, about)
        rule = self.rule(node, inside)
        tally = node.get("coalescingRefineBy")
        is_sound = self.is_sound(node, about)

        def ask(thing: Thing) -> bool:
            found = self.occurrences(node, kind, thing, about)
            answers = [rule(one) for one in found]
            holds = decide(tally, answers)
            if tally is None and is_negative == negated:
                return holds
            return is_sound and holds != (is_negative != negated)

        return ask

    def rule(self, node: Json, inside: str) -> Question:
        """What is asked of each occurrence."""
        if "listId" in node:
            if self.lists.get(node["listId"]) != inside:
                return lambda _: False
            return lambda thing: node["listId"] in thing.lists
        word = node.get("filterBranchOperator", "AND")
        lines = [{"filterType": "PROPERTY", **line} for line in node.get("filterLines", [])]
        group = {"filterBranchType": word, "filters": [*children(node), *lines]}
        return self.question(group, inside)

    def occurrences(self, node: Json, kind: str, thing: Thing, about: str) -> Sequence[Thing]:
        if kind in ("UNIFIED_EVENTS", "EVENT"):
            name = node.get("eventTypeId") or node["eventId"]
            inside = self.times.window(node.get("pruningRefineBy"))
            return [one for type_, at, one in thing.events if type_ == name and inside(at)]
        if kind == "PROPERTY_ASSOCIATION":
            held = str(thing.properties.get(node["propertyWithObjectId"], ""))
            found = self.things.get(int(held)) if held.isdigit() else None
            return present([found] if found is not None else [])
        if (about, node["associationTypeId"]) not in self.links:
            return []
        return present(thing.links.get(node["associationTypeId"], []))

    def property(self, name: str, operation: Json) -> Question:
        """Whether a property is as asked, negative operators included."""
        accepts_empty = bool(operation.get("includeObjectsWithNoValueSet"))
        if is_presence(operation):
            is_there = presence(operation)
            return lambda thing: is_there(thing.properties.get(name))
        test = self.valued(name, operation)
        return lambda thing: accepts_empty if thing.properties.get(name) is None else test(thing)

    def valued(self, name: str, operation: Json) -> Question:
        operator: str = operation["operator"]
        kind = self.types[name]
        if operation["operationType"] == "ROLLING_PROPERTY_UPDATED":
            return lambda thing: updated(changes(thing, name), self.now, operation)
        if is_about_times(kind, operation):
            between = self.times.question(name, operation, self.types)
            return lambda thing: between(thing.properties, lambda other: last(thing, other))
        if operation["operationType"] == "COMPARATIVE_PROPERTY_UPDATED":
            other = operation["comparisonPropertyName"]
            return lambda thing: is_ordered(operator, last(thing, name), last(thing, other))
        test = values(kind, operation)
        if not operator.startswith("HAS_"):
            return lambda thing: test(thing.properties.get(name), thing.properties)

        def ever(thing: Thing) -> bool:
            past = [then for other, then, _ in thing.history if other == name]
            known = [thing.properties.get(name), *(then for then in past if then is not None)]
            found = any(test(value, thing.properties) for value in known)
            return found != operator.startswith("HAS_NEVER")

        return ever


def is_about_times(kind: str, operation: Json) -> bool:
    name = operation["operationType"]
    is_point = name in ("TIME_POINT", "TIME_RANGED")
    return is_point or (kind in ("date", "datetime") and name != "COMPARATIVE_PROPERTY_UPDATED")


def children(node: Json) -> list[Json]:
    return [*node.get("filters", []), *node.get("filterBranches", [])]


def target(node: Json, about: str) -> str:
    """What the filters inside a filter are about."""
    return str(node.get("objectTypeId") or node.get("toObjectTypeId") or about)


def present(things: Iterable[Thing]) -> list[Thing]:
    return [thing for thing in things if not thing.is_archived]


def changes(thing: Thing, name: str) -> list[datetime]:
    return [at for other, _, at in thing.history if other == name]


def last(thing: Thing, name: str) -> datetime | None:
    return max(changes(thing, name), default=None)


def is_ordered(operator: str, left: datetime | None, right: datetime | None) -> bool:
    if left is None or right is None:
        return False
    return left < right if operator == "IS_BEFORE" else left > right


def decide(tally: Json | None, answers: list[bool]) -> bool:
    """What as many yes and no mean."""
    count = sum(answers)
    if tally is None:
        return count > 0
    if tally["type"] == "NUM_OCCURRENCES":
        least, most = tally.get("minOccurrences"), tally.get("maxOccurrences")
        if least is None and most is None:
            return count > 0
        return (least or 0) <= count and (most is None or count <= most)
    kind: str = tally["setType"]
    return {
        "ANY": count > 0,
        "ANY_INCLUDE_EMPTY": count > 0 or not answers,
        "ALL": 0 < count == len(answers),
        "ALL_INCLUDE_EMPTY": count == len(answers),
        "NONE": count == 0,
        "NONE_EXCLUDE_EMPTY": count == 0 < len(answers),
    }[kind]
