"""The OpenAPI document: complete, valid, and served."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from crm.api import document
from crm.api.components import Components, UnknownShape
from crm.api.describing import described
from crm.api.endpoint import Endpoint
from crm.api.routing import UnknownAddress
from crm.api.shapes.base import Batch, Page
from crm.api.shapes.owners import Owner


def test_the_document_is_served_to_whoever_asks(client: Client) -> None:
    answer = client.get("/api/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json; charset=utf-8")
    served: dict[str, Any] = json.loads(answer.content)
    assert served == document.build()
    assert served["openapi"] == "3.1.0"


def test_every_reference_leads_somewhere() -> None:
    found = document.build()
    text = json.dumps(found)
    references = {part.partition('"')[0] for part in text.split('"$ref": "')[1:]}
    assert references
    for reference in references:
        place = found
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place


def test_shapes_of_shapes_have_names_of_their_own() -> None:
    made = Components()
    assert made.schema(Page[Owner]) == {"$ref": "#/components/schemas/OwnerPage"}
    results = made.schemas["OwnerPage"]["properties"]["results"]
    assert results == {"type": "array", "items": {"$ref": "#/components/schemas/Owner"}}
    assert made.schema(Batch[Owner]) == {"$ref": "#/components/schemas/OwnerBatch"}
    assert made.schemas["OwnerBatch"]["required"] == [
        "status", "results", "startedAt", "completedAt",
    ]  # fmt: skip
    assert made.schemas["OwnerPage"]["required"] == ["results"]


def test_a_type_that_is_no_json_is_refused() -> None:
    with pytest.raises(UnknownShape):
        Components().schema(set[str])


def test_every_method_of_every_route_is_described() -> None:
    endpoints = [
        (route, view)
        for route, view in routes(get_resolver().url_patterns)
        if issubclass(view, Endpoint) and view is not UnknownAddress
    ]
    assert len(endpoints) > 30
    missing = [
        f"{method} {route}"
        for route, view in endpoints
        for method in view().allowed_methods
        if method != "OPTIONS" and described(view, method) is None
    ]
    assert not missing


def routes(patterns: list[Any], prefix: str = "") -> Iterator[tuple[str, type]]:
    """Every address with the class that answers there."""
    for item in patterns:
        address = prefix + str(item.pattern)
        if isinstance(item, URLResolver):
            yield from routes(item.url_patterns, address)
        elif hasattr(item.callback, "view_class"):
            yield address, item.callback.view_class
