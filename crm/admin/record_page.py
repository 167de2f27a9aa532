"""The page of one record: what it is, what happened to it, what belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST

from crm import access, changes, erasure, merging
from crm.access import Access
from crm.admin import bulk, columns, timeline
from crm.admin.urls import record_url
from crm.admin.values import definitions_of, shown
from crm.changes import DuplicateValue, Source, SourceKind
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.registry import Registry
from crm.sql import sql

#: How many properties the left column shows, the object type's list columns first.
ABOUT = 10

View = Callable[..., HttpResponse]


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the parts of the page are given."""

    request: HttpRequest
    record: Record
    kind: type[ObjectType]
    definitions: Definitions

    @property
    def rights(self) -> Access:
        return access.of(self.request.user)


class RecordPart:
    """A tab in the middle of the page, or a box at its side. Other apps add theirs."""

    name: ClassVar[str]
    label: ClassVar[str]
    template: ClassVar[str]
    is_tab: ClassVar[bool] = False
    order: ClassVar[int] = 50

    def context(self, page: Page) -> dict[str, Any] | None:
        """What the template is given; None leaves the part out."""
        raise NotImplementedError


record_parts: Registry[RecordPart] = Registry("part of the record page", "name")


def _parts(*, tabs: bool) -> list[type[RecordPart]]:
    chosen = [part for part in record_parts if part.is_tab is tabs]
    return sorted(chosen, key=lambda part: (part.order, part.name))


def views(admin: Any) -> list[tuple[str, str, View]]:
    """Route, name and view of the pages about one record."""

    def page(request: HttpRequest, record_id: int) -> HttpResponse:
        into = merging.resolve([record_id]).get(record_id)
        if into is not None:
            messages.info(request, f"{admin.kind.label} {record_id} was merged into this one.")
            return HttpResponseRedirect(record_url(admin.kind, into))
        return _respond(admin, _page(admin, request, record_id))

    def older(request: HttpRequest, record_id: int) -> HttpResponse:
        return _respond_older(_page(admin, request, record_id))

    @require_POST
    def restore(request: HttpRequest, record_id: int) -> HttpResponse:
        return _respond_restore(admin, _page(admin, request, record_id))

    return [
        ("<int:record_id>/", "record", page),
        ("<int:record_id>/timeline/", "timeline", older),
        ("<int:record_id>/restore/", "restore", restore),
    ]


def _page(admin: Any, request: HttpRequest, record_id: int) -> Page:
    if not admin.has_view_permission(request):
        raise PermissionDenied
    mine = admin.model.objects.filter(pk=record_id)
    record = access.of(request.user).narrow(mine, admin.kind.type_id).first()
    if record is None:
        raise Http404(f"There is no {admin.kind.label.lower()} {record_id}.")
    definitions = definitions_of(request, admin.kind.type_id)
    return Page(request=request, record=record, kind=admin.kind, definitions=definitions)


def _respond(admin: Any, page: Page) -> HttpResponse:
    tabs = _parts(tabs=True)
    asked = page.request.GET.get("tab", "")
    current = next((tab for tab in tabs if tab.name == asked), tabs[0])
    title = str(page.record)
    context = {
        **admin.admin_site.each_context(page.request),
        "title": title,
        "opts": admin.opts,
        "kind": page.kind,
        "record": page.record,
        "initials": columns.initials(title),
        "about": _about(page),
        "tabs": [{"name": tab.name, "label": tab.label, "active": tab is current} for tab in tabs],
        "tab": _html(current, page),
        "sides": [html for part in _parts(tabs=False) if (html := _html(part, page))],
        "actions": bulk.offered(page.kind, page.rights),
        "may_change": admin.has_change_permission(page.request, page.record),
        "may_archive": admin.has_delete_permission(page.request, page.record),
        "may_erase": page.kind.type_id == erasure.CONTACT and page.rights.is_unlimited,
    }
    return TemplateResponse(page.request, "admin/crm/record.html", context)


def _html(part: type[RecordPart], page: Page) -> str:
    context = part().context(page)
    if context is None:
        return ""
    given = {"part": part, "record": page.record, "kind": page.kind, **context}
    return render_to_string(part.template, given, request=page.request)


def _about(page: Page) -> Sequence[tuple[str, str, str]]:
    """(label, chip, text) of the properties worth seeing first."""
    names = dict.fromkeys(
        (*page.kind.list_columns, "hubspot_owner_id", "phone", *page.definitions, "createdate")
    )
    found = []
    for name in names:
        definition = page.definitions.get(name)
        if definition is None:
            continue
        text = shown(page.record, definition)
        is_first = name in page.kind.list_columns
        if text or is_first:
            chip = columns.chip(definition, page.record.properties.get(name))
            found.append((definition.label, chip, text))
    return found[:ABOUT]


def _respond_older(page: Page) -> HttpResponse:
    context = timeline_context(page)
    return TemplateResponse(page.request, "admin/crm/timeline_entries.html", context)


def timeline_context(page: Page) -> dict[str, Any]:
    """The part of the timeline that the query parameters ask for."""
    only = page.request.GET.get("only", "")
    if only not in timeline.timeline_logs:
        only = ""
    asked = timeline.Asked(
        record=page.record,
        kind=page.kind,
        definitions=page.definitions,
        hidden=page.rights.hidden(page.kind.type_id),
        before=_moment(page.request.GET.get("before", "")),
    )
    told = timeline.told(asked, only)
    return {
        "record": page.record,
        "kind": page.kind,
        "entries": told.entries,
        "older": told.entries[-1].at.isoformat() if told.has_more else "",
        "only": only,
        "day": page.request.GET.get("day", ""),
        "logs": timeline.logs(),
        "timeline_url": f"{record_url(page.kind, page.record.pk)}timeline/",
    }


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _respond_restore(admin: Any, page: Page) -> HttpResponse:
    if not admin.has_delete_permission(page.request, page.record):
        raise PermissionDenied
    chosen = sql("SELECT {id}::bigint AS record_id", id=page.record.pk)
    source = Source(kind=SourceKind.CRM_UI, user_id=page.request.user.pk)
    try:
        changes.restore(page.kind.type_id, chosen, source)
    except DuplicateValue as error:
        messages.error(page.request, f"It cannot be restored. {error}")
    else:
        messages.success(page.request, f"{page.record} restored.")
    return HttpResponseRedirect(record_url(page.kind, page.record.pk))
