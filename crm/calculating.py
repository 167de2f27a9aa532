"""Writing calculated values: in the transaction of the change that they follow from."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from django.db import transaction

from crm import events, statements
from crm.calculations.base import Calculation, Place
from crm.calculations.equation import equation
from crm.models import Property
from crm.objects import base as objects
from crm.sql import SQL, join, literal, rows, sql, value
from crm.statements import Delta, Source, SourceKind

#: By property name, those first that others follow from.
Calculations = Mapping[str, Calculation]


def calculations_of(object_type: str) -> dict[str, Calculation]:
    """All calculated properties of an object type, in an order in which they can be worked out."""
    declared = {
        item.name: item.calculation
        for item in objects.get(object_type).properties
        if item.calculation is not None
    }
    formulas = Property.objects.filter(object_type=object_type, archived_at=None).exclude(
        formula=""
    )
    found = declared | {
        name: equation(formula) for name, formula in formulas.values_list("name", "formula")
    }
    order = TopologicalSorter(
        {name: calculation.reads & set(found) for name, calculation in found.items()}
    ).static_order()
    return {name: found[name] for name in order}


def concerned(calculations: Calculations, names: Collection[str]) -> dict[str, Calculation]:
    """Those that follow from one of `names`, directly or through others."""
    touched = set(names)
    found = {}
    for name, calculation in calculations.items():
        if calculation.reads & touched:
            found[name] = calculation
            touched.add(name)
    return found


def with_values(object_type: str, select: SQL, calculations: Calculations) -> SQL:
    """A SELECT of (record_id, properties, source_id) of new records, with calculated values."""
    for_new = {name: item for name, item in calculations.items() if item.is_for_new}
    for names in _levels(for_new):
        # OFFSET 0 has the planner work the properties out once, not once for every mention.
        select = sql(
            "SELECT r.record_id, r.source_id,"
            " jsonb_strip_nulls(r.properties || jsonb_build_object({pairs})) AS properties"
            " FROM (SELECT * FROM ({select}) s OFFSET 0) r",
            pairs=_pairs(for_new, names, Place(is_new=True)),
            select=select,
        )
    return select


def _pairs(calculations: Calculations, names: Sequence[str], place: Place) -> SQL:
    """Names and values as the arguments of jsonb_build_object."""
    return join(
        ", ",
        [
            sql("{name}, {value}", name=literal(name), value=calculations[name].value(place))
            for name in names
        ],
    )


def follow(object_type: str, ids: SQL, calculations: Calculations, source: Source) -> None:
    """Work out some properties anew for a SELECT of (record_id); what stays equal is left alone."""
    calculated = Source(
        kind=SourceKind.CALCULATED, id=source.id, user_id=source.user_id, hops=source.hops
    )
    for names in _levels(calculations):
        select = sql(
            "SELECT s.record_id, {source}::text AS source_id FROM ({ids}) s",
            source=source.id,
            ids=ids,
        )
        pairs = _pairs(calculations, names, Place())
        delta = Delta(sql=sql("jsonb_build_object({pairs})", pairs=pairs))
        # update_one would work the values out four times, update_many does it twice.
        rows(
            statements.update_many(object_type, select, names, calculated, delta, statements.COUNT)
        )


def _levels(calculations: Calculations) -> Iterator[Sequence[str]]:
    """The properties in steps: each step needs only what the ones before have written."""
    sorter = TopologicalSorter(
        {name: item.reads & set(calculations) for name, item in calculations.items()}
    )
    sorter.prepare()
    while sorter.is_active():
        ready = sorter.get_ready()
        yield sorted(ready)
        sorter.done(*ready)


def are_followed(object_type: str, other_type: str) -> bool:
    """Whether a property of one type follows from associations with the other."""
    return bool(_following(object_type, other_type))


def _following(object_type: str, other_type: str) -> dict[str, Calculation]:
    return {
        item.name: item.calculation
        for item in objects.get(object_type).properties
        if item.calculation is not None and other_type in item.calculation.follows
    }


def follow_associations(
    object_type: str, other_type: str, ids: Sequence[int], hops: int = 0
) -> None:
    """Work out what follows from associations of some records with those of another type."""
    direct = _following(object_type, other_type)
    if not direct or not ids:
        return
    further = concerned(calculations_of(object_type), direct)
    select = sql("SELECT unnest({ids}::bigint[]) AS record_id", ids=sorted(ids))
    follow(object_type, select, direct | further, Source(kind=SourceKind.CALCULATED, hops=hops))


def follow_existence(object_type: str, ids: Sequence[int], hops: int = 0) -> None:
    """Work out what counts some records, after they were archived or brought back."""
    counting = [kind for kind in objects.in_order() if are_followed(kind.type_id, object_type)]
    if not counting:
        return
    found = rows(
        sql(
            "SELECT o.object_type, array_agg(DISTINCT o.id) FROM crm_association a"
            " JOIN crm_record o ON o.id = a.to_record_id"
            " WHERE a.from_record_id = ANY({ids}::bigint[]) AND o.object_type = ANY({kinds})"
            " GROUP BY 1",
            ids=list(ids),
            kinds=[kind.type_id for kind in counting],
        )
    )
    for kind, concerned_ids in found:
        follow_associations(kind, object_type, concerned_ids, hops)


#: So many records one share of a recalculation takes.
SHARE = 5000


def begin(item: Property) -> None:
    """Let a property be worked out for every record, by background workers."""
    item.calculated_up_to = 0
    item.save(update_fields=["calculated_up_to"])
    events.ring("calculate")


def unfinished() -> bool:
    return Property.objects.filter(calculated_up_to__isnull=False, archived_at=None).exists()


@transaction.atomic
def go_on() -> bool:
    """Work out one share of one property that is being calculated anew; False without any.

    In one transaction with its progress; the row is locked, so that two never do the same.
    """
    item = (
        Property.objects.select_for_update(skip_locked=True)
        .filter(calculated_up_to__isnull=False, archived_at=None)
        .order_by("pk")
        .first()
    )
    if item is None:
        return False
    share = sql(
        "SELECT id AS record_id FROM crm_record WHERE object_type = {type}"
        " AND archived_at IS NULL AND id > {start} ORDER BY id LIMIT {share}",
        type=item.object_type,
        start=item.calculated_up_to or 0,
        share=SHARE,
    )
    last = value(sql("SELECT max(record_id) FROM ({share}) s", share=share))
    if last is not None:
        calculations = calculations_of(item.object_type)
        due = {item.name: calculations[item.name]} if item.name in calculations else {}
        due |= concerned(calculations, due)
        follow(item.object_type, share, due, Source(kind=SourceKind.CALCULATED))
    item.calculated_up_to = last
    item.save(update_fields=["calculated_up_to"])
    return True
