"""The list of records of each object type: fast at a million of them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import BooleanField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from crm import access, search
from crm.access import Verb
from crm.admin import (
    advanced_filter,
    bulk,
    paging,
    record_associations,
    record_bin,
    record_edit,
    record_merge,
    record_page,
    record_views,
)
from crm.admin.columns import columns_of
from crm.admin.record_filters import filters_of
from crm.admin.record_models import record_models
from crm.admin.urls import record_url
from crm.admin.values import definitions_of
from crm.admin_theme import ChangeList, InfinitePaginator, ModelAdmin
from crm.models import Record
from crm.objects.base import ObjectType, object_types


class RecordChangeList(ChangeList):
    """A list that is paged by id and never counted."""

    page: paging.Page

    def get_filters_params(self, params: dict[str, Any] | None = None) -> dict[str, Any]:
        found = dict(super().get_filters_params(params))
        kept = (*paging.CURSORS, *advanced_filter.KEPT)
        return {name: value for name, value in found.items() if name not in kept}

    def get_results(self, request: HttpRequest) -> None:
        for name in paging.CURSORS:
            # A link that filters or searches starts at the newest record again.
            self.params.pop(name, None)
            self.filter_params.pop(name, None)
        type_id = self.model_admin.kind.type_id  # type: ignore[attr-defined]
        # No index leads to the records of an owner either.
        is_limited = access.visible(request.user, type_id) is not None
        is_scan = (bool(self.has_active_filters) or is_limited) and not self.query
        self.page = paging.page_of(self.queryset, type_id, request.GET.dict(), is_scan=is_scan)
        self.result_list = self.page.records
        # One more than shown, when there are others: the theme then offers to choose them all.
        more = bool(self.page.older or self.page.newer)
        self.result_count = len(self.page.records) + more
        self.full_result_count = None
        self.show_admin_actions = True
        self.can_show_all = self.multi_page = False
        self.paginator = InfinitePaginator(self.page.records, paging.SIZE)

    def url_for_result(self, result: Any) -> str:
        return record_url(self.model_admin.kind, result.pk)  # type: ignore[attr-defined]


class RecordAdmin(ModelAdmin[Record]):
    """Records of one object type."""

    kind: type[ObjectType]
    ordering = ["-pk"]
    list_per_page = paging.SIZE
    paginator = InfinitePaginator
    show_full_result_count = False
    list_filter_submit = True
    list_fullwidth = True
    search_fields = ["pk"]  # any: the search itself is get_search_results
    change_list_template = "admin/crm/record_list.html"
    list_before_template = "admin/crm/record_list_top.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Record]:
        found = super().get_queryset(request).filter(archived_at=None)
        return access.of(request.user).narrow(found, self.kind.type_id)

    def _may(self, request: HttpRequest, verb: Verb, record: Record | None = None) -> bool:
        rights = access.of(request.user)
        if record is None:
            return rights.may(self.kind.type_id, verb)
        return bool(rights.allowed(self.kind.type_id, {record.pk}, verb))

    def has_view_permission(self, request: HttpRequest, obj: Record | None = None) -> bool:
        return self._may(request, Verb.VIEW, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, Verb.CREATE)

    def has_change_permission(self, request: HttpRequest, obj: Record | None = None) -> bool:
        return self._may(request, Verb.EDIT, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Record | None = None) -> bool:
        return self._may(request, Verb.DELETE, obj)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RecordChangeList

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        definitions = definitions_of(request, self.kind.type_id)
        return list(columns_of(self.kind, definitions, record_views.columns(self, request)))

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return list(filters_of(self.kind, definitions_of(request, self.kind.type_id)))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Record], search_term: str
    ) -> tuple[QuerySet[Record], bool]:
        if not search_term.strip():
            return queryset, False
        found = search.matching(self.kind.type_id, search_term)
        # The words are parameters of the statements.
        queryset = queryset.filter(pk__in=RawSQL(found.text, found.params))  # noqa: S611
        if access.of(request.user).hidden(self.kind.type_id):
            definitions = definitions_of(request, self.kind.type_id)
            seen = search.matches(definitions, search_term, Record._meta.db_table)
            raw = RawSQL(seen.text, seen.params, output_field=BooleanField())  # noqa: S611
            queryset = queryset.filter(raw)
        return queryset, False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {
            action.name: (
                lambda _admin, request, queryset, action=action: bulk.respond(
                    action(), self.kind, self, request, queryset
                ),
                action.name,
                action.label,
            )
            for action in bulk.offered(self.kind, access.of(request.user))
        }

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        applied = record_views.applied(self, request)
        if applied is not None:
            return applied
        everything = f"All matching {self.kind.plural_label.lower()} are selected"
        context = {
            "selection_note_all": everything,
            "kind": self.kind,
            "may_archive": self.has_delete_permission(request),
            **record_views.context(self, request),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return record_edit.respond(self, request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return record_edit.respond_archive(self, request, object_id)

    def get_urls(self) -> list[URLPattern]:
        own = [
            *record_page.views(self),
            *record_associations.views(self),
            *record_merge.views(self),
            *record_bin.views(self),
            *advanced_filter.views(self),
            *record_views.views(self),
        ]
        return [
            *(
                path(route, self.admin_site.admin_view(view), name=f"crm_{self.kind.name}_{name}")
                for route, name, view in own
            ),
            *super().get_urls(),
        ]


def admin_of(kind: type[ObjectType]) -> type[RecordAdmin]:
    """The pages of the records of one object type."""
    return type(f"{kind.__name__}Admin", (RecordAdmin,), {"kind": kind})


for found in object_types:
    admin.site.register(record_models[found.type_id], admin_of(found))
