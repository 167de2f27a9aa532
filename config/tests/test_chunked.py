"""Bodies without a length get one, up to a largest size."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from config import chunked
from config.chunked import ChunkedBodies
from crm.tests import conforming

Environ = dict[str, Any]


class Echo:
    """An application that tells what it was given."""

    def __init__(self) -> None:
        self.seen: list[tuple[str | None, bytes]] = []
        self.status = ""

    def __call__(self, environ: Environ, start_response: Any) -> list[bytes]:
        length = environ.get("CONTENT_LENGTH")
        self.seen.append((length, environ["wsgi.input"].read(int(length or 0))))
        start_response("200 OK", [])
        return [b"fine"]

    def start(self, status: str, headers: Any, failed: Any = None, /) -> Any:
        self.status = status

    def ask(self, body: bytes, **environ: Any) -> bytes:
        given = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True} | environ
        return b"".join(ChunkedBodies(self)(given, self.start))


CHUNKED = {"HTTP_TRANSFER_ENCODING": "Chunked"}


@pytest.mark.parametrize("size", [0, 1, chunked.PIECE, 3 * chunked.PIECE + 1, 2 * 2**20])
def test_a_body_in_chunks_has_its_length(size: int) -> None:
    echo, body = Echo(), b"x" * size
    assert echo.ask(body, **CHUNKED) == b"fine"
    assert echo.seen == [(str(size), body)]


@pytest.mark.parametrize(
    "environ",
    [
        {"CONTENT_LENGTH": "3"},
        CHUNKED | {"CONTENT_LENGTH": "3"},
        # A server that does not say where such a body ends would be waited for endlessly.
        CHUNKED | {"wsgi.input_terminated": False, "CONTENT_LENGTH": "3"},
    ],
)
def test_other_bodies_are_left_alone(environ: Environ) -> None:
    echo = Echo()
    echo.ask(b"abcdef", **environ)
    assert echo.seen == [("3", b"abc")]


def test_without_a_server_that_knows_the_end_there_is_no_body() -> None:
    echo = Echo()
    echo.ask(b"abcdef", **CHUNKED | {"wsgi.input_terminated": False})
    assert echo.seen == [(None, b"")]


def test_a_body_in_chunks_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunked, "MOST_BYTES", 1000)
    echo = Echo()
    assert echo.ask(b"x" * 1000, **CHUNKED) == b"fine"
    answer = echo.ask(b"x" * 1001, **CHUNKED)
    assert (echo.status, len(echo.seen)) == ("413 Content Too Large", 1)
    conforming.check_error(json.loads(answer))
