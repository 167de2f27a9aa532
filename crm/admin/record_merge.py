"""Merging a record with another one: find it, compare the two, choose which one stays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from crm import access, merge_values, merging
from crm.access import Verb
from crm.admin import record_search, values
from crm.admin.urls import record_url
from crm.admin_theme import TextInputWidget
from crm.changes import DuplicateValue, Source, SourceKind
from crm.merging import CannotMerge
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.property_types.base import Definition

View = Callable[..., HttpResponse]


class SearchForm(forms.Form):
    q = forms.CharField(max_length=200, widget=TextInputWidget(attrs={"autofocus": True}))


@dataclass(frozen=True, kw_only=True)
class Line:
    """One property of both records, and what it is afterwards."""

    label: str
    stays: str
    goes: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.after != self.stays


def views(admin: Any) -> list[tuple[str, str, View]]:
    """Route, name and view of the page."""

    def merge(request: HttpRequest, record_id: int) -> HttpResponse:
        if not admin.has_change_permission(request):
            raise PermissionDenied
        return _respond(admin, request, _find(admin, request, record_id))

    return [("<int:record_id>/merge/", "merge", merge)]


def _find(admin: Any, request: HttpRequest, record_id: int) -> Record:
    """A record that is there and that the user may change."""
    record: Record | None = admin.model.objects.filter(pk=record_id, archived_at=None).first()
    rights = access.of(request.user)
    if record is None or not rights.allowed(admin.kind.type_id, {record_id}, Verb.VIEW):
        raise Http404(f"There is no {admin.kind.label.lower()} {record_id}.")
    if not rights.allowed(admin.kind.type_id, {record_id}, Verb.EDIT):
        raise PermissionDenied
    return record


def _respond(admin: Any, request: HttpRequest, record: Record) -> HttpResponse:
    asked = request.POST.get("other", "") or request.GET.get("with", "")
    if not asked.isdecimal() or len(asked) > 18:
        return _choose(admin, request, record)
    other = _find(admin, request, int(asked))
    sides = [record, other]
    if (request.POST or request.GET).get("stays") == str(other.pk):
        sides.reverse()
    if request.method == "POST":
        return _merge(admin, request, *sides)
    return _compare(admin, request, other, *sides)


def _choose(admin: Any, request: HttpRequest, record: Record) -> HttpResponse:
    form = SearchForm({"q": request.GET["q"]} if "q" in request.GET else None)
    form.fields["q"].label = f"Name, email address or ID of the other {admin.kind.label.lower()}"
    words = form.cleaned_data["q"] if form.is_valid() else ""
    context = {
        "form": form,
        "words": words,
        "found": record_search.editable(
            admin.kind, words, access.of(request.user), without=record.pk
        ),
    }
    title = f"Merge {record} with another {admin.kind.label.lower()}"
    return _page(admin, request, "merge_choose", title, context)


def _definitions(request: HttpRequest, kind: type[ObjectType]) -> Definitions:
    return access.of(request.user).definitions(kind.type_id)


def _compare(
    admin: Any, request: HttpRequest, other: Record, stays: Record, goes: Record
) -> HttpResponse:
    context = {
        "other": other,
        "stays": stays,
        "goes": goes,
        "lines": _lines(admin.kind, _definitions(request, admin.kind), stays, goes),
        "may_merge": _may_archive(request, admin.kind, goes),
    }
    return _page(admin, request, "merge", f"Merge {goes} into {stays}", context)


def _lines(
    kind: type[ObjectType], definitions: Definitions, stays: Record, goes: Record
) -> list[Line]:
    """The properties in which the records differ, or that change, most important ones first.

    What is worked out from others is worked out anew.
    """
    changes = merge_values.merged(kind, definitions, stays.properties, goes.properties)
    names = dict.fromkeys((*kind.list_columns, *definitions))
    return [
        line
        for name in names
        if name in definitions and not (definitions[name].column or definitions[name].is_calculated)
        for line in [_line(definitions[name], stays, goes, changes)]
        if line.stays != line.goes or line.is_changed
    ]


def _line(definition: Definition, stays: Record, goes: Record, changes: dict[str, Any]) -> Line:
    mine, other = values.shown(stays, definition), values.shown(goes, definition)
    after = mine
    if definition.name in changes:
        after = values.display(definition, changes[definition.name])
    return Line(label=definition.label, stays=mine, goes=other, after=after)


def _may_archive(request: HttpRequest, kind: type[ObjectType], record: Record) -> bool:
    return bool(access.of(request.user).allowed(kind.type_id, {record.pk}, Verb.DELETE))


def _merge(admin: Any, request: HttpRequest, stays: Record, goes: Record) -> HttpResponse:
    if not _may_archive(request, admin.kind, goes):
        raise PermissionDenied
    source = Source(kind=SourceKind.CRM_UI, user_id=request.user.pk)
    try:
        merging.merge(admin.kind.type_id, stays.pk, goes.pk, source)
    except (CannotMerge, DuplicateValue) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
    else:
        messages.success(request, f"{goes} was merged into {stays}.")
    return HttpResponseRedirect(record_url(admin.kind, stays.pk))


def _page(
    admin: Any, request: HttpRequest, template: str, title: str, context: dict[str, Any]
) -> HttpResponse:
    whole = {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.opts,
        "kind": admin.kind,
        **context,
    }
    return TemplateResponse(request, f"admin/crm/{template}.html", whole)
