"""Lists: /crm/v3/lists (A-114 to A-118)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from crm import sharing
from crm.access_switches import MANAGE_LISTS, VIEW_LISTS
from crm.api import scopes, wire
from crm.api.describing import describe, filtered, flag, several
from crm.api.endpoint import Endpoint, find_kind
from crm.api.errors import ApiError, Forbidden, NotFound
from crm.api.rules import READING, Rule
from crm.api.shapes import lists as shapes
from crm.api.shapes.base import GivenId
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.lists import editing, sizes, uses
from crm.lists.folders import InvalidFolder
from crm.lists.membership import NotStatic
from crm.models import List, ListFolder

INCLUDE_FILTERS = flag("includeFilters", "Whether the filters are shown.")
MOST_FOUND = 500


@contextmanager
def refusals() -> Iterator[None]:
    """What a list cannot be is said in HubSpot's envelope."""
    try:
        yield
    except (editing.InvalidList, InvalidFolder, NotStatic) as error:
        raise ApiError(" ".join(error.messages)) from None


class ListEndpoint(Endpoint):
    """What endpoints of lists have in common."""

    rule = Rule(read=VIEW_LISTS, write=MANAGE_LISTS)
    #: POST requests that only read.
    is_reading = False

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        reads = self.is_reading or request.method in READING
        scopes.require(self.token, (scopes.LISTS_READ if reads else scopes.LISTS_WRITE,))

    def lists(self, *, deleted: bool = False) -> QuerySet[List]:
        """The lists that the user sees."""
        found = List.objects.filter(archived_at__isnull=not deleted)
        return sharing.open_to(self.token.user, found)

    def one(self, key: str, *, deleted: bool = False) -> List:
        """A list by its id; whoever asks to write may change it."""
        number = wire.record_id(key)
        found = self.lists(deleted=deleted).filter(pk=number).first() if number else None
        if found is None:
            raise NotFound(f"There is no list {key[:40]}.")
        if self.request.method not in READING and not sharing.may_edit(self.token.user, found):
            raise Forbidden("The user of this token may not change this list.")
        return found

    def shown(
        self, rows: Sequence[List], *, with_filters: bool = False
    ) -> list[shapes.ListDetails]:
        counted = sizes.of([row.pk for row in rows])
        return [
            {
                **fields(row),
                "size": counted[row.pk].count,
                **(filters_of(row) if with_filters else {}),  # type: ignore[typeddict-item]
            }
            for row in rows
        ]

    def read(self, row: List, *, with_filters: bool = False) -> Response:
        asked = with_filters or self.query.flag("includeFilters")
        [shown] = self.shown([row], with_filters=asked)
        body: shapes.OneList = {"list": shown}
        return Response(body)

    def updated(self, row: List, *, with_filters: bool = False) -> Response:
        asked = with_filters or self.query.flag("includeFilters")
        [shown] = self.shown([row], with_filters=asked)
        body: shapes.UpdatedList = {"updatedList": shown}
        return Response(body)


def fields(row: List) -> shapes.ListFields:
    shown: shapes.ListFields = {
        "listId": str(row.pk),
        "listVersion": row.version,
        "name": row.name,
        "objectTypeId": row.object_type,
        "processingType": row.processing_type,  # type: ignore[typeddict-item]
        "processingStatus": "PROCESSING" if row.is_processing else "COMPLETE",
        "createdAt": as_moment(row.created_at),
        "updatedAt": as_moment(row.updated_at),
    }
    if row.filters_updated_at is not None:
        shown["filtersUpdatedAt"] = as_moment(row.filters_updated_at)
    if row.created_by_id is not None:
        shown["createdById"] = str(row.created_by_id)
    if row.updated_by_id is not None:
        shown["updatedById"] = str(row.updated_by_id)
    if row.archived_at is not None:
        shown["deletedAt"] = as_moment(row.archived_at)
    return shown


def filters_of(row: List) -> dict[str, shapes.FilterBranch]:
    return {} if row.filter_branch is None else {"filterBranch": complete(row.filter_branch)}


def complete(branch: dict[str, Any]) -> dict[str, Any]:
    """A branch with all that may be left out when it is sent (A-122)."""
    inner = [complete(one) for one in branch.get("filterBranches") or []]
    return {
        "filterBranchOperator": branch.get("filterBranchType"),
        **branch,
        "filterBranches": inner,
        "filters": branch.get("filters") or [],
    }


