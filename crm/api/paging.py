"""Pages: where the next one is, as an absolute address that repeats everything else."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from rest_framework.request import Request

from crm.api.shapes.base import Paging


def next_page(request: Request, after: int | str) -> Paging:
    """What stands under `paging` in an answer that is not the last."""
    return link_to(request.build_absolute_uri(), after)


def link_to(address: str, after: int | str) -> Paging:
    parts = urlsplit(address)
    kept = [text for text in parts.query.split("&") if text and not text.startswith("after=")]
    query = "&".join([*kept, urlencode({"after": after})])
    return {"next": {"after": str(after), "link": urlunsplit(parts._replace(query=query))}}
