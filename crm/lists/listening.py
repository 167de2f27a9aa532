"""What the filters of lists ask, read once per version and process."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from crm import properties
from crm.change_queue import Taken
from crm.filters import base as filters
from crm.filters.tree import dependencies_of
from crm.models import List
from crm.objects import base as objects
from crm.properties import Definitions
from crm.registry import UnknownKind
from crm.sql import SQL


@dataclass(frozen=True, kw_only=True)
class Listener:
    """A list with filters."""

    list_id: int
    object_type: str
    version: int
    tree: filters.Tree
    dependencies: tuple[filters.Dependency, ...]
    #: The properties that the filters were read with, by object type.
    definitions: Mapping[str, Definitions]

    @property
    def is_time_sensitive(self) -> bool:
        return any(item.is_time_sensitive for item in self.tree.conditions)

    def hears(self, taken: Iterable[Taken]) -> bool:
        """Whether one of the changes can change who is in the list."""
        return any(item.hears(change) for change in taken for item in self.dependencies)

    def where(self, now: datetime) -> SQL:
        """The condition over `r`, a record; it is asked about some thousand records at a time."""
        return filters.compile(self.tree, self.object_type, now, few=True).where


MOST_KNOWN = 5_000
#: By list id: reading the filters of 200 lists takes longer than to judge a few records by them.
_known: dict[int, Listener] = {}
#: By object type; the same object as long as nothing in it changed.
_definitions: dict[str, Definitions] = {}


def dynamic() -> list[Listener]:
    """All dynamic lists that are not deleted."""
    return load(
        List.objects.filter(
            processing_type=List.ProcessingType.DYNAMIC, archived_at=None
        ).values_list("pk", "version")
    )


def load(versions: Iterable[tuple[int, int]]) -> list[Listener]:
    """The lists of these (id, version), by object type and id; filters are read only when new."""
    wanted = dict(versions)
    current = _Current()
    stale = [key for key, version in wanted.items() if not current.fits(_known.get(key), version)]
    for row in List.objects.filter(pk__in=stale):
        _known[row.pk] = _read(row, current)
    if len(_known) > MOST_KNOWN:
        _forget(wanted)
    found = [_known[key] for key in wanted if key in _known]
    return sorted(found, key=lambda item: (item.object_type, item.list_id))


def _forget(wanted: Collection[int]) -> None:
    for key in _known.keys() - wanted:
        del _known[key]


def _read(row: List, current: _Current) -> Listener:
    tree = filters.parse(row.filter_branch, current.of(row.object_type), lenient=True)
    dependencies = dependencies_of(tree.conditions, row.object_type)
    types = {row.object_type, *(item.object_type for item in dependencies)}
    return Listener(
        list_id=row.pk,
        object_type=row.object_type,
        version=row.version,
        tree=tree,
        dependencies=dependencies,
        definitions={key: current.of(key) for key in types},
    )


def by_type(listeners: Iterable[Listener]) -> list[tuple[str, list[Listener]]]:
    """Lists that are in order of their object type, together with the others of that type."""
    return [(key, list(some)) for key, some in groupby(listeners, lambda item: item.object_type)]


def is_known(object_type: str) -> bool:
    """Whether the object type still exists."""
    try:
        objects.get(object_type)
    except UnknownKind:
        return False
    return True


class _Current:
    """The properties as they are now, read once per object type."""

    def __init__(self) -> None:
        self._read: set[str] = set()

    def of(self, object_type: str) -> Definitions:
        if object_type not in self._read:
            loaded = properties.load(object_type) if is_known(object_type) else {}
            if _definitions.get(object_type) != loaded:
                _definitions[object_type] = loaded
            self._read.add(object_type)
        return _definitions[object_type]

    def fits(self, known: Listener | None, version: int) -> bool:
        return (
            known is not None
            and known.version == version
            and all(self.of(key) is then for key, then in known.definitions.items())
        )
