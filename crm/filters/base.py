"""The one filter compiler: HubSpot's filter JSON in, one SQL predicate out.

Triggers, branches, goals, suppression and lists all ask their questions here, so they cannot
disagree. An unknown, wrong or unfinished part of a filter matches nobody, also under a negation,
and problems() says so, so that nothing with such a part is turned on.

A new filter type or operator is one class in crm/filters/types or crm/filters/operators.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm import properties
from crm.filters.dependencies import Dependency, candidates
from crm.filters.errors import FilterError, Problem
from crm.filters.explanation import Line, explain, summary
from crm.filters.kinds import Frame
from crm.filters.library import Library
from crm.filters.tree import Tree, dependencies_of, every, is_trivial, parse, problems
from crm.sql import SQL, sql
from crm.statements import is_type

__all__ = [
    "Dependency",
    "FilterError",
    "Library",
    "Line",
    "Predicate",
    "Problem",
    "Tree",
    "candidates",
    "compile",
    "explain",
    "is_trivial",
    "match",
    "parse",
    "problems",
    "summary",
]


@dataclass(frozen=True, kw_only=True)
class Predicate:
    """A filter at one moment: a condition over the alias `r` of crm_record."""

    #: Never looks at the object type or at archiving: match() does.
    where: SQL
    #: Of the record itself: whose change can change the answer.
    property_names: frozenset[str]
    list_ids: frozenset[int]
    #: All changes that can change the answer, also those of other records.
    dependencies: tuple[Dependency, ...]
    #: Time alone can change the answer: ask again later.
    is_time_sensitive: bool
    #: Parts that match nobody because they are wrong or unfinished.
    problems: tuple[Problem, ...]


def compile(  # noqa: A001 (its name)
    branch: Any, object_type: str, now: datetime, *, few: bool = False
) -> Predicate:
    """The predicate of a filter branch (JSON, or a Tree from parse()) at the moment `now`.

    With `few` it is written for some thousand records at most, which are looked at one by one.

    Raises nothing for a bad filter: its bad parts match nobody and stand in `problems`. Given a
    Tree it runs no query, given JSON it reads the property definitions.
    """
    tree = branch if isinstance(branch, Tree) else _read(branch, object_type)
    conditions = tree.conditions
    dependencies = dependencies_of(conditions, object_type)
    return Predicate(
        where=tree.root.where(Frame.at(now, object_type, is_few=few), negated=False),
        property_names=dependencies[0].property_names,
        list_ids=dependencies[0].list_ids,
        dependencies=dependencies,
        is_time_sensitive=any(item.is_time_sensitive for item in conditions),
        problems=tuple(
            Problem(item.path, item.problem) for item in every(conditions) if item.problem
        ),
    )


def _read(branch: Any, object_type: str) -> Tree:
    return parse(branch, properties.load(object_type), lenient=True, object_type=object_type)


def match(predicate: Predicate, object_type: str, among: SQL | None = None) -> SQL:
    """A SELECT of (record_id) of the matching records that are not archived.

    `among`, a SELECT of (record_id), leaves only those to ask about.
    """
    chosen = sql("r.object_type = {object_type}", object_type=object_type)
    if among is not None:
        chosen = sql(
            "{is_type} AND r.id IN (SELECT candidates.record_id FROM ({among}) candidates)",
            is_type=is_type("r", object_type),
            among=among,
        )
    return sql(
        "SELECT r.id AS record_id FROM crm_record r"
        " WHERE {chosen} AND r.archived_at IS NULL AND {where}",
        chosen=chosen,
        where=predicate.where,
    )
