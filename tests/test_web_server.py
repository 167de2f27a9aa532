"""What only the real web server does: bodies in chunks, and errors before Django."""

from __future__ import annotations

import pytest

from crm.models import Record
from crm.tests import conforming
from tests.conftest import Account
from tests.web_server import WebServer

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]

CONTACTS = "/crm/v3/objects/contacts"
BODY = b'{"properties": {"email": "chunked@example.com", "firstname": "Ana"}}'


def head(first: str, *more: str) -> bytes:
    lines = [first, "Host: localhost", "Content-Type: application/json", *more]
    return "\r\n".join([*lines, "", ""]).encode()


def chunks(body: bytes, size: int) -> bytes:
    """A body in chunks, as RFC 9112 7.1 has it."""
    pieces = [body[place : place + size] for place in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_requests_arrive_whole_or_are_refused_in_json(
    web_server: WebServer, account: Account
) -> None:
    token = f"Authorization: Bearer {account.secret}"
    start = head(f"POST {CONTACTS} HTTP/1.1", token, "Transfer-Encoding: chunked")
    status, _, body = web_server.send(start + chunks(BODY, 7))
    assert status == 201, body
    assert body["properties"]["firstname"] == "Ana"
    assert Record.objects.get().properties["email"] == "chunked@example.com"
    broken = {
        "a chunk without a size": start + b"nonsense\r\n",
        "no request line": b"nonsense\r\n\r\n",
        "a header that is none": head(f"GET {CONTACTS} HTTP/1.1", token, "no header"),
        "a very long address": head(f"GET {CONTACTS}?properties={'a' * 9000} HTTP/1.1", token),
        "a length beside chunks": head(
            f"POST {CONTACTS} HTTP/1.1", token, "Transfer-Encoding: chunked", "Content-Length: 5"
        ) + chunks(BODY, 7),
        "a host that is not ours": head(f"GET {CONTACTS} HTTP/1.1", token).replace(
            b"localhost", b"elsewhere.example"
        ),
        "more parameters than can be": head(
            f"GET {CONTACTS}?{'&'.join('a' * 1500)} HTTP/1.1", token
        ),
    }  # fmt: skip
    for what, raw in broken.items():
        status, headers, body = web_server.send(raw)
        assert 400 <= status < 500, (what, status, body)
        assert headers["content-type"] == "application/json; charset=utf-8", what
        conforming.check_error(body)
    assert Record.objects.count() == 1
    long = head(f"GET {CONTACTS}?properties={','.join(['firstname'] * 700)} HTTP/1.1", token)
    status, _, body = web_server.send(long)
    assert (status, body["results"][0]["properties"]["firstname"]) == (200, "Ana")
