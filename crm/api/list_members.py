"""Lists: who is in them, /crm/v3/lists/{id}/memberships (A-119, A-120)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from rest_framework.request import Request
from rest_framework.response import Response

from crm import changes, clock, sharing
from crm.access_switches import VIEW_LISTS
from crm.api import paging, wire
from crm.api.describing import Parameter, describe, paged
from crm.api.endpoint import find_kind
from crm.api.errors import ApiError, NotFound
from crm.api.lists import ListEndpoint, id_texts, ids, refusals, texts
from crm.api.rules import Rule
from crm.api.shapes import lists as shapes
from crm.api.shapes.base import GivenId, Says
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.lists import membership, sizes
from crm.models import List
from crm.sql import SQL, rows, sql

PAGE, MOST = 100, 250
MOST_MOVED = 100_000
MOST_IN_BATCH = 100
START = datetime(1970, 1, 1, tzinfo=UTC)
#: When and who, of the last member of a page in the order of joining.
JOINED = re.compile(r"([0-9]{1,17})-([0-9]{1,18})", re.ASCII)
BEFORE = Parameter(
    name="before",
    shape=Annotated[str, Says(pattern="^[0-9]{0,18}$")],
    text="Only those before this record, in descending order; `after` goes before it.",
)
AFTER_JOINED = Parameter(
    name="after",
    shape=Annotated[str, Says(pattern="^([0-9]{1,17}-[0-9]{1,18})?$")],
    text="Where the page begins: `paging.next.after` of the page before.",
)


class MemberEndpoint(ListEndpoint):
    """What endpoints of members have in common."""

    def members(self, row: List, more: SQL) -> list[tuple[int, datetime]]:
        """Id and joining of the members that the user sees; `more` narrows and orders, over `m`."""
        return rows(
            sql(
                "SELECT m.record_id, m.since FROM crm_listmembership m"
                " JOIN crm_record r ON r.id = m.record_id"
                " WHERE m.list_id = {list} AND {visible} AND {more}",
                list=row.pk,
                visible=self.seen(row.object_type),
                more=more,
            )
        )

    def seen(self, object_type: str) -> SQL:
        """Which records of a type the user sees, over `r`."""
        return self.rights.visible(object_type) or SQL("TRUE")

    def existing(self, object_type: str, keys: Collection[str]) -> list[int]:
        """The ids of the records among some texts that the user sees."""
        found = rows(
            sql(
                "SELECT r.id FROM crm_record r WHERE r.id = ANY({ids}) AND r.object_type = {type}"
                " AND r.archived_at IS NULL AND {visible}",
                ids=ids(keys),
                type=object_type,
                visible=self.seen(object_type),
            )
        )
        return [key for (key,) in found]

    def change(self, row: List, added: list[str], removed: list[str]) -> Response:
        if len(added) + len(removed) > MOST_MOVED:
            raise ApiError(f"At most {MOST_MOVED:,} records can be moved at once.")
        there = self.existing(row.object_type, {*added, *removed})
        known = set(there)
        with refusals():
            moved = membership.change(
                row,
                added=changes.these(sorted(known & set(ids(added)))),
                removed=changes.these(sorted(known & set(ids(removed)))),
            )
        body: shapes.ChangedMemberships = {
            "recordsIdsAdded": [str(key) for key in moved.added],
            "recordIdsRemoved": [str(key) for key in moved.removed],
            "recordIdsMissing": [
                key for key in dict.fromkeys([*added, *removed]) if wire.record_id(key) not in known
            ],
        }
        return Response(body)

    def total(self, row: List) -> dict[str, int]:
        """How many members there are, for those who see all of them."""
        if self.rights.visible(row.object_type) is not None:
            return {}
        return {"total": sizes.of([row.pk])[row.pk].count}

    def memberships(self, record_ids: Collection[int]) -> dict[int, list[shapes.ListOfRecord]]:
        """The lists that records are in, as far as the user sees them, by record id."""
        found: dict[int, list[shapes.ListOfRecord]] = {key: [] for key in record_ids}
        seen = sharing.open_to(self.token.user, List.objects.filter(archived_at=None))
        members = rows(
            sql(
                "SELECT m.record_id, m.list_id, m.since FROM crm_listmembership m"
                " WHERE m.record_id = ANY({records}) ORDER BY m.record_id, m.list_id",
                records=list(record_ids),
            )
        )
        known = seen.in_bulk({list_id for _, list_id, _ in members})
        for record_id, list_id, since in members:
            if list_id in known:
                found[record_id].append(_membership(known[list_id], since))
        return found


class Members(MemberEndpoint):
    @describe(
        "List the members of a list",
        answer=shapes.Members,
        query=(*paged(PAGE, MOST), BEFORE),
    )
    def get(self, request: Request, key: str) -> Response:
        """In the order of their ids."""
        row = self.one(key)
        limit = self.query.limit(PAGE, MOST)
        after, before = self.query.after(), wire.read_after(self.query.text("before"))
        is_back = before > 0 and not self.query.text("after")
        condition = "m.record_id < {edge}" if is_back else "m.record_id > {edge}"
        order = SQL("DESC" if is_back else "ASC")
        more = sql(
            f"{condition} ORDER BY m.record_id {{order}} LIMIT {{most}}",
            edge=before if is_back else after,
            order=order,
            most=limit + 1,
        )
        found = self.members(row, more)
        page = _shown(found[:limit])
        body: dict[str, Any] = {"results": page, **self.total(row)}
        links: dict[str, Any] = {}
        if page and (is_back or len(found) > limit):
            last = page[0] if is_back else page[-1]
            links |= paging.link_to(_without_before(request), last["recordId"])
        if page and (len(found) > limit if is_back else after > 0):
            links["prev"] = _before(request, page[-1 if is_back else 0]["recordId"])
        return Response(body | ({"paging": links} if links else {}))

    @describe("Take all members out of a list")
    def delete(self, request: Request, key: str) -> Response:
        row = self.one(key)
        if sizes.of([row.pk])[row.pk].count > MOST_MOVED:
            raise ApiError(f"The list has more than {MOST_MOVED:,} members.")
        with refusals():
            membership.remove(row, _all_of(row))
        return Response(status=204)


def _shown(found: Sequence[tuple[int, datetime]]) -> list[shapes.Member]:
    return [{"recordId": str(key), "membershipTimestamp": as_moment(at)} for key, at in found]


def _all_of(row: List) -> SQL:
    return sql("SELECT record_id FROM crm_listmembership WHERE list_id = {id}", id=row.pk)


def _without_before(request: Request) -> str:
    kept = {name: values for name, values in request.GET.lists() if name != "before"}
    return f"{request.build_absolute_uri(request.path)}?{urlencode(kept, doseq=True)}"


def _before(request: Request, record_id: str) -> shapes.Previous:
    kept = {name: values for name, values in request.GET.lists() if name not in ("before", "after")}
    query = urlencode({**kept, "before": record_id}, doseq=True)
    return {"before": record_id, "link": f"{request.build_absolute_uri(request.path)}?{query}"}


class JoinOrder(MemberEndpoint):
    @describe(
        "List the members of a list in the order in which they joined",
        answer=shapes.JoinedMembers,
        query=(paged(PAGE, MOST)[0], AFTER_JOINED),
    )
    def get(self, request: Request, key: str) -> Response:
        row = self.one(key)
        limit = self.query.limit(PAGE, MOST)
        since, record_id = self._after()
        more = sql(
            "(m.since, m.record_id) > ({since}, {record}) ORDER BY m.since, m.record_id"
            " LIMIT {most}",
            since=since,
            record=record_id,
            most=limit + 1,
        )
        found = self.members(row, more)
        body: dict[str, Any] = {
            "results": _shown(found[:limit]),
            **self.total(row),
        }
        if len(found) > limit:
            member, at = found[limit - 1]
            micros = (at - START) // timedelta(microseconds=1)
            body["paging"] = paging.next_page(request, f"{micros}-{member}")
        return Response(body)

    def _after(self) -> tuple[datetime, int]:
        text = self.query.text("after")
        found = JOINED.fullmatch(text or "0-0")
        if found is None:
            raise ApiError("after must be what a page gave as its next.")
        return START + timedelta(microseconds=int(found[1])), int(found[2])


class Add(MemberEndpoint):
    @describe("Add records to a list", body=list[GivenId], answer=shapes.ChangedMemberships)
    def put(self, request: Request, key: str) -> Response:
        """Only for lists that are not DYNAMIC. Who is in it already is not among those added."""
        return self.change(self.one(key), texts(self.json() or [], "The body"), [])


class Remove(MemberEndpoint):
    @describe("Take records out of a list", body=list[GivenId], answer=shapes.ChangedMemberships)
    def put(self, request: Request, key: str) -> Response:
        return self.change(self.one(key), [], texts(self.json() or [], "The body"))


class AddAndRemove(MemberEndpoint):
    @describe(
        "Add records to a list and take others out",
        body=shapes.MembershipChange,
        answer=shapes.ChangedMemberships,
    )
    def put(self, request: Request, key: str) -> Response:
        body = self.body()
        added, removed = id_texts(body, "recordIdsToAdd"), id_texts(body, "recordIdsToRemove")
        return self.change(self.one(key), added, removed)


class AddFrom(MemberEndpoint):
    @describe("Add all members of another list")
    def put(self, request: Request, key: str, source: str) -> Response:
        row = self.one(key)
        number = wire.record_id(source)
        other = self.lists().filter(pk=number).first() if number else None
        if other is None:
            raise NotFound(f"There is no list {source[:40]}.")
        if other.object_type != row.object_type:
            raise ApiError("Both lists have to be of the same object type.")
        if sizes.of([other.pk])[other.pk].count > MOST_MOVED:
            raise ApiError(f"The list has more than {MOST_MOVED:,} members.")
        seen = sql(
            "SELECT m.record_id FROM ({all}) m JOIN crm_record r ON r.id = m.record_id"
            " WHERE {visible}",
            all=_all_of(other),
            visible=self.seen(row.object_type),
        )
        with refusals():
            membership.add(row, seen)
        return Response(status=204)


class ListsOfRecord(MemberEndpoint):
    @describe("List the lists that a record is in", answer=shapes.ListsOfRecord)
    def get(self, request: Request, object_type: str, record_id: str) -> Response:
        kind = self.kind(object_type, "read")
        there = self.existing(kind.type_id, [record_id])
        if not there:
            raise NotFound
        found = self.memberships(there)[there[0]]
        body: shapes.ListsOfRecord = {"results": found, "total": len(found)}
        return Response(body)


def _membership(row: List, since: datetime) -> shapes.ListOfRecord:
    moment = as_moment(since)
    return {
        "listId": str(row.pk),
        "listVersion": row.version,
        "firstAddedTimestamp": moment,
        "lastAddedTimestamp": moment,
        "isPublicList": False,
    }


class BatchRead(MemberEndpoint):
    rule = Rule(read=VIEW_LISTS, write=VIEW_LISTS)
    is_reading = True

    @describe(
        "List the lists that several records are in",
        body=shapes.ListedRecords,
        answer=shapes.RecordsWithLists,
    )
    def post(self, request: Request) -> Response:
        """Records that do not exist are left out."""
        inputs = self.body().objects("inputs")
        if len(inputs) > MOST_IN_BATCH:
            raise ApiError(f"At most {MOST_IN_BATCH} inputs can be sent at once.")
        started = as_moment(clock.now())
        asked = dict.fromkeys(self._asked(item) for item in inputs)
        there = {
            (kind, key)
            for kind in {kind for kind, _ in asked}
            for key in self.existing(kind, [text for of, text in asked if of == kind])
        }
        found = self.memberships([key for _, key in there])
        body: shapes.RecordsWithLists = {
            "status": "COMPLETE",
            "results": [
                {
                    "objectTypeId": kind,
                    "recordId": str(key),
                    "recordListMemberships": found[key],
                }
                for kind, text in asked
                if (key := wire.record_id(text)) is not None and (kind, key) in there
            ],
            "startedAt": started,
            "completedAt": as_moment(clock.now()),
        }
        return Response(body)

    def _asked(self, item: Fields) -> tuple[str, str]:
        self.kind(item.text("objectTypeId"), "read")
        return find_kind(item.text("objectTypeId")).type_id, item.text("recordId")
