"""Associations as the API reads and writes them, for whole sets of records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from crm import associations
from crm.access import Access, Verb
from crm.api import wire
from crm.api.errors import ApiError, Forbidden, NotFound
from crm.api.shapes import associations as shapes
from crm.api.shapes.records import AssociatedRecords
from crm.models import AssociationType, Record
from crm.objects.base import ObjectType
from crm.sql import SQL, rows, sql

#: How many related records of one type a record shows; more are read page by page.
PAGE = 500

TypeKey = tuple[str, int]


@dataclass(frozen=True)
class Wanted:
    """An association to be made: from a record (or a place in a batch) to one that exists."""

    start: int
    to: int
    type_key: TypeKey


def read_types(given: Iterable[wire.Fields]) -> list[TypeKey]:
    """Association specs of the wire; at least one."""
    keys = [
        (
            spec.text("associationCategory", AssociationType.Category.HUBSPOT_DEFINED),
            spec.integer("associationTypeId"),
        )
        for spec in given
    ]
    if not keys:
        raise ApiError("At least one association type is needed.")
    return list(dict.fromkeys(keys))


def read_id(fields: wire.Fields, name: str) -> int:
    """The id in {"name": {"id": "5"}}."""
    return read_id_of(fields.object(name))


def read_id_of(fields: wire.Fields) -> int:
    """The id in {"id": "5"}."""
    text = fields.text("id")
    found = wire.record_id(text)
    if found is None:
        raise ApiError(f"{fields.place('id')} {text[:40]!r} is not the id of a record.")
    return found


def read_wanted(start: int, given: Iterable[wire.Fields]) -> list[Wanted]:
    """The associations that a new record asks for."""
    return [
        Wanted(start, read_id(fields, "to"), key)
        for fields in given
        for key in read_types(fields.objects("types"))
    ]


def types_from(
    kind: type[ObjectType], keys: Iterable[TypeKey], to: type[ObjectType] | None = None
) -> dict[TypeKey, AssociationType]:
    """Association types by category and number; raises ApiError for one that does not fit."""
    wanted = set(keys)
    found = AssociationType.objects.filter(
        from_object_type=kind.type_id, type_id__in={number for _, number in wanted}
    )
    known = {(item.category, item.type_id): item for item in found}
    for key in sorted(wanted):
        item = known.get(key)
        if item is None or (to is not None and item.to_object_type != to.type_id):
            raise ApiError(
                f"{key[0][:40]} association type {key[1]} does not begin at a {kind.name}"
                + (f" and end at a {to.name}." if to else "."),
                sub_category="crm.associations.INVALID_ASSOCIATION_TYPE",
            )
    return known


def missing_targets(
    types: Mapping[TypeKey, AssociationType], wanted: Sequence[Wanted], rights: Access
) -> list[Wanted]:
    """Those that point at a record that is not there, is hidden, or is of another type."""
    there = Record.objects.filter(pk__in={item.to for item in wanted}, archived_at=None)
    found = dict(rights.narrow_among(there).values_list("pk", "object_type"))
    return [item for item in wanted if found.get(item.to) != types[item.type_key].to_object_type]


def make(types: Mapping[TypeKey, AssociationType], wanted: Iterable[Wanted]) -> None:
    """Write associations whose ends are known to be there: one statement per type."""
    pairs: dict[TypeKey, list[tuple[int, int]]] = {}
    for item in wanted:
        pairs.setdefault(item.type_key, []).append((item.start, item.to))
    for key in sorted(pairs):
        associations.associate(types[key], associations.pairs(pairs[key]))


def missing(kind: type[ObjectType], ids: Iterable[int], rights: Access) -> set[int]:
    """Those of `ids` that are no record of this type, or an archived or a hidden one."""
    wanted = set(ids)
    found = Record.objects.filter(pk__in=wanted, object_type=kind.type_id, archived_at=None)
    return wanted - set(rights.narrow(found, kind.type_id).values_list("pk", flat=True))


def require_records(kind: type[ObjectType], ids: Iterable[int], rights: Access) -> None:
    """Raise NotFound unless all are records of this type that may be seen."""
    gone = missing(kind, ids, rights)
    if gone:
        raise NotFound(
            f"No {kind.name} with the id {min(gone)} exists.",
            context={"id": [str(key) for key in sorted(gone)]},
        )


def require_edit(
    kind: type[ObjectType],
    to: type[ObjectType],
    pairs: Sequence[tuple[int, int]],
    rights: Access,
) -> list[tuple[int, int]]:
    """Those pairs of which both ends may be seen; the others look as if they were not there.

    Raises Forbidden when of a pair neither end may be edited.
    """
    starts, ends = {start for start, _ in pairs}, {end for _, end in pairs}
    seen_starts = rights.allowed(kind.type_id, starts, Verb.VIEW)
    seen_ends = rights.allowed(to.type_id, ends, Verb.VIEW)
    seen = [(start, end) for start, end in pairs if start in seen_starts and end in seen_ends]
    own_starts = rights.allowed(kind.type_id, seen_starts, Verb.EDIT)
    own_ends = rights.allowed(to.type_id, seen_ends, Verb.EDIT)
    for start, end in seen:
        if start not in own_starts and end not in own_ends:
            raise Forbidden(
                f"The user of this token may edit neither the {kind.name} {start} nor the"
                f" {to.name} {end}."
            )
    return seen


@dataclass(frozen=True)
class Related:
    """A record at the other end, and how it is related: (category, number, label, name)."""

    record_id: int
    kinds: list[tuple[str, int, str, str]]

    def as_v4(self) -> shapes.RelatedRecord:
        return {
            "toObjectId": self.record_id,
            "associationTypes": [
                {"category": category, "typeId": number, "label": label or None}
                for category, number, label, _ in self.kinds
            ],
        }


def related(
    kind: type[ObjectType],
    starts: Mapping[int, int],
    to: Sequence[type[ObjectType]],
    limit: int,
    rights: Access,
) -> dict[tuple[int, str], list[Related]]:
    """By record and type of the other end, the first `limit` + 1 related records.

    `starts` says for each record after which other end its page begins.
    """
    found: dict[tuple[int, str], list[Related]] = {}
    for start, to_type, other, category, number, label, name in rows(
        sql(
            """
            SELECT start, to_object_type, other, category, type_id, label, name
            FROM (SELECT s.id AS start, t.to_object_type, a.to_record_id AS other,
                      t.category, t.type_id, t.label, t.name,
                      dense_rank() OVER (
                          PARTITION BY s.id, t.to_object_type ORDER BY a.to_record_id
                      ) AS place
                  FROM unnest({starts}::bigint[], {afters}::bigint[]) AS s(id, after)
                  JOIN crm_association a ON a.from_record_id = s.id AND a.to_record_id > s.after
                  JOIN crm_associationtype t ON t.id = a.type_id
                  JOIN crm_record r ON r.id = a.to_record_id AND r.archived_at IS NULL
                      AND {is_seen}
                  WHERE t.from_object_type = {kind} AND t.to_object_type = ANY({to})) numbered
            WHERE place <= {limit}
            ORDER BY start, to_object_type, other, category, type_id
            """,
            starts=list(starts),
            afters=list(starts.values()),
            kind=kind.type_id,
            to=[item.type_id for item in to],
            limit=limit + 1,
            is_seen=rights.visible_among(item.type_id for item in to) or SQL("true"),
        )
    ):
        line = found.setdefault((start, to_type), [])
        if not line or line[-1].record_id != other:
            line.append(Related(other, []))
        line[-1].kinds.append((category, number, label, name))
    return found


def beside(
    kind: type[ObjectType],
    ids: Sequence[int],
    to: Sequence[type[ObjectType]],
    base_url: str,
    rights: Access,
) -> dict[int, dict[str, AssociatedRecords]]:
    """The associations that records show beside their properties: id -> plural -> page."""
    found = related(kind, dict.fromkeys(ids, 0), to, PAGE, rights)
    plurals = {item.type_id: item.plural for item in to}
    shown: dict[int, dict[str, AssociatedRecords]] = {}
    for (start, to_type), others in found.items():
        plural = plurals[to_type]
        page: AssociatedRecords = {
            "results": [
                {"id": str(other.record_id), "type": name}
                for other in others[:PAGE]
                for *_, name in other.kinds
            ]
        }
        if len(others) > PAGE:
            after = others[PAGE - 1].record_id
            address = f"{base_url}/crm/v4/objects/{kind.plural}/{start}/associations/{plural}"
            link = f"{address}?{urlencode({'after': after})}"
            page["paging"] = {"next": {"after": str(after), "link": link}}
        shown.setdefault(start, {})[plural] = page
    return shown


def remove(types: Mapping[TypeKey, AssociationType], wanted: Iterable[Wanted]) -> None:
    """Remove associations of certain types: one statement per type."""
    pairs: dict[TypeKey, list[tuple[int, int]]] = {}
    for item in wanted:
        pairs.setdefault(item.type_key, []).append((item.start, item.to))
    for key in sorted(pairs):
        associations.dissociate(types[key], associations.pairs(pairs[key]))


def labels_between(
    kind: type[ObjectType], to: type[ObjectType], pairs: Sequence[tuple[int, int]]
) -> list[shapes.LabelsBetween]:
    """The labels of each pair, as the answer to making them shows it."""
    found: dict[tuple[int, int], list[str]] = {}
    for start, end, label in rows(
        sql(
            """
            SELECT a.from_record_id, a.to_record_id, t.label
            FROM unnest({starts}::bigint[], {ends}::bigint[]) AS p(start, "end")
            JOIN crm_association a ON a.from_record_id = p.start AND a.to_record_id = p."end"
            JOIN crm_associationtype t ON t.id = a.type_id
                AND t.from_object_type = {kind} AND t.to_object_type = {to}
            WHERE t.label <> '' ORDER BY t.category, t.type_id
            """,
            starts=[start for start, _ in pairs],
            ends=[end for _, end in pairs],
            kind=kind.type_id,
            to=to.type_id,
        )
    ):
        found.setdefault((start, end), []).append(label)
    return [
        {
            "fromObjectTypeId": kind.type_id,
            "fromObjectId": start,
            "toObjectTypeId": to.type_id,
            "toObjectId": end,
            "labels": found.get((start, end), []),
        }
        for start, end in pairs
    ]
