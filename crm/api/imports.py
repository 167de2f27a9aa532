"""Imports of files: /crm/v3/imports (A-139, A-140)."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import QuerySet
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from crm import events, properties
from crm.access import Verb
from crm.access_switches import IMPORT
from crm.api import import_requests, paging, scopes, wire
from crm.api.describing import describe, paged
from crm.api.endpoint import Endpoint
from crm.api.errors import ApiError, Forbidden, NotFound, TooLarge
from crm.api.errors import UnsupportedMediaType as WrongMediaType
from crm.api.import_requests import FileRequest
from crm.api.rules import Rule
from crm.api.shapes import imports as shapes
from crm.api.shapes.base import Page
from crm.api.values import as_moment
from crm.changes import SourceKind
from crm.imports import complaints
from crm.imports import job as jobs
from crm.imports.reading import LARGEST_FILE, UnreadableFile
from crm.lists import editing
from crm.models import ImportJob, List
from crm.objects.base import ObjectType

PAGE, MOST = 10, 100
ERRORS_PAGE = 100
#: HubSpot's words for our states.
STATES = {
    ImportJob.State.WAITING: "STARTED",
    ImportJob.State.RUNNING: "PROCESSING",
    ImportJob.State.DONE: "DONE",
    ImportJob.State.FAILED: "FAILED",
    ImportJob.State.CANCELLED: "CANCELED",
}
#: In which order the states of several files make up that of their import.
WORST_FIRST: tuple[shapes.ImportState, ...] = (
    "PROCESSING",
    "STARTED",
    "CANCELED",
    "FAILED",
    "DONE",
)


class ImportEndpoint(Endpoint):
    rule = Rule(read=IMPORT, write=IMPORT)

    def imports(self) -> QuerySet[ImportJob]:
        """The first jobs of all imports, with the others at hand."""
        scopes.require(self.token, (scopes.IMPORT,))
        found = ImportJob.objects.filter(part_of=None).prefetch_related("parts")
        return found if self.rights.is_unlimited else found.filter(user=self.token.user)

    def one(self, key: str) -> ImportJob:
        number = wire.record_id(key)
        found = self.imports().filter(pk=number).first() if number is not None else None
        if found is None:
            raise NotFound(f"There is no import {key[:40]}.")
        return found


class Imports(ImportEndpoint):
    parser_classes = (MultiPartParser,)

    @describe("List the imports, newest first", answer=Page[shapes.Import], query=paged(PAGE, MOST))
    def get(self, request: Request) -> Response:
        limit, after = self.query.limit(PAGE, MOST), self.query.after()
        found = self.imports().order_by("-pk")
        if after:
            found = found.filter(pk__lt=after)
        rows = list(found[: limit + 1])
        answer: dict[str, Any] = {"results": [shown(job) for job in rows[:limit]]}
        if len(rows) > limit:
            answer["paging"] = paging.next_page(request, rows[limit - 1].pk)
        return Response(answer)

    @describe(
        "Start an import",
        body=shapes.ImportForm,
        answer=shapes.Import,
        media_type="multipart/form-data",
    )
    def post(self, request: Request) -> Response:
        scopes.require(self.token, (scopes.IMPORT,))
        asked = import_requests.read(_request_part(request))
        for file in asked.files:
            self._require_writing(self.kind(file.object_type, scopes.WRITE))
        uploads = self._uploads(request)
        with transaction.atomic():
            first = self._start(asked, uploads)
            events.ring("imports")
        return Response(shown(first))

    def _require_writing(self, kind: type[ObjectType]) -> None:
        if not self.rights.may(kind.type_id, Verb.EDIT):
            raise Forbidden(f"The user of this token may not import {kind.plural_label.lower()}.")

    def _uploads(self, request: Request) -> dict[str, UploadedFile[Any]]:
        uploads = {file.name: file for file in request.FILES.getlist("files") if file.name}
        if any((file.size or 0) > LARGEST_FILE for file in uploads.values()):
            raise TooLarge(f"A file is larger than {LARGEST_FILE // 1024 // 1024} MB.")
        return uploads

    def _start(
        self, asked: import_requests.ImportRequest, uploads: dict[str, UploadedFile[Any]]
    ) -> ImportJob:
        first: ImportJob | None = None
        target = self._list(asked)
        for file in asked.files:
            upload = uploads.get(file.name)
            if upload is None and len(uploads) == len(asked.files) == 1:
                # Some clients send every file under a name of their own.
                [upload] = uploads.values()
            if upload is None:
                raise ApiError(f"The file {file.name[:100]} is not among the files sent.")
            job = self._job(upload, file, asked, first, target)
            first = first or job
        assert first is not None, "a request without files has been refused"
        return first

    def _list(self, asked: import_requests.ImportRequest) -> List | None:
        if not asked.makes_list:
            return None
        kind = asked.files[0].object_type
        try:
            manual = List.ProcessingType.MANUAL.value
            return editing.create(asked.name, kind, manual, user=self.token.user)
        except editing.InvalidList as error:
            raise ApiError(error.text) from None

    def _job(
        self,
        upload: UploadedFile[Any],
        file: FileRequest,
        asked: import_requests.ImportRequest,
        first: ImportJob | None,
        target: List | None,
    ) -> ImportJob:
        joins = target if target and target.object_type == file.object_type else None
        try:
            return jobs.start(
                upload,
                file.object_type,
                self.token.user_id,
                name=file.name,
                mapping=file.mapping,
                options=file.options,
                origin=SourceKind.API.value,
                static_list=joins,
                part_of=first,
            )
        except UnreadableFile as error:
            raise ApiError(f"{file.name[:100]}: {error}") from error


class OneImport(ImportEndpoint):
    @describe("Read an import", answer=shapes.Import)
    def get(self, request: Request, key: str) -> Response:
        return Response(shown(self.one(key)))


class Cancel(ImportEndpoint):
    @describe("Cancel an import", answer=shapes.Cancelled)
    def post(self, request: Request, key: str) -> Response:
        first = self.one(key)
        for job in (first, *first.parts.all()):
            jobs.cancel(job)
        first = self.one(key)
        return Response(
            {
                "status": "CANCELED",
                "startedAt": as_moment(first.created_at),
                "completedAt": as_moment(first.finished_at or first.updated_at),
            }
        )


class Errors(ImportEndpoint):
    @describe(
        "List the rows that were not imported",
        answer=Page[shapes.RejectedRow],
        query=paged(ERRORS_PAGE, ERRORS_PAGE),
    )
    def get(self, request: Request, key: str) -> Response:
        first = self.one(key)
        limit, after = self.query.limit(ERRORS_PAGE, ERRORS_PAGE), self.query.after()
        found = [
            (job, complaint)
            for job in (first, *first.parts.all())
            for complaint in complaints.read(
                job, properties.load(job.object_type), limit=after + limit + 1
            )
        ]
        page = found[after : after + limit]
        results = [
            _shown_error(job, complaint, after + number)
            for number, (job, complaint) in enumerate(page)
        ]
        answer: dict[str, Any] = {"results": results}
        if len(found) > after + limit:
            answer["paging"] = paging.next_page(request, after + limit)
        return Response(answer)


def _shown_error(
    job: ImportJob, complaint: complaints.Complaint, number: int
) -> shapes.RejectedRow:
    return {
        "id": f"{job.pk}-{number}",
        "createdAt": round(job.updated_at.timestamp() * 1000),
        "errorType": complaint.error_type,
        "errorMessage": complaint.reason,
        "objectTypeId": job.object_type,
        "sourceData": {
            "rowData": list(complaint.cells),
            "lineNumber": complaint.line,
            "fileId": job.pk,
            "containsEncryptedProperties": False,
        },
    }


def shown(first: ImportJob) -> shapes.Import:
    """An import with the numbers of all its files."""
    jobs_ = [first, *first.parts.all()]
    states = {STATES[ImportJob.State(job.state)] for job in jobs_}
    lists = {job.static_list_id for job in jobs_ if job.static_list_id}
    return {
        "id": str(first.pk),
        "state": next(state for state in WORST_FIRST if state in states),
        "createdAt": as_moment(first.created_at),
        "updatedAt": as_moment(max(job.updated_at for job in jobs_)),
        "optOutImport": False,
        "importName": str(first),
        "importSource": "API" if first.origin == SourceKind.API.value else "CRM_UI",
        "mappedObjectTypeIds": sorted({job.object_type for job in jobs_}),
        "metadata": {
            "counters": _counters(jobs_),
            "fileIds": [str(job.pk) for job in jobs_],
            "objectLists": [
                {"listId": str(pk), "objectType": first.object_type} for pk in sorted(lists)
            ],
        },
    }


def _counters(jobs_: list[ImportJob]) -> dict[str, int]:
    created = sum(job.created_records for job in jobs_)
    updated = sum(job.updated_records for job in jobs_)
    return {
        "TOTAL_ROWS": sum(job.total_rows for job in jobs_),
        "CREATED_OBJECTS": created,
        "UPDATED_OBJECTS": updated,
        "UNIQUE_OBJECTS_WRITTEN": created + updated,
        "ERRORS": sum(job.rejected_rows for job in jobs_),
    }


def _request_part(request: Request) -> Any:
    """The JSON of the part importRequest, sent as a field or as a file."""
    try:
        part = request.POST.get("importRequest") or request.FILES.get("importRequest")
    except UnsupportedMediaType:
        raise WrongMediaType("The body must be multipart/form-data.") from None
    except ParseError as error:
        raise ApiError(f"The body cannot be read: {error.detail}") from None
    if part is None:
        raise ApiError("The part importRequest is missing.")
    raw = part.read() if isinstance(part, UploadedFile) else str(part).encode()
    wire.check_size(raw)
    return wire.parse(raw)
