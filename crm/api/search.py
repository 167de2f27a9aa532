"""Search: POST /crm/v3/objects/{type}/search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from crm import clock, properties, search
from crm.access import Verb
from crm.api import conditions, paging, records, scopes, wire
from crm.api.describing import describe
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import ApiError
from crm.api.records import Asked
from crm.api.rules import PER_RECORD
from crm.api.shapes import records as shapes
from crm.api.wire import Fields
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.sql import SQL, join, rows, sql, value

PAGE, MOST = 10, 200
#: Whoever wants more has to narrow the search, by the id of the last record for one.
MOST_REACHED = 10_000
MOST_GROUPS, MOST_IN_GROUP, MOST_FILTERS = 10, 10, 25
MOST_SORTS = 5
LONGEST_QUERY = 3000
#: What stands before the name of a type to ask for associated records.
ASSOCIATIONS = "associations."


class Searching(Endpoint):
    """What endpoints have in common that find records by a search."""

    def wanted(self, kind: type[ObjectType], definitions: Definitions, body: Fields) -> SQL:
        """Which records: SQL over `r`."""
        parts = [
            sql("r.object_type = {type} AND r.archived_at IS NULL", type=kind.type_id),
            *self._filters(kind, definitions, body),
        ]
        visible = self.rights.visible(kind.type_id)
        if visible is not None:
            parts.append(visible)
        words = body.text("query", "").strip()
        if len(words) > LONGEST_QUERY:
            raise ApiError(f"query is longer than {LONGEST_QUERY:,} characters.")
        if words:
            found = search.matching(kind.type_id, words)
            parts.append(sql("r.id IN ({found})", found=found))
            if self.rights.levels(kind.type_id):
                parts.append(search.matches(definitions, words))
        return join(" AND ", parts)

    def _filters(self, kind: type[ObjectType], definitions: Definitions, body: Fields) -> list[SQL]:
        """One of the groups has to fit: a condition, or none without groups."""
        now = clock.now()
        groups = read_groups(body)
        lines = [
            [self._line(fields, kind, definitions, now) for fields in group] for group in groups
        ]
        if not lines:
            return []
        return [sql("({any})", any=join(" OR ", [_all(group) for group in lines]))]

    def _line(
        self, fields: Fields, kind: type[ObjectType], definitions: Definitions, now: Any
    ) -> SQL:
        name = fields.text("propertyName")
        if not name.startswith(ASSOCIATIONS):
            return conditions.where(fields, kind, definitions, now)
        other = find_kind(name.removeprefix(ASSOCIATIONS))
        scopes.require(self.token, scopes.records(other, scopes.READ))
        ids = associated_ids(fields, other)
        seen = self.rights.allowed(other.type_id, ids, Verb.VIEW)
        return associated(sorted(seen), kind, other)


class Search(Searching):
    has_rate_headers = False
    rule = PER_RECORD

    @describe("Search for records", body=shapes.Search, answer=shapes.Found)
    def post(self, request: Request, object_type: str) -> Response:
        kind = self.kind(object_type, scopes.READ)
        body = self.body()
        limit = wire.read_limit(body.json.get("limit"), PAGE, MOST)
        after = wire.read_after(body.json.get("after"))
        if after + limit > MOST_REACHED:
            raise ApiError(f"A search reaches {MOST_REACHED:,} records at most; narrow it.")
        definitions = self.rights.definitions(kind.type_id)
        wanted = self.wanted(kind, definitions, body)
        total = int(value(sql("SELECT count(*) FROM crm_record r WHERE {wanted}", wanted=wanted)))
        ids = rows(
            sql(
                "SELECT r.id FROM crm_record r WHERE {wanted} ORDER BY {order}"
                " LIMIT {limit} OFFSET {after}",
                wanted=wanted,
                order=order(definitions, body),
                limit=limit,
                after=after,
            )
        )
        asked = Asked(rights=self.rights, names=body.texts("properties"))
        shown = records.read(kind, [row[0] for row in ids], definitions, asked)
        answer: shapes.Found = {"total": total, "results": shown}
        if after + limit < total:
            answer["paging"] = paging.next_page(request, after + limit)
        return Response(answer)


def _all(group: Sequence[SQL]) -> SQL:
    return sql("({all})", all=join(" AND ", group))


def read_groups(body: Fields) -> list[list[Fields]]:
    """The groups of filters that have any; `filters` alone are one group."""
    groups = [group.objects("filters") for group in body.objects("filterGroups")]
    groups = [group for group in [*groups, body.objects("filters")] if group]
    if len(groups) > MOST_GROUPS or any(len(group) > MOST_IN_GROUP for group in groups):
        raise ApiError(f"A search may have {MOST_GROUPS} groups with {MOST_IN_GROUP} filters each.")
    if sum(map(len, groups)) > MOST_FILTERS:
        raise ApiError(f"A search may have {MOST_FILTERS} filters.")
    return groups


def associated_ids(fields: Fields, other: type[ObjectType]) -> set[int]:
    """The records of another type that a filter names."""
    operator = fields.text("operator")
    given = fields.json.get("values") if operator == "IN" else [fields.json.get("value")]
    if operator not in ("EQ", "IN") or not isinstance(given, list):
        raise ApiError(f"{ASSOCIATIONS}{other.name} takes EQ with a value or IN with values.")
    ids = {key for item in given if (key := wire.record_id(str(item))) is not None}
    if any(wire.record_id(str(item)) is None for item in given):
        raise ApiError(f"{ASSOCIATIONS}{other.name} is compared with ids of records.")
    return ids


def associated(ids: Sequence[int], kind: type[ObjectType], other: type[ObjectType]) -> SQL:
    """Whether a record is associated with one of some records of another type."""
    return sql(
        "r.id IN (SELECT a.to_record_id FROM crm_association a"
        " JOIN crm_associationtype t ON t.id = a.type_id"
        " WHERE a.from_record_id = ANY({ids}::bigint[])"
        " AND t.from_object_type = {other} AND t.to_object_type = {kind})",
        ids=list(ids),
        other=other.type_id,
        kind=kind.type_id,
    )


def order(definitions: Definitions, body: Fields) -> SQL:
    """ORDER BY; records without a value come last, equal ones in the order they were made."""
    given = body.json.get("sorts") or []
    if not isinstance(given, list) or len(given) > MOST_SORTS:
        raise ApiError(f"sorts must be a list of up to {MOST_SORTS}.")
    parts = [
        sort(definitions, item, f"sorts[{number}]") for number, item in enumerate(given) if item
    ]
    return join(", ", [*parts, SQL("r.id")])


def sort(definitions: Definitions, item: Any, place: str) -> SQL:
    if isinstance(item, str):
        name, is_falling = item.removeprefix("-"), item.startswith("-")
    else:
        fields = Fields(item, place)
        name = fields.text("propertyName")
        direction = fields.text("direction", "ASCENDING")
        if direction not in ("ASCENDING", "DESCENDING"):
            raise ApiError(f"{place}.direction must be ASCENDING or DESCENDING.")
        is_falling = direction == "DESCENDING"
    definition = definitions.get(name)
    if definition is None:
        raise ApiError(f"{place}: there is no property {name[:100]}.")
    if definition.column:
        key = SQL(f"r.{definition.column}")
    elif definition.type == "number":
        key = properties.json_expression(definition)
    else:
        key = sql("lower({text})", text=properties.expression(definition))
    return sql(
        "{key} {direction} NULLS LAST", key=key, direction=SQL("DESC" if is_falling else "ASC")
    )
