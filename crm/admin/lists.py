"""Static lists: their names, and who is in them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import IntegerField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from crm import access, clock
from crm.access import Verb
from crm.admin import columns, paging
from crm.admin.sharing import SharedAdmin, panel
from crm.admin.urls import record_url
from crm.admin_theme import SelectWidget, display
from crm.features import STATIC_LISTS
from crm.lists import membership
from crm.models import List, Record
from crm.objects import base as objects
from crm.sql import SQL, rows, sql
from subscriptions.features import LimitReached

#: Counting stops here: a list of a million must not make the page slow.
MOST_COUNTED = 10_000
COUNT = f"""
(SELECT count(*) FROM (
    SELECT FROM crm_listmembership m WHERE m.list_id = crm_list.id LIMIT {MOST_COUNTED + 1}) n)
"""


class ListForm(forms.ModelForm[List]):
    object_type = forms.ChoiceField(
        label="Contains",
        choices=lambda: [(kind.type_id, kind.plural_label) for kind in objects.in_order()],
        widget=SelectWidget(),
    )

    class Meta:
        model = List
        fields = ["name", "object_type"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["object_type"]


@admin.register(List)
class ListAdmin(SharedAdmin):
    """Sets of records, made by hand or by workflows."""

    empty_text = "A list holds the records you choose, or those a workflow puts in."

    form = ListForm
    list_display = ["name", "contains", "size", "created_at"]
    search_fields = ["name"]
    ordering = ["name"]
    change_form_outer_after_template = "admin/crm/list_members.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[List]:
        counted = RawSQL(COUNT, (), output_field=IntegerField())  # noqa: S611 (a constant)
        found: QuerySet[List] = super().get_queryset(request).filter(archived_at=None)
        return found.annotate(counted=counted)

    @display(description="Contains")
    def contains(self, target: List) -> str:
        return objects.get(target.object_type).plural_label

    @display(description="Size")
    def size(self, target: List) -> str:
        counted: int = target.counted  # type: ignore[attr-defined]
        return f"over {MOST_COUNTED:,}" if counted > MOST_COUNTED else f"{counted:,}"

    def get_readonly_fields(self, request: HttpRequest, obj: List | None = None) -> list[str]:
        return ["contains"] if obj else []

    def get_fields(self, request: HttpRequest, obj: List | None = None) -> Any:
        return ["name", "contains"] if obj else ["name", "object_type"]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            STATIC_LISTS.require_room()
        except LimitReached as error:
            messages.error(request, str(error))
            return HttpResponseRedirect(reverse("admin:crm_list_changelist"))
        return super().add_view(request, form_url, extra_context)

    def save_model(self, request: HttpRequest, obj: List, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = clock.now()
        super().save_model(request, obj, form, change)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        mine = self.get_queryset(request)
        target = mine.filter(pk=object_id).first() if object_id.isdecimal() else None
        if target is None:
            raise Http404("There is no such list.")
        context = {**_members(target, request), **panel(self, request, target)}
        context["may_change"] = self.has_change_permission(request, target)
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        target = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, target):
            raise PermissionDenied
        if request.method == "POST":
            List.objects.filter(pk=target.pk).update(archived_at=clock.now())
            messages.success(request, f"{target} archived.")
            return HttpResponseRedirect(reverse("admin:crm_list_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {target}?",
            "opts": self.opts,
            "record": target,
            "explanation": "Workflows that use it stop finding anyone in it. Its records stay.",
            "back": reverse("admin:crm_list_change", args=[target.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def get_urls(self) -> list[URLPattern]:
        remove = self.admin_site.admin_view(require_POST(self.remove_view))
        own = [path("<int:list_id>/remove/<int:record_id>/", remove, name="crm_list_remove")]
        return own + super().get_urls()

    def remove_view(self, request: HttpRequest, list_id: int, record_id: int) -> HttpResponse:
        target = get_object_or_404(self.get_queryset(request), pk=list_id)
        if not self.has_change_permission(request, target):
            raise PermissionDenied
        seen = access.of(request.user).allowed(target.object_type, {record_id}, Verb.VIEW)
        if not seen:
            raise Http404("There is no such member.")
        count = membership.remove(target, sql("SELECT {id}::bigint AS record_id", id=record_id))
        if count:
            messages.success(request, "Removed from the list.")
        return HttpResponseRedirect(reverse("admin:crm_list_change", args=[list_id]))


def _members(target: List, request: HttpRequest) -> dict[str, Any]:
    """One page of who is in a list, by record id, newest records first."""
    kind = objects.get(target.object_type)
    asked = request.GET.get("before", "")
    before = int(asked) if asked.isdecimal() and len(asked) < 19 else paging.LARGEST_ID
    found = rows(
        sql(
            "SELECT m.record_id, m.since FROM crm_listmembership m"
            " JOIN crm_record r ON r.id = m.record_id AND {is_seen}"
            " WHERE m.list_id = {list} AND m.record_id < {before}"
            " ORDER BY m.record_id DESC LIMIT {most}",
            is_seen=access.visible(request.user, kind.type_id) or SQL("true"),
            list=target.pk,
            before=before,
            most=paging.SIZE + 1,
        )
    )
    shown = dict(found[: paging.SIZE])
    records = Record.objects.in_bulk(shown)
    return {
        "members": [
            {
                "id": record_id,
                "title": _title(kind, records.get(record_id), record_id),
                "initials": columns.initials(_title(kind, records.get(record_id), record_id)),
                "url": record_url(kind, record_id),
                "since": since,
            }
            for record_id, since in shown.items()
        ],
        "older": min(shown) if len(found) > paging.SIZE else None,
        "is_first": before == paging.LARGEST_ID,
        "kind": kind,
    }


def _title(kind: type[objects.ObjectType], record: Record | None, record_id: int) -> str:
    return kind.title(record.properties if record else {}, record_id)
