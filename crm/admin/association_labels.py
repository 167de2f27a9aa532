"""Labels that staff give to associations, such as "Decision maker" between contact and deal."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import association_labels
from crm.admin.property_form import internal_name
from crm.admin_theme import ModelAdmin, SelectWidget, TextInputWidget, display
from crm.association_labels import USER_DEFINED, InvalidLabel
from crm.features import ASSOCIATION_LABELS
from crm.models import Association, AssociationType
from crm.objects import base as objects
from subscriptions.features import LimitReached, UpgradeRequired

#: Counted no further.
MANY = 1000


def _object_types() -> list[tuple[str, str]]:
    return [("", "Choose"), *((kind.type_id, kind.label) for kind in objects.in_order())]


def _ends(row: AssociationType) -> tuple[str, str]:
    """The labels of the two object types."""
    found = (objects.get(key) for key in (row.from_object_type, row.to_object_type))
    start, end = (kind.label for kind in found)
    return start, end


class LabelForm(forms.ModelForm[AssociationType]):
    """A label and, where it differs, what it is called from the other side."""

    start = forms.ChoiceField(label="From", choices=_object_types, widget=SelectWidget())
    end = forms.ChoiceField(label="To", choices=_object_types, widget=SelectWidget())
    label = forms.CharField(
        label="Label",
        widget=TextInputWidget(),
        help_text="What the record at the far end is to the one at hand: “Manager”.",
    )
    inverse_label = forms.CharField(
        label="Label of the way back",
        required=False,
        widget=TextInputWidget(),
        help_text="Seen from there: “Employee”. Empty: the same word for both.",
    )
    name = forms.CharField(
        label="Internal name",
        required=False,
        widget=TextInputWidget(),
        help_text="Used by the API; it cannot be changed later. Empty: made from the label.",
    )

    class Meta:
        model = AssociationType
        fields: list[str] = []

    #: The row after it was saved.
    row: AssociationType

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        row = self.instance
        if row.pk is None:
            return
        for name in ("start", "end", "name"):
            self.fields.pop(name, None)
        self.initial["label"] = row.label
        self.fields["inverse_label"].help_text = ""
        if row.inverse is None or row.inverse == row:
            del self.fields["inverse_label"]
        else:
            self.initial["inverse_label"] = row.inverse.label

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"].strip()
        return given or internal_name(self.data.get("label", ""))[: association_labels.LONGEST_NAME]

    def _post_clean(self) -> None:
        """Save it here: what is wrong then still finds its field."""
        if self.errors:
            return
        try:
            self.row = self._write()
        except InvalidLabel as error:
            message = " ".join(error.messages)
            is_name = "is no name" in message and "name" in self.fields
            self.add_error("name" if is_name else "label", message)
        except (UpgradeRequired, LimitReached) as error:
            self.add_error(None, str(error))

    def _write(self) -> AssociationType:
        given = self.cleaned_data
        row = self.instance
        if row.pk is not None:
            association_labels.rename(row, given["label"], given.get("inverse_label", ""))
            return row
        there, _ = association_labels.create(
            objects.get(given["start"]),
            objects.get(given["end"]),
            given["label"],
            name=given["name"],
            inverse_label=given["inverse_label"],
        )
        return there

    def save(self, commit: bool = True) -> AssociationType:
        return self.row

    def save_m2m(self) -> None:
        """The admin asks for it; everything is saved already."""


@admin.register(AssociationType)
class AssociationLabelAdmin(ModelAdmin[AssociationType]):
    """The labels of one's own; each stands here once, not once for each direction."""

    empty_text = "A label says what two records are to each other, such as “Decision maker”."
    form = LabelForm
    list_display = ["shown", "way_back", "between", "name"]
    search_fields = ["label", "name"]
    ordering = ["label"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AssociationType]:
        own = super().get_queryset(request).filter(category=USER_DEFINED).exclude(label="")
        once = own.filter(Q(inverse=None) | Q(pk__lte=F("inverse_id")))
        return once.select_related("inverse")

    @display(description="Label")
    def shown(self, row: AssociationType) -> str:
        return row.label

    @display(description="Way back")
    def way_back(self, row: AssociationType) -> str:
        return row.inverse.label if row.inverse else row.label

    @display(description="Between")
    def between(self, row: AssociationType) -> str:
        return " and ".join(_ends(row))

    def get_fields(self, request: HttpRequest, obj: AssociationType | None = None) -> Any:
        if obj is None:
            return ["start", "end", "label", "inverse_label", "name"]
        is_paired = obj.inverse is not None and obj.inverse != obj
        return ["between", "label", *(["inverse_label"] if is_paired else []), "name"]

    def get_form(
        self,
        request: HttpRequest,
        obj: AssociationType | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[Any]:
        return LabelForm

    def get_readonly_fields(
        self, request: HttpRequest, obj: AssociationType | None = None
    ) -> list[str]:
        return ["between", "name"] if obj else []

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            ASSOCIATION_LABELS.require()
        except UpgradeRequired as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:crm_associationtype_changelist"))
        return super().add_view(request, form_url, extra_context)

    def save_model(
        self, request: HttpRequest, obj: AssociationType, form: Any, change: bool
    ) -> None:
        """The form has saved it: crm.association_labels alone writes the rows."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        if request.method == "POST":
            association_labels.remove(row)
            messages.success(request, f"{row.label} removed.")
            return HttpResponseRedirect(reverse("admin:crm_associationtype_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Remove {row.label}?",
            "opts": self.opts,
            "record": row,
            "explanation": f"{_carried(row)} The records stay related, without this label. It"
            " cannot be brought back.",
            "button": "Remove",
            "back": reverse("admin:crm_associationtype_change", args=[row.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)


def _carried(row: AssociationType) -> str:
    count = Association.objects.filter(type=row)[: MANY + 1].count()
    if not count:
        return "No records carry it."
    many = f"More than {MANY:,}" if count > MANY else f"{count:,}"
    return f"{many} {'pair' if count == 1 else 'pairs'} of records {_verb(count)} it."


def _verb(count: int) -> str:
    return "carries" if count == 1 else "carry"
