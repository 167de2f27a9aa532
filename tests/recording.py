"""The examples of the OpenAPI document: calls that are made, and what was answered.

A story is a module in `tests/examples/` with `tell(call)`, which makes its calls one after the
other, on the test server. The first call of each operation is its example. Everything that differs
between two runs stands still: ids, moments and names of hosts.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.db import connection

from crm.api import document
from crm.features import API_BURST, API_DAILY
from crm.tests.api_world import Api, agree, new_api

MOMENT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SHOWN_MOMENT = "2026-03-02T09:30:00.000Z"
FIRST_ID = 1001
#: Moments that the database keeps from when it was made.
OTHER_MOMENT = re.compile(r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
RANDOM = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
#: What stands between the parts of a form.
BORDER = "example"

Json = dict[str, Any]

#: What an operation without a body is sent: nothing, as JSON.
NO_BODY: Json = {"content": {"application/json": {}}}


@dataclass
class Call:
    """Makes the calls of a story, and keeps the first one of each operation."""

    api: Api
    examples: Json = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        template: str,
        body: Any = None,
        query: Json | None = None,
        files: Json | None = None,
        **parts: Any,
    ) -> Any:
        """The answer to a request of an operation such as `GET`, `/crm/v3/owners/{key}`."""
        path = template.format(**parts) + (f"?{urlencode(query, doseq=True)}" if query else "")
        operation = document.build()["paths"][template][method.lower()]
        kind, raw = encoded(
            body, files, next(iter(operation.get("requestBody", NO_BODY)["content"]))
        )
        answer = self.api.raw(method, path, raw, **{"Content-Type": kind})
        assert str(answer.status) == min(operation["responses"]), (method, path, answer.body)
        example: Json = {"path": {name: str(part) for name, part in parts.items()}}
        example["query"] = query or {}
        if body is not None:
            example["request"] = body
        if answer.body is not None:
            example["answer"] = settled(answer.body)
        self.examples.setdefault(f"{method} {template}", example)
        return answer.body


def encoded(body: Any, files: Json | None, kind: str) -> tuple[str, bytes]:
    """A body on the wire: JSON, a form, or a form with files."""
    if kind == "application/x-www-form-urlencoded":
        return kind, urlencode(body).encode()
    if files is None:
        return "application/json", b"" if body is None else json.dumps(body).encode()
    parts = [
        (f'form-data; name="{name}"', json.dumps(value), "application/json")
        for name, value in body.items()
        if name != "files"
    ] + [
        (f'form-data; name="files"; filename="{name}"', text, "text/csv")
        for name, text in files.items()
    ]
    lines = [
        f"--{BORDER}\r\nContent-Disposition: {head}\r\nContent-Type: {kind}\r\n\r\n{text}\r\n"
        for head, text, kind in parts
    ]
    return f"multipart/form-data; boundary={BORDER}", "".join(
        [*lines, f"--{BORDER}--\r\n"]
    ).encode()


def settled(value: Any) -> Any:
    """An answer without what differs between two runs."""
    if isinstance(value, dict):
        return {name: settled(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [settled(inner) for inner in value]
    if isinstance(value, str):
        if OTHER_MOMENT.match(value):
            return value if value.startswith(SHOWN_MOMENT[:10]) else SHOWN_MOMENT
        return value.replace("http://testserver", "https://crm.example.com")
    return value


def storyteller() -> Call:
    """A call on an account whose next ids are known."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(sequencename) FROM pg_sequences WHERE schemaname='public'"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"ALTER SEQUENCE {name} RESTART WITH {FIRST_ID}")
    api: Api = new_api()
    for limit in (API_BURST, API_DAILY):
        agree(limit, None)
    return Call(api)


def text_of(examples: Json) -> str:
    """The examples as they are kept; what is random in them is numbered instead."""
    text = json.dumps(examples, indent=1, ensure_ascii=False) + "\n"
    numbers: dict[str, int] = {}
    return RANDOM.sub(
        lambda found: f"00000000-0000-4000-8000-{numbers.setdefault(found[0], len(numbers)):012}",
        text,
    )


def path_of(story: str) -> Path:
    return document.EXAMPLES / f"{story}.json"
