"""Permission sets: what kinds of users may do, as a table of object types and verbs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, access_switches
from crm.access import Scope, Verb
from crm.admin_theme import CheckboxWidget, ModelAdmin, SelectWidget, TextInputWidget, display
from crm.models import PermissionSet
from crm.objects import base as objects

#: What the row for all object types is called in the names of fields.
ALL = "all"
SCOPES = [
    (Scope.ALL.name, "Everything"),
    (Scope.TEAM.name, "The team's"),
    (Scope.OWN.name, "Their own"),
    (Scope.NONE.name, "None"),
]
#: Who creates a record decides whose it is.
CREATE = [(Scope.ALL.name, "Yes"), (Scope.NONE.name, "No")]
LIKE_ALL = ("", "as above")
VERBS = {Verb.VIEW: "See", Verb.EDIT: "Edit", Verb.DELETE: "Archive", Verb.CREATE: "Create"}


@dataclass(frozen=True)
class Row:
    """One object type in the table."""

    label: str
    cells: list[forms.BoundField]
    #: Whether it says something of its own, or is one that people look for.
    is_open: bool


class PermissionSetForm(forms.ModelForm[PermissionSet]):
    class Meta:
        model = PermissionSet
        fields = ["name", "description", "sees_unassigned"]
        widgets = {
            "name": TextInputWidget(),
            "description": TextInputWidget(),
            "sees_unassigned": CheckboxWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._add_cells(ALL, "All records", self.instance.records.get("", {}))
        for kind in objects.in_order():
            own = self.instance.records.get(kind.type_id, {})
            self._add_cells(kind.type_id, kind.plural_label, own)
        for switch in access_switches.in_order():
            self.fields[f"switch-{switch.name}"] = forms.BooleanField(
                label=switch.label,
                required=False,
                help_text=(switch.__doc__ or "").strip(),
                initial=switch.name in self.instance.switches,
                widget=CheckboxWidget(),
            )

    def _add_cells(self, key: str, label: str, rule: dict[str, str]) -> None:
        for verb, word in VERBS.items():
            choices = CREATE if verb is Verb.CREATE else SCOPES
            self.fields[f"{key}-{verb.value}"] = forms.ChoiceField(
                label=f"{label}: {word.lower()}",
                choices=choices if key == ALL else [LIKE_ALL, *choices],
                required=key == ALL,
                initial=rule.get(verb, Scope.NONE.name if key == ALL else ""),
                widget=SelectWidget(),
            )

    def _cells(self, key: str) -> list[forms.BoundField]:
        return [self[f"{key}-{verb.value}"] for verb in VERBS]

    def first_row(self) -> Row:
        return Row("All records", self._cells(ALL), is_open=True)

    def rows(self) -> list[Row]:
        return [
            Row(
                kind.plural_label,
                self._cells(kind.type_id),
                is_open=kind.in_main_menu or kind.type_id in self.instance.records,
            )
            for kind in objects.in_order()
        ]

    def switches(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The switches under the headings of their groups."""
        ordered = access_switches.in_order()
        for group, found in groupby(ordered, key=lambda switch: switch.group):
            yield group, [self[f"switch-{switch.name}"] for switch in found]

    def save(self, commit: bool = True) -> PermissionSet:
        given = self.cleaned_data
        keys = {"": ALL} | {kind.type_id: kind.type_id for kind in objects.in_order()}
        rules = {
            object_type: {
                verb.value: given[f"{key}-{verb.value}"]
                for verb in VERBS
                if given[f"{key}-{verb.value}"]
            }
            for object_type, key in keys.items()
        }
        self.instance.records = {key: rule for key, rule in rules.items() if rule}
        self.instance.switches = [
            switch.name for switch in access_switches.in_order() if given[f"switch-{switch.name}"]
        ]
        return super().save(commit)


@admin.register(PermissionSet)
class PermissionSetAdmin(ModelAdmin[PermissionSet]):
    """What kinds of users may do. Only superusers write them."""

    empty_text = "A permission set says which records its users see and change, and what else."
    list_display = ["name", "description", "sees", "user_count"]
    search_fields = ["name"]
    ordering = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[PermissionSet]:
        return super().get_queryset(request).annotate(counted=Count("users"))

    @display(description="Sees")
    def sees(self, item: PermissionSet) -> str:
        scope = access.of_set(item).records.get("", {}).get(Verb.VIEW, Scope.NONE.name)
        return dict(SCOPES)[scope]

    @display(description="Users")
    def user_count(self, item: Any) -> int:
        counted: int = item.counted
        return counted

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.of(request.user).is_unlimited

    def has_change_permission(self, request: HttpRequest, obj: PermissionSet | None = None) -> bool:
        return access.of(request.user).is_unlimited

    def has_delete_permission(self, request: HttpRequest, obj: PermissionSet | None = None) -> bool:
        is_free = obj is None or not obj.users.exists()
        return access.of(request.user).is_unlimited and is_free

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        item = self._found(object_id) if object_id else None
        may_change = self.has_change_permission(request, item)
        if not (may_change or (item and self.has_view_permission(request, item))):
            raise PermissionDenied
        if request.method == "POST" and not may_change:
            raise PermissionDenied
        form = PermissionSetForm(request.POST or None, instance=item)
        if form.is_valid():
            saved = form.save()
            messages.success(request, f"{saved} saved.")
            return HttpResponseRedirect(reverse("admin:crm_permissionset_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": str(item) if item else "Add permission set",
            "opts": self.opts,
            "form": form,
            "original": item,
            "verbs": VERBS.values(),
            "may_change": may_change,
            "may_delete": item is not None and self.has_delete_permission(request, item),
        }
        return TemplateResponse(request, "admin/crm/permission_set.html", context)

    def _found(self, object_id: str) -> PermissionSet:
        found = (
            PermissionSet.objects.filter(pk=int(object_id)).first()
            if object_id.isdecimal() and len(object_id) < 19
            else None
        )
        if found is None:
            raise Http404("There is no such permission set.")
        return found
