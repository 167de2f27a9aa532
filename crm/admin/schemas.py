"""Custom objects: what kinds of records there are beside the standard ones."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from crm import association_labels, schemas
from crm.admin.schema_form import NewSchemaForm, RelationForm, SchemaChangeForm
from crm.admin_theme import ModelAdmin, display
from crm.features import CUSTOM_OBJECT_TYPES, CUSTOM_OBJECTS
from crm.models import AssociationType, ObjectSchema
from crm.objects import base as objects
from crm.objects import custom
from crm.objects.custom import CustomObject
from crm.schema_checks import InvalidSchema
from subscriptions.features import LimitReached, UpgradeRequired

NEW = [
    "singular_label", "plural_label", "name", "description", "icon", "title_label", "title_kind",
    "title_required", "title_unique", "related",
]  # fmt: skip
CHANGED = [
    "singular_label", "plural_label", "full_name", "description", "icon", "primary", "secondary",
    "required", "searchable",
]  # fmt: skip

#: After one was saved its own page follows, not the form of another.
ONE: dict[str, Any] = {"show_save_and_add_another": False}


def kind_of(row: ObjectSchema) -> type[CustomObject]:
    """The object type of a row that is there."""
    found = custom.find(row.type_id)
    if found is None:
        raise Http404(f"There is no custom object {row.pk}.")
    return found


@admin.register(ObjectSchema)
class SchemaAdmin(ModelAdmin[ObjectSchema]):
    """Kinds of records that staff define."""

    empty_text = (
        "A custom object is a kind of record of your own, such as cars or rooms. It gets lists,"
        " pages, imports, workflows and an API like contacts have."
    )
    list_display = ["plural_label", "full_name", "type_id", "title", "size"]
    list_display_links = ["plural_label"]
    search_fields = ["singular_label", "plural_label", "name"]
    ordering = ["plural_label"]
    change_form_outer_after_template = "admin/crm/schema_relations.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ObjectSchema]:
        return super().get_queryset(request).filter(archived_at=None)

    @display(description="API name")
    def full_name(self, row: ObjectSchema) -> str:
        return kind_of(row).full_name

    @display(description="Type ID")
    def type_id(self, row: ObjectSchema) -> str:
        return row.type_id

    @display(description="Title")
    def title(self, row: ObjectSchema) -> str:
        return row.primary_display_property

    @display(description="Records")
    def size(self, row: ObjectSchema) -> str:
        count = schemas.count_records(kind_of(row))
        return f"over {schemas.MANY:,}" if count > schemas.MANY else f"{count:,}"

    def get_form(
        self,
        request: HttpRequest,
        obj: ObjectSchema | None = None,
        change: bool = False,
        **kwargs: Any,
    ) -> type[Any]:
        return SchemaChangeForm if obj else NewSchemaForm

    def get_fields(self, request: HttpRequest, obj: ObjectSchema | None = None) -> Any:
        return CHANGED if obj else NEW

    def get_readonly_fields(
        self, request: HttpRequest, obj: ObjectSchema | None = None
    ) -> list[str]:
        return ["full_name"] if obj else []

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            CUSTOM_OBJECTS.require()
            CUSTOM_OBJECT_TYPES.require_room()
        except (UpgradeRequired, LimitReached) as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:crm_objectschema_changelist"))
        return super().add_view(request, form_url, ONE | (extra_context or {}))

    def save_model(self, request: HttpRequest, obj: ObjectSchema, form: Any, change: bool) -> None:
        """The form has saved it: crm.schemas alone writes the row."""

    def response_add(
        self, request: HttpRequest, obj: ObjectSchema, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, f"{obj.plural_label} added. Now give them their properties.")
        return HttpResponseRedirect(reverse("admin:crm_objectschema_change", args=[obj.pk]))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        context = ONE | (_relations(row) if row else {}) | (extra_context or {})
        return super().change_view(request, object_id, form_url, context)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        return [
            path(
                "<int:pk>/relations/",
                self.admin_site.admin_view(require_POST(self.add_relation)),
                name="crm_objectschema_relate",
            ),
            path(
                "<int:pk>/relations/<int:number>/delete/",
                self.admin_site.admin_view(self.remove_relation),
                name="crm_objectschema_unrelate",
            ),
            *super().get_urls(),
        ]

    def _editable(self, request: HttpRequest, pk: int) -> ObjectSchema:
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def add_relation(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self._editable(request, pk)
        kind = kind_of(row)
        form = RelationForm(kind, request.POST)
        if not form.is_valid():
            messages.error(request, "Choose an object that they are not related to yet.")
            return HttpResponseRedirect(_page(row))
        other = objects.get(form.cleaned_data["object_type"])
        try:
            schemas.relate(kind, other)
        except association_labels.LabelTaken as error:
            messages.error(request, " ".join(error.messages))
        else:
            names = f"{kind.plural_label} and {other.plural_label.lower()}"
            messages.success(request, f"{names} can be related now.")
        return HttpResponseRedirect(_page(row))

    def remove_relation(self, request: HttpRequest, pk: int, number: int) -> HttpResponse:
        row = self._editable(request, pk)
        kind = kind_of(row)
        found = next((one for one in _outwards(kind) if one.type_id == number), None)
        if found is None:
            raise Http404(f"There is no relation {number}.")
        other = objects.get(found.to_object_type).plural_label.lower()
        if request.method == "POST":
            schemas.unrelate(kind, number)
            messages.success(request, f"{kind.plural_label} and {other} are not related any more.")
            return HttpResponseRedirect(_page(row))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Remove the relation of {kind.plural_label.lower()} and {other}?",
            "opts": self.opts,
            "record": row,
            "explanation": "All associations between their records are removed. They cannot be"
            " brought back; the records stay.",
            "button": "Remove",
            "back": _page(row),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        kind = kind_of(row)
        count = schemas.count_records(kind)
        if request.method == "POST":
            return self._archive(request, row, kind)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {row.plural_label}?",
            "opts": self.opts,
            "record": row,
            "refused": schemas.in_use(kind, count) if count else "",
            "explanation": "They leave the menu, the API, filters and workflows. The name stays"
            " taken until a program purges them through the API.",
            "back": _page(row),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)

    def _archive(
        self, request: HttpRequest, row: ObjectSchema, kind: type[CustomObject]
    ) -> HttpResponse:
        try:
            schemas.archive(kind)
        except InvalidSchema as error:
            messages.error(request, " ".join(error.messages))
            return HttpResponseRedirect(_page(row))
        messages.success(request, f"{row.plural_label} archived.")
        return HttpResponseRedirect(reverse("admin:crm_objectschema_changelist"))


def _page(row: ObjectSchema) -> str:
    return reverse("admin:crm_objectschema_change", args=[row.pk])


def _outwards(kind: type[CustomObject]) -> list[AssociationType]:
    """The relations of a custom object as they are seen from it."""
    return [one for one in schemas.relations(kind) if one.from_object_type == kind.type_id]


def _relations(row: ObjectSchema) -> dict[str, Any]:
    """What stands below the form: the relations, and where its properties and records are."""
    kind = kind_of(row)
    found = [(objects.get(one.to_object_type), one) for one in _outwards(kind)]
    return {
        "relations": [
            {
                "label": other.plural_label,
                "icon": other.icon,
                "remove": reverse("admin:crm_objectschema_unrelate", args=[row.pk, one.type_id]),
            }
            for other, one in found
        ],
        "relation_form": RelationForm(kind),
        "kind": kind,
        "records_url": reverse(f"admin:crm_{kind.name}_changelist"),
        "properties_url": f"{reverse('admin:crm_property_changelist')}?object_type={kind.type_id}",
    }
