"""Contacts that forms and identifications tell of: made or changed, many at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from crm import changes, properties
from crm.changes import NEW_ID, DuplicateValue, Source, SourceKind
from crm.properties import Definitions
from crm.property_types.base import InvalidValue
from crm.property_types.text import clean_email
from crm.sql import SQL, rows, sql

CONTACT = "0-1"
#: How often it is begun anew when others make the same contacts meanwhile.
ATTEMPTS = 5


@dataclass(kw_only=True)
class Person:
    """What is told of the contact with an address."""

    source_id: str = ""
    #: In their stored form.
    values: dict[str, Any] = field(default_factory=dict)


def address(text: str) -> str:
    """An email address as it is stored, "" for what is none."""
    try:
        return clean_email(text) if text else ""
    except InvalidValue:
        return ""


def fitting(
    fields: Mapping[str, str], mapping: Mapping[str, str], definitions: Definitions
) -> dict[str, Any]:
    """The values of contact properties in the fields of a form; what does not fit is left out."""
    found: dict[str, Any] = {}
    for name, text in fields.items():
        target = mapping.get(name, "")
        # The address says who it is.
        if not target or target == "email":
            continue
        try:
            value = properties.clean_one(definitions, target, text)
        except InvalidValue:
            continue
        if value is not None:
            found[target] = value
    return found


def upsert(
    people: Mapping[str, Person], kind: SourceKind, definitions: Definitions
) -> dict[str, int]:
    """Make or change the contacts with these addresses; returns their ids by address."""
    for left in reversed(range(ATTEMPTS)):
        known = ids_of(list(people))
        new = {email: person for email, person in people.items() if email not in known}
        try:
            _create(new, kind, definitions)
        except DuplicateValue:
            if left:
                continue
            raise
        _update({known[email]: people[email] for email in known}, kind, definitions)
        return known | (ids_of(list(new)) if new else {})
    raise AssertionError("the last attempt returns or raises")


def ids_of(emails: Sequence[str]) -> dict[str, int]:
    """The contacts that have these addresses."""
    query = sql(
        """
        SELECT value, record_id FROM crm_uniquevalue
        WHERE object_type = {contact} AND property_name = 'email'
          AND value = ANY({emails}::text[])
        """,
        contact=CONTACT,
        emails=list(emails),
    )
    return dict(rows(query))


def _create(new: Mapping[str, Person], kind: SourceKind, definitions: Definitions) -> None:
    if not new:
        return
    select = sql(
        """
        SELECT {id} AS record_id, u.properties, u.source_id
        FROM unnest({properties}::jsonb[], {sources}::text[]) AS u(properties, source_id)
        """,
        id=NEW_ID,
        properties=[Jsonb(person.values | {"email": email}) for email, person in new.items()],
        sources=[person.source_id for person in new.values()],
    )
    changes.create_from(CONTACT, select, Source(kind=kind), definitions)


def _update(known: Mapping[int, Person], kind: SourceKind, definitions: Definitions) -> None:
    told = {pk: person for pk, person in known.items() if person.values}
    names = sorted({name for person in told.values() for name in person.values})
    select = sql(
        """
        SELECT u.record_id, u.delta, u.source_id
        FROM unnest({ids}::bigint[], {deltas}::jsonb[], {sources}::text[])
            AS u(record_id, delta, source_id)
        """,
        ids=list(told),
        deltas=[Jsonb(person.values) for person in told.values()],
        sources=[person.source_id for person in told.values()],
    )
    changes.update_from(CONTACT, select, names, Source(kind=kind), definitions)


def select_of(events: Sequence[tuple[int, Mapping[str, Any], str, Any]]) -> SQL:
    """Events of one type for crm.events.record: record, properties, id of the source, moment."""
    return sql(
        """
        SELECT u.record_id, u.properties, u.source_id, u.happened_at
        FROM unnest({ids}::bigint[], {properties}::jsonb[], {sources}::text[],
            {moments}::timestamptz[]) AS u(record_id, properties, source_id, happened_at)
        """,
        ids=[event[0] for event in events],
        properties=[Jsonb(dict(event[1])) for event in events],
        sources=[event[2] for event in events],
        moments=[event[3] for event in events],
    )
