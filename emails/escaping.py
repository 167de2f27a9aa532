"""Where a token stands in HTML, and how a value is made harmless there.

The context is found once, when the email is published; values are escaped for it at each send.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit

from emails.syntax import Piece, TemplateError, Token, place

URL_ATTRIBUTES = {
    "href", "src", "action", "background", "cite", "data", "formaction", "poster", "xlink:href"
}  # fmt: skip
#: A value here would be read as style sheet, script or another document, escaped or not.
FORBIDDEN = re.compile(r"style|srcdoc|srcset|on.*")
LINK_SCHEMES = {"http", "https", "mailto", "tel", "sms"}

#: The attribute that the end of a tag's text is in, and what its value is so far.
ATTRIBUTE = re.compile(r"""([A-Za-z][\w:-]*)\s*=\s*(?:"([^"]*)|'([^']*))\Z""")
#: Also a lone "<" at the end: what a token puts behind it would become a tag.
TAG = re.compile(r"<(?:[A-Za-z/]|\Z)")
#: Only the host of a URL has been begun.
HOST = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*\Z")


def escape_text(value: str) -> str:
    """For text between tags, line breaks kept."""
    return html.escape(value).replace("\n", "<br>\n")


def escape_attribute(value: str) -> str:
    return html.escape(value)


def escape_link(value: str) -> str:
    """For an attribute that is a whole URL: nothing that could run, such as javascript:."""
    text = value.strip()
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        return "#"
    if not scheme and re.match(r"[\w-]+(\.[\w-]+)+(/|\Z)", text):
        text, scheme = f"https://{text}", "https"
    return html.escape(text) if scheme in LINK_SCHEMES else "#"


def escape_url_part(value: str) -> str:
    return html.escape(quote(value.strip(), safe="@"))


def escape_url_host(value: str) -> str:
    return html.escape(quote(value.strip(), safe="/:?#@&=+,;~%"))


ESCAPES: Mapping[str, Callable[[str], str]] = {
    "text": escape_text,
    "attribute": escape_attribute,
    "link": escape_link,
    "url": escape_url_part,
    "host": escape_url_host,
}


def locate(pieces: Iterable[Piece], template: str) -> Iterator[Piece]:
    """The pieces of an HTML template with the context of each token.

    Raises TemplateError for a place where no value is safe.
    """
    tail = ""
    hidden = ""
    for piece in pieces:
        if isinstance(piece, str):
            tail = _tail(tail + piece)
            hidden = _hidden(hidden, piece)
            yield piece
            continue
        if hidden:
            raise _error(f"A token cannot stand inside <{hidden}>.", template, piece)
        yield replace(piece, context=_context(tail, template, piece))
        tail += "x"


def _tail(text: str) -> str:
    """`text` from its last tag on."""
    last = 0
    for found in TAG.finditer(text):
        last = found.start()
    return text[last:]


def _hidden(hidden: str, text: str) -> str:
    """The element without visible text that is open after `text`: style, script or none."""
    for found in re.finditer(r"<(/?)(style|script)\b", text, re.IGNORECASE):
        hidden = "" if found[1] else found[2].lower()
    return hidden


def _context(tail: str, template: str, token: Token) -> str:
    if not TAG.match(tail) or ">" in re.sub(r"\"[^\"]*\"|'[^']*'", "", tail):
        return "text"
    attribute = ATTRIBUTE.search(tail)
    if attribute is None:
        raise _error(
            "A token inside a tag has to stand in an attribute with quotes.", template, token
        )
    name, value = attribute[1].lower(), attribute[2] or attribute[3] or ""
    if FORBIDDEN.fullmatch(name):
        raise _error(f"A token cannot stand in the attribute {name!r}.", template, token)
    if name not in URL_ATTRIBUTES:
        return "attribute"
    if not value.strip():
        return "link"
    return "host" if HOST.match(value) else "url"


def _error(message: str, template: str, token: Token) -> TemplateError:
    return TemplateError(message, *place(template, token.offset))
