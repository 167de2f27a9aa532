"""Finding the other record by words, its email address or its id, to do something with it."""

from __future__ import annotations

from dataclasses import dataclass

from crm import search
from crm.access import Access, Verb
from crm.admin import values
from crm.admin.urls import find_records
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.sql import SQL, rows, sql

#: How many records a search offers.
MOST = 20


@dataclass(frozen=True, kw_only=True)
class Found:
    pk: int
    title: str
    #: The values of the list columns.
    details: str


def editable(kind: type[ObjectType], words: str, rights: Access, *, without: int) -> list[Found]:
    """Records of a type with all these words, or this id, that the user may change; newest first.

    No words find nothing, nor do words in properties that are hidden from the user.
    """
    if not words.strip():
        return []
    definitions = rights.definitions(kind.type_id)
    ids = _ids(kind, words, rights, definitions, without)
    shown = Record.objects.in_bulk(ids)
    return [
        Found(
            pk=key,
            title=kind.title(shown[key].properties, key),
            details=_details(kind, definitions, shown[key]),
        )
        for key in ids
        if key in shown
    ]


def _ids(
    kind: type[ObjectType], words: str, rights: Access, definitions: Definitions, without: int
) -> list[int]:
    named = list(find_records(kind.type_id, [words], rights).values())
    found = rows(
        sql(
            "SELECT r.id FROM crm_record r WHERE r.archived_at IS NULL AND r.id <> {without}"
            " AND r.id IN (SELECT unnest({named}::bigint[]) UNION ({matching}))"
            " AND (r.id = ANY({named}::bigint[]) OR {seen}) AND {editable}"
            " ORDER BY r.id = ANY({named}::bigint[]) DESC, r.id DESC LIMIT {most}",
            without=without,
            named=named,
            matching=search.matching(kind.type_id, words),
            seen=search.matches(definitions, words) if rights.hidden(kind.type_id) else SQL("TRUE"),
            editable=rights.visible(kind.type_id, Verb.EDIT) or SQL("TRUE"),
            most=MOST,
        )
    )
    return [row[0] for row in found]


def _details(kind: type[ObjectType], definitions: Definitions, record: Record) -> str:
    known = (definitions[name] for name in kind.list_columns if name in definitions)
    texts = (values.shown(record, definition) for definition in known)
    return " · ".join(text for text in texts if text)
