"""The OpenAPI document: every route with its description, and examples that were recorded."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry

from crm.api.addresses import PARTS
from crm.api.components import Components, Schema
from crm.api.describing import Operation, Parameter, described
from crm.api.shapes.base import Error

EXAMPLES = Path(__file__).with_name("examples")
SCHEME = "bearer"
DESCRIPTION = (
    "The API of this installation, in the shapes of HubSpot's. Addresses work with and without a"
    " slash at the end, and with a date instead of a version: `/crm/objects/2026-03/contacts` is"
    " `/crm/v3/objects/contacts`. Every request but the few that say otherwise carries a token:"
    " `Authorization: Bearer pat-...`. Keys that are not known are left alone."
)
#: What can go wrong, by status; which of them apply depends on the operation.
ERRORS: dict[int, tuple[str, str]] = {
    400: ("BadRequest", "Something in the request cannot be; the message says what to change."),
    401: ("Unauthenticated", "The token is missing, not known, or not valid any more."),
    403: ("Forbidden", "The token, its user or the plan does not allow this."),
    404: ("NotFound", "What is asked for is not there, or not for this token."),
    405: ("WrongMethod", "The address has no such method."),
    409: ("Conflict", "Something with this unique value is there already, or it was changed."),
    413: ("TooLarge", "The body is too large."),
    415: ("UnsupportedMediaType", "The body is of a type that is not read here."),
    429: ("TooManyRequests", "The limit of requests is reached; Retry-After says for how long."),
    500: ("InternalError", "Something went wrong here."),
}
OF_BODIES = (409, 413, 415)


class Registry(ComponentRegistry):
    """The components of our shapes instead of those of serializers."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes = Components()
        self.examples = load_examples()

    def build(self, extra_components: dict[str, Any]) -> dict[str, Any]:
        error = {"application/json": {"schema": self.shapes.schema(Error)}}
        return {
            "schemas": dict(sorted(self.shapes.schemas.items())),
            "responses": {
                name: {"description": text, "content": error} for name, text in ERRORS.values()
            },
            "securitySchemes": {SCHEME: {"type": "http", "scheme": "bearer"}},
        }


class Generator(SchemaGenerator):
    """Lists our routes without the slash at their end, which may be left out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self.registry = Registry()

    def coerce_path(self, path: str, method: str, view: Any) -> str:
        return path.rstrip("/")


class Described(AutoSchema):
    """Takes operations from what stands beside the methods; see crm.api.describing."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: Any
    ) -> Schema | None:
        operation = described(type(self.view), method)
        if operation is None:
            return None
        return _Drawn(path, method, type(self.view), operation, registry).document()


class _Drawn:
    """One operation on its way into the document."""

    def __init__(
        self, path: str, method: str, view: type, operation: Operation, registry: Registry
    ) -> None:
        self.path, self.method, self.view = path, method, view
        self.operation = operation
        self.schema = registry.shapes.schema
        self.example = registry.examples.get(f"{method} {path}", {})

    def document(self) -> Schema:
        made: Schema = {
            "operationId": re.sub(r"\W+", "_", f"{self.method.lower()}{self.path}").strip("_"),
            "summary": self.operation.title,
            "tags": [subject(self.view)],
            "parameters": [*self._parts(), *map(self._parameter, self.operation.query)],
            "responses": self._answers(),
        }
        text = inspect.getdoc(getattr(self.view, self.method.lower()))
        if text:
            made["description"] = text
        if self.operation.body is not None:
            made["requestBody"] = {"content": self._content(self.operation.body, "request")}
        if self.operation.needs_token:
            made["security"] = [{SCHEME: []}]
        return made

    def _parts(self) -> Iterator[Schema]:
        for name in re.findall(r"\{(\w+)\}", self.path):
            shape, text = PARTS[name]
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "description": text,
                "schema": self.schema(shape),
            } | self._shown("path", name)

    def _parameter(self, parameter: Parameter) -> Schema:
        return {
            "name": parameter.name,
            "in": "query",
            "description": parameter.text,
            "schema": self.schema(parameter.shape),
        } | self._shown("query", parameter.name)

    def _shown(self, place: str, name: str) -> Schema:
        found = self.example.get(place, {}).get(name)
        return {} if found is None else {"example": found}

    def _answers(self) -> Schema:
        operation = self.operation
        answers: Schema = {str(operation.status): self._answer(operation.answer, "answer")}
        if operation.partly is not None:
            answers["207"] = self._answer(operation.partly, "")
        for code in errors_of(operation):
            answers[str(code)] = {"$ref": f"#/components/responses/{ERRORS[code][0]}"}
        return answers

    def _answer(self, shape: Any, example: str) -> Schema:
        if shape is None:
            return {"description": "Done; there is nothing to tell."}
        text = "A part of it failed." if example == "" else "Done."
        return {"description": text, "content": self._content(shape, example, "application/json")}

    def _content(self, shape: Any, example: str, media_type: str = "") -> Schema:
        content: Schema = {"schema": self.schema(shape)}
        if example in self.example:
            content["example"] = self.example[example]
        return {media_type or self.operation.media_type: content}


def errors_of(operation: Operation) -> list[int]:
    """The statuses of the errors that an operation can end in."""
    left_out = {
        *(() if operation.needs_token else (401, 403)),
        *(() if operation.body is not None else OF_BODIES),
    }
    # There is no wrong method among those that are described.
    return [code for code in ERRORS if code not in left_out | {405}]


def template(route: str) -> str:
    """The address of a route as it stands in the document: `/crm/v3/owners/{key}`."""
    path: str = EndpointEnumerator().get_path_from_regex(route)  # type: ignore[no-untyped-call]
    return path.rstrip("/")


def subject(view: type) -> str:
    """What the endpoints of a module are about: the first words of its docstring."""
    text = sys.modules[view.__module__].__doc__ or ""
    return re.split(r"[:.,;]", text, maxsplit=1)[0].strip()


def load_examples() -> dict[str, Schema]:
    """The recorded examples by method and path."""
    found: dict[str, Schema] = {}
    for path in sorted(EXAMPLES.glob("*.json")):
        found |= json.loads(path.read_text())
    return found


@cache
def build() -> Schema:
    """The document. It depends on nothing but the code, so a process makes it once."""
    made: Schema = Generator().get_schema(public=True)  # type: ignore[no-untyped-call]
    made["info"] = {"title": "Cohort", "version": settings.VERSION, "description": DESCRIPTION}
    return made


@cache
def _text() -> bytes:
    return json.dumps(build(), ensure_ascii=False).encode()


def serve(request: HttpRequest) -> HttpResponse:
    """The document to whoever asks: it holds nothing of the account."""
    return HttpResponse(_text(), content_type="application/json; charset=utf-8")
