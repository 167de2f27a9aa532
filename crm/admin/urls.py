"""Addresses of pages about records, also for the admin pages of other apps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse

from crm.access import Access, Verb
from crm.models import Record, UniqueValue
from crm.objects import base as objects
from crm.objects.base import ObjectType


def record_url(kind: type[ObjectType] | str, record_id: int) -> str:
    """The page of a record, by its object type or the id of that.

    "" for a custom object that has no pages: it was taken away, or made this very moment.
    """
    found = objects.get(kind) if isinstance(kind, str) else kind
    try:
        return reverse(f"admin:crm_{found.name}_record", args=[record_id])
    except NoReverseMatch:
        if found.is_custom:
            return ""
        raise


@dataclass(frozen=True)
class RecordLink:
    """What people call a record, and its page ("" when it is gone for good)."""

    title: str
    url: str = ""


def record_links(ids: Iterable[int], rights: Access) -> dict[int, RecordLink]:
    """Links to records of any type by id, in one query; unknown and hidden ids get a name only."""
    wanted = set(ids)
    links = {
        record.pk: RecordLink(
            objects.get(record.object_type).title(record.properties, record.pk),
            record_url(record.object_type, record.pk),
        )
        for record in rights.narrow_among(Record.objects.filter(pk__in=wanted))
    }
    return {key: links.get(key, RecordLink(f"Record {key}")) for key in wanted}


def find_records(type_id: str, texts: Iterable[str], rights: Access) -> dict[str, int]:
    """Records that people named by id or by a unique value such as the email: text -> id.

    Hidden records, and those named by a hidden property, are not found.
    """
    by_text = {text: text.strip().lower() for text in texts}
    ids = [int(text) for text in by_text.values() if text.isdecimal() and len(text) < 19]
    known = set(Record.objects.filter(object_type=type_id, pk__in=ids).values_list("pk", flat=True))
    unique = dict(
        UniqueValue.objects.filter(object_type=type_id, value__in=list(by_text.values()))
        .exclude(property_name__in=rights.hidden(type_id))
        .values_list("value", "record_id")
    )
    found = {}
    for text, folded in by_text.items():
        if folded in unique:
            found[text] = unique[folded]
        elif folded.isdecimal() and len(folded) < 19 and int(folded) in known:
            found[text] = int(folded)
    seen = rights.allowed(type_id, set(found.values()), Verb.VIEW)
    return {text: key for text, key in found.items() if key in seen}
