"""Lists: the index, and the addresses of the pages of one."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST

from crm.admin import list_changes, list_edit, list_page
from crm.admin.list_edit import page_url
from crm.admin.list_forms import folder_choices
from crm.admin.sharing import SharedAdmin
from crm.admin_theme import (
    ChangeList,
    DropdownFilter,
    ModelAdmin,
    PlainDropdownForm,
    SelectWidget,
    TextInputWidget,
    display,
)
from crm.lists import folders, sizes
from crm.models import List, ListFolder
from crm.objects import base as objects

TONES = {"DYNAMIC": "green", "MANUAL": "grey", "SNAPSHOT": "blue"}


class ListIndex(ChangeList):
    """Adds the sizes of the lists on the page, in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found = list(self.result_list)
        counted = sizes.of([row.pk for row in found])
        for row in found:
            row.counted = counted[row.pk].count
        self.result_list = found

    def url_for_result(self, result: Any) -> str:
        return page_url(result)


class ObjectFilter(DropdownFilter):
    title = "Object"
    parameter_name = "object_type"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.type_id, kind.plural_label) for kind in objects.in_order()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(object_type=self.value()) if self.value() else queryset


class KindFilter(DropdownFilter):
    title = "Kind"
    parameter_name = "kind"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in List.ProcessingType.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(processing_type=self.value()) if self.value() else queryset


class FolderFilter(DropdownFilter):
    title = "Folder"
    parameter_name = "folder"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key or "none", label) for key, label in folder_choices()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        if value == "none":
            return queryset.filter(folder=None)
        return queryset.filter(folder_id=value) if value and value.isdecimal() else queryset


@admin.register(List)
class ListAdmin(SharedAdmin):
    """Sets of records: chosen by filters, by people or by workflows."""

    empty_text = "A list holds who meets its filters, or the records that you choose."

    list_display = ["name", "contains", "kind", "size", "place", "updated_at"]
    list_filter = [ObjectFilter, KindFilter, FolderFilter]
    list_filter_submit = True
    search_fields = ["name"]
    ordering = ["name"]
    list_per_page = 50
    change_list_template = "admin/crm/list_index.html"

    def everything(self, request: HttpRequest) -> QuerySet[List]:
        """The lists that the user sees, deleted ones too."""
        found: QuerySet[List] = super().get_queryset(request)
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[List]:
        return self.everything(request).filter(archived_at=None).select_related("folder")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ListIndex

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    @display(description="Contains")
    def contains(self, row: List) -> str:
        return objects.get(row.object_type).plural_label

    @display(description="Kind")
    def kind(self, row: List) -> SafeString:
        return format_html(
            '<span class="co-chip co-{}">{}</span>',
            TONES[row.processing_type],
            row.get_processing_type_display(),
        )

    @display(description="Size")
    def size(self, row: Any) -> str:
        return f"{row.counted:,}" + (" …" if row.is_processing else "")

    @display(description="Folder")
    def place(self, row: List) -> str:
        return row.folder.name if row.folder else ""

    def found(self, request: HttpRequest, list_id: int | str) -> List:
        """A list that the user sees; raises Http404."""
        key = str(list_id)
        mine = self.get_queryset(request)
        row = mine.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None
        if row is None:
            raise Http404("There is no such list.")
        return row

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            return list_edit.respond_add(self, request)
        return list_page.respond(self, request, self.found(request, object_id))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return list_changes.respond_delete(self, request, self.found(request, object_id))

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "edit/": ("edit", list_edit.respond_edit),
            "progress/": ("progress", list_page.respond_progress),
            "members/": ("add_members", require_post(list_changes.respond_add_members)),
            "clone/": ("clone", require_post(list_changes.respond_clone)),
            "make-static/": ("make_static", list_changes.respond_make_static),
            "remove/<int:record_id>/": ("remove", require_post(list_changes.respond_remove)),
        }
        deleted = self.admin_site.admin_view(self._deleted)
        return [
            path("deleted/", deleted, name="crm_list_deleted"),
            *(
                path(
                    f"<int:list_id>/{route}",
                    self.admin_site.admin_view(self._view(respond)),
                    name=f"crm_list_{name}",
                )
                for route, (name, respond) in pages.items()
            ),
            *super().get_urls(),
        ]

    def _deleted(self, request: HttpRequest) -> HttpResponse:
        return list_changes.respond_deleted(self, request)

    def _view(self, respond: Any) -> Any:
        def view(request: HttpRequest, list_id: int, **more: Any) -> HttpResponse:
            answer: HttpResponse = respond(self, request, self.found(request, list_id), **more)
            return answer

        return view


def require_post(respond: Any) -> Any:
    """Answers 405 to anything but POST."""

    def only(admin: Any, request: HttpRequest, row: List, **more: Any) -> HttpResponse:
        def view(request: HttpRequest) -> HttpResponse:
            answer: HttpResponse = respond(admin, request, row, **more)
            return answer

        return require_POST(view)(request)

    return only


class FolderForm(forms.ModelForm[ListFolder]):
    parent = forms.ChoiceField(
        label="In the folder", choices=folder_choices, required=False, widget=SelectWidget()
    )

    class Meta:
        model = ListFolder
        fields = ["name"]
        widgets = {"name": TextInputWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["parent"] = str(self.instance.parent_id or "")

    def clean_parent(self) -> ListFolder | None:
        key = self.cleaned_data["parent"]
        return ListFolder.objects.filter(pk=key).first() if key else None

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors:
            try:
                folders.check(self.instance, given["name"], given["parent"])
            except ValidationError as error:
                self.add_error("name", error)
        return given


@admin.register(ListFolder)
class FolderAdmin(ModelAdmin[ListFolder]):
    """Folders of lists."""

    empty_text = "Folders keep lists apart that belong to different things."

    form = FolderForm
    fields = ["name", "parent"]
    list_display = ["name", "path"]
    search_fields = ["name"]
    ordering = ["name"]

    @display(description="Path")
    def path(self, folder: ListFolder) -> str:
        return " / ".join(one.name for one in folders.path(folder))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def save_model(self, request: HttpRequest, obj: ListFolder, form: Any, change: bool) -> None:
        given, user = form.cleaned_data, request.user
        if change:
            stored = ListFolder.objects.get(pk=obj.pk)
            folders.move(folders.rename(stored, given["name"]), given["parent"])
        else:
            obj.pk = folders.create(given["name"], given["parent"], user).pk  # type: ignore[arg-type]

    def has_delete_permission(self, request: HttpRequest, obj: ListFolder | None = None) -> bool:
        """Only of an empty folder."""
        is_allowed = super().has_delete_permission(request, obj)
        return is_allowed and (obj is None or folders.is_empty(obj))

    def response_delete(
        self, request: HttpRequest, obj_display: str, obj_id: int
    ) -> HttpResponseRedirect:
        return HttpResponseRedirect(reverse("admin:crm_listfolder_changelist"))
