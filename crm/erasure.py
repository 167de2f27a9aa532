"""Records that go for good: at a person's request, or when their time in the bin is over.

A record is deleted with its history, events, relations and whatever else is kept about it; other
apps say what that is (crm.holdings). At a person's request a keyed digest of each email address
stays, so that no import brings the person back and what was refused once stays refused (A-071,
C-062), and a row that proves the erasure without telling who it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.crypto import salted_hmac

from crm import events, moving
from crm.holdings import holdings
from crm.objects import base as objects
from crm.search import escape
from crm.sql import SQL, execute, rows, sql
from crm.statements import Source

CONTACT = "0-1"
EMAIL = "email"
#: What stands in place of an address begins so.
PREFIX = "erased:"


def digest(address: SQL) -> SQL:
    """SQL for what is left of an address: the same for all spellings, and no way back.

    The key is the installation's, so that nobody can try out addresses who has only the database.
    """
    return sql(
        "({prefix} || encode(sha256(convert_to({key} || lower(trim({address})), 'UTF8')), 'hex'))",
        prefix=PREFIX,
        key=salted_hmac("crm.erasure", "", algorithm="sha256").hexdigest(),
        address=address,
    )


@transaction.atomic
def erase(object_type: str, record_ids: Iterable[int], source: Source) -> int:
    """Erase records, archived ones too, with all that was merged into them; returns how many.

    Activities that concern nobody else go with them. Unknown ids are left out.
    """
    own = _with_merged(object_type, record_ids)
    if not own:
        return 0
    ids = [*own, *_activities_of(own)]
    addresses = _addresses(own)
    _prove(own, source)
    remove(ids, source)
    block(addresses)
    return len(own)


def _with_merged(object_type: str, record_ids: Iterable[int]) -> list[int]:
    """The records that are there, locked, and those that were merged into them."""
    found = rows(
        sql(
            """
            SELECT id FROM crm_record WHERE object_type = {type} AND id = ANY(ARRAY(
                SELECT unnest({ids}::bigint[]) UNION
                SELECT record_id FROM crm_mergedrecord WHERE into_id = ANY({ids})
            )) ORDER BY id FOR UPDATE
            """,
            type=object_type,
            ids=list(record_ids),
        )
    )
    return [row[0] for row in found]


def _activities_of(ids: Sequence[int]) -> list[int]:
    """Notes, calls, emails ... that are related to none but these records of their type."""
    kinds = [kind.type_id for kind in objects.in_order() if kind.is_activity]
    found = rows(
        sql(
            """
            SELECT DISTINCT r.id FROM crm_association a
            JOIN crm_record r ON r.id = a.to_record_id AND r.object_type = ANY({kinds})
            WHERE a.from_record_id = ANY({ids}) AND NOT EXISTS (
                SELECT FROM crm_association o JOIN crm_record other ON other.id = o.to_record_id
                WHERE o.from_record_id = r.id AND other.object_type = {contact}
                  AND NOT other.id = ANY({ids}))
            """,
            kinds=kinds,
            ids=list(ids),
            contact=CONTACT,
        )
    )
    return [row[0] for row in found]


def _addresses(ids: Sequence[int]) -> list[str]:
    """All email addresses that the records ever had."""
    names = [EMAIL, *objects.get(CONTACT).additional_values.values()]
    found = rows(
        sql(
            """
            SELECT DISTINCT lower(trim(part)) FROM (
                SELECT r.properties->>n.name FROM crm_record r
                CROSS JOIN unnest({names}::text[]) AS n(name) WHERE r.id = ANY({ids})
                UNION ALL
                SELECT h.value#>>'{{}}' FROM crm_property_history h
                WHERE h.record_id = ANY({ids}) AND h.property_name = ANY({names})
            ) v(text) CROSS JOIN string_to_table(v.text, ';') AS part WHERE part LIKE '%@%'
            """,
            names=names,
            ids=list(ids),
        )
    )
    return [row[0] for row in found]


def _prove(ids: Sequence[int], source: Source) -> None:
    execute(
        sql(
            "INSERT INTO crm_erasure (record_id, object_type, source, source_id, user_id, at)"
            " SELECT id, object_type, {kind}, {source_id}, {user}, (SELECT app_now())"
            " FROM crm_record WHERE id = ANY({ids}) ORDER BY id",
            kind=source.kind.value,
            source_id=source.id,
            user=source.user_id,
            ids=list(ids),
        )
    )


@transaction.atomic
def block(addresses: Sequence[str]) -> None:
    """Let no import make a contact with these addresses; what they refused stays refused."""
    given = sql(
        "SELECT lower(u.address) AS address, {digest} AS digest"
        " FROM unnest({addresses}::text[]) AS u(address)",
        digest=digest(SQL("u.address")),
        addresses=sorted(set(addresses)),
    )
    execute(
        sql(
            "INSERT INTO crm_erasedaddress (digest, at)"
            " SELECT g.digest, (SELECT app_now()) FROM ({given}) g ON CONFLICT DO NOTHING",
            given=given,
        )
    )
    for holding in holdings:
        holding().hide(given)


def is_blocked(address: SQL) -> SQL:
    """SQL: whether the owner of an address was erased."""
    return sql(
        "EXISTS (SELECT FROM crm_erasedaddress b WHERE b.digest = {digest})",
        digest=digest(address),
    )


def having(address: str) -> list[int]:
    """The contacts with this address, archived ones too."""
    wanted = address.strip().lower()
    further = objects.get(CONTACT).additional_values[EMAIL]
    found = rows(
        sql(
            """
            SELECT r.id FROM crm_searchtext t JOIN crm_record r ON r.id = t.record_id
            WHERE t.object_type = {contact} AND t.text LIKE {pattern}
              AND (lower(r.properties->>'email') = {address}
                OR {address} = ANY(string_to_array(lower(r.properties->>{further}), ';')))
            """,
            contact=CONTACT,
            pattern=f"%{escape(wanted)}%",
            address=wanted,
            further=further,
        )
    )
    return [row[0] for row in found]


#: Where records are named in crm's own tables, beside associations.
_TABLES = (
    ("crm_property_history", "record_id"),
    ("crm_event", "record_id"),
    ("crm_listmembership", "record_id"),
    ("crm_uniquevalue", "record_id"),
    ("crm_searchtext", "record_id"),
    ("crm_record", "id"),
)


@transaction.atomic
def remove(ids: Sequence[int], source: Source) -> None:
    """Delete records for good, with everything that is kept about them."""
    records = sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=list(ids))
    for holding in holdings:
        holding().forget(records)
    _dissociate(records, source)
    _forget_visitors(ids)
    for table, column in _TABLES:
        execute(
            sql(
                "DELETE FROM {table} WHERE {column} = ANY({ids})",
                table=SQL(table),
                column=SQL(column),
                ids=list(ids),
            )
        )
    events.ring("match")


def _forget_visitors(ids: Sequence[int]) -> None:
    """Remove the browsers of contacts, and what they reported and nobody has looked at yet."""
    theirs = sql("SELECT token FROM crm_visitor WHERE contact_id = ANY({ids})", ids=list(ids))
    for table, column in (
        ("crm_collected", "visitor"),
        ("crm_visitorevent", "visitor_id"),
        ("crm_visitor", "token"),
    ):
        execute(
            sql(
                "DELETE FROM {table} WHERE {column} IN ({theirs})",
                table=SQL(table),
                column=SQL(column),
                theirs=theirs,
            )
        )


def _dissociate(records: SQL, source: Source) -> None:
    """End all relations of records, and tell who looks at the other ends."""
    execute(
        sql(
            """
            WITH gone AS (
                DELETE FROM crm_association WHERE id = ANY(ARRAY({both})) RETURNING from_record_id
            )
            {queue}
            """,
            both=moving.both_ways(records),
            queue=moving.queue(
                sql(
                    "SELECT DISTINCT r.object_type, r.id FROM gone g"
                    " JOIN crm_record r ON r.id = g.from_record_id WHERE r.id NOT IN ({records})",
                    records=records,
                ),
                source,
            ),
        )
    )
