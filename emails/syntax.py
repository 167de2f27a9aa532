"""The template language of emails: text with personalization tokens, nothing else.

`{{ contact.firstname }}`, `{{ contact.firstname | default: "there" }}`,
`{{ contact.city|upper|default("your city") }}` and HubL's
`{{ personalization_token("contact.firstname", "there") }}` are understood. A template becomes a
list of pieces once; filling it in cannot loop, call or look up anything.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

FILTERS: Mapping[str, Callable[[str], str]] = {
    "upper": str.upper,
    "lower": str.lower,
    "title": str.title,
    "capitalize": str.capitalize,
    "trim": str.strip,
}
MOST_TOKENS = 500
LONGEST = 500_000

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
OPENING = re.compile(r"\{\{|\{%|\{#")
LEXEME = re.compile(
    r"""\s*(?: (?P<end>\}\})
             | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
             | (?P<text>"(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*')
             | (?P<sign>[.,|:()]) )""",
    re.VERBOSE | re.DOTALL,
)


class TemplateError(ValueError):
    """A mistake in a template, with the place where staff find it; lines and columns start at 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        self.message = message
        self.line = line
        self.column = column
        super().__init__(f"Line {line}, column {column}: {message}")


@dataclass(frozen=True, kw_only=True)
class Token:
    """A place to fill in: the name of the value, and what stands there without one."""

    name: str
    default: str = ""
    filters: tuple[str, ...] = ()
    #: Where it stands in HTML: see emails.escaping.
    context: str = "text"
    #: Where it stands in the template.
    offset: int = field(default=0, compare=False)

    def to_json(self) -> dict[str, Any]:
        return {
            "token": self.name,
            "default": self.default,
            "filters": list(self.filters),
            "context": self.context,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Token:
        return cls(
            name=stored["token"],
            default=stored["default"],
            filters=tuple(stored["filters"]),
            context=stored["context"],
        )

    def fill(self, values: Mapping[str, str]) -> str:
        """The value, or the default when there is nothing to see in it."""
        value = values.get(self.name, "")
        if not value.strip():
            return self.default
        for name in self.filters:
            value = FILTERS[name](value)
        return value


Piece = str | Token


def parse(template: str) -> list[Piece]:
    """The pieces of `template` in order; raises TemplateError."""
    if len(template) > LONGEST:
        raise TemplateError(f"The text is longer than {LONGEST:,} characters.", 1, 1)
    unstorable = UNSTORABLE.search(template)
    if unstorable:
        where = place(template, unstorable.start())
        raise TemplateError("There is a character that cannot be stored.", *where)
    pieces = list(_pieces(template))
    if sum(isinstance(piece, Token) for piece in pieces) > MOST_TOKENS:
        raise TemplateError(f"There are more than {MOST_TOKENS} tokens.", 1, 1)
    return pieces


def place(template: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset."""
    line = template.count("\n", 0, offset) + 1
    return line, offset - template.rfind("\n", 0, offset)


def _pieces(template: str) -> Iterator[Piece]:
    position = 0
    while opening := OPENING.search(template, position):
        if opening.start() > position:
            yield template[position : opening.start()]
        if opening[0] == "{{":
            reader = _Reader(template, opening.start())
            yield reader.token()
            position = reader.position
        else:
            position = _skip(template, opening)
    if position < len(template):
        yield template[position:]


def _skip(template: str, opening: re.Match[str]) -> int:
    """The end of a comment; raises for statements, which there are none of."""
    where = place(template, opening.start())
    if opening[0] == "{%":
        raise TemplateError("{% ... %} is not possible here, only {{ tokens }} are.", *where)
    end = template.find("#}", opening.end())
    if end < 0:
        raise TemplateError("The comment {# is not closed with #}.", *where)
    return end + 2


class _Reader:
    """Reads one token, from its `{{` to its `}}`."""

    def __init__(self, template: str, start: int) -> None:
        self.template = template
        self.start = start
        self.position = start + 2
        #: Where the lexeme at hand begins.
        self.here = start
        self.kind, self.lexeme = self._next()

    def token(self) -> Token:
        name, default = self._value()
        filters: list[str] = []
        while self._accept("|"):
            found = self._filter()
            if isinstance(found, str):
                filters.append(found)
            else:
                default = found[0]
        if self.kind != "end":
            raise self._error(f"{self.lexeme!r} is not expected here.")
        return Token(name=name, default=default, filters=tuple(filters), offset=self.start)

    def _value(self) -> tuple[str, str]:
        name = self._name("the name of a token, such as contact.firstname,")
        if name != "personalization_token":
            return self._dotted(name), ""
        self._expect("(")
        inner = self._text()
        default = self._text() if self._accept(",") else ""
        self._expect(")")
        return inner, default

    def _dotted(self, name: str) -> str:
        while self._accept("."):
            name += "." + self._name("a property")
        return name

    def _filter(self) -> str | tuple[str]:
        """The name of a filter, or the text of a default in a tuple."""
        where = self.here
        name = self._name("a filter")
        if name == "default":
            return (self._default(),)
        if name not in FILTERS:
            known = ", ".join(["default", *FILTERS])
            raise self._error(f"There is no filter {name!r}; there are {known}.", where)
        return name

    def _default(self) -> str:
        if self._accept(":"):
            return self._text()
        self._expect("(")
        text = self._text()
        # HubL's second argument: "also for empty values", which is how it always is here.
        if self._accept(","):
            self._name("true")
        self._expect(")")
        return text

    def _name(self, wanted: str) -> str:
        return self._take("name", wanted)

    def _text(self) -> str:
        quoted = self._take("text", "a text in quotes")
        return re.sub(r"\\(.)", r"\1", quoted[1:-1], flags=re.DOTALL)

    def _take(self, kind: str, wanted: str) -> str:
        if self.kind != kind:
            found = "the end" if self.kind == "end" else repr(self.lexeme)
            raise self._error(f"Expected {wanted} but found {found}.")
        lexeme = self.lexeme
        self.kind, self.lexeme = self._next()
        return lexeme

    def _accept(self, sign: str) -> bool:
        if self.kind != "sign" or self.lexeme != sign:
            return False
        self.kind, self.lexeme = self._next()
        return True

    def _expect(self, sign: str) -> None:
        if not self._accept(sign):
            raise self._error(f"Expected {sign!r} but found {self.lexeme!r}.")

    def _next(self) -> tuple[str, str]:
        found = LEXEME.match(self.template, self.position)
        if found is None:
            raise self._no_lexeme()
        self.position = found.end()
        kind = found.lastgroup or ""
        self.here = found.start(kind)
        return kind, found[kind]

    def _no_lexeme(self) -> TemplateError:
        rest = self.template[self.position :][:200]
        if "}}" not in rest:
            return self._error("The token is not closed with }}.", self.start)
        wrong = rest.lstrip()
        where = self.position + len(rest) - len(wrong)
        return self._error(f"{wrong[:1]!r} is not possible in a token.", where)

    def _error(self, message: str, offset: int | None = None) -> TemplateError:
        where = self.here if offset is None else offset
        return TemplateError(message, *place(self.template, where))


def unescape_tokens(template: str) -> str:
    """Tokens as staff meant them, where an HTML editor wrote `&quot;` for their quotes."""
    return re.sub(r"\{\{[^{}]*\}\}", lambda token: html.unescape(token[0]), template)
