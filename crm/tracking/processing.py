"""Working off what pages reported: thousands of reports in one transaction, by few statements.

1. Rows are taken out of the queue; a rollback puts them back.
2. The forms they name are found or made, and learn their fields.
3. Those who gave an address become contacts, or their contact is brought up to date.
4. In order of time each event goes to a contact, or is kept for a visitor nobody knows yet.
5. Visitors who said who they are are that contact from now on, with what they did before.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import InterfaceError, OperationalError, transaction

from crm import clock, events, properties
from crm.changes import SourceKind
from crm.models import Collected
from crm.properties import Definitions
from crm.sql import SQL, rows, sql
from crm.tracking import contacts, forms, visitors
from crm.tracking.contacts import CONTACT, Person
from crm.tracking.forms import Known, Reference

logger = logging.getLogger(__name__)

#: How many reports one transaction works off.
BATCH = 5000
#: What the log calls what pages call so.
TYPES = {
    "page": "page.visited",
    "view": "form.viewed",
    "interaction": "form.interacted",
    "submission": "form.submitted",
}
NOBODY = Known(id=UUID(int=0))


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One thing a page reported, with what it names looked up."""

    visitor: UUID | None
    kind: str
    page: Mapping[str, str]
    fields: Mapping[str, str]
    #: Of whoever gave one; "" if nobody did.
    email: str
    form: Known | None
    at: datetime

    @property
    def source_id(self) -> str:
        return str(self.form.id) if self.form else ""

    def properties(self) -> dict[str, Any]:
        """What the event carries: everything that was told."""
        found: dict[str, Any] = dict(self.page)
        if self.form:
            found |= {"hs_form_id": self.source_id, "hs_form_name": self.form.name}
        return found | ({"fields": dict(self.fields)} if self.fields else {})


Event = tuple[int, Mapping[str, Any], str, datetime]


@dataclass
class _Sorted:
    """What is to be written: events of contacts by type, deeds of strangers, who is who."""

    events: dict[str, list[Event]] = field(default_factory=dict)
    deeds: list[visitors.Deed] = field(default_factory=list)
    #: As whom a visitor was first, and last, recognised in this batch.
    first: dict[UUID, int] = field(default_factory=dict)
    last: dict[UUID, int] = field(default_factory=dict)


