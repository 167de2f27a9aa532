"""The plain-text part of an email, made from its HTML."""

from __future__ import annotations

import re

from inscriptis import get_text
from inscriptis.model.config import ParserConfig

TOKEN = re.compile(r"\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
#: How inscriptis shows a link, and how we stand in for a token meanwhile.
LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
STAND_IN = re.compile("\ue000([0-9]+)\ue001")


def from_html(html: str) -> str:
    """`html` as text with the same tokens; a link becomes "its text: its address"."""
    if not html.strip():
        return ""
    tokens: list[str] = []

    def hide(token: re.Match[str]) -> str:
        tokens.append(token[0])
        return f"\ue000{len(tokens) - 1}\ue001"

    config = ParserConfig(display_links=True)
    text = LINK.sub(_link, get_text(TOKEN.sub(hide, html), config))
    lines = (line.rstrip() for line in text.splitlines())
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    return STAND_IN.sub(lambda found: tokens[int(found[1])], text)


def _link(found: re.Match[str]) -> str:
    text, address = found[1].strip(), found[2]
    bare = address.removeprefix("mailto:")
    if not text:
        return address
    return text if text in (address, bare) else f"{text}: {address}"
