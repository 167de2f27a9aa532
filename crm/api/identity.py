"""Which record is meant: by id, or by the value of a unique property."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm import merging
from crm.access import Access, Verb
from crm.api import wire
from crm.api.errors import ApiError
from crm.api.values import as_text
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.property_types.base import InvalidValue, type_of
from crm.sql import rows, sql

RECORD_ID = "hs_object_id"


def find(
    kind: type[ObjectType],
    definitions: Definitions,
    id_property: str,
    texts: Iterable[str],
    *,
    rights: Access,
    archived: bool = False,
) -> dict[str, int]:
    """The ids of the records that are there and may be seen, by the text that names them.

    An empty `id_property` means the id. Raises ApiError for a property that is not unique.
    """
    wanted = list(dict.fromkeys(texts))
    if not id_property or id_property == RECORD_ID:
        return _seen(kind, _by_id(kind, wanted, archived=archived), rights)
    definition = definitions.get(id_property)
    if definition is None or not definition.is_unique:
        raise ApiError(
            f"{id_property[:100]} is not a unique property of the {kind.name}, so it cannot be"
            " the idProperty."
        )
    stored = {}
    for text in wanted:
        try:
            stored[text] = str(as_text(type_of(definition).clean(text, definition)))
        except InvalidValue:
            continue  # What cannot be stored, no record has.
    return _seen(kind, _by_value(kind, id_property, stored), rights)


def _seen(kind: type[ObjectType], found: dict[str, int], rights: Access) -> dict[str, int]:
    """What is hidden looks as if it were not there."""
    seen = rights.allowed(kind.type_id, set(found.values()), Verb.VIEW)
    return {text: key for text, key in found.items() if key in seen}


def _by_id(kind: type[ObjectType], texts: Sequence[str], *, archived: bool) -> dict[str, int]:
    """Ids of records that were merged away mean the record they went to (A-070)."""
    ids = {text: key for text in texts if (key := wire.record_id(text)) is not None}
    found = _there(kind, ids.values(), archived=archived)
    gone = [key for key in ids.values() if key not in found]
    if gone and not archived:
        merged = merging.resolve(gone)
        ids = {text: merged.get(key, key) for text, key in ids.items()}
        found |= _there(kind, merged.values(), archived=False)
    return {text: key for text, key in ids.items() if key in found}


def _there(kind: type[ObjectType], ids: Iterable[int], *, archived: bool) -> set[int]:
    return set(
        Record.objects.filter(
            object_type=kind.type_id, pk__in=ids, archived_at__isnull=not archived
        ).values_list("pk", flat=True)
    )


def _by_value(kind: type[ObjectType], name: str, stored: dict[str, str]) -> dict[str, int]:
    found = rows(
        sql(
            """
            SELECT w.text, u.record_id FROM unnest({texts}::text[], {values}::text[]) AS w(text, value)
            JOIN crm_uniquevalue u ON u.object_type = {type} AND u.property_name = {name}
                AND u.value = lower(w.value)
            """,
            texts=list(stored),
            values=list(stored.values()),
            type=kind.type_id,
            name=name,
        )
    )
    return dict(found)


def holders(kind: type[ObjectType], values: Sequence[tuple[str, str]]) -> list[int | None]:
    """For each (unique property, value), the record that has it."""
    if not values:
        return []
    found = rows(
        sql(
            """
            SELECT u.record_id FROM unnest({names}::text[], {values}::text[])
                WITH ORDINALITY AS w(name, value, place)
            LEFT JOIN crm_uniquevalue u ON u.object_type = {type}
                AND u.property_name = w.name AND u.value = lower(w.value)
            ORDER BY w.place
            """,
            names=[name for name, _ in values],
            values=[value for _, value in values],
            type=kind.type_id,
        )
    )
    return [row[0] for row in found]
