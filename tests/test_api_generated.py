"""Requests that are made of the OpenAPI document, fitting ones and broken ones.

None may end in a fault of ours, and every answer has to be one that the document describes: errors
in the envelope, everything else in its shape. `make fuzz` sends ten thousand.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from crm.api import document
from crm.features import API_BURST, API_DAILY
from crm.tests import conforming
from crm.tests.api_world import Api, agree, new_api

pytestmark = pytest.mark.django_db

#: How many requests are sent altogether, about.
REQUESTS = int(os.environ.get("GENERATED_REQUESTS", "1500"))
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
SCHEMA = schemathesis.openapi.from_dict(document.build())
OPERATIONS: dict[str, Any] = {
    found.ok().label: found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
}
PEOPLE = 5
#: Properties of contacts, one of each type.
NAMES = (
    "email", "hubspotscore", "closedate", "hs_email_optout", "lifecyclestage", "createdate",
    "hs_object_id", "firstname",
)  # fmt: skip


@pytest.fixture(scope="module")
def sent(request: pytest.FixtureRequest) -> Iterator[list[int]]:
    """The status of every answer; in the end the terminal says how many there were."""
    found: list[int] = []
    yield found
    by_class = {f"{kind}xx": sum(code // 100 == kind for code in found) for kind in (2, 4, 5)}
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        request.config.get_terminal_writer().line(
            f"\n{len(found):,} generated requests: {by_class}"
        )


@pytest.fixture
def api() -> Api:
    """An account with a bit of everything, whose records have small ids that are easily hit."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE crm_record_id_seq RESTART WITH 1")
    api: Api = new_api()
    for limit in (API_BURST, API_DAILY):
        agree(limit, None)
    contact = {"inputs": [{"properties": {"email": f"p{n}@example.com"}} for n in range(PEOPLE)]}
    api.made("/crm/v3/objects/contacts/batch/create", contact)
    for kind in ("companies", "deals", "tickets"):
        api.made(f"/crm/v3/objects/{kind}", {"properties": {}})
    return api


def can_be_broken(label: str) -> bool:
    """Whether a request can be wrong at all: no text is wrong for a name in an address."""
    described = OPERATIONS[label].definition.raw
    free = {"type": "string", "minLength": 1}
    return "requestBody" in described or any(
        parameter["schema"] != free for parameter in described["parameters"]
    )


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        (label, mode)
        for label in OPERATIONS
        for mode in MODES
        if mode is GenerationMode.POSITIVE or can_be_broken(label)
    ],
)
def test_every_answer_is_one_that_the_document_describes(
    api: Api, sent: list[int], label: str, mode: GenerationMode
) -> None:
    operation = OPERATIONS[label]
    keys = st.sampled_from([str(n) for n in range(1, PEOPLE + 4)])

    @settings(
        max_examples=max(REQUESTS // len(OPERATIONS) // len(MODES), 1),
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), key=st.none() | keys)
    def send(case: Case[Any], key: str | None) -> None:
        made = prepared(case, key)
        body = made.body or b""
        body = body.encode() if isinstance(body, str) else body
        assert isinstance(body, bytes)
        kind = str(made.headers.get("Content-Type", ""))
        answer = api.raw(str(made.method), made.path_url, body, **{"Content-Type": kind})
        sent.append(answer.status)
        assert answer.status < 500, (made.method, made.path_url, body, answer.body)
        if answer.status >= 400:
            conforming.check_error(answer.body)

    send()


def prepared(case: Case[Any], key: str | None) -> requests.PreparedRequest:
    """A case as it goes over the wire; `key` stands for the ids in it when there is one."""
    if key is not None:
        if isinstance(case.path_parameters, dict):
            for name in {"key", "to_key"} & case.path_parameters.keys():
                case.path_parameters[name] = key
        if isinstance(case.body, dict):
            case.body = grounded(case.body, key)
    arguments: dict[str, Any] = case.as_transport_kwargs(base_url="http://testserver")
    names = ("method", "url", "params", "data", "json", "headers", "files", "cookies")
    return requests.Request(
        **{name: arguments[name] for name in names if name in arguments}
    ).prepare()


def grounded(value: Any, key: str) -> Any:
    """A body with ids and names that exist, or it would never come far."""
    if isinstance(value, list):
        return [grounded(item, key) for item in value]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for name, inner in value.items():
        if name == "id":
            found[name] = key
        elif name == "propertyName":
            found[name] = NAMES[len(str(inner)) % len(NAMES)]
        elif name == "properties" and isinstance(inner, dict):
            found[name] = dict(zip(NAMES, inner.values(), strict=False))
        else:
            found[name] = grounded(inner, key)
    return found
