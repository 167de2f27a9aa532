"""Adding, editing and archiving one record."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import changes
from crm.admin.record_form import RecordForm
from crm.admin.urls import record_url
from crm.admin.values import definitions_of
from crm.admin_theme import ModelAdmin
from crm.changes import Source, SourceKind
from crm.models import Record
from crm.sql import sql


def respond(admin: Any, request: HttpRequest, object_id: str | None) -> HttpResponse:
    """The form of a record (a new one without an id), or what follows once it was saved."""
    record = found(admin, request, object_id) if object_id else None
    is_allowed = (
        admin.has_change_permission(request, record)
        if record
        else admin.has_add_permission(request)
    )
    if not is_allowed:
        raise PermissionDenied
    definitions = definitions_of(request, admin.kind.type_id)
    form = RecordForm(admin.kind, definitions, record, request.POST or None)
    if form.is_valid():
        saved = form.save(Source(kind=SourceKind.CRM_UI, user_id=request.user.pk))
        if saved is not None:
            label = admin.kind.label
            messages.success(request, f"{label} saved." if record else f"{label} added.")
            return HttpResponseRedirect(_next(admin, request, saved))
    return TemplateResponse(request, "admin/crm/record_form.html", _context(admin, request, form))


def _next(admin: Any, request: HttpRequest, record_id: int) -> str:
    if "_addanother" in request.POST:
        return reverse(f"admin:crm_{admin.kind.name}_add")
    return record_url(admin.kind, record_id)


def _context(admin: ModelAdmin[Record], request: HttpRequest, form: RecordForm) -> dict[str, Any]:
    record = form.record
    return {
        **admin.admin_site.each_context(request),
        "title": f"Edit {record}" if record else f"Add {form.kind.label.lower()}",
        "opts": admin.opts,
        "kind": form.kind,
        "form": form,
        "record": record,
        "back": record_url(form.kind, record.pk)
        if record
        else reverse(f"admin:crm_{form.kind.name}_changelist"),
    }


def respond_archive(admin: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """Ask, then archive: a record is never deleted from here."""
    record = found(admin, request, object_id)
    if not admin.has_delete_permission(request, record):
        raise PermissionDenied
    if request.method == "POST":
        chosen = sql("SELECT {id}::bigint AS record_id", id=record.pk)
        source = Source(kind=SourceKind.CRM_UI, user_id=request.user.pk)
        changes.archive(admin.kind.type_id, chosen, source)
        messages.success(request, f"{record} archived.")
        return HttpResponseRedirect(reverse(f"admin:crm_{admin.kind.name}_changelist"))
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Archive {record}?",
        "opts": admin.opts,
        "record": record,
        "back": record_url(admin.kind, record.pk),
    }
    return TemplateResponse(request, "admin/crm/archive.html", context)


def found(admin: Any, request: HttpRequest, object_id: str | int) -> Record:
    """The record of this type with this id, archived ones left out; raises Http404."""
    record: Record | None = (
        admin.get_queryset(request).filter(pk=int(object_id)).first()
        if str(object_id).isdecimal()
        else None
    )
    if record is None:
        raise Http404(f"There is no {admin.kind.label.lower()} {object_id}.")
    return record
