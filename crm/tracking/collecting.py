"""Taking in what pages report, quickly and in bounds: one statement for each report.

What was taken in is worked off with many others by crm.tracking.processing.
"""

from __future__ import annotations

import re
from enum import Enum
from uuid import UUID

from django.conf import settings
from psycopg.types.json import Jsonb

from crm.sql import SQL, execute, rows, sql
from crm.tracking.reading import Report

#: Programs that look at pages for others than people, by their names for themselves.
BOT = re.compile(
    r"bot\b|bot/|crawl|spider|slurp|headless|phantom|lighthouse|preview|monitor|scanner|fetch|"
    r"curl|wget|python|java/|go-http|okhttp|node|axios|facebookexternalhit|mediapartners",
    re.IGNORECASE,
)


class Answer(Enum):
    """What became of a report."""

    TAKEN = "taken"
    #: The site or the form.
    UNKNOWN = "unknown"
    TOO_MANY = "too many"


def is_bot(user_agent: str) -> bool:
    """Whether a page was loaded by a program; one that does not say what it is counts as one."""
    return not user_agent.strip() or bool(BOT.search(user_agent))


def collect(report: Report, host: str, address: str) -> Answer:
    """Keep what a page of `host` reported, unless there was too much from `address` or in sum.

    `address` is any text that stays the same for a sender.
    """
    return _keep(report, address, _site(host))


def submit(report: Report, form_id: UUID, address: str) -> Answer:
    """Keep what was sent with a form of ours, from wherever; the same limits hold."""
    form = sql("SELECT 1 FROM crm_form WHERE id = {id} AND archived_at IS NULL", id=form_id)
    return _keep(report, address, form)


def _site(host: str) -> SQL:
    """SQL that gives a row if pages of a host may report."""
    return sql(
        "SELECT 1 FROM crm_trackedsite s WHERE s.host = {host}"
        " OR (s.with_subdomains AND right({host}, length(s.host) + 1) = '.' || s.host) LIMIT 1",
        host=host,
    )


def _keep(report: Report, address: str, known: SQL) -> Answer:
    """Count and keep a report in one statement, if `known` gives a row.

    Losing the last half second when the database server dies is the price for not waiting for its
    disk.
    """
    ((is_known, is_over, _),) = rows(
        sql(
            """
            WITH known AS ({known}),
            counted AS (
                INSERT INTO crm_trackingusage AS u (address, minute, count)
                SELECT a.address, floor(extract(epoch FROM app_now()) / 60), {items}
                FROM known CROSS JOIN (VALUES ({address}), ('')) AS a(address)
                ON CONFLICT (address) DO UPDATE SET
                    minute = excluded.minute,
                    count = excluded.count
                        + CASE WHEN u.minute = excluded.minute THEN u.count ELSE 0 END
                RETURNING address, count
            ),
            excess AS (
                SELECT 1 FROM counted
                WHERE count > CASE address WHEN '' THEN {most} ELSE {most_each} END
            ),
            kept AS (
                INSERT INTO crm_collected (visitor, item, at)
                SELECT {visitor}::uuid, i.item, app_now()
                FROM known CROSS JOIN unnest({found}::jsonb[]) WITH ORDINALITY AS i(item, place)
                WHERE NOT EXISTS (SELECT FROM excess)
                ORDER BY i.place
            )
            SELECT EXISTS (SELECT FROM known), EXISTS (SELECT FROM excess),
                set_config('synchronous_commit', 'off', true)
            """,
            known=known,
            address=address,
            items=len(report.items),
            most=settings.TRACKING_PER_MINUTE,
            most_each=settings.TRACKING_PER_ADDRESS,
            visitor=report.visitor,
            found=[Jsonb(item) for item in report.items],
        )
    )
    if not is_known:
        return Answer.UNKNOWN
    return Answer.TOO_MANY if is_over else Answer.TAKEN


def is_site(host: str) -> bool:
    """Whether pages of `host` may report."""
    return bool(rows(_site(host)))


def forget_usage() -> int:
    """Remove counters of minutes that are over; returns how many."""
    return execute(
        sql(
            "DELETE FROM crm_trackingusage"
            " WHERE minute < floor(extract(epoch FROM app_now()) / 60) - 1 AND address <> ''"
        )
    )
