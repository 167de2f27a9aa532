"""The page of one list: what it asks, who is in it, how its size went, what refers to it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, properties, search
from crm.admin import columns, paging
from crm.admin.list_edit import page_url
from crm.admin.list_forms import MembersForm
from crm.admin.list_picture import draw
from crm.admin.sharing import panel
from crm.admin.urls import record_url
from crm.filters import base as filters
from crm.lists import folders, sizes, uses
from crm.models import List, Record
from crm.objects import base as objects
from crm.objects.base import ObjectType
from crm.sql import SQL, rows, sql, value

#: Days that the picture of the size goes back.
DAYS = 90
MOST_FOUND = 10


def context_of(admin: Any, request: HttpRequest, row: List, title: str = "") -> dict[str, Any]:
    """What every page about one list is given."""
    return {
        **admin.admin_site.each_context(request),
        "title": title or row.name,
        "opts": admin.opts,
        "list": row,
        "kind": objects.get(row.object_type),
        "page_url": page_url(row),
        "may_change": admin.has_change_permission(request, row),
        "may_delete": admin.has_delete_permission(request, row),
        "may_add": admin.has_add_permission(request),
    }


def respond(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    size = sizes.of([row.pk])[row.pk]
    context = {
        **context_of(admin, request, row),
        "original": row,
        "size": size,
        "folder": " / ".join(one.name for one in folders.path(row.folder)) if row.folder else "",
        "lines": filters.summary(row.filter_branch, row.object_type) if row.filter_branch else [],
        "picture": draw(sizes.history(row.pk, DAYS)),
        "days": DAYS,
        "uses": [
            {"use": use, "url": reverse(f"admin:{use.page}", args=[use.key])}
            for use in uses.of([row.pk])[row.pk]
        ],
        **progress(row),
        **_members(request, row),
        **_found(request, row),
        **panel(admin, request, row),
        "form": MembersForm(),
    }
    return TemplateResponse(request, "admin/crm/list.html", context)


def respond_progress(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    """How far the list is built, for the page to ask every second."""
    context = {**context_of(admin, request, row), **progress(row), "was_building": True}
    return TemplateResponse(request, "admin/crm/list_progress.html", context)


def progress(row: List) -> dict[str, Any]:
    """How much of everybody was judged by the filters, in percent."""
    if not row.is_processing:
        return {"is_building": False, "percent": 100}
    last = value(
        sql(
            "SELECT max(id) FROM crm_record WHERE object_type = {type} AND archived_at IS NULL",
            type=row.object_type,
        )
    )
    done = row.build_cursor or 0
    return {"is_building": True, "percent": min(99, 100 * done // last) if last else 0}


def _members(request: HttpRequest, row: List) -> dict[str, Any]:
    """One page of who is in a list, by record id, newest records first."""
    kind = objects.get(row.object_type)
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 19 else paging.LARGEST_ID
    found = rows(
        sql(
            "SELECT m.record_id, m.since FROM crm_listmembership m"
            " JOIN crm_record r ON r.id = m.record_id AND {is_seen}"
            " WHERE m.list_id = {list} AND m.record_id < {before}"
            " ORDER BY m.record_id DESC LIMIT {most}",
            is_seen=_seen(request, kind),
            list=row.pk,
            before=before,
            most=paging.SIZE + 1,
        )
    )
    shown = dict(found[: paging.SIZE])
    records = Record.objects.in_bulk(shown)
    return {
        "members": [
            {**_named(kind, records[key]), "since": since}
            for key, since in shown.items()
            if key in records
        ],
        "older": min(shown) if len(found) > paging.SIZE else None,
        "is_first": before == paging.LARGEST_ID,
    }


def _seen(request: HttpRequest, kind: type[ObjectType]) -> SQL:
    return access.visible(request.user, kind.type_id) or SQL("TRUE")


def _named(kind: type[ObjectType], record: Record) -> dict[str, Any]:
    title = kind.title(record.properties, record.pk)
    return {
        "id": record.pk,
        "title": title,
        "initials": columns.initials(title),
        "url": record_url(kind, record.pk),
    }


def _found(request: HttpRequest, row: List) -> dict[str, Any]:
    """Records that a search for new members finds, and whether they are in the list."""
    words = request.GET.get("find", "").strip()[:100]
    if row.is_dynamic or not words:
        return {"words": ""}
    kind = objects.get(row.object_type)
    rights = access.of(request.user)
    definitions = rights.seen(kind.type_id, properties.load(kind.type_id))
    matching = search.matching(kind.type_id, words)
    known = search.matches(definitions, words) if rights.hidden(kind.type_id) else SQL("TRUE")
    keys = rows(
        sql(
            "SELECT r.id FROM crm_record r WHERE r.id IN ({matching}) AND {known} AND {seen}"
            " AND r.archived_at IS NULL ORDER BY r.id DESC LIMIT {most}",
            matching=matching,
            known=known,
            seen=_seen(request, kind),
            most=MOST_FOUND,
        )
    )
    records: QuerySet[Record] = Record.objects.filter(pk__in=[key for (key,) in keys])
    inside = set(row.memberships.filter(record_id__in=records).values_list("record_id", flat=True))
    return {
        "words": words,
        "found": [
            {**_named(kind, record), "is_in": record.pk in inside}
            for record in records.order_by("-pk")
        ],
    }
