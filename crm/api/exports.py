"""Exports of records into files: /crm/v3/exports (A-141)."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.core.signing import BadSignature, TimestampSigner
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access_switches import EXPORT
from crm.api import scopes, search, wire
from crm.api.describing import describe
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, NotFound
from crm.api.rules import Rule
from crm.api.shapes import imports as shapes
from crm.api.values import as_moment
from crm.api.wire import Fields
from crm.exports import job as exporting
from crm.models import ExportJob, List
from crm.objects.base import ObjectType
from crm.sql import SQL, sql

#: Seconds for which a link to a file works without a token.
LINK_SECONDS = 3600
SIGNER = TimestampSigner(salt="crm.api.exports")
STATES: dict[ExportJob.State, shapes.ExportState] = {
    ExportJob.State.WAITING: "PENDING",
    ExportJob.State.RUNNING: "PROCESSING",
    ExportJob.State.DONE: "COMPLETE",
    ExportJob.State.FAILED: "CANCELED",
    ExportJob.State.CANCELLED: "CANCELED",
}
LIST, VIEW = "LIST", "VIEW"
INTERNAL = {"NAMES", "VALUES"}


class Start(search.Searching):
    """An export of the members of a list, or of what a search finds."""

    rule = Rule(read=EXPORT, write=EXPORT)

    @describe("Start an export", body=shapes.ExportRequest, answer=shapes.StartedExport, status=202)
    def post(self, request: Request) -> Response:
        scopes.require(self.token, (scopes.EXPORT,))
        body = self.body()
        kind = self.kind(body.text("objectType"), scopes.READ)
        try:
            job = exporting.start(
                exporting.Wanted(
                    object_type=kind.type_id,
                    records=self._select(kind, body),
                    property_names=body.texts("objectProperties"),
                    name=body.text("exportName", "").strip() or f"All {kind.plural_label.lower()}",
                    file_format=_format(body),
                    is_internal=bool(INTERNAL & set(body.texts("exportInternalValuesOptions"))),
                ),
                self.token.user,
            )
        except ValidationError as error:
            raise ApiError(" ".join(error.messages)) from None
        link = reverse("export_status", args=[job.pk])
        answer: shapes.StartedExport = {
            "id": str(job.pk),
            "links": {"status": request.build_absolute_uri(link)},
        }
        return Response(answer, status=202)

    def _select(self, kind: type[ObjectType], body: Fields) -> SQL:
        """A SELECT of (record_id)."""
        export_type = body.text("exportType")
        if export_type not in (LIST, VIEW):
            raise ApiError(f"exportType must be {LIST} or {VIEW}.")
        request = body.object("publicCrmSearchRequest")
        wanted = self.wanted(kind, self.rights.definitions(kind.type_id), request)
        select = sql("SELECT r.id AS record_id FROM crm_record r WHERE {wanted}", wanted=wanted)
        if export_type == VIEW:
            return select
        return sql(
            "{select} AND r.id IN (SELECT m.record_id FROM crm_listmembership m"
            " WHERE m.list_id = {list})",
            select=select,
            list=_list(kind, body).pk,
        )


def _list(kind: type[ObjectType], body: Fields) -> List:
    key = body.text("listId")
    number = wire.record_id(key) or 0
    found = List.objects.filter(pk=number, object_type=kind.type_id, archived_at=None).first()
    if found is None:
        raise ApiError(f"There is no list {key[:40]} of {kind.plural_label.lower()}.")
    return found


def _format(body: Fields) -> ExportJob.Format:
    name = body.text("format", "CSV").upper()
    if name not in ExportJob.Format:
        raise ApiError(f"format must be one of {', '.join(ExportJob.Format)}.")
    return ExportJob.Format(name)


class ExportEndpoint(Endpoint):
    rule = Rule(read=EXPORT, write=EXPORT)

    def one(self, key: str) -> ExportJob:
        scopes.require(self.token, (scopes.EXPORT,))
        number = wire.record_id(key)
        mine = Q() if self.rights.is_unlimited else Q(user=self.token.user)
        found = ExportJob.objects.filter(mine, pk=number).first() if number is not None else None
        if found is None:
            raise NotFound(f"There is no export {key[:40]}.")
        return found


class Status(ExportEndpoint):
    @describe("Read how far an export is", answer=shapes.ExportStatus)
    def get(self, request: Request, key: str) -> Response:
        job = self.one(key)
        answer: shapes.ExportStatus = {
            "status": STATES[ExportJob.State(job.state)],
            "startedAt": as_moment(job.created_at),
            "requestedAt": as_moment(job.created_at),
            "completedAt": as_moment(job.finished_at or job.created_at),
        }
        if job.file:
            link = reverse("export_download", args=[SIGNER.sign(str(job.pk))])
            answer["result"] = request.build_absolute_uri(link)
        if job.state == ExportJob.State.FAILED:
            answer["errors"] = [{"message": job.message}]
            answer["numErrors"] = 1
        return Response(answer)


class OneExport(ExportEndpoint):
    @describe("Read an export", answer=shapes.Export)
    def get(self, request: Request, key: str) -> Response:
        job = self.one(key)
        return Response(
            {
                "id": str(job.pk),
                "exportName": job.name,
                "exportState": STATES[ExportJob.State(job.state)],
                "objectType": job.object_type,
                "objectProperties": job.property_names,
                "recordCount": job.total_rows,
                "createdAt": as_moment(job.created_at),
                "updatedAt": as_moment(job.finished_at or job.created_at),
            }
        )


@require_safe
def download(request: HttpRequest, key: str) -> HttpResponseBase:
    """The file itself. The address is secret and works for an hour, so it needs no token."""
    try:
        number = SIGNER.unsign(key, max_age=LINK_SECONDS)
    except BadSignature:
        raise Http404("This link is not valid any more.") from None
    job = get_object_or_404(ExportJob.objects.exclude(file=""), pk=number)
    return file_of(job)


def file_of(job: ExportJob) -> FileResponse:
    name = f"{job.name}.{job.format.lower()}"
    return FileResponse(job.file.open("rb"), as_attachment=True, filename=name)
