"""Relations between records: each is stored once in each direction, in one statement."""

from __future__ import annotations

from collections.abc import Iterable

from crm.models import AssociationType
from crm.sql import SQL, execute, sql


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

    Pairs that are related so already, in either direction, stay as they are.
    """
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
