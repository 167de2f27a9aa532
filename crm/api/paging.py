"""Pages: where the next one is, as an absolute address that repeats everything else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from rest_framework.request import Request


def next_page(request: Request, after: int | str) -> dict[str, Any]:
    """What stands under `paging` in an answer that is not the last."""
    return link_to(request.build_absolute_uri(), after)


def link_to(address: str, after: int | str) -> dict[str, Any]:
    parts = urlsplit(address)
    kept = [text for text in parts.query.split("&") if text and not text.startswith("after=")]
    query = "&".join([*kept, urlencode({"after": after})])
    return {"next": {"after": str(after), "link": urlunsplit(parts._replace(query=query))}}
