"""Bodies that come in chunks, without a length: JavaScript sends uploads so (RFC 9112, 7.1).

Django reads as much as Content-Length says, which is nothing here. So a body in chunks is read
first, and goes on with its length.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from typing import IO, TYPE_CHECKING

from crm.api import errors
from crm.imports.reading import LARGEST_FILE

if TYPE_CHECKING:
    from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

#: A file for an import, and what the form around it needs.
MOST_BYTES = LARGEST_FILE + 1024 * 1024
#: What is kept in memory; the rest of larger bodies goes to a file.
IN_MEMORY = 1024 * 1024
PIECE = 64 * 1024


class ChunkedBodies:
    """A WSGI application around another that gives every body a length.

    A body larger than MOST_BYTES is answered with 413, in the envelope of the API.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self.application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not is_chunked(environ):
            return self.application(environ, start_response)
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as body:
            size = copy(environ["wsgi.input"], body)
            if size > MOST_BYTES:
                return too_large(start_response)
            body.seek(0)
            environ["wsgi.input"], environ["CONTENT_LENGTH"] = body, str(size)
            # Whoever reads the body has read it when the answer begins.
            return self.application(environ, start_response)


def is_chunked(environ: WSGIEnvironment) -> bool:
    """Whether the body has no length, and a server that knows where it ends nevertheless."""
    coding = environ.get("HTTP_TRANSFER_ENCODING", "").strip().lower()
    is_readable = bool(environ.get("wsgi.input_terminated"))
    return coding == "chunked" and is_readable and not environ.get("CONTENT_LENGTH")


def copy(source: InputStream, target: IO[bytes]) -> int:
    """How much has been copied: everything, or a bit more than MOST_BYTES."""
    size = 0
    while size <= MOST_BYTES and (piece := source.read(PIECE)):
        size += target.write(piece)
    return size


def too_large(start_response: StartResponse) -> list[bytes]:
    error = errors.TooLarge(f"The body is larger than {MOST_BYTES // 2**20} MB.")
    body = json.dumps(error.body() | {"correlationId": errors.new_correlation_id()}).encode()
    # Nobody reads the rest of it.
    headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    start_response("413 Content Too Large", headers)
    return [body]
