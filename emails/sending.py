"""Emails for whole sets of records: who gets one, who does not and why, and how each ended."""

from __future__ import annotations

from email.utils import parseaddr

from django.conf import settings
from django.db import transaction
from django.utils.crypto import salted_hmac

from crm import events
from crm.changes import SourceKind
from crm.sql import SQL, execute, sql, value
from emails import audience
from emails.models import Email, Result
from workflows import outbox

CONTACT = "0-1"
OUTBOX_KIND = "email"
#: Answers that mean: there is no such mailbox, and there will not be (E-112).
HARD_BOUNCE = r"\m5\.(1\.(1|2|3|6|10)|2\.1)\M"


class UnknownEmail(LookupError):
    """There is no such email."""


@transaction.atomic
def enqueue_for(select: SQL, email_id: int) -> int:
    """Send an email to every contact of a SELECT of (record_id, key, lane); returns to how many.

    A key is used once, for ever: asking again changes nothing. For those who may not get the
    email the reason is kept instead; `outcomes` tells. `select` runs twice and must give the same
    rows. The number of statements does not depend on the number of records.
    """
    email = Email.objects.filter(pk=email_id).select_related("revision").first()
    if email is None:
        raise UnknownEmail(f"There is no email {email_id}.")
    added = value(_insert(select, email))
    if not added:
        return 0
    queued = outbox.enqueue(
        OUTBOX_KIND,
        sql(
            """
            SELECT s.key, jsonb_build_object('send', s.id) AS payload, c.lane
            FROM emails_send s JOIN ({select}) c ON c.key = s.key
            WHERE s.id = ANY({added}) AND s.result = {queued}
            ORDER BY s.id
            """,
            select=select,
            added=added,
            queued=Result.QUEUED.value,
        ),
    )
    if queued < len(added):
        _record("email.not_sent", sql("s.id = ANY({a}) AND s.result <> {q}", a=added, q="QUEUED"))
    return queued


def outcomes(select: SQL) -> SQL:
    """SQL giving (key, result) for those keys of a SELECT of (key) that were asked for.

    The result is one of emails.models.Result, QUEUED until the mail server has answered.
    """
    return sql(
        "SELECT s.key, s.result FROM emails_send s WHERE s.key IN ({select})",
        select=select,
    )


def sender(from_address: str) -> str:
    """The bare address an email comes from: its own, else the installation's."""
    return from_address or parseaddr(settings.DEFAULT_FROM_EMAIL)[1]


def domain(from_address: str) -> str:
    return sender(from_address).rpartition("@")[2] or "localhost"


def note(finished: SQL) -> None:
    """Write down how messages ended: results, addresses that do not exist, events.

    `finished` is a SELECT of (key, state, error, begun_at, finished_at) from the outbox.
    """
    execute(_results(finished))
    execute(_bounces(finished))
    chosen = sql("s.key IN (SELECT key FROM ({finished}) f)", finished=finished)
    _record("email.sent", sql("{chosen} AND s.result = 'SENT'", chosen=chosen))
    _record(
        "email.not_sent",
        sql("{chosen} AND s.result NOT IN ('SENT', 'QUEUED', 'UNKNOWN')", chosen=chosen),
    )


def _insert(select: SQL, email: Email) -> SQL:
    """The statement that adds the sends and gives the ids of the new ones as one array.

    The Message-ID is made of the key, so that it is the same however often the same message is
    handed over, and of the installation's secret, so that no two installations share one.
    """
    no_content = None if email.revision_id else Result.MISSING_CONTENT.value
    return sql(
        """
        WITH added AS (
            INSERT INTO emails_send (key, email_id, revision_id, record_id, address, token,
                message_id, result, error, created_at)
            SELECT c.key, {email}, {revision}, c.record_id, coalesce(p.address, ''),
                gen_random_uuid(),
                '<' || encode(sha224(convert_to({salt} || c.key, 'UTF8')), 'hex') || {at} || '>',
                coalesce({no_content}, {reason}, {queued}), '', app_now()
            FROM ({select}) c
            LEFT JOIN crm_record r ON r.id = c.record_id AND r.object_type = {contact}
            LEFT JOIN LATERAL (SELECT left(r.properties->>'email', 320) AS address) p ON true
            LEFT JOIN LATERAL ({state}) a ON true
            ON CONFLICT (key) DO NOTHING
            RETURNING id
        )
        SELECT array_agg(id) FROM added
        """,
        email=email.pk,
        revision=email.revision_id,
        salt=salted_hmac("emails.message_id", "").hexdigest(),
        at="@" + domain(email.revision.source["from_address"] if email.revision else ""),
        no_content=no_content,
        reason=audience.reason_not_to_send("r", "p.address", "a"),
        state=audience.state_of(SQL("p.address")),
        queued=Result.QUEUED.value,
        select=select,
        contact=CONTACT,
    )


def _results(finished: SQL) -> SQL:
    return sql(
        """
        UPDATE emails_send s
        SET result = CASE
                WHEN f.state = {sent} THEN 'SENT'
                WHEN f.state = {unknown} THEN 'UNKNOWN'
                WHEN f.state = {cancelled} THEN f.error
                WHEN f.error LIKE {render} || ':%' THEN {render}
                ELSE {undeliverable}
            END,
            error = CASE WHEN f.state IN ({failed}, {unknown}) THEN f.error ELSE '' END,
            sent_at = CASE WHEN f.state IN ({sent}, {unknown}) THEN f.begun_at END
        FROM ({finished}) f WHERE s.key = f.key
        """,
        sent=outbox.State.SENT,
        unknown=outbox.State.UNKNOWN,
        cancelled=outbox.State.CANCELLED,
        failed=outbox.State.FAILED,
        render=Result.TEMPLATE_RENDER_EXCEPTION.value,
        undeliverable=Result.UNDELIVERABLE.value,
        finished=finished,
    )


def _bounces(finished: SQL) -> SQL:
    return sql(
        """
        INSERT INTO emails_addressstate AS a (address, hard_bounced_at, note)
        SELECT DISTINCT ON (lower(s.address)) lower(s.address), f.finished_at, f.error
        FROM ({finished}) f JOIN emails_send s ON s.key = f.key
        WHERE f.state = {failed} AND f.error ~ {hard}
        ORDER BY lower(s.address), f.finished_at
        ON CONFLICT (address) DO UPDATE
        SET hard_bounced_at = coalesce(a.hard_bounced_at, excluded.hard_bounced_at),
            note = excluded.note
        """,
        finished=finished,
        failed=outbox.State.FAILED,
        hard=HARD_BOUNCE,
    )


def _record(event_type: str, chosen: SQL) -> None:
    """Log an event on the record of every send that `chosen` (over alias `s`) picks."""
    select = sql(
        """
        SELECT s.record_id, jsonb_build_object('email_id', s.email_id, 'email_name', e.name,
            'send_id', s.id, 'result', s.result) AS properties, s.email_id::text AS source_id
        FROM emails_send s JOIN emails_email e ON e.id = s.email_id
        WHERE {chosen}
        """,
        chosen=chosen,
    )
    events.record(event_type, select, CONTACT, source_kind=SourceKind.EMAIL)
