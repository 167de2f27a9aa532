"""Which changes can change the answer of a filter, and for which records they do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from crm.change_queue import EXISTENCE, Taken
from crm.sql import SQL, join, sql

#: From a SELECT of (record_id) of changed records to one of the records that a filter is about.
#: Equal ones are asked together, so it should be a frozen dataclass rather than a lambda.
Reach = Callable[[SQL], SQL]


@dataclass(frozen=True, kw_only=True)
class Dependency:
    """Changes of records of one type that can change the answer of a filter."""

    object_type: str
    property_names: frozenset[str] = frozenset()
    list_ids: frozenset[int] = frozenset()
    event_types: frozenset[str] = frozenset()
    #: None where the filter is about the changed record itself.
    reach: Reach | None = None

    def hears(self, change: Taken) -> bool:
        """Whether the change can matter; that a record comes or goes always does."""
        return self.object_type == change.object_type and bool(
            change.event_types & EXISTENCE
            or change.event_types & self.event_types
            or change.property_names & self.property_names
            or change.list_ids & self.list_ids
        )

    def beyond(self, reach: Reach) -> Dependency:
        """The same changes for a filter that asks this one about other records.

        `reach` leads from the records that this filter is about to those of the other.
        """
        whole = reach if self.reach is None else Chain(self.reach, reach)
        return Dependency(
            object_type=self.object_type,
            property_names=self.property_names,
            list_ids=self.list_ids,
            event_types=self.event_types,
            reach=whole,
        )


@dataclass(frozen=True)
class Chain:
    """One reach after the other."""

    first: Reach
    then: Reach

    def __call__(self, record_ids: SQL) -> SQL:
        return self.then(self.first(record_ids))


def candidates(dependencies: Iterable[Dependency], taken: Iterable[Taken]) -> SQL | None:
    """A SELECT of (record_id, hops, mark): about whom these filters have to be asked.

    It reads the temporary table `changed` that crm.change_queue.take() filled. None when none of
    the changes matters. Records of other types and archived ones may be among the candidates.
    """
    changes = list(taken)
    heard: dict[Reach | None, set[int]] = {}
    for item in dependencies:
        ids = {change.id for change in changes if item.hears(change)}
        if ids:
            heard.setdefault(item.reach, set()).update(ids)
    if not heard:
        return None
    touched = [_touched(reach, sorted(ids)) for reach, ids in heard.items()]
    return sql(
        # A mark holds for a record if all its changes have it.
        "SELECT record_id, max(hops) AS hops,"
        " CASE WHEN min(mark) = max(mark) THEN min(mark) ELSE '' END AS mark"
        " FROM ({touched}) touched GROUP BY record_id",
        touched=join(" UNION ALL ", touched),
    )


def _touched(reach: Reach | None, change_ids: list[int]) -> SQL:
    if reach is None:
        return sql(
            "SELECT c.record_id, c.hops, c.mark FROM changed c WHERE c.change_id = ANY({ids})",
            ids=change_ids,
        )
    # Lateral, so that each record keeps the hops of the change that led to it.
    return sql(
        "SELECT reached.record_id, c.hops, c.mark"
        " FROM changed c CROSS JOIN LATERAL ({reached}) reached WHERE c.change_id = ANY({ids})",
        reached=reach(SQL("SELECT c.record_id")),
        ids=change_ids,
    )
