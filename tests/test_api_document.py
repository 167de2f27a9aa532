"""The OpenAPI document: complete, valid, and served."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from crm.api import document
from crm.api.components import Components, UnknownShape
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
