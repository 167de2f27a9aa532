"""Relations between records: each is stored once in each direction, in one statement."""

from __future__ import annotations

from collections.abc import Iterable

from crm.models import AssociationType
from crm.sql import SQL, execute, sql

COMPANY = "0-2"
#: The label of a record's main company.
PRIMARY = "Primary"


def between(from_object_type: str, to_object_type: str) -> AssociationType:
    """The standard type without a label, else the first standard one; raises DoesNotExist."""
    found = AssociationType.objects.filter(
        from_object_type=from_object_type,
        to_object_type=to_object_type,
        category=AssociationType.Category.HUBSPOT_DEFINED,
    ).order_by("label", "type_id")
    first = found.first()
    if first is None:
        raise AssociationType.DoesNotExist(
            f"{from_object_type} and {to_object_type} cannot be associated."
        )
    return first


def associate(kind: AssociationType, pairs: SQL) -> int:
    """Relate a SELECT of (from_record_id, to_record_id); returns how many rows are new.

    Pairs that are related so already, in either direction, stay as they are. Of a record's
    companies one can be the primary one: a new one takes the place of the former.
    """
    if kind.label == PRIMARY:
        _make_room(kind, pairs)
    return execute(
        sql(
            """
            INSERT INTO crm_association (from_record_id, to_record_id, type_id, created_at)
            SELECT f, t, k, (SELECT app_now()) FROM (
                SELECT p.from_record_id AS f, p.to_record_id AS t, {type} AS k FROM ({pairs}) p
                UNION
                SELECT p.to_record_id, p.from_record_id, {inverse} FROM ({pairs}) p
            ) both_ways ORDER BY f, k, t
            ON CONFLICT DO NOTHING
            """,
            pairs=pairs,
            type=kind.pk,
            inverse=kind.inverse_id or kind.pk,
        )
    )


def _make_room(kind: AssociationType, pairs: SQL) -> None:
    """Take the label from the companies that were the primary ones of these records so far."""
    is_from_company = kind.from_object_type == COMPANY
    to_company = kind.inverse if is_from_company else kind
    assert to_company is not None, "a primary company is told apart from its records"
    former = sql(
        """
        SELECT a.from_record_id, a.to_record_id FROM (
            SELECT {owner} AS owner, array_agg({company}) AS companies FROM ({pairs}) p GROUP BY 1
        ) n JOIN crm_association a ON a.from_record_id = n.owner AND a.type_id = {type}
            AND a.to_record_id <> ALL(n.companies)
        """,
        owner=SQL("p.to_record_id" if is_from_company else "p.from_record_id"),
        company=SQL("p.from_record_id" if is_from_company else "p.to_record_id"),
        pairs=pairs,
        type=to_company.pk,
    )
    dissociate(to_company, former)


def dissociate(kind: AssociationType, pairs: SQL) -> int:
    """Remove the relation of a SELECT of (from_record_id, to_record_id), in both directions."""
    return execute(
        sql(
            """
            DELETE FROM crm_association a USING (
                SELECT p.from_record_id AS f, p.to_record_id AS t, {type} AS k FROM ({pairs}) p
                UNION
                SELECT p.to_record_id, p.from_record_id, {inverse} FROM ({pairs}) p
            ) gone
            WHERE a.from_record_id = gone.f AND a.to_record_id = gone.t AND a.type_id = gone.k
            """,
            pairs=pairs,
            type=kind.pk,
            inverse=kind.inverse_id or kind.pk,
        )
    )


def pairs(given: Iterable[tuple[int, int]]) -> SQL:
    """Pairs of ids as the SELECT that `associate` takes."""
    listed = list(given)
    return sql(
        "SELECT u.a AS from_record_id, u.b AS to_record_id"
        " FROM unnest({left}::bigint[], {right}::bigint[]) AS u(a, b)",
        left=[pair[0] for pair in listed],
        right=[pair[1] for pair in listed],
    )
