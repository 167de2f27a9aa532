"""Archived records, which can be restored for a while, and erasing one for good."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, changes, erasure
from crm.access import Verb
from crm.admin.urls import record_url
from crm.admin_theme import TextInputWidget
from crm.changes import DuplicateValue, Source, SourceKind
from crm.models import MergedRecord, Record

#: Archived records on one page.
SIZE = 50

View = Callable[..., HttpResponse]


def views(admin: Any) -> list[tuple[str, str, View]]:
    """Route, name and view of the pages."""

    def archived(request: HttpRequest) -> HttpResponse:
        if not admin.has_delete_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            return _restore(admin, request)
        return _list(admin, request)

    def erase(request: HttpRequest, record_id: int) -> HttpResponse:
        if admin.kind.type_id != erasure.CONTACT:
            raise Http404("Only contacts are erased.")
        if not access.of(request.user).is_unlimited:
            raise PermissionDenied
        return _respond_erase(admin, request, record_id)

    return [("archived/", "archived", archived), ("<int:record_id>/erase/", "erase", erase)]


def _list(admin: Any, request: HttpRequest) -> HttpResponse:
    found = _before(_archived(admin, request), request.GET.get("before", ""))
    shown = list(found.order_by("-archived_at", "-pk")[: SIZE + 1])
    has_more = len(shown) > SIZE
    kept = timedelta(days=settings.RESTORE_DAYS)
    lines = [
        {"record": record, "until": record.archived_at + kept if kept else None}
        for record in shown[:SIZE]
        if record.archived_at is not None
    ]
    last = shown[SIZE - 1] if has_more else None
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Archived {admin.kind.plural_label.lower()}",
        "opts": admin.opts,
        "kind": admin.kind,
        "lines": lines,
        "days": settings.RESTORE_DAYS,
        "older": f"{last.archived_at.isoformat()},{last.pk}"
        if last is not None and last.archived_at is not None
        else "",
        "is_first": "before" not in request.GET,
    }
    return TemplateResponse(request, "admin/crm/archived.html", context)


def _archived(admin: Any, request: HttpRequest) -> QuerySet[Record]:
    """Archived records that the user may bring back; merged ones live on in others."""
    merged = MergedRecord.objects.filter(object_type=admin.kind.type_id).values("record_id")
    found = admin.model.objects.filter(archived_at__isnull=False).exclude(pk__in=merged)
    narrowed: QuerySet[Record] = access.of(request.user).narrow(
        found, admin.kind.type_id, Verb.DELETE
    )
    return narrowed


def _before(found: QuerySet[Record], place: str) -> QuerySet[Record]:
    """What was archived before a place in the list: "moment,id"."""
    text, _, number = place.partition(",")
    try:
        moment, record_id = datetime.fromisoformat(text), int(number)
    except ValueError:
        return found
    if moment.tzinfo is None:
        return found
    return found.filter(Q(archived_at__lt=moment) | Q(archived_at=moment, pk__lt=record_id))


def _restore(admin: Any, request: HttpRequest) -> HttpResponse:
    given = [int(text) for text in request.POST.getlist("id") if text.isdecimal()][:SIZE]
    ids = list(_archived(admin, request).filter(pk__in=given).values_list("pk", flat=True))
    source = Source(kind=SourceKind.CRM_UI, user_id=request.user.pk)
    try:
        count = changes.restore(admin.kind.type_id, changes.these(ids), source)
    except DuplicateValue as error:
        messages.error(request, f"Nothing was restored. {error} Restore the others without it.")
    else:
        label = admin.kind.label if count == 1 else admin.kind.plural_label
        messages.success(request, f"{count} {label.lower()} restored.")
    return HttpResponseRedirect(reverse(f"admin:crm_{admin.kind.name}_archived"))


class EraseForm(forms.Form):
    """Asks for what only somebody types who means it."""

    word = forms.CharField(widget=TextInputWidget(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, record: Record, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.wanted = str(record.properties.get(erasure.EMAIL) or record.pk)
        self.fields["word"].label = f"To confirm, type {self.wanted}"

    def clean_word(self) -> str:
        word: str = self.cleaned_data["word"].strip()
        if word.lower() != self.wanted.lower():
            raise forms.ValidationError("That is something else. Nothing was erased.")
        return word


def _respond_erase(admin: Any, request: HttpRequest, record_id: int) -> HttpResponse:
    record = admin.model.objects.filter(pk=record_id).first()
    if record is None:
        raise Http404(f"There is no {admin.kind.label.lower()} {record_id}.")
    form = EraseForm(request.POST or None, record=record)
    if form.is_valid():
        source = Source(kind=SourceKind.CRM_UI, user_id=request.user.pk)
        erasure.erase(admin.kind.type_id, [record_id], source)
        # Without the name: messages may outlive the page.
        messages.success(request, f"{admin.kind.label} {record_id} was erased.")
        return HttpResponseRedirect(reverse(f"admin:crm_{admin.kind.name}_changelist"))
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Erase {record}?",
        "opts": admin.opts,
        "kind": admin.kind,
        "form": form,
        "back": record_url(admin.kind, record_id),
    }
    return TemplateResponse(request, "admin/crm/erase.html", context)
