"""Exports in the browser: asked for in a list of records, watched and downloaded here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from crm import access
from crm.access_switches import EXPORT
from crm.admin.bulk import BulkAction, BulkForm, Selection, bulk_actions
from crm.admin_theme import ModelAdmin, SelectWidget, TextInputWidget, display
from crm.exports import job as exporting
from crm.models import ExportJob
from crm.objects import base as objects
from crm.properties import load

TONES = {
    "WAITING": "grey", "RUNNING": "blue", "DONE": "green", "FAILED": "rose", "CANCELLED": "grey",
}  # fmt: skip
SHOWN, EVERY = "shown", "every"


class ExportForm(BulkForm):
    title = forms.CharField(
        label="Name", max_length=200, required=False, widget=TextInputWidget(),
        help_text="Of the export and of its file.",
    )  # fmt: skip
    file_format = forms.ChoiceField(
        label="File", choices=ExportJob.Format.choices, widget=SelectWidget()
    )
    extent = forms.ChoiceField(
        label="Columns",
        choices=[(SHOWN, "Those of the list"), (EVERY, "All properties")],
        widget=SelectWidget(),
    )
    is_internal = forms.BooleanField(
        label="Internal names and values",
        required=False,
        help_text="For programs; people want labels.",
    )


@bulk_actions.register
class Export(BulkAction):
    """They are written into a file, which waits for you under Exports. Nothing changes."""

    name = "export"
    order = 10
    label = "Export"
    button = "Export"
    icon = "download"
    most_records = 10_000_000
    verb = access.Verb.VIEW
    switch = EXPORT
    form_class = ExportForm

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        user = get_user_model().objects.get(pk=selection.rights.user_id or 0)
        job = exporting.start(
            exporting.Wanted(
                object_type=selection.kind.type_id,
                records=selection.records,
                property_names=_names(selection, given["extent"]),
                name=given["title"] or selection.kind.plural_label,
                file_format=ExportJob.Format(given["file_format"]),
                is_internal=given["is_internal"],
            ),
            user,
        )
        return format_html(
            'The export of {} is on its way. <a href="{}">Watch it</a>',
            selection.named(job.total_rows),
            reverse("admin:crm_exportjob_change", args=[job.pk]),
        )


def _names(selection: Selection, extent: str) -> list[str]:
    """The properties to export that the user may see, the record ID first."""
    kind = selection.kind
    definitions = load(kind.type_id)
    names = kind.list_columns if extent == SHOWN else definitions
    levels = selection.rights.levels(kind.type_id)
    seen = [name for name in names if levels.get(name) != access.Level.NONE]
    return ["hs_object_id", *(name for name in seen if name in definitions)]


@admin.register(ExportJob)
class ExportJobAdmin(ModelAdmin[ExportJob]):
    """Exports, newest first; one begins in a list of records."""

    empty_text = "Choose records in a list, then Export, and the file waits here for 30 days."

    list_display = ["name", "contents", "progress", "rows", "format", "user", "created_at"]
    list_select_related = ["user"]
    ordering = ["-pk"]
    list_per_page = 50

    @display(description="Contents")
    def contents(self, job: ExportJob) -> str:
        return objects.get(job.object_type).plural_label

    @display(description="State")
    def progress(self, job: ExportJob) -> str:
        return state_chip(job)

    @display(description="Rows")
    def rows(self, job: ExportJob) -> str:
        return f"{job.done_rows:,} of {job.total_rows:,}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[ExportJob]:
        found = super().get_queryset(request)
        everything = access.of(request.user).is_unlimited
        return found if everything else found.filter(user=request.user.pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        # An export begins with chosen records.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ExportJob | None = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        job = self._job(request, object_id or "")
        return self._respond(request, job, "admin/crm/export_job.html")

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("<int:job_id>/progress/", wrap(self.progress_view), name="crm_exportjob_progress"),
            path("<int:job_id>/file/", wrap(self.file_view), name="crm_exportjob_file"),
            path(
                "<int:job_id>/cancel/",
                wrap(require_POST(self.cancel_view)),
                name="crm_exportjob_cancel",
            ),
        ]
        return own + super().get_urls()

    def _job(self, request: HttpRequest, object_id: str | int) -> ExportJob:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not str(object_id).isdecimal():
            raise Http404
        return get_object_or_404(self.get_queryset(request), pk=object_id)

    def progress_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        job = self._job(request, job_id)
        return self._respond(request, job, "admin/crm/export_progress.html")

    def file_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        job = self._job(request, job_id)
        if not job.file:
            raise Http404
        name = f"{job.name}.{job.format.lower()}"
        return FileResponse(job.file.open("rb"), as_attachment=True, filename=name)

    def cancel_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        exporting.cancel(self._job(request, job_id))
        return HttpResponseRedirect(reverse("admin:crm_exportjob_change", args=[job_id]))

    def _respond(self, request: HttpRequest, job: ExportJob, template: str) -> TemplateResponse:
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": job.name,
            "job": job,
            "kind": objects.get(job.object_type),
            "chip": state_chip(job),
            "is_open": job.state in exporting.OPEN,
            "percent": 100 * job.done_rows // job.total_rows if job.total_rows else 100,
        }
        return TemplateResponse(request, template, context)


def state_chip(job: ExportJob) -> str:
    label = ExportJob.State(job.state).label
    return format_html('<span class="co-chip co-{}">{}</span>', TONES[job.state], label)
