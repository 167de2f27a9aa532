"""What emails keep about records and addresses: sends, and who must not be written to."""

from __future__ import annotations

from crm import erasure
from crm.holdings import Holding, holdings
from crm.sql import SQL, execute, sql
from emails.models import Result
from workflows import outbox


@holdings.register
class Sends(Holding):
    name = "emails"

    def merge(self, pairs: SQL) -> None:
        execute(
            sql(
                "UPDATE emails_send s SET record_id = p.into_id FROM ({pairs}) p"
                " WHERE s.record_id = p.record_id",
                pairs=pairs,
            )
        )

    def forget(self, records: SQL) -> None:
        """Keep how each send went, without the address and what the mail server said.

        The digest in its place lets the unsubscribe link of a mail that is out there still work.
        """
        outbox.cancel(
            sql(
                "SELECT key FROM emails_send WHERE record_id IN ({records}) AND result = {queued}",
                records=records,
                queued=Result.QUEUED.value,
            ),
            Result.CAMPAIGN_CANCELLED.value,
        )
        execute(
            sql(
                "UPDATE emails_send SET address = {digest}, error = ''"
                " WHERE record_id IN ({records}) AND address <> ''"
                " AND NOT starts_with(address, {erased})",
                digest=erasure.digest(SQL("address")),
                records=records,
                erased=erasure.PREFIX,
            )
        )

    def hide(self, addresses: SQL) -> None:
        """Keep that an address must not be written to, under its digest (C-062)."""
        execute(
            sql(
                """
                WITH known AS (
                    DELETE FROM emails_addressstate a USING ({addresses}) g
                    WHERE a.address = g.address
                    RETURNING g.digest, a.unsubscribed_at, a.hard_bounced_at, a.complained_at
                )
                INSERT INTO emails_addressstate AS a
                    (address, unsubscribed_at, hard_bounced_at, complained_at, note)
                SELECT digest, unsubscribed_at, hard_bounced_at, complained_at, '' FROM known
                ON CONFLICT (address) DO UPDATE SET
                    unsubscribed_at = coalesce(a.unsubscribed_at, excluded.unsubscribed_at),
                    hard_bounced_at = coalesce(a.hard_bounced_at, excluded.hard_bounced_at),
                    complained_at = coalesce(a.complained_at, excluded.complained_at)
                """,
                addresses=addresses,
            )
        )
