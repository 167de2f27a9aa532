"""What the parts of a filter are about, as forms need to know it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from crm.filters.library import Library
from crm.models import PropertyGroup
from crm.property_types.base import Definition


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Records of a type, or occurrences of a kind of event."""

    definitions: Mapping[str, Definition]
    #: The headings of the properties in order: group name -> label.
    groups: Mapping[str, str]
    #: "" for occurrences of an event.
    object_type: str
    #: What the whole filter is about, where this is a part of it.
    root_type: str
    #: Whether it is a part of a filter about something else.
    is_inside: bool = False
    #: Where the definitions of other things are found; the same for all parts of a filter.
    library: Library = field(default_factory=Library, compare=False, repr=False)
    #: What the parts inside are about, by type, so that each is read once.
    known: dict[str, Scope] = field(default_factory=dict, compare=False, repr=False)
    #: What forms worked out about it: a filter may ask for the same 250 times.
    kept: dict[Any, Any] = field(default_factory=dict, compare=False, repr=False)

    def inside(self, object_type: str) -> Scope:
        """Records of another type in a part of the same filter; raises UnknownKind."""
        if object_type not in self.known:
            found = _read(object_type, self.library)
            self.known[object_type] = replace(
                found, root_type=self.root_type, known=self.known, is_inside=True
            )
        return self.known[object_type]


def load(object_type: str) -> Scope:
    """What a filter about records of a type may speak about; raises UnknownKind."""
    return _read(object_type, Library())


def _read(object_type: str, library: Library) -> Scope:
    groups = PropertyGroup.objects.filter(object_type=object_type)
    return Scope(
        definitions=library.properties(object_type),
        groups=dict(groups.values_list("name", "label")),
        object_type=object_type,
        root_type=object_type,
        library=library,
    )
