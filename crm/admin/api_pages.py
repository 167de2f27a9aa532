"""The page that explains the API: the OpenAPI document, to be read by people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.text import slugify

from crm.api import document

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Explained:
    """An operation as the page shows it."""

    title: str
    text: str
    method: str
    address: str
    subject: str
    parameters: list[Json]
    request: str
    answer: str
    statuses: list[tuple[str, str]]


def respond(request: HttpRequest) -> HttpResponse:
    if not request.user.is_staff:
        raise PermissionDenied
    operations = list(explain(document.build()))
    subjects = {slugify(one.subject): one.subject for one in operations}
    chosen = request.GET.get("about") or next(iter(subjects))
    if chosen not in subjects:
        raise Http404
    context: Json = {
        **admin.site.each_context(request),
        "title": "API",
        "subjects": subjects,
        "chosen": chosen,
        "operations": [one for one in operations if one.subject == subjects[chosen]],
    }
    return TemplateResponse(request, "admin/crm/api.html", context)


def explain(described: Json) -> Iterator[Explained]:
    """The operations of a document, subject by subject."""
    found = [
        _explained(described, method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    yield from sorted(found, key=lambda one: one.subject)


def _explained(described: Json, method: str, path: str, operation: Json) -> Explained:
    sent: Json = next(iter(operation.get("requestBody", {}).get("content", {}).values()), {})
    success = operation["responses"][min(operation["responses"])]
    answered = success.get("content", {}).get("application/json", {})
    return Explained(
        title=operation["summary"],
        text=operation.get("description", ""),
        method=method.upper(),
        address=path,
        subject=operation["tags"][0],
        parameters=[_parameter(one) for one in operation["parameters"]],
        request=_shown(sent.get("example")),
        answer=_shown(answered.get("example")),
        statuses=[
            (code, _response(described, response)["description"])
            for code, response in operation["responses"].items()
        ],
    )


def _parameter(described: Json) -> Json:
    schema = described["schema"]
    kind = " or ".join(map(str, schema["enum"])) if "enum" in schema else schema.get("type", "")
    return described | {"kind": kind, "place": described["in"]}


def _response(described: Json, response: Json) -> Json:
    if "$ref" not in response:
        return response
    found: Json = described["components"]["responses"][response["$ref"].rpartition("/")[2]]
    return found


def _shown(example: Any) -> str:
    return "" if example is None else json.dumps(example, indent=2, ensure_ascii=False)
