"""Emails as they go out: compiled once per revision, filled in for each recipient.

Staff's text is never a Django template: see emails.syntax for what it may contain.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emails import escaping, headers, plain_text
from emails.syntax import Piece, TemplateError, Token, parse, place, unescape_tokens
from emails.tokens.base import Recipient, token_sources

#: The parts of an email that may contain tokens, in the order of the form.
PARTS = ("subject", "preview_text", "from_name", "html", "plain_text")
LONGEST_RESULT = 1_000_000
UNSUBSCRIBE = re.compile(r"\{\{\s*unsubscribe_link\b")

FOOTER_TEXT = "Unsubscribe: {{ unsubscribe_link }}"
FOOTER_HTML = (
    '<div style="margin:32px 0 16px;text-align:center;font:12px/1.5 sans-serif;color:#666666">'
    '<a href="{{ unsubscribe_link }}" style="color:#666666">Unsubscribe</a></div>'
)
PREVIEW_HTML = (
    '<div style="display:none;max-height:0;overflow:hidden;opacity:0">%s'
    # Keeps the text of the email out of the preview.
    + "&#847;&zwnj;&nbsp;" * 60
    + "</div>"
)
DOCUMENT = (
    '<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head>\n'
    "<body>\n%s\n</body>\n</html>\n"
)


class RenderError(Exception):
    """An email could not be made for one recipient."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """A compiled email: the pieces of each part."""

    subject: tuple[Piece, ...]
    from_name: tuple[Piece, ...]
    html: tuple[Piece, ...]
    plain_text: tuple[Piece, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            name: [piece if isinstance(piece, str) else piece.to_json() for piece in pieces]
            for name, pieces in vars(self).items()
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Content:
        return cls(
            **{
                name: tuple(
                    piece if isinstance(piece, str) else Token.from_json(piece) for piece in pieces
                )
                for name, pieces in stored.items()
            }
        )

    def names(self) -> frozenset[str]:
        """The names of all tokens."""
        parts = (self.subject, self.from_name, self.html, self.plain_text)
        return frozenset(
            piece.name for pieces in parts for piece in pieces if isinstance(piece, Token)
        )


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """An email for one recipient."""

    subject: str
    from_name: str
    html: str
    plain_text: str


def mistakes(source: Mapping[str, str]) -> dict[str, TemplateError]:
    """The first mistake of each part of an email, by part."""
    parsed: dict[str, list[Piece]] = {}
    found: dict[str, TemplateError] = {}
    for part in PARTS:
        try:
            parsed[part] = _parse(_template(source, part), is_html=part == "html")
        except TemplateError as error:
            found[part] = error
    for part, pieces in parsed.items():
        unknown = _unknown_token(_template(source, part), pieces)
        if unknown is not None:
            found[part] = unknown
    return found


def compile_content(source: Mapping[str, str]) -> Content:
    """The pieces of an email; raises the first TemplateError in it."""
    for error in mistakes(source).values():
        raise error
    return Content(
        subject=tuple(parse(source["subject"])),
        from_name=tuple(parse(source.get("from_name", ""))),
        html=tuple(_parse(unescape_tokens(_whole_html(source)), is_html=True)),
        plain_text=tuple(parse(_whole_text(source))),
    )


def render(content: Content, values: Mapping[str, str]) -> Rendered:
    """Fill in one email; raises RenderError."""
    return Rendered(
        subject=headers.clean(_fill(content.subject, values)),
        from_name=headers.clean(_fill(content.from_name, values)),
        html=_fill(content.html, values, escape=_escape),
        plain_text=_fill(content.plain_text, values),
    )


def values_for(recipients: Sequence[Recipient], names: Iterable[str]) -> list[dict[str, str]]:
    """For each recipient the value of every token in `names`; a fixed number of queries."""
    wanted: dict[str, set[str]] = {}
    for name in names:
        head, _, field = name.partition(".")
        wanted.setdefault(head, set()).add(field)
    found: list[dict[str, str]] = [{} for _ in recipients]
    for head, fields in wanted.items():
        source = token_sources.get(head)()
        for filled, values in zip(found, source.values(recipients, fields), strict=True):
            filled.update({f"{head}.{field}" if field else head: values[field] for field in values})
    return found


def _template(source: Mapping[str, str], part: str) -> str:
    template = source.get(part, "")
    return unescape_tokens(template) if part == "html" else template


def _parse(template: str, *, is_html: bool) -> list[Piece]:
    pieces = parse(template)
    return list(escaping.locate(pieces, template)) if is_html else pieces


def _unknown_token(template: str, pieces: Sequence[Piece]) -> TemplateError | None:
    tokens = [piece for piece in pieces if isinstance(piece, Token)]
    fields: dict[str, set[str]] = {}
    for token in tokens:
        head, _, field = token.name.partition(".")
        fields.setdefault(head, set()).add(field)
    wrong = {head: _wrong(head, names) for head, names in fields.items()}
    for token in tokens:
        head, _, field = token.name.partition(".")
        if field in wrong[head]:
            return TemplateError(wrong[head][field], *place(template, token.offset))
    return None


def _wrong(head: str, fields: set[str]) -> dict[str, str]:
    source = token_sources.find(head)
    if source is not None:
        return source().check(fields)
    known = ", ".join(sorted(kind.name for kind in token_sources))
    return dict.fromkeys(fields, f"There is no token {head!r}; tokens begin with one of: {known}.")


def _whole_html(source: Mapping[str, str]) -> str:
    """The HTML with a document around it, the preview text and a way to unsubscribe."""
    text = source.get("html", "").strip()
    if not text:
        paragraphs = re.split(r"\n{2,}", html.escape(source.get("plain_text", ""), quote=False))
        text = "\n".join(f"<p>{part}</p>".replace("\n", "<br>\n") for part in paragraphs)
    if not re.search(r"<body\b", text, re.IGNORECASE):
        text = DOCUMENT % text
    preview = source.get("preview_text", "").strip()
    if preview:
        shown = PREVIEW_HTML % html.escape(preview, quote=False)
        text = re.sub(
            r"<body\b[^>]*>", lambda body: body[0] + shown, text, count=1, flags=re.IGNORECASE
        )
    if UNSUBSCRIBE.search(text):
        return text
    start, body, end = text.rpartition("</body>")
    return f"{start}{FOOTER_HTML}\n{body}{end}" if body else text + FOOTER_HTML


def _whole_text(source: Mapping[str, str]) -> str:
    text = source.get("plain_text", "").strip("\n")
    if not text.strip():
        text = plain_text.from_html(unescape_tokens(source.get("html", "")))
    return text if UNSUBSCRIBE.search(text) else f"{text}\n\n-- \n{FOOTER_TEXT}\n"


def _fill(
    pieces: Iterable[Piece],
    values: Mapping[str, str],
    escape: Callable[[Token, str], str] = lambda token, value: value,
) -> str:
    text = "".join(
        piece if isinstance(piece, str) else escape(piece, piece.fill(values)) for piece in pieces
    )
    if len(text) > LONGEST_RESULT:
        raise RenderError(f"The email is longer than {LONGEST_RESULT:,} characters.")
    return text


def _escape(token: Token, value: str) -> str:
    return escaping.ESCAPES[token.context](value)