class Lists(ListEndpoint):
    @describe(
        "Read several lists",
        answer=shapes.SeveralLists,
        query=(several("listIds", "Their ids."), INCLUDE_FILTERS),
    )
    def get(self, request: Request) -> Response:
        found = self.lists().filter(pk__in=ids(self.query.names("listIds"))).order_by("pk")
        body: shapes.SeveralLists = {
            "lists": self.shown(list(found), with_filters=self.query.flag("includeFilters"))
        }
        return Response(body)

    @describe("Create a list", body=shapes.NewList, answer=shapes.OneList)
    def post(self, request: Request) -> Response:
        """A list with filters is filled in the background; it is PROCESSING until that is done."""
        body = self.body()
        processing_type = body.text("processingType")
        if processing_type not in List.ProcessingType:
            wanted = ", ".join(List.ProcessingType)
            raise ApiError(f"processingType must be one of {wanted}.")
        with refusals():
            made = editing.create(
                body.text("name"),
                find_kind(body.text("objectTypeId")).type_id,
                processing_type,
                filter_branch=body.json.get("filterBranch"),
                folder=find_folder(body.text("listFolderId", "0")),
                user=self.token.user,
            )
        return self.read(made, with_filters=True)


def ids(keys: Collection[str]) -> list[int]:
    """The ids among some texts."""
    return [number for key in keys if (number := wire.record_id(key)) is not None]


def find_folder(key: str) -> ListFolder | None:
    """A folder by its id, None for the top ("0"); raises ApiError."""
    number = wire.record_id(key)
    if number == 0:
        return None
    found = ListFolder.objects.filter(pk=number).first() if number else None
    if found is None:
        raise ApiError(f"There is no folder {key[:40]}.")
    return found


class OneList(ListEndpoint):
    @describe("Read a list", answer=shapes.OneList, query=(INCLUDE_FILTERS,))
    def get(self, request: Request, key: str) -> Response:
        return self.read(self.one(key))

    @describe("Delete a list")
    def delete(self, request: Request, key: str) -> Response:
        """It can be restored for 90 days. Filters that refer to it match nobody meanwhile."""
        editing.delete(self.one(key), self.token.user)
        return Response(status=204)


class NamedList(ListEndpoint):
    @describe("Read a list by its name", answer=shapes.OneList, query=(INCLUDE_FILTERS,))
    def get(self, request: Request, object_type: str, name: str) -> Response:
        kind = find_kind(object_type)
        wanted = " ".join(name.split())
        found = self.lists().filter(object_type=kind.type_id, name__iexact=wanted).first()
        if found is None:
            raise NotFound(f"There is no list {name[:100]!r}.")
        return self.read(found)


class Restore(ListEndpoint):
    @describe("Restore a deleted list")
    def put(self, request: Request, key: str) -> Response:
        with refusals():
            editing.restore(self.one(key, deleted=True), self.token.user)
        return Response(status=204)


class Rename(ListEndpoint):
    @describe(
        "Rename a list",
        answer=shapes.UpdatedList,
        query=(filtered("listName", "The new name."), INCLUDE_FILTERS),
    )
    def put(self, request: Request, key: str) -> Response:
        row = self.one(key)
        with refusals():
            return self.updated(editing.rename(row, self.query.text("listName"), self.token.user))


class Filters(ListEndpoint):
    @describe(
        "Change the filters of a list",
        body=shapes.NewFilters,
        answer=shapes.UpdatedList,
        query=(
            flag(
                "enrollObjectsInWorkflows",
                "Whether records that enter or leave by this start workflows; true unless said.",
            ),
        ),
    )
    def put(self, request: Request, key: str) -> Response:
        """Only for a DYNAMIC list. It is PROCESSING until everybody was judged by the new ones."""
        row = self.one(key)
        starts = self.query.flag("enrollObjectsInWorkflows", default=True)
        with refusals():
            changed = editing.change_filters(
                row, self.body().json.get("filterBranch"), self.token.user, starts_workflows=starts
            )
        return self.updated(changed, with_filters=True)


SORTS = {
    "HS_LIST_ID": "pk",
    "HS_LIST_NAME": "name",
    "HS_CREATED_AT": "created_at",
    "HS_UPDATED_AT": "updated_at",
}
STANDARD_PROPERTIES = (
    "hs_list_size", "hs_last_record_added_at", "hs_last_record_removed_at", "hs_folder_name",
    "hs_list_reference_count",
)  # fmt: skip


