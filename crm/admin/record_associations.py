"""Relating a record to others: find one, say what they are to each other, take it back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from crm import access, association_editing
from crm.access import Access, Verb
from crm.admin import record_edit, record_search
from crm.admin.urls import record_url
from crm.admin_theme import CheckboxesWidget, TextInputWidget
from crm.association_editing import InvalidLabels, is_primary
from crm.models import Association, AssociationType, Record
from crm.objects import base as objects
from crm.objects.base import ObjectType

Kind = type[ObjectType]
View = Callable[..., HttpResponse]


def related_kinds(kind: Kind) -> list[Kind]:
    """The object types whose records may be related to records of this one.

    Activities are left out, apart from those that staff work with as records.
    """
    found = set(
        AssociationType.objects.filter(from_object_type=kind.type_id).values_list(
            "to_object_type", flat=True
        )
    )
    return [
        other
        for other in objects.in_order()
        if other.type_id in found and (other.in_main_menu or not other.is_activity)
    ]


class LabelsForm(forms.Form):
    """What a record is to another one."""

    labels = forms.TypedMultipleChoiceField(
        label="Labels", required=False, coerce=int, widget=CheckboxesWidget()
    )

    def __init__(self, start: Kind, end: Kind, there: set[int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.start, self.end, self.there = start, end, there
        # Who is the primary one stays so until another one is.
        offered = [
            item
            for item in association_editing.labels(start, end)
            if not (is_primary(item) and item.pk in there)
        ]
        field: Any = self.fields["labels"]
        field.choices = [(item.pk, item.label) for item in offered]
        field.initial = [item.pk for item in offered if item.pk in there]
        field.required = association_editing.needs_label(start, end)
        field.error_messages["required"] = "Choose at least one label."
        if not offered:
            del self.fields["labels"]

    def write(self, pair: tuple[int, int]) -> None:
        """Relate the two; raises InvalidLabels."""
        association_editing.relate(self.start, self.end, pair, self.cleaned_data.get("labels", []))


class AssociateForm(LabelsForm):
    """Another record, and what it is to this one."""

    other = forms.IntegerField(error_messages={"required": "Choose a record."})

    def __init__(
        self, record: Record, rights: Access, start: Kind, end: Kind, *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(start, end, set(), *args, **kwargs)
        self.record, self.rights = record, rights

    def clean_other(self) -> int:
        other: int = self.cleaned_data["other"]
        there = Record.objects.filter(
            pk=other, object_type=self.end.type_id, archived_at=None
        ).exclude(pk=self.record.pk)
        found = self.rights.narrow(there, self.end.type_id, Verb.EDIT)
        if not 0 < other < 2**63 or not found.exists():
            raise ValidationError(
                f"This {self.end.label.lower()} is not there any more, or you may not change it."
            )
        if association_editing.types_of((self.record.pk, other)):
            raise ValidationError("The two are associated already: edit what they are.")
        return other


class SearchForm(forms.Form):
    q = forms.CharField(max_length=200, widget=TextInputWidget(attrs={"autofocus": True}))


def views(admin: Any) -> list[tuple[str, str, View]]:
    """Route, name and view of the pages."""

    def associate(request: HttpRequest, record_id: int) -> HttpResponse:
        return _associate(admin, request, _own(admin, request, record_id))

    def association(request: HttpRequest, record_id: int, other_id: int) -> HttpResponse:
        record = _own(admin, request, record_id)
        return _edit(admin, request, record, _other(request, record, other_id))

    return [
        ("<int:record_id>/associate/", "associate", associate),
        ("<int:record_id>/associations/<int:other_id>/", "association", association),
    ]


def _own(admin: Any, request: HttpRequest, record_id: int) -> Record:
    record = record_edit.found(admin, request, record_id)
    if not admin.has_change_permission(request, record):
        raise PermissionDenied
    return record


def _other(request: HttpRequest, record: Record, other_id: int) -> Record:
    """A record that is associated with this one and that the user may change too."""
    rights = access.of(request.user)
    related = Association.objects.filter(from_record_id=record.pk, to_record_id=other_id)
    found = rights.narrow_among(Record.objects.filter(pk=other_id, archived_at=None))
    other: Record | None = found.first() if related.exists() else None
    if other is None:
        raise Http404(f"{record} is not associated with record {other_id}.")
    if not rights.allowed(other.object_type, {other.pk}, Verb.EDIT):
        raise PermissionDenied
    return other


def _associate(admin: Any, request: HttpRequest, record: Record) -> HttpResponse:
    rights = access.of(request.user)
    kinds = [kind for kind in related_kinds(admin.kind) if rights.may(kind.type_id, Verb.EDIT)]
    if not kinds:
        raise PermissionDenied
    asked = request.GET.get("to", "")
    end = next((kind for kind in kinds if kind.name == asked), kinds[0])
    form = AssociateForm(record, rights, admin.kind, end, _sent(request))
    if form.is_valid() and _written(form, (record.pk, form.cleaned_data["other"])):
        messages.success(request, f"{end.label} associated.")
        return HttpResponseRedirect(record_url(admin.kind, record.pk))
    search = SearchForm({"q": request.GET["q"]} if "q" in request.GET else None)
    search.fields["q"].label = f"Name or ID of the {end.label.lower()}"
    words = search.cleaned_data["q"] if search.is_valid() else ""
    found = record_search.editable(end, words, rights, without=record.pk)
    context = {
        "form": form,
        "search": search,
        "words": words,
        "found": found,
        "related": _related(record.pk, [one.pk for one in found]),
        # A template would call a class: it compares nothing.
        "kinds": [(kind.name, kind.plural_label, kind is end) for kind in kinds],
        "end": end,
    }
    return _page(admin, request, "associate", f"Associate {record}", record, context)


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _related(record_id: int, others: list[int]) -> set[int]:
    """Those of some records that are associated with one already."""
    found = Association.objects.filter(from_record_id=record_id, to_record_id__in=others)
    return set(found.values_list("to_record_id", flat=True))


def _written(form: LabelsForm, pair: tuple[int, int]) -> bool:
    """Write what the form says; what is wrong with it stands beside its field."""
    try:
        form.write(pair)
    except InvalidLabels as error:
        form.add_error("labels" if "labels" in form.fields else None, error)
        return False
    return True


def _edit(admin: Any, request: HttpRequest, record: Record, other: Record) -> HttpResponse:
    end = objects.get(other.object_type)
    pair = record.pk, other.pk
    title = end.title(other.properties, other.pk)
    if "remove" in request.POST:
        association_editing.remove(admin.kind, end, [pair])
        messages.success(request, f"{record} and {title} are not associated any more.")
        return HttpResponseRedirect(record_url(admin.kind, record.pk))
    there = association_editing.types_of(pair)
    form = LabelsForm(admin.kind, end, there, _sent(request))
    if form.is_valid() and _written(form, pair):
        messages.success(request, f"{record} and {title}: labels saved.")
        return HttpResponseRedirect(record_url(admin.kind, record.pk))
    offered = association_editing.labels(admin.kind, end)
    context = {
        "form": form,
        "other": title,
        "end": end,
        "is_primary": any(is_primary(item) and item.pk in there for item in offered),
    }
    return _page(admin, request, "association", f"{record} and {title}", record, context)


def _page(
    admin: Any,
    request: HttpRequest,
    template: str,
    title: str,
    record: Record,
    context: dict[str, Any],
) -> HttpResponse:
    whole = {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.opts,
        "kind": admin.kind,
        "record": record,
        "back": record_url(admin.kind, record.pk),
        **context,
    }
    return TemplateResponse(request, f"admin/crm/{template}.html", whole)
