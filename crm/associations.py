"""Relations between records: each is stored once in each direction, in one statement.

The same statement queues a change of both records, so that filters on associated records are asked
again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db import transaction
from django.db.models import Q

from crm import calculating, events
from crm.models import AssociationType
from crm.sql import SQL, join, rows, sql

COMPANY = "0-2"
CONTACT = "0-1"
#: The label of a record's main company.
PRIMARY = "Primary"
#: In the change queue: a record has got or lost an association.
CHANGED = "association.changed"

#: Relations of custom objects are without a label and yet not HubSpot's.
_IS_STANDARD = Q(category=AssociationType.Category.HUBSPOT_DEFINED) | Q(label="")

Pairs = Iterable[tuple[int, int]]


def between(from_object_type: str, to_object_type: str) -> AssociationType:
    """The standard type without a label, else the first standard one; raises DoesNotExist."""
    found = AssociationType.objects.filter(
        _IS_STANDARD, from_object_type=from_object_type, to_object_type=to_object_type
    ).order_by("label", "type_id")
    first = found.first()
    if first is None:
        raise AssociationType.DoesNotExist(
            f"{from_object_type} and {to_object_type} cannot be associated."
        )
    return first


@transaction.atomic
def associate(kind: AssociationType, pairs: SQL, *, hops: int = 0) -> int:
    """Relate a SELECT of (from_record_id, to_record_id); returns how many rows of `kind` are new.

    `hops` says how many automations in a row led here.

    Pairs that are related so already, in either direction, stay as they are. A label comes with the
    association without one. Of a record's companies (of a lead's contacts) exactly one is the
    primary one: the first, until another takes its place.
    """
    standard = _standard(kind)
    primary, plain = standard.get(PRIMARY), standard.get("")
    if primary is None and not kind.label:
        return _insert(kind, pairs, hops)
    given = rows(sql("SELECT p.from_record_id, p.to_record_id FROM ({pairs}) p", pairs=pairs))
    if primary is not None:
        given = _one_primary(primary, given, hops) if kind == primary else given
    count = _insert(kind, _select(given), hops)
    if plain is not None and kind != plain:
        _insert(plain, _select(given), hops)
    if primary is not None and kind != primary:
        _insert(primary, _select(_first(primary, given)), hops)
    return count


def _standard(kind: AssociationType) -> dict[str, AssociationType]:
    """The standard types between the same two object types, by label."""
    found = AssociationType.objects.filter(
        _IS_STANDARD,
        from_object_type=kind.from_object_type,
        to_object_type=kind.to_object_type,
        label__in=["", PRIMARY],
    ).select_related("inverse")
    return {one.label: one for one in found}


def _insert(kind: AssociationType, pairs: SQL, hops: int) -> int:
    insert = sql(
        """
        INSERT INTO crm_association (from_record_id, to_record_id, type_id, created_at)
        SELECT f, t, k, (SELECT app_now()) FROM ({both_ways}) both_ways ORDER BY f, k, t
        ON CONFLICT DO NOTHING
        RETURNING from_record_id AS record_id, type_id
        """,
        both_ways=_both_ways(kind, pairs),
    )
    return _write(kind, insert, hops)


def _both_ways(kind: AssociationType, pairs: SQL) -> SQL:
    return sql(
        """
        SELECT p.from_record_id AS f, p.to_record_id AS t, {type} AS k FROM ({pairs}) p
        UNION
        SELECT p.to_record_id, p.from_record_id, {inverse} FROM ({pairs}) p
        """,
        pairs=pairs,
        type=kind.pk,
        inverse=kind.inverse_id or kind.pk,
    )


def _write(kind: AssociationType, statement: SQL, hops: int) -> int:
    """Run a statement that gives (record_id, type_id) of each row it touched; returns how many.

    The records at both ends are put into the change queue.
    """
    ends = {kind.pk: kind.from_object_type}
    ends.setdefault(kind.inverse_id or kind.pk, kind.to_object_type)
    queued = [
        sql(
            "queued_{type} AS ({queue})",
            type=SQL(str(type_id)),
            queue=events.queue(
                object_type,
                sql("SELECT DISTINCT record_id FROM touched WHERE type_id = {type}", type=type_id),
                event_types=[CHANGED],
                hops=hops,
            ),
        )
        for type_id, object_type in ends.items()
    ]
    [(count, *ids)] = rows(
        sql(
            "WITH touched AS ({statement}), {queued} SELECT count(*), {ids} FROM touched",
            statement=statement,
            queued=join(", ", queued),
            ids=join(", ", [_ids(type_id, kind, ends) for type_id in ends]),
        )
    )
    if not count:
        return 0
    for object_type, touched in zip(ends.values(), ids, strict=True):
        calculating.follow_associations(object_type, _other(kind, object_type), touched or [], hops)
    events.ring("match")
    return int(count)


def _other(kind: AssociationType, object_type: str) -> str:
    """The object type at the other end."""
    is_start = object_type == kind.from_object_type
    return kind.to_object_type if is_start else kind.from_object_type


def _ids(type_id: int, kind: AssociationType, ends: Mapping[int, str]) -> SQL:
    """The records at one end, where a calculated property counts them."""
    object_type = ends[type_id]
    if not calculating.are_followed(object_type, _other(kind, object_type)):
        return SQL("NULL::bigint[]")
    return sql("array_agg(DISTINCT record_id) FILTER (WHERE type_id = {type}::int)", type=type_id)


def _is_turned(primary: AssociationType) -> bool:
    """Whether pairs of this type begin with the company (a lead's contact), not with its owner."""
    ends = (primary.from_object_type, primary.to_object_type)
    return primary.from_object_type == (COMPANY if COMPANY in ends else CONTACT)


def _by_owner(primary: AssociationType, given: Pairs) -> dict[int, int]:
    """Owner -> the first of its companies that is given."""
    is_turned = _is_turned(primary)
    found: dict[int, int] = {}
    for start, end in given:
        owner, company = (end, start) if is_turned else (start, end)
        found.setdefault(owner, company)
    # One writer at a time decides which company of a record is the primary one.
    rows(
        sql(
            "SELECT id FROM crm_record WHERE id = ANY({ids}) ORDER BY id FOR NO KEY UPDATE",
            ids=list(found),
        )
    )
    return found


def _outwards(primary: AssociationType) -> AssociationType:
    """The type as it is seen from the owner."""
    found = primary.inverse if _is_turned(primary) else primary
    assert found is not None, "a primary company is told apart from its records"
    return found


def _one_primary(primary: AssociationType, given: Pairs, hops: int) -> list[tuple[int, int]]:
    """One pair per owner, after taking the label from the companies that had it so far."""
    chosen = _by_owner(primary, given)
    kind = _outwards(primary)
    former = sql(
        "SELECT a.from_record_id, a.to_record_id"
        " FROM unnest({owners}::bigint[], {companies}::bigint[]) AS n(owner, company)"
        " JOIN crm_association a ON a.from_record_id = n.owner AND a.type_id = {type}"
        " AND a.to_record_id <> n.company",
        owners=list(chosen),
        companies=list(chosen.values()),
        type=kind.pk,
    )
    dissociate(kind, former, hops=hops)
    return _as_pairs(primary, chosen)


def _first(primary: AssociationType, given: Pairs) -> list[tuple[int, int]]:
    """Those pairs that give an owner its first company."""
    chosen = _by_owner(primary, given)
    has_one = rows(
        sql(
            "SELECT DISTINCT a.from_record_id FROM crm_association a"
            " WHERE a.from_record_id = ANY({owners}) AND a.type_id = {type}",
            owners=list(chosen),
            type=_outwards(primary).pk,
        )
    )
    for (owner,) in has_one:
        del chosen[owner]
    return _as_pairs(primary, chosen)


def _as_pairs(primary: AssociationType, chosen: Mapping[int, int]) -> list[tuple[int, int]]:
    if _is_turned(primary):
        return [(company, owner) for owner, company in chosen.items()]
    return list(chosen.items())


@transaction.atomic
def dissociate(kind: AssociationType, pairs: SQL, *, hops: int = 0) -> int:
    """Remove the relation of a SELECT of (from_record_id, to_record_id), in both directions."""
    delete = sql(
        """
        DELETE FROM crm_association a USING ({both_ways}) gone
        WHERE a.from_record_id = gone.f AND a.to_record_id = gone.t AND a.type_id = gone.k
        RETURNING a.from_record_id AS record_id, a.type_id
        """,
        both_ways=_both_ways(kind, pairs),
    )
    return _write(kind, delete, hops)


@transaction.atomic
def remove_all(kind: AssociationType) -> int:
    """Remove every relation of a type, in both directions."""
    types = [kind.pk, kind.inverse_id or kind.pk]
    delete = sql(
        "DELETE FROM crm_association WHERE type_id = ANY({types})"
        " RETURNING from_record_id AS record_id, type_id",
        types=types,
    )
    return _write(kind, delete, hops=0)


def pairs(given: Pairs) -> SQL:
    """Pairs of ids as the SELECT that `associate` takes."""
    return _select(given)


def _select(given: Pairs) -> SQL:
    listed = list(given)
    return sql(
        "SELECT u.a AS from_record_id, u.b AS to_record_id"
        " FROM unnest({left}::bigint[], {right}::bigint[]) AS u(a, b)",
        left=[pair[0] for pair in listed],
        right=[pair[1] for pair in listed],
    )
