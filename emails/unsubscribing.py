"""Unsubscribing: by the button of the page, or by the mail program's own (RFC 8058)."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from crm import changes, events
from crm.changes import Source, SourceKind
from crm.sql import execute, rows, sql
from emails.models import Send

CONTACT = "0-1"
OPT_OUT = "hs_email_optout"


def find(token: UUID) -> Send | None:
    """The send a link belongs to."""
    return Send.objects.filter(token=token).first()


@transaction.atomic
def unsubscribe(send: Send) -> bool:
    """No more email to the address of a send, nor to the contact it was for, from now on.

    The address stays unsubscribed when the contact is deleted and comes back. Returns False when
    it was so already: nothing happens then.
    """
    first_time = execute(
        sql(
            """
            INSERT INTO emails_addressstate AS a (address, unsubscribed_at, note)
            VALUES (lower({address}), app_now(), {note})
            ON CONFLICT (address) DO UPDATE SET unsubscribed_at = app_now(), note = excluded.note
            WHERE a.unsubscribed_at IS NULL
            """,
            address=send.address,
            note=f"Used the link in email {send.email_id}, send {send.pk}.",
        )
    )
    source = Source(kind=SourceKind.EMAIL, id=str(send.email_id))
    opt_outs = {record_id: {OPT_OUT: True} for record_id in _contacts(send)}
    changed = changes.update(CONTACT, opt_outs, source) if opt_outs else 0
    if first_time or changed:
        _record(send, list(opt_outs))
    return bool(first_time or changed)


def _contacts(send: Send) -> list[int]:
    """The contact the email was for, and the one who has the address now."""
    query = sql(
        """
        SELECT r.id FROM crm_record r
        WHERE r.object_type = {contact} AND r.archived_at IS NULL
          AND r.id IN (SELECT {record_id}::bigint UNION ALL
                       SELECT record_id FROM crm_uniquevalue
                       WHERE object_type = {contact} AND property_name = 'email'
                         AND value = lower({address}))
        ORDER BY r.id
        """,
        contact=CONTACT,
        record_id=send.record_id,
        address=send.address,
    )
    return [row[0] for row in rows(query)]


def _record(send: Send, record_ids: list[int]) -> None:
    select = sql(
        """
        SELECT u.record_id, jsonb_build_object('email_id', e.id, 'email_name', e.name,
            'send_id', {send}::bigint) AS properties, e.id::text AS source_id
        FROM unnest({records}::bigint[]) AS u(record_id), emails_email e WHERE e.id = {email}
        """,
        send=send.pk,
        records=record_ids,
        email=send.email_id,
    )
    events.record("email.unsubscribed", select, CONTACT, source_kind=SourceKind.EMAIL)
