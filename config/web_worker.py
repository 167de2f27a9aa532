"""A web worker whose errors are JSON: what is wrong with a request before Django sees it."""

from __future__ import annotations

import json
from typing import Any

from gunicorn import util
from gunicorn.workers.gthread import ThreadWorker

from crm.api.errors import new_correlation_id


class Worker(ThreadWorker):  # type: ignore[misc] # it comes without types
    """Clients of the API fail over anything that is not their envelope, HTML above all."""

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        page = Page()
        super().handle_error(req, page, addr, exc)
        try:
            util.write_nonblock(client, as_json(page.raw))
        except OSError:
            self.log.debug("Failed to send error message.")


class Page:
    """Takes the answer that was meant for the socket."""

    def __init__(self) -> None:
        self.raw = b""

    def gettimeout(self) -> float:
        return 0.0

    def sendall(self, raw: bytes) -> None:
        self.raw += raw


def as_json(raw: bytes) -> bytes:
    """The same status, with HubSpot's envelope instead of a page."""
    line = raw.partition(b"\r\n")[0].decode("latin1")
    _, code, reason = line.split(" ", 2)
    body = json.dumps(
        {
            "status": "error",
            "message": f"The request could not be read: {reason}.",
            "correlationId": new_correlation_id(),
            "category": "INTERNAL_ERROR" if code.startswith("5") else "VALIDATION_ERROR",
        }
    )
    head = (
        f"{line}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return (head + body).encode("latin1")
