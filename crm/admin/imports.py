"""Importing a CSV file in the browser: upload, check the columns, watch it run."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.files.storage import default_storage
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

from crm import access, events
from crm.admin.overview import own_imports
from crm.admin.values import definitions_of
from crm.admin_theme import FileWidget, ModelAdmin, SelectWidget, display
from crm.imports import job as jobs
from crm.imports.preview import Preview, preview
from crm.imports.reading import UnreadableFile
from crm.models import ImportJob
from crm.objects import base as objects

#: Where a file waits between upload and start; its name is kept in the session.
WAITING = "import_waiting"
TONES = {
    "WAITING": "grey",
    "RUNNING": "blue",
    "DONE": "green",
    "FAILED": "rose",
    "CANCELLED": "grey",
}


class UploadForm(forms.Form):
    object_type = forms.ChoiceField(
        label="What the rows are",
        choices=lambda: [(kind.type_id, kind.plural_label) for kind in objects.in_order()],
        widget=SelectWidget(),
    )
    file = forms.FileField(
        label="CSV file",
        widget=FileWidget(attrs={"accept": ".csv,.txt,text/csv"}),
        help_text="With headings in the first line, such as an export of HubSpot. "
        "Contacts are recognised by their email address.",
    )


@admin.register(ImportJob)
class ImportJobAdmin(ModelAdmin[ImportJob]):
    """Imports, newest first; one is started with "Add"."""

    empty_text = "Bring in a CSV file: headings are recognised, bad rows come back with the reason."

    list_display = ["file_name", "contents", "progress", "result", "user", "created_at"]
    list_select_related = ["user"]
    ordering = ["-pk"]
    list_per_page = 50

    @display(description="Contents")
    def contents(self, job: ImportJob) -> str:
        return objects.get(job.object_type).plural_label

    @display(description="State")
    def progress(self, job: ImportJob) -> str:
        return state_chip(job)

    @display(description="Result")
    def result(self, job: ImportJob) -> str:
        return (
            f"{job.created_records:,} created, {job.updated_records:,} updated,"
            f" {job.rejected_rows:,} rejected"
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportJob]:
        return own_imports(super().get_queryset(request), access.of(request.user))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def has_delete_permission(self, request: HttpRequest, obj: ImportJob | None = None) -> bool:
        # Histories refer to imports.
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if object_id is None:
            return self._upload(request)
        return self._page(request, self._job(request, object_id))

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("columns/", wrap(self.columns_view), name="crm_importjob_columns"),
            path("<int:job_id>/progress/", wrap(self.progress_view), name="crm_importjob_progress"),
            path(
                "<int:job_id>/cancel/",
                wrap(require_POST(self.cancel_view)),
                name="crm_importjob_cancel",
            ),
            path("<int:job_id>/rejects/", wrap(self.rejects_view), name="crm_importjob_rejects"),
        ]
        return own + super().get_urls()

    def _job(self, request: HttpRequest, object_id: str | int) -> ImportJob:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not str(object_id).isdecimal():
            raise Http404
        return get_object_or_404(self.get_queryset(request), pk=object_id)

    def _upload(self, request: HttpRequest) -> HttpResponse:
        """Step 1: the file is kept until its columns are confirmed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        given = {"object_type": request.GET.get("object_type", "0-1")}
        form = UploadForm(request.POST or None, request.FILES or None, initial=given)
        if form.is_valid():
            file = form.cleaned_data["file"]
            try:
                preview(file.file, form.cleaned_data["object_type"])
            except UnreadableFile as error:
                form.add_error("file", str(error))
            else:
                file.seek(0)
                _forget(request)
                kept = default_storage.save(f"imports/waiting/{uuid.uuid4().hex}.csv", file)
                request.session[WAITING] = {
                    "path": kept,
                    "name": file.name,
                    "object_type": form.cleaned_data["object_type"],
                }
                return HttpResponseRedirect(reverse("admin:crm_importjob_columns"))
        context = {"title": "Import a file", "form": form, "step": 1}
        return self._respond(request, "admin/crm/import_upload.html", context)

    def columns_view(self, request: HttpRequest) -> HttpResponse:
        """Step 2: which column goes into which property; then the import starts."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        kept = request.session.get(WAITING)
        if not kept or not default_storage.exists(kept["path"]):
            return HttpResponseRedirect(reverse("admin:crm_importjob_add"))
        mapping = _mapping(request) if request.method == "POST" else None
        with default_storage.open(kept["path"]) as file:
            try:
                if mapping is not None and "start" in request.POST:
                    return self._start(request, file, kept, mapping)
                seen = preview(file, kept["object_type"], mapping)
            except UnreadableFile as error:
                seen = None
                message = str(error)
            else:
                message = ""
        context = {
            "title": f"Import {kept['name']}",
            "step": 2,
            "error": message,
            "kind": objects.get(kept["object_type"]),
            **(_columns(request, seen, kept["object_type"]) if seen else {}),
        }
        return self._respond(request, "admin/crm/import_columns.html", context)

    def _start(
        self, request: HttpRequest, file: Any, kept: dict[str, str], mapping: dict[str, str]
    ) -> HttpResponse:
        job = jobs.start(
            file, kept["object_type"], request.user.pk, name=kept["name"], mapping=mapping
        )
        events.ring("imports")
        _forget(request)
        return HttpResponseRedirect(reverse("admin:crm_importjob_change", args=[job.pk]))

    def _page(self, request: HttpRequest, job: ImportJob) -> HttpResponse:
        context = {"title": job.file_name, **_progress(job)}
        return self._respond(request, "admin/crm/import_job.html", context)

    def progress_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        context = _progress(self._job(request, job_id))
        return self._respond(request, "admin/crm/import_progress.html", context)

    def cancel_view(self, request: HttpRequest, job_id: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        jobs.cancel(self._job(request, job_id))
        return HttpResponseRedirect(reverse("admin:crm_importjob_change", args=[job_id]))

    def rejects_view(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        job = self._job(request, job_id)
        if not job.rejects_file:
            raise Http404
        name = f"rejected rows of {job.file_name}"
        return FileResponse(
            job.rejects_file.open("rb"), as_attachment=True, filename=name, content_type="text/csv"
        )

    def _respond(
        self, request: HttpRequest, template: str, context: dict[str, Any]
    ) -> TemplateResponse:
        site = self.admin_site.each_context(request)
        return TemplateResponse(request, template, {**site, "opts": self.opts, **context})


def state_chip(job: ImportJob) -> str:
    label = ImportJob.State(job.state).label
    return format_html('<span class="co-chip co-{}">{}</span>', TONES[job.state], label)


def _forget(request: HttpRequest) -> None:
    kept = request.session.pop(WAITING, None)
    if kept:
        default_storage.delete(kept["path"])


def _mapping(request: HttpRequest) -> dict[str, str]:
    """Heading -> property name, from the pairs of fields heading-0, property-0 ..."""
    given = request.POST
    places = [name.removeprefix("heading-") for name in given if name.startswith("heading-")]
    return {
        given[f"heading-{place}"]: given[f"property-{place}"]
        for place in places
        if given.get(f"property-{place}")
    }


def _columns(request: HttpRequest, seen: Preview, type_id: str) -> dict[str, Any]:
    definitions = definitions_of(request, type_id).values()
    writable = [item for item in definitions if not (item.is_read_only or item.column)]
    columns = [
        {
            "place": column.place,
            "heading": column.heading,
            "name": column.name,
            "note": column.note,
            "samples": [
                row[column.place]
                for row in seen.first_rows[:3]
                if column.place < len(row) and row[column.place]
            ],
        }
        for column in seen.columns
    ]
    return {
        "seen": seen,
        "columns": columns,
        "properties": sorted(writable, key=lambda item: item.label),
    }


def _progress(job: ImportJob) -> dict[str, Any]:
    is_open = job.state in (ImportJob.State.WAITING, ImportJob.State.RUNNING)
    return {
        "job": job,
        "kind": objects.get(job.object_type),
        "chip": state_chip(job),
        "is_open": is_open,
        "remarks": [line for line in job.message.splitlines() if line],
        "percent": 100 * job.done_rows // job.total_rows if job.total_rows else 0,
    }
