"""Whether answers of the API are what their descriptions say."""

from __future__ import annotations

import copy
import json
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs
from django.urls import Resolver404, resolve

from crm.api import document, routing

Json = dict[str, Any]


@cache
def _closed() -> Json:
    """The components of the document; in answers no key may be there that is not described."""
    components: Json = copy.deepcopy(document.build()["components"])
    for schema in components["schemas"].values():
        schema["additionalProperties"] = False
    return components


@cache
def _validator(schema: str) -> Any:
    return jsonschema_rs.Draft202012Validator(
        json.loads(schema) | {"components": _closed()}, validate_formats=True
    )


def operation(method: str, address: str) -> Json | None:
    """The description of the operation that serves an address, None when there is none."""
    path = urlsplit(address).path
    try:
        match = resolve(routing.undated(path) or path)
    except Resolver404:
        return None
    described = document.build()["paths"].get(document.template(match.route), {})
    found: Json | None = described.get(method.lower())
    return found


def check(method: str, address: str, status: int, body: Any) -> None:
    """Assert that the answer to a request is described."""
    found = operation(method, address)
    if found is None:
        return
    response = found["responses"].get(str(status))
    assert response is not None, f"{method} {address}: {status} is not described: {body}"
    if "$ref" in response:
        response = document.build()["components"]["responses"][response["$ref"].split("/")[-1]]
    content = response.get("content")
    if content is None:
        assert body is None, f"{method} {address}: {status} has a body: {body}"
        return
    schema = content["application/json"]["schema"]
    errors = list(_validator(json.dumps(schema)).iter_errors(body))
    assert not errors, f"{method} {address}: {status}\n" + "\n".join(map(str, errors))


def check_error(body: Any) -> None:
    """Assert that the body of an error is the envelope."""
    _validator(json.dumps({"$ref": "#/components/schemas/Error"})).validate(body)
