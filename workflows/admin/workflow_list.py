"""The list of workflows, and the addresses of the pages of one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.html import format_html

from crm.admin.sharing import SharedAdmin
from crm.admin_theme import ChangeList, DropdownFilter, PlainDropdownForm, display
from crm.objects import base as objects
from workflows import outline
from workflows.admin import trigger_edit, workflow_changes, workflow_edit, workflow_page
from workflows.models import Workflow


class WorkflowList(ChangeList):
    """Adds the figures of the workflows on the page, in one query."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        found = list(self.result_list)
        figures = outline.figures([workflow.pk for workflow in found])
        for workflow in found:
            workflow.figures = figures[workflow.pk]
        self.result_list = found

    def url_for_result(self, result: Any) -> str:
        return workflow_page.page_url(result)


class StateFilter(DropdownFilter):
    title = "Status"
    parameter_name = "state"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("on", "On"), ("off", "Off")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(is_enabled=value == "on") if value else queryset


class ObjectFilter(DropdownFilter):
    title = "Object"
    parameter_name = "object_type"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.type_id, kind.label) for kind in objects.in_order()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(object_type=value) if value else queryset


@admin.register(Workflow)
class WorkflowAdmin(SharedAdmin):
    """What is automated."""

    empty_text = "A workflow takes records through steps: emails, waits, branches, tasks."

    list_display = ["name", "status", "of", "active", "enrolled", "review", "updated_at"]
    list_filter = [StateFilter, ObjectFilter]
    list_filter_submit = True
    search_fields = ["name"]
    ordering = ["-is_enabled", "name"]
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Workflow]:
        # The documents are large and the list does not show them.
        return super().get_queryset(request).filter(archived_at=None).defer("document")

    def asset_url(self, asset: Workflow) -> str:
        return workflow_page.page_url(asset)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return WorkflowList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    @display(description="Status")
    def status(self, workflow: Workflow) -> str:
        return status_chip(workflow)

    @display(description="Object")
    def of(self, workflow: Workflow) -> str:
        return objects.get(workflow.object_type).label

    @display(description="In it now")
    def active(self, workflow: Any) -> str:
        return f"{workflow.figures.active:,}"

    @display(description="Enrolled in 7 days")
    def enrolled(self, workflow: Any) -> str:
        return f"{workflow.figures.enrolled_last_week:,}"

    @display(description="Needs review")
    def review(self, workflow: Any) -> str:
        count = workflow.figures.needs_review
        return format_html('<span class="co-chip co-rose">{}</span>', f"{count:,}") if count else ""

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            return workflow_edit.respond_add(self, request)
        return workflow_edit.respond_edit(
            self, request, workflow_page.found(object_id, request.user)
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return workflow_changes.respond_archive(
            self, request, workflow_page.found(object_id, request.user)
        )

    def get_urls(self) -> list[URLPattern]:
        pages = {
            "": ("page", workflow_page.respond),
            "turn-on/": ("turn_on", workflow_changes.respond_turn_on),
            "turn-off/": ("turn_off", workflow_changes.respond_turn_off),
            "count/": ("count", workflow_changes.respond_count),
            "enroll/": ("enroll", workflow_changes.respond_enroll),
            "unenroll/": ("unenroll", workflow_changes.respond_unenroll),
            "trigger/": ("trigger", trigger_edit.respond),
            "clone/": ("clone", workflow_changes.respond_clone),
        }
        return [
            *(
                path(
                    f"<int:workflow_id>/{route}",
                    self.admin_site.admin_view(self._view(respond)),
                    name=f"workflows_workflow_{name}",
                )
                for route, (name, respond) in pages.items()
            ),
            *super().get_urls(),
        ]

    def _view(self, respond: Any) -> Any:
        def view(request: HttpRequest, workflow_id: int) -> HttpResponse:
            answer: HttpResponse = respond(
                self, request, workflow_page.found(workflow_id, request.user)
            )
            return answer

        return view


def status_chip(workflow: Workflow) -> str:
    tone, text = ("green", "On") if workflow.is_enabled else ("grey", "Off")
    return format_html('<span class="co-chip co-{}">{}</span>', tone, text)
