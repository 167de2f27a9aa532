"""Reading filter JSON into a tree of conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crm.filters.dependencies import Dependency
from crm.filters.errors import FilterError, Problem
from crm.filters.fields import Fields
from crm.filters.kinds import (
    FALSE,
    TRUE,
    Condition,
    Frame,
    Subject,
    Unusable,
    branch_types,
    filter_types,
)
from crm.filters.library import Library
from crm.properties import Definitions
from crm.sql import SQL, join, sql

MAX_DEPTH = 10
MAX_CONDITIONS = 250
MAX_BRANCHES = 250


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

    def requirements(self, frame: Frame) -> Iterator[SQL]:
        for node in self.nodes:
            yield from node.requirements(frame)

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


#: Under which word the children of a branch stand that is a question of its own.
GROUP_WORDS = {name: words for name, words in BRANCH_WORDS.items() if name in ("AND", "OR")}


@dataclass
class TreeReader:
    """Reads one filter and keeps count of its parts."""

    subject: Subject
    library: Library
    is_lenient: bool = False
    depth: int = 0
    counts: dict[str, int] = field(default_factory=lambda: {"conditions": 0, "branches": 0})

    def root(self, fields: Fields) -> Branch:
        """The branch that the whole filter is."""
        node = self._branch(fields)
        return node if isinstance(node, Branch) else Branch(fields.path, True, False, (node,))

    def group(self, fields: Fields, subject: Subject) -> Branch:
        words = GROUP_WORDS[fields.choice("filterBranchOperator", GROUP_WORDS, "AND")]
        return self._inside(subject).children(fields, words)

    def lines(self, fields: Fields, name: str, subject: Subject) -> Branch:
        inner = self._inside(subject)
        lines = (
            replace(line, json={**line.json, "filterType": "PROPERTY"})
            for line in fields.objects(name)
        )
        nodes = tuple(inner.condition(line, "PROPERTY", branch=False) for line in lines)
        return Branch(fields.place(name), True, False, nodes)

    def _inside(self, subject: Subject) -> TreeReader:
        return TreeReader(subject, self.library, self.is_lenient, self.depth, self.counts)

    def children(self, fields: Fields, words: tuple[bool, bool]) -> Branch:
        if self.depth >= MAX_DEPTH:
            raise FilterError(fields.path, f"is nested deeper than {MAX_DEPTH} branches")
        self.depth += 1
        nodes: list[Branch | Condition] = [self._filter(item) for item in fields.objects("filters")]
        nodes += [self._branch(item) for item in fields.objects("filterBranches")]
        self.depth -= 1
        return Branch(fields.path, *words, tuple(nodes))

    def _branch(self, fields: Fields) -> Branch | Condition:
        self._count("branches", MAX_BRANCHES, "branches", fields)
        name = fields.required("filterBranchType")
        words = BRANCH_WORDS.get(name) if isinstance(name, str) else None
        if words is None:
            return self.condition(fields, name, branch=True)
        return self.children(fields, words)

    def _filter(self, fields: Fields) -> Condition:
        return self.condition(fields, fields.json.get("filterType"), branch=False)

    def condition(self, fields: Fields, name: Any, *, branch: bool) -> Condition:
        self._count("conditions", MAX_CONDITIONS, "filters", fields)
        try:
            return self._parse(fields, name, branch=branch)
        except FilterError as error:
            if not self.is_lenient:
                raise
            return Unusable(path=error.path, problem=error.message)

    def _parse(self, fields: Fields, name: Any, *, branch: bool) -> Condition:
        kinds = branch_types if branch else filter_types
        kind = kinds.find(name) if isinstance(name, str) else None
        if kind is None:
            place = fields.place("filterBranchType" if branch else "filterType")
            raise FilterError(place, f"{str(name)[:60]!r} is unknown" if name else "is missing")
        if self.subject.is_event and name != "PROPERTY":
            raise FilterError(fields.path, "filters on an event can only ask for its properties")
        return kind.parse(fields, self)

    def _count(self, what: str, most: int, words: str, fields: Fields) -> None:
        self.counts[what] += 1
        if self.counts[what] > most:
            raise FilterError(
                fields.path, f"is more than the {most} {words} that a filter may have"
            )


def parse(
    branch: Any,
    definitions: Definitions,
    *,
    lenient: bool = False,
    object_type: str = "",
    library: Library | None = None,
) -> Tree:
    """The tree of a filter branch on records with these properties.

    Raises FilterError with the path of the first mistake. What there is no data for is no mistake:
    it matches nobody and is listed by problems(). With `lenient` a mistake does the same, which is
    what a filter in use needs when a property it names is deleted.
    Definitions of other things that it names are read, unless they are in `library` already.
    """
    subject = Subject(definitions, object_type)
    reader = TreeReader(subject, library or Library(), lenient)
    try:
        return Tree(reader.root(Fields.of(branch, "")))
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


def dependencies_of(conditions: Iterable[Condition], object_type: str) -> tuple[Dependency, ...]:
    """What changes the answers of conditions on records of a type; first, those records."""
    items = list(conditions)
    own = Dependency(
        object_type=object_type,
        property_names=frozenset(name for item in items for name in item.property_names),
        list_ids=frozenset(key for item in items for key in item.list_ids),
        event_types=frozenset(name for item in items for name in item.event_types),
    )
    others = (other for item in items for other in item.others)
    return (own, *dict.fromkeys(others))


def every(conditions: Iterable[Condition]) -> Iterator[Condition]:
    """Conditions and those inside them."""
    for condition in conditions:
        yield condition
        if condition.group is not None:
            yield from every(condition.group.conditions)


def names_of(conditions: Iterable[Condition]) -> dict[type[Condition], Mapping[Any, str]]:
    """The names of the objects that conditions refer to, with one query per kind that does."""
    wanted: dict[type[Condition], set[Any]] = {}
    for condition in every(conditions):
        if condition.reference is not None:
            wanted.setdefault(type(condition), set()).add(condition.reference)
    return {kind: kind.names(references) for kind, references in wanted.items()}


def problems(tree: Tree) -> list[Problem]:
    """Everything in the filter that matches nobody or that people should look at."""
    names = names_of(tree.conditions)
    found = []
    for condition in every(tree.conditions):
        is_missing = (
            condition.reference is not None and condition.reference not in names[type(condition)]
        )
        message = condition.problem or (condition.missing if is_missing else condition.warning)
        if message:
            found.append(Problem(condition.path, message))
    return found