def run(seconds: float) -> bool:
    """Work off the queue for a while; returns whether something is left in it."""
    end = time.monotonic() + seconds
    size = BATCH
    while time.monotonic() < end:
        try:
            done = process(size)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One senseless report must not keep the others waiting: halve until it stands alone.
            logger.exception("%d reports could not be worked off together.", size)
            if size == 1:
                _give_up()
            size = max(1, size // 2)
            continue
        if not done:
            return False
        size = min(BATCH, size * 2)
    return True


def _give_up() -> None:
    """Drop the oldest report."""
    first = Collected.objects.order_by("pk").first()
    if first is not None:
        logger.warning("Report %d was dropped.", first.pk)
        first.delete()


@transaction.atomic
def process(limit: int = BATCH) -> int:
    """Work off up to `limit` reports; returns how many."""
    taken = _take(limit)
    if not taken:
        return 0
    definitions = properties.load(CONTACT)
    found = _look_up(taken, definitions)
    people = _people_in(found, definitions)
    ids = contacts.upsert(people, SourceKind.FORM, definitions) if people else {}
    _write(_sort(found, ids))
    return len(taken)


def _take(limit: int) -> list[tuple[UUID | None, dict[str, Any], datetime]]:
    # An array is made once; a subselect could be run anew for every row, and take more than asked.
    found = rows(
        sql(
            """
            DELETE FROM crm_collected WHERE id = ANY(ARRAY(
                SELECT id FROM crm_collected ORDER BY id LIMIT {limit} FOR UPDATE SKIP LOCKED
            )) RETURNING id, visitor, item::text, at
            """,
            limit=limit,
        )
    )
    return [(visitor, json.loads(item), at) for _, visitor, item, at in sorted(found)]


def _look_up(
    taken: Sequence[tuple[UUID | None, dict[str, Any], datetime]], definitions: Definitions
) -> list[_Row]:
    """The rows with their forms; what was sent with a form in the archive is left out."""
    named = [_reference(item) for _, item, _ in taken]
    references = dict.fromkeys(reference for reference in named if reference is not None)
    known = forms.known(references) if references else {}
    _learn(taken, known, definitions)
    if references:
        known = forms.known(references)
    found = []
    for (visitor, item, at), reference in zip(taken, named, strict=True):
        form = None if reference is None else known.get(reference, NOBODY)
        if form is NOBODY or (form and form.is_archived):
            continue
        found.append(
            _Row(
                visitor=visitor,
                kind=item["kind"],
                page=item.get("page", {}),
                fields=dict(item.get("fields", ())),
                email=contacts.address(item.get("email", "")),
                form=form,
                at=at,
            )
        )
    return found


def _reference(item: Mapping[str, Any]) -> Reference | None:
    return (item["form"], item["host"]) if "form" in item else None


def _learn(
    taken: Sequence[tuple[UUID | None, dict[str, Any], datetime]],
    known: Mapping[Reference, Known],
    definitions: Definitions,
) -> None:
    """Tell forms of the fields that they did not know of."""
    fresh: dict[UUID, dict[str, None]] = {}
    for _, item, _ in taken:
        reference = _reference(item)
        form = known.get(reference) if reference else None
        if form is None:
            continue
        for name, _ in item.get("fields", ()):
            if name not in form.fields:
                fresh.setdefault(form.id, {})[name] = None
    forms.learn({pk: list(names) for pk, names in fresh.items()}, definitions)


def _people_in(found: Sequence[_Row], definitions: Definitions) -> dict[str, Person]:
    """What the rows tell of those who gave an address; later ones win."""
    people: dict[str, Person] = {}
    for row in found:
        if not row.email:
            continue
        person = people.setdefault(row.email, Person())
        mapping = (
            row.form.mapping
            if row.form
            else {name: forms.property_for(name, definitions) for name in row.fields}
        )
        person.values |= contacts.fitting(row.fields, mapping, definitions)
        person.source_id = row.source_id or person.source_id
    return people


def _sort(found: Sequence[_Row], ids: Mapping[str, int]) -> _Sorted:
    """Whose each event is: of whom the visitor is at that time, or of a stranger."""
    tokens = {row.visitor for row in found if row.visitor is not None}
    who = visitors.contacts_of(list(tokens))
    result = _Sorted()
    for token, contact in who.items():
        if contact is not None:
            result.first[token] = contact
    for row in found:
        contact = ids.get(row.email)
        if contact is None and row.visitor is not None:
            contact = who.get(row.visitor)
        elif contact is not None and row.visitor is not None:
            who[row.visitor] = contact
            result.first.setdefault(row.visitor, contact)
            result.last[row.visitor] = contact
        _put(result, row, contact)
    return result


def _put(result: _Sorted, row: _Row, contact: int | None) -> None:
    type_ = TYPES.get(row.kind)
    if type_ is None:
        return
    if contact is not None:
        result.events.setdefault(type_, []).append(
            (contact, row.properties(), row.source_id, row.at)
        )
    elif row.visitor is not None:
        result.deeds.append((row.visitor, type_, row.properties(), row.at))


def _write(result: _Sorted) -> None:
    if result.deeds:
        visitors.remember(result.deeds, "")
    if result.first:
        visitors.see(dict.fromkeys(result.first, clock.now()))
        visitors.identify(result.first)
    moved = {
        token: contact for token, contact in result.last.items() if result.first[token] != contact
    }
    if moved:
        visitors.identify(moved)
    for type_, found in sorted(result.events.items()):
        kind = SourceKind.ANALYTICS if type_ == "page.visited" else SourceKind.FORM
        events.record(
            type_, contacts.select_of(found), CONTACT, source_kind=kind, at=SQL("happened_at")
        )


def waiting() -> bool:
    """Whether there is something to work off."""
    return bool(rows(SQL("SELECT 1 FROM crm_collected LIMIT 1")))
