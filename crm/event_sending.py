"""Custom events that integrations send: checked one by one, recorded together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from psycopg.types.json import Jsonb

from crm import clock, event_definitions, events, properties
from crm.access import EVERYTHING, Access, Verb
from crm.changes import Source
from crm.event_definitions import EventDefinition
from crm.models import Record
from crm.properties import InvalidProperties
from crm.property_types.base import InvalidValue
from crm.property_types.text import clean_email
from crm.sql import SQL, rows, sql
from crm.tracking import visitors

CONTACT = "0-1"
#: Clocks differ; what lies further ahead did not happen.
LEEWAY = timedelta(minutes=15)
LONGEST_KEY = 100


class Refused(Exception):
    """An event cannot be recorded; the message is for its sender."""


class UnknownEvent(Refused):
    """There is no such event definition."""


class UnknownRecord(Refused):
    """There is no record that the event could have happened to."""


class InvalidEvent(Refused):
    """Some values do not fit the properties of the event: name -> message, all at once."""

    def __init__(self, definition: EventDefinition, errors: Mapping[str, str]) -> None:
        self.definition = definition
        self.errors = dict(errors)
        super().__init__("Some properties are not valid.")


@dataclass(frozen=True, kw_only=True)
class Given:
    """An event as its sender tells it; one of the three ways says to whom it happened."""

    name: str
    record_id: int | None = None
    email: str = ""
    #: The token of a visitor of a tracked website.
    visitor: UUID | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    #: By which a repeated event is recognised.
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class _Event:
    definition: EventDefinition
    record_id: int | None
    visitor: UUID | None
    properties: Mapping[str, Any]
    at: datetime
    key: str


@transaction.atomic
def send(given: Sequence[Given], source: Source, rights: Access = EVERYTHING) -> dict[int, Refused]:
    """Record the events that can be; returns why the others cannot, by their place.

    Records that `rights` do not let the sender edit are not there for it. An event whose key was
    sent before has no effect. The number of statements grows with that of
    different event names, not of events.
    """
    now = clock.now()
    kinds = {name: event_definitions.find(name) for name in {one.name for one in given}}
    people = _People.of(given, rights)
    good: list[_Event] = []
    errors: dict[int, Refused] = {}
    for place, one in enumerate(given):
        try:
            good.append(_check(one, kinds[one.name], people, now))
        except Refused as error:
            errors[place] = error
    _record(_once(good), source)
    return errors


@dataclass(frozen=True)
class _People:
    """Whom a batch is about, looked up together."""

    #: The types of the records that are there.
    types: Mapping[int, str]
    by_email: Mapping[str, int]
    by_visitor: Mapping[UUID, int | None]
    #: Contacts among them that the sender may not touch.
    hidden: Collection[int]

    @classmethod
    def of(cls, given: Sequence[Given], rights: Access) -> _People:
        ids = {one.record_id for one in given if one.record_id is not None}
        emails = {_address(one.email) for one in given if one.record_id is None and one.email}
        tokens = {one.visitor for one in given if one.visitor is not None}
        types = _types_of(sorted(ids)) if ids else {}
        by_email = _holders(sorted(emails - {""})) if emails else {}
        by_visitor = visitors.contacts_of(sorted(tokens)) if tokens else {}
        contacts = {*by_email.values(), *by_visitor.values()} - {None}
        everybody = types | dict.fromkeys((pk for pk in contacts if pk is not None), CONTACT)
        return cls(types, by_email, by_visitor, hidden=_hidden(everybody, rights))


def _hidden(types: Mapping[int, str], rights: Access) -> set[int]:
    """Those of some records, by id with their types, that the sender may not edit."""
    if rights.is_unlimited:
        return set()
    hidden = set(types)
    for object_type in set(types.values()):
        mine = [pk for pk, its_type in types.items() if its_type == object_type]
        hidden -= rights.allowed(object_type, mine, Verb.EDIT)
    return hidden


def _types_of(ids: Sequence[int]) -> dict[int, str]:
    found = Record.objects.filter(pk__in=ids, archived_at=None)
    return dict(found.values_list("pk", "object_type"))


def _holders(emails: Sequence[str]) -> dict[str, int]:
    query = sql(
        """
        SELECT value, record_id FROM crm_uniquevalue
        WHERE object_type = {contact} AND property_name = 'email' AND value = ANY({emails})
        """,
        contact=CONTACT,
        emails=list(emails),
    )
    return dict(rows(query))


def _check(one: Given, kind: EventDefinition | None, people: _People, now: datetime) -> _Event:
    """The event as it is stored; raises Refused."""
    if kind is None or not kind.is_custom:
        raise UnknownEvent(f"There is no event definition {one.name[:100]!r}.")
    if one.at is not None and one.at > now + LEEWAY:
        raise Refused("occurredAt lies in the future.")
    if len(one.key) > LONGEST_KEY:
        raise Refused(f"uuid has more than {LONGEST_KEY} characters.")
    record_id = _record_of(one, kind, people)
    try:
        cleaned = properties.clean(kind.definitions, one.properties)
    except InvalidProperties as error:
        raise InvalidEvent(kind, error.errors) from error
    return _Event(
        definition=kind,
        record_id=record_id,
        visitor=one.visitor,
        properties={name: value for name, value in cleaned.items() if value is not None},
        at=one.at or now,
        key=one.key,
    )


def _record_of(one: Given, kind: EventDefinition, people: _People) -> int | None:
    """The record an event happened to, None for a visitor whom nobody knows yet."""
    if one.record_id is not None:
        is_there = people.types.get(one.record_id) == kind.object_type
        if not is_there or one.record_id in people.hidden:
            raise UnknownRecord(f"There is no record {one.record_id} that this can happen to.")
        return one.record_id
    if kind.object_type != CONTACT:
        raise UnknownRecord("This event needs an objectId: it does not happen to contacts.")
    if one.email:
        return _contact_with(one.email, people)
    if one.visitor is None:
        raise UnknownRecord("Give the objectId, the email or the utk of whom it happened to.")
    found = people.by_visitor.get(one.visitor)
    if found in people.hidden:
        raise UnknownRecord("There is no such visitor.")
    return found


def _address(email: str) -> str:
    """An address as it is stored, "" for what is none."""
    try:
        return clean_email(email.strip())
    except InvalidValue:
        return ""


def _contact_with(email: str, people: _People) -> int:
    address = _address(email)
    if not address:
        raise UnknownRecord(f"{email[:100]!r} is not an email address.")
    found = people.by_email.get(address)
    if found is None or found in people.hidden:
        raise UnknownRecord(f"There is no contact with the email {address}.")
    return found


def _once(good: Sequence[_Event]) -> list[_Event]:
    """Without those that were sent before, or twice in this batch."""
    fresh = events.claim([one.key for one in good if one.key])
    kept = []
    for one in good:
        if one.key and one.key not in fresh:
            continue
        fresh.discard(one.key)
        kept.append(one)
    return kept


def _record(found: Sequence[_Event], source: Source) -> None:
    strangers = [one for one in found if one.record_id is None]
    if strangers:
        visitors.remember(
            [(one.visitor, one.definition.name, one.properties, one.at) for one in strangers],
            source.id,
        )
    for definition in {one.definition.name: one.definition for one in found}.values():
        mine = [one for one in found if one.definition == definition and one.record_id is not None]
        if mine:
            events.record(
                definition.name,
                _select(mine, source.id),
                definition.object_type,
                source_kind=source.kind,
                at=SQL("happened_at"),
            )


def _select(found: Sequence[_Event], source_id: str) -> SQL:
    return sql(
        """
        SELECT u.record_id, u.properties, {source_id}::text AS source_id, u.happened_at
        FROM unnest({ids}::bigint[], {properties}::jsonb[], {moments}::timestamptz[])
            AS u(record_id, properties, happened_at)
        """,
        source_id=source_id[:200],
        ids=[one.record_id for one in found],
        properties=[Jsonb(dict(one.properties)) for one in found],
        moments=[one.at for one in found],
    )
