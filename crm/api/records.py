"""Records as the API shows them, read for a whole set at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from crm.access import Access
from crm.api import links, past
from crm.api.shapes import records as shapes
from crm.api.values import as_moment, as_text
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What of a record is asked for, and by whom."""

    rights: Access
    names: Sequence[str] = ()
    #: Shown in addition, whatever is asked: what has just been written.
    also: Iterable[str] = ()
    history: Sequence[str] = ()
    associations: Sequence[type[ObjectType]] = ()
    archived: bool = False
    #: Where the API is reached, for links.
    base_url: str = field(default="")


def visible_names(kind: type[ObjectType], definitions: Definitions, asked: Asked) -> list[str]:
    """The names of the properties in the answer; unknown ones are left out."""
    system = [item.name for item in definitions.values() if item.column]
    wanted = {*(asked.names or kind.shown_in_api), *asked.also, *system}
    return sorted(wanted & definitions.keys())


def read(
    kind: type[ObjectType], ids: Sequence[int], definitions: Definitions, asked: Asked
) -> list[shapes.Record]:
    """The records that are there, in the order of `ids`; that they may be seen is known."""
    found = Record.objects.filter(object_type=kind.type_id, archived_at__isnull=not asked.archived)
    by_id = found.in_bulk(ids)
    return shells(kind, [by_id[key] for key in ids if key in by_id], definitions, asked)


def page(
    kind: type[ObjectType], after: int, limit: int, definitions: Definitions, asked: Asked
) -> tuple[list[shapes.Record], int | None]:
    """`limit` records with a larger id than `after`, and after which one the next page begins."""
    found = Record.objects.filter(
        object_type=kind.type_id, archived_at__isnull=not asked.archived, pk__gt=after
    )
    records = list(asked.rights.narrow(found, kind.type_id).order_by("pk")[: limit + 1])
    more = records[limit - 1].pk if len(records) > limit else None
    return shells(kind, records[:limit], definitions, asked), more


def shells(
    kind: type[ObjectType], records: Sequence[Record], definitions: Definitions, asked: Asked
) -> list[shapes.Record]:
    names = visible_names(kind, definitions, asked)
    made = [_shell(record, definitions, names) for record in records]
    ids = [record.pk for record in records]
    if asked.history:
        known = [name for name in asked.history if name in definitions]
        for shell, lines in zip(made, past.read(kind, ids, known), strict=True):
            shell["propertiesWithHistory"] = lines
    if asked.associations:
        related = links.beside(kind, ids, asked.associations, asked.base_url, asked.rights)
        for shell, key in zip(made, ids, strict=True):
            if key in related:
                shell["associations"] = related[key]
    return made


def _shell(record: Record, definitions: Definitions, names: Sequence[str]) -> shapes.Record:
    shell: shapes.Record = {
        "id": str(record.pk),
        "properties": {name: _value(record, definitions, name) for name in names},
        "createdAt": as_moment(record.created_at),
        "updatedAt": as_moment(record.updated_at),
        "archived": record.archived_at is not None,
    }
    if record.archived_at is not None:
        shell["archivedAt"] = as_moment(record.archived_at)
    return shell


def _value(record: Record, definitions: Definitions, name: str) -> str | None:
    column = definitions[name].column
    if column == "id":
        return str(record.pk)
    if column:
        moment: datetime | None = getattr(record, column)
        return as_moment(moment)
    return as_text(record.properties.get(name))
