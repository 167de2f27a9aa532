"""Tokens in text fields, `{{ enrolled_object.firstname | there }}`, compiled to one SQL text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from crm import properties
from crm.property_types.base import Definition
from crm.sql import SQL, join, sql

TOKEN = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
ENROLLED = re.compile(
    r"(?:enrolled_object|contact|company|deal|ticket|task)\.([a-z][a-z0-9_]{0,99})"
    r"(?:\s*\|\s*(.*))?",
    re.DOTALL,
)


class TokenError(ValueError):
    """A token that names nothing; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """A property of the enrolled record, and what stands in for an empty one."""

    definition: Definition
    default: str = ""


def parse(text: str, definitions: properties.Definitions) -> list[str | Token]:
    """`text` as literal pieces and tokens; raises TokenError."""
    return list(_pieces(text, definitions))


def _pieces(text: str, definitions: properties.Definitions) -> Iterator[str | Token]:
    end = 0
    for match in TOKEN.finditer(text):
        yield text[end : match.start()]
        end = match.end()
        inner = ENROLLED.fullmatch(match[1])
        if inner is None:
            raise TokenError(f"{match[0]} is not a token that can be used here.")
        if inner[1] not in definitions:
            raise TokenError(f"{match[0]}: there is no property {inner[1]!r}.")
        yield Token(definition=definitions[inner[1]], default=(inner[2] or "").strip("\"' "))
    rest = text[end:]
    if "{{" in rest or "}}" in rest:
        raise TokenError("A token is opened with {{ but not closed with }}.")
    yield rest


def to_sql(text: str, definitions: properties.Definitions) -> SQL:
    """SQL text over alias `r` of crm_record; raises TokenError."""
    parts = [
        sql("{piece}::text", piece=piece) if isinstance(piece, str) else _token(piece)
        for piece in parse(text, definitions)
        if piece != ""
    ]
    if not parts:
        return SQL("''::text")
    return sql("concat({parts})", parts=join(", ", parts))


def _token(token: Token) -> SQL:
    return sql(
        "coalesce({shown}, {default}::text)",
        shown=_shown(token.definition),
        default=token.default,
    )


def _shown(definition: Definition) -> SQL:
    """The value as people read it: labels of options, local dates."""
    text = properties.expression(definition)
    if definition.type == "date":
        return sql("to_char(to_date({text}, 'YYYY-MM-DD'), 'FMDD Mon YYYY')", text=text)
    if definition.type == "datetime":
        # From UTC to local time there is no ambiguity, so PostgreSQL may do it.
        return sql(
            "to_char(({text})::timestamptz AT TIME ZONE {zone}, 'FMDD Mon YYYY, HH24:MI')",
            text=text,
            zone=settings.ACCOUNT_TIME_ZONE,
        )
    if definition.type in ("enumeration", "bool") and not definition.is_multiple:
        return _label(definition, text)
    return text


def _label(definition: Definition, text: SQL) -> SQL:
    labels = {option.value: option.label for option in definition.options}
    if definition.type == "bool":
        labels = {"true": "Yes", "false": "No"}
    if not labels:
        return text
    return sql(
        "coalesce(({labels}::text[])[array_position({values}::text[], {text})], {text})",
        labels=list(labels.values()),
        values=list(labels),
        text=text,
    )
