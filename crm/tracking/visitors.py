"""Visitors of tracked websites: what they did, kept until it is known which contact they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from psycopg.types.json import Jsonb

from crm import events
from crm.clock import NOW
from crm.sql import SQL, execute, rows, sql
from crm.statements import SourceKind

CONTACT = "0-1"
#: How long a visitor who does not come back is remembered, and as long the cookie lasts.
KEPT = timedelta(days=180)

#: Visitor, type of event, properties, moment.
Deed = tuple[UUID | None, str, Mapping[str, Any], datetime]


def contacts_of(tokens: Sequence[UUID]) -> dict[UUID, int | None]:
    """The contacts that visitors turned out to be; None for a visitor nobody knows yet."""
    query = sql(
        """
        SELECT v.token, r.id FROM crm_visitor v
        LEFT JOIN crm_record r ON r.id = v.contact_id AND r.archived_at IS NULL
        WHERE v.token = ANY({tokens}::uuid[])
        """,
        tokens=list(tokens),
    )
    return dict(rows(query))


def see(visits: Mapping[UUID, datetime]) -> None:
    """Note that visitors were here, each last at a moment."""
    execute(
        sql(
            """
            INSERT INTO crm_visitor AS v (token, first_seen_at, last_seen_at)
            SELECT u.token, u.at, u.at
            FROM unnest({tokens}::uuid[], {moments}::timestamptz[]) AS u(token, at)
            ORDER BY u.token
            ON CONFLICT (token) DO UPDATE
            SET last_seen_at = greatest(v.last_seen_at, excluded.last_seen_at)
            """,
            tokens=list(visits),
            moments=list(visits.values()),
        )
    )


@transaction.atomic
def remember(deeds: Sequence[Deed], source_id: str) -> None:
    """Keep what visitors did of whom nobody knows who they are."""
    last = {token: at for token, _, _, at in sorted(deeds, key=lambda deed: deed[3]) if token}
    see(last)
    execute(
        sql(
            """
            INSERT INTO crm_visitorevent (visitor_id, type, properties, source_id, at)
            SELECT u.visitor, u.type, u.properties, {source_id}, u.at
            FROM unnest({visitors}::uuid[], {types}::text[], {properties}::jsonb[],
                {moments}::timestamptz[]) AS u(visitor, type, properties, at)
            """,
            source_id=source_id[:200],
            visitors=[deed[0] for deed in deeds],
            types=[deed[1] for deed in deeds],
            properties=[Jsonb(dict(deed[2])) for deed in deeds],
            moments=[deed[3] for deed in deeds],
        )
    )


@transaction.atomic
def identify(contacts: Mapping[UUID, int]) -> int:
    """Say which contacts visitors are; returns how many of their earlier events are now theirs.

    A visitor who was somebody else before is from now on this contact; what the visitor did until
    then stays with the other. Events of the time before carry the source VISITOR: they count in
    lists and filters, but never enrol in a workflow by themselves (W-168).
    """
    known = sql(
        "SELECT * FROM unnest({tokens}::uuid[], {contacts}::bigint[]) AS k(token, contact)",
        tokens=list(contacts),
        contacts=list(contacts.values()),
    )
    execute(
        sql(
            """
            UPDATE crm_visitor v SET contact_id = k.contact FROM ({known}) k
            WHERE v.token = k.token AND v.contact_id IS DISTINCT FROM k.contact
            """,
            known=known,
        )
    )
    types = rows(
        sql(
            "SELECT DISTINCT type FROM crm_visitorevent WHERE visitor_id = ANY({tokens}::uuid[])",
            tokens=list(contacts),
        )
    )
    return sum(_move(type_, known) for (type_,) in sorted(types))


def _move(type_: str, known: SQL) -> int:
    """Move the events of one type from visitors to the contacts they are."""
    select = sql(
        """
        DELETE FROM crm_visitorevent e USING ({known}) k
        WHERE e.visitor_id = k.token AND e.type = {type}
        RETURNING k.contact AS record_id, e.properties, e.source_id, e.at AS happened_at
        """,
        known=known,
        type=type_,
    )
    return events.record(
        type_, select, CONTACT, source_kind=SourceKind.VISITOR, at=SQL("happened_at")
    )


def forget() -> int:
    """Let go of visitors who did not come back, with what they did; returns of how many."""
    execute(
        sql(
            "DELETE FROM crm_visitorevent e USING crm_visitor v"
            " WHERE v.token = e.visitor_id AND v.last_seen_at < {now} - {kept}::interval",
            now=NOW,
            kept=KEPT,
        )
    )
    return execute(
        sql(
            "DELETE FROM crm_visitor v WHERE v.last_seen_at < {now} - {kept}::interval"
            " AND NOT EXISTS (SELECT FROM crm_visitorevent e WHERE e.visitor_id = v.token)",
            now=NOW,
            kept=KEPT,
        )
    )