class Search(ListEndpoint):
    rule = Rule(read=VIEW_LISTS, write=VIEW_LISTS)
    is_reading = True

    @describe("Search lists", body=shapes.ListSearch, answer=shapes.FoundLists)
    def post(self, request: Request) -> Response:
        """Without anything asked for, all lists are found."""
        body = self.body()
        found = self._wanted(body)
        offset, count = _number(body, "offset", 0, 0), _number(body, "count", 20, 1)
        if count > MOST_FOUND:
            raise ApiError(f"count must be at most {MOST_FOUND}.")
        total = found.count()
        rows = list(found.select_related("folder")[offset : offset + count])
        answer: shapes.FoundLists = {
            "total": total,
            "offset": offset + len(rows),
            "hasMore": offset + len(rows) < total,
            "lists": _found(rows, body.texts("additionalProperties")),
        }
        return Response(answer)

    def _wanted(self, body: Fields) -> QuerySet[List]:
        found = self.lists().filter(name__icontains=body.text("query", "").strip())
        if body.json.get("listIds"):
            found = found.filter(pk__in=ids(id_texts(body, "listIds")))
        if body.json.get("processingTypes"):
            found = found.filter(processing_type__in=body.texts("processingTypes"))
        if body.json.get("objectTypeId") is not None:
            found = found.filter(object_type=find_kind(body.text("objectTypeId")).type_id)
        return found.order_by(*_order(body.text("sort", "")))


def _order(text: str) -> tuple[str, str]:
    name = text.removeprefix("-").strip().upper() or "HS_LIST_ID"
    if name not in SORTS:
        raise ApiError(f"sort must be one of {', '.join(SORTS)}.")
    return ("-" if text.startswith("-") else "") + SORTS[name], "pk"


def _number(body: Fields, name: str, default: int, least: int) -> int:
    number = default if body.json.get(name) is None else body.integer(name)
    if number < least:
        raise ApiError(f"{name} must be at least {least}.")
    return number


def id_texts(body: Fields, name: str) -> list[str]:
    """A list of ids, given as texts or as numbers."""
    return texts(body.json.get(name) or [], body.place(name))


def texts(values: Any, place: str) -> list[str]:
    """Different texts, in order; raises ApiError for anything but a list of texts and numbers."""
    if not isinstance(values, list) or not all(
        isinstance(item, str | int) and not isinstance(item, bool) for item in values
    ):
        raise ApiError(f"{place} must be a list of ids.")
    return list(dict.fromkeys(str(item) for item in values))


def _found(rows: Sequence[List], asked: Collection[str]) -> list[shapes.FoundList]:
    keys = [row.pk for row in rows]
    counted, used = sizes.of(keys), uses.of(keys)
    wanted = {*STANDARD_PROPERTIES, *asked}
    answer: list[shapes.FoundList] = []
    for row in rows:
        size = counted[row.pk]
        known = {
            "hs_list_size": str(size.count),
            "hs_last_record_added_at": as_moment(size.added_at) or "",
            "hs_last_record_removed_at": as_moment(size.removed_at) or "",
            "hs_folder_name": row.folder.name if row.folder else "",
            "hs_list_reference_count": str(len(used[row.pk])),
        }
        shown = {name: value for name, value in known.items() if name in wanted and value}
        answer.append({**fields(row), "additionalProperties": shown})
    return answer


class Mapping(ListEndpoint):
    """Ids of former versions; here every list has had the same id from the start."""

    rule = Rule(read=VIEW_LISTS, write=VIEW_LISTS)
    is_reading = True

    @describe(
        "Translate the former id of a list",
        answer=shapes.ListMapping,
        query=(filtered("legacyListId", "The former id."),),
    )
    def get(self, request: Request) -> Response:
        row = self.one(self.query.text("legacyListId"))
        body: shapes.ListMapping = {"listId": str(row.pk), "legacyListId": str(row.pk)}
        return Response(body)

    @describe("Translate former ids of lists", body=list[GivenId], answer=shapes.ListMappings)
    def post(self, request: Request) -> Response:
        keys = texts(self.json() or [], "The body")
        found = set(self.lists().filter(pk__in=ids(keys)).values_list("pk", flat=True))
        there = [key for key in keys if wire.record_id(key) in found]
        body: shapes.ListMappings = {
            "legacyListIdsToIdsMapping": [{"listId": key, "legacyListId": key} for key in there],
            "missingLegacyListIds": [key for key in keys if key not in there],
        }
        return Response(body)
