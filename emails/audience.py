"""Who may get an email; the one place that decides it, for a whole set of records in SQL."""

from __future__ import annotations

from crm import erasure
from crm.sql import SQL, sql
from emails.models import Result

#: One bare address. Local parts beyond ASCII are refused (few servers take them); domains may
#: have any letters.
ADDRESS = (
    r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([[:alnum:]]([[:alnum:]-]*[[:alnum:]])?\.)+[[:alnum:]]([[:alnum:]-]*[[:alnum:]])$"
)


def reason_not_to_send(record: str, address: str, state: str) -> SQL:
    """SQL for the first reason why a record does not get an email, NULL for none (E-053).

    `record` is an alias of crm_record and `state` one of `state_of`, both outer-joined;
    `address` is an SQL name for where the email would go.
    """
    return sql(
        """
        CASE
            WHEN {record}.id IS NULL OR {record}.archived_at IS NOT NULL THEN {cancelled}
            WHEN coalesce({address}, '') !~ {valid} OR length({address}) > 254
                OR length(split_part({address}, '@', 1)) > 64 THEN {invalid}
            WHEN {record}.properties->'hs_email_optout' = 'true'
                OR {state}.unsubscribed_at IS NOT NULL THEN {unsubscribed}
            WHEN {state}.complained_at IS NOT NULL THEN {spam}
            WHEN {state}.hard_bounced_at IS NOT NULL THEN {bounced}
        END
        """,
        record=SQL(record),
        address=SQL(address),
        state=SQL(state),
        valid=ADDRESS,
        cancelled=Result.CAMPAIGN_CANCELLED.value,
        invalid=Result.INVALID_TO_ADDRESS.value,
        unsubscribed=Result.PREVIOUSLY_UNSUBSCRIBED_PORTAL.value,
        spam=Result.PREVIOUS_SPAM.value,
        bounced=Result.PREVIOUSLY_BOUNCED.value,
    )


def state_of(address: SQL) -> SQL:
    """A SELECT of one row: what is known about an address.

    Also under the digest that is left of it when its owner was erased: who said no is not asked
    again (C-062).
    """
    return sql(
        """
        SELECT min(n.unsubscribed_at) AS unsubscribed_at, min(n.complained_at) AS complained_at,
            min(n.hard_bounced_at) AS hard_bounced_at
        FROM emails_addressstate n WHERE n.address IN (lower({address}), {digest})
        """,
        address=address,
        digest=erasure.digest(address),
    )


def refusal(key: str) -> SQL:
    """SQL for why the send with `key` (an SQL name) may not go out any more, or NULL.

    The address is that of the send; consent is that of this very moment.
    """
    return sql(
        """
        (SELECT {reason} FROM emails_send s
         LEFT JOIN crm_record r ON r.id = s.record_id
         LEFT JOIN LATERAL ({state}) a ON true
         WHERE s.key = {key})
        """,
        reason=reason_not_to_send("r", "s.address", "a"),
        state=state_of(SQL("s.address")),
        key=SQL(key),
    )
