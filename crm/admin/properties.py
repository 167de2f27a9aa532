"""Property definitions: the standard ones, and those staff add."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse

from crm import access, property_editing
from crm.admin import property_access
from crm.admin.property_form import FIELD_KINDS, PropertyForm
from crm.admin_theme import DropdownFilter, ModelAdmin, PlainDropdownForm, display
from crm.models import Property
from crm.objects import base as objects
from crm.property_editing import InvalidDefinition

EVERYTHING = ["object_type", "label", "name", "description", "group", "field_kind", "choices"]


class ObjectTypeFilter(DropdownFilter):
    title = "Object"
    parameter_name = "object_type"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.type_id, kind.label) for kind in objects.in_order()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(object_type=value) if value else queryset


class OriginFilter(DropdownFilter):
    title = "Origin"
    parameter_name = "origin"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("standard", "Standard"), ("custom", "Custom")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(is_standard=value == "standard") if value else queryset


@admin.register(Property)
class PropertyAdmin(ModelAdmin[Property]):
    """Standard properties are wired into the product: their type and name stay."""

    form = PropertyForm
    list_display = ["label", "name", "contained_in", "kind", "group", "origin"]
    list_select_related = ["group"]
    list_filter = [ObjectTypeFilter, OriginFilter]
    list_filter_submit = True
    search_fields = ["label", "name"]
    ordering = ["object_type", "label"]
    list_per_page = 100
    change_form_outer_after_template = "admin/crm/property_panel.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Property]:
        found = super().get_queryset(request).filter(archived_at=None)
        return found.exclude(pk__in=access.of(request.user).hidden_rows())

    @display(description="Object")
    def contained_in(self, definition: Property) -> str:
        return objects.get(definition.object_type).label

    @display(description="Field type")
    def kind(self, definition: Property) -> str:
        key = (definition.type, definition.field_type)
        return FIELD_KINDS.get(key, f"{definition.type} ({definition.field_type})")

    @display(description="Origin")
    def origin(self, definition: Property) -> str:
        return "Standard" if definition.is_standard else "Custom"

    def get_fields(self, request: HttpRequest, obj: Property | None = None) -> Any:
        if obj is None:
            return [*EVERYTHING, "is_unique", "is_searchable"]
        shown = ["contained_in", "label", "name", "description", "group", "kind"]
        if obj.options:
            shown.append("choices")
        return [*shown, "is_unique", "is_searchable", "is_read_only", "origin"]

    def get_readonly_fields(self, request: HttpRequest, obj: Property | None = None) -> list[str]:
        if obj is None:
            return []
        wired = ["contained_in", "name", "kind", "is_unique", "is_searchable", "is_read_only"]
        return [*wired, "origin"]

    def save_model(self, request: HttpRequest, obj: Property, form: Any, change: bool) -> None:
        if change:
            property_editing.change(obj)
        else:
            property_editing.create([obj])

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        def view(request: HttpRequest, property_id: int) -> HttpResponse:
            return property_access.respond(self, request, property_id)

        wrapped = self.admin_site.admin_view(view)
        own = path("<int:property_id>/access/", wrapped, name="crm_property_access")
        return [own, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        mine = self.get_queryset(request)
        found = mine.filter(pk=int(object_id)).first() if object_id.isdecimal() else None
        context = property_access.panel(request, found) if found else {}
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def has_delete_permission(self, request: HttpRequest, obj: Property | None = None) -> bool:
        is_standard = obj is not None and obj.is_standard
        return super().has_delete_permission(request, obj) and not is_standard

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        definition = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, definition):
            raise PermissionDenied
        if request.method == "POST":
            try:
                property_editing.archive([definition])
            except InvalidDefinition as error:
                messages.error(request, " ".join(error.messages))
            else:
                messages.success(request, f"{definition} archived.")
            return HttpResponseRedirect(reverse("admin:crm_property_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {definition}?",
            "opts": self.opts,
            "record": definition,
            "explanation": "It disappears from records, forms and filters. "
            "Filters of workflows that use it match nobody. Stored values stay.",
            "back": reverse("admin:crm_property_change", args=[definition.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)
