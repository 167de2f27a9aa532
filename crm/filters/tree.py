"""Reading filter JSON into a tree of conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from crm.filters.dependencies import Dependency
from crm.filters.errors import FilterError, NotAvailable, Problem
from crm.filters.fields import Fields
from crm.filters.kinds import (
    FALSE,
    TRUE,
    Condition,
    Frame,
    Unusable,
    branch_types,
    filter_types,
)
from crm.properties import Definitions
from crm.sql import SQL, join, sql

MAX_DEPTH = 10
MAX_CONDITIONS = 250
MAX_BRANCHES = 250

#: What the grammar knows and nobody has written yet: name -> in words. A kind that registers
#: itself comes first, so nothing is struck off here.
KNOWN_FILTERS = {
    "ADS_SEARCH": "A filter on ads",
    "ADS_TIME": "A filter on ads",
    "ASSOCIATION": "A filter on associated records",
    "CAMPAIGN_INFLUENCED": "A filter on campaigns",
    "COMMUNICATION_SUBSCRIPTION": "A filter on subscriptions",
    "CTA": "A filter on calls to action",
    "EMAIL_EVENT": "A filter on marketing emails",
    "EMAIL_SUBSCRIPTION": "A filter on email subscriptions",
    "EVENT": "A filter on events",
    "FORM_SUBMISSION": "A filter on form submissions",
    "FORM_SUBMISSION_ON_PAGE": "A filter on form submissions",
    "INTEGRATION_EVENT": "A filter on events of integrations",
    "NUM_ASSOCIATIONS": "A filter on the number of associated records",
    "PAGE_VIEW": "A filter on page views",
    "PRIVACY": "A filter on privacy consent",
    "PROPERTY_ASSOCIATION": "A filter on associated records",
    "SURVEY_MONKEY": "A filter on surveys",
    "SURVEY_MONKEY_VALUE": "A filter on surveys",
    "UNIFIED_EVENTS": "A filter on events",
    "WEBINAR": "A filter on webinars",
}
KNOWN_BRANCHES = {
    "ASSOCIATION": "A group of filters on associated records",
    "PROPERTY_ASSOCIATION": "A group of filters on associated records",
    "RESTRICTED": "A group of filters that is hidden from you",
    "UNIFIED_EVENTS": "A group of filters on events",
}


@dataclass(frozen=True)
class Branch:
    """Some nodes under one word. An AND without nodes is true, an OR without nodes is false."""

    path: str
    #: AND or OR, and whether the whole is turned round: NOT_ANY is not OR, NOT_ALL is not AND.
    is_and: bool
    is_not: bool
    nodes: tuple[Branch | Condition, ...]

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        """SQL over the record at `frame.alias`; "not" goes down to the conditions."""
        turned = negated != self.is_not
        all_of = self.is_and != turned
        if not self.nodes:
            return TRUE if all_of else FALSE
        parts = [node.where(frame, negated=turned) for node in self.nodes]
        return sql("({parts})", parts=join(" AND " if all_of else " OR ", parts))

    @property
    def conditions(self) -> Iterator[Condition]:
        for node in self.nodes:
            if isinstance(node, Branch):
                yield from node.conditions
            else:
                yield node


@dataclass(frozen=True)
class Tree:
    """A filter that has been read. It holds no moment, so it can be kept and compiled often."""

    root: Branch

    @property
    def conditions(self) -> tuple[Condition, ...]:
        return tuple(self.root.conditions)


BRANCH_WORDS = {
    "AND": (True, False),
    "OR": (False, False),
    "NOT_ANY": (False, True),
    "NOT_ALL": (True, True),
}


@dataclass
class TreeReader:
    """Reads one filter and keeps count of its parts."""

    definitions: Definitions
    is_lenient: bool = False
    depth: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"conditions": 0, "branches": 0})

    def branch(self, fields: Fields, definitions: Definitions) -> Branch:
        """A branch about records with these properties."""
        inner = TreeReader(definitions, self.is_lenient, self.depth, self.counts)
        node = inner.read_branch(fields)
        return node if isinstance(node, Branch) else Branch(fields.path, True, False, (node,))

    def read_branch(self, fields: Fields) -> Branch | Condition:
        self._count("branches", MAX_BRANCHES, "branches", fields)
        name = fields.required("filterBranchType")
        words = BRANCH_WORDS.get(name) if isinstance(name, str) else None
        if words is None:
            return self._condition(fields, name, branch=True)
        if self.depth >= MAX_DEPTH:
            raise FilterError(fields.path, f"is nested deeper than {MAX_DEPTH} branches")
        self.depth += 1
        nodes = [self._read(item, branch=False) for item in fields.objects("filters")]
        nodes += [self._read(item, branch=True) for item in fields.objects("filterBranches")]
        self.depth -= 1
        return Branch(fields.path, *words, tuple(nodes))

    def _read(self, fields: Fields, *, branch: bool) -> Branch | Condition:
        if branch:
            return self.read_branch(fields)
        return self._condition(fields, fields.json.get("filterType"), branch=False)

    def _condition(self, fields: Fields, name: Any, *, branch: bool) -> Condition:
        self._count("conditions", MAX_CONDITIONS, "filters", fields)
        try:
            return self._parse(fields, name, branch=branch)
        except NotAvailable as error:
            return Unusable(path=error.path, problem=error.message)
        except FilterError as error:
            if not self.is_lenient:
                raise
            return Unusable(path=error.path, problem=error.message)

    def _parse(self, fields: Fields, name: Any, *, branch: bool) -> Condition:
        kinds = branch_types if branch else filter_types
        known = KNOWN_BRANCHES if branch else KNOWN_FILTERS
        kind = kinds.find(name) if isinstance(name, str) else None
        if kind is not None:
            return kind.parse(fields, self)
        if isinstance(name, str) and name in known:
            raise NotAvailable(fields.path, known[name])
        place = fields.place("filterBranchType" if branch else "filterType")
        raise FilterError(place, f"{str(name)[:60]!r} is unknown" if name else "is missing")

    def _count(self, what: str, most: int, words: str, fields: Fields) -> None:
        self.counts[what] += 1
        if self.counts[what] > most:
            raise FilterError(
                fields.path, f"is more than the {most} {words} that a filter may have"
            )


def parse(branch: Any, definitions: Definitions, *, lenient: bool = False) -> Tree:
    """The tree of a filter branch; raises FilterError with the path of the first mistake.

    What the grammar knows and we do not carry out yet is no mistake: it matches nobody and is
    listed by problems(). With `lenient` a mistake does the same, which is what a filter in use
    needs when a property it names is deleted.
    """
    reader = TreeReader(definitions, lenient)
    try:
        return Tree(reader.branch(Fields.of(branch, ""), definitions))
    except FilterError as error:
        if not lenient:
            raise
        return Tree(Branch("", True, False, (Unusable(path=error.path, problem=error.message),)))


def is_trivial(tree: Tree) -> bool:
    """Whether every record matches, whatever it holds: nothing may be enrolled by that."""
    return _constant(tree.root) is True


def _constant(node: Branch | Condition) -> bool | None:
    if isinstance(node, Condition):
        return node.constant
    parts = [_constant(child) for child in node.nodes]
    decisive = not node.is_and
    if decisive in parts:
        return decisive != node.is_not
    if None in parts:
        return None
    return node.is_and != node.is_not


def dependencies_of(conditions: Collection[Condition], object_type: str) -> tuple[Dependency, ...]:
    """What changes the answers of conditions on records of a type; first, those records."""
    own = Dependency(
        object_type=object_type,
        property_names=frozenset(name for item in conditions for name in item.property_names),
        list_ids=frozenset(key for item in conditions for key in item.list_ids),
        event_types=frozenset(name for item in conditions for name in item.event_types),
    )
    others = (other for item in conditions for other in item.others)
    return (own, *dict.fromkeys(others))


def names_of(conditions: Collection[Condition]) -> dict[type[Condition], Mapping[Any, str]]:
    """The names of the objects that conditions refer to, with one query per kind that does."""
    wanted: dict[type[Condition], set[Any]] = {}
    for condition in conditions:
        if condition.reference is not None:
            wanted.setdefault(type(condition), set()).add(condition.reference)
    return {kind: kind.names(references) for kind, references in wanted.items()}


def problems(tree: Tree) -> list[Problem]:
    """Everything in the filter that matches nobody because it is wrong, missing or unfinished."""
    conditions = tree.conditions
    names = names_of(conditions)
    found = []
    for condition in conditions:
        if condition.problem:
            found.append(Problem(condition.path, condition.problem))
        elif condition.reference is not None and condition.reference not in names[type(condition)]:
            found.append(Problem(condition.path, condition.missing))
    return found
