"""SQL fragments that carry their parameters, for statements over whole sets of records.

>>> kind = sql("object_type = {type}", type="0-1")
>>> sql("SELECT id FROM crm_record WHERE {kind}", kind=kind)
SQL(text='SELECT id FROM crm_record WHERE object_type = %s', params=('0-1',))
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from string import Formatter
from typing import Any

from django.db import connection

IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]{0,99}")


@dataclass(frozen=True)
class SQL:
    """A piece of SQL in psycopg's notation and the values of its placeholders."""

    text: str
    params: tuple[Any, ...] = ()


def sql(template: str, **parts: Any) -> SQL:
    """`template` with each `{name}` filled: an SQL part is put in, anything else is a parameter."""
    text: list[str] = []
    params: list[Any] = []
    for literal, name, _, _ in Formatter().parse(template):
        text.append(literal.replace("%", "%%"))
        if name is None:
            continue
        part = parts[name]
        if isinstance(part, SQL):
            text.append(part.text)
            params.extend(part.params)
        else:
            text.append("%s")
            params.append(part)
    return SQL("".join(text), tuple(params))


def join(separator: str, parts: Iterable[SQL]) -> SQL:
    """`parts` with `separator` between them."""
    pieces = list(parts)
    params = tuple(value for piece in pieces for value in piece.params)
    return SQL(separator.replace("%", "%%").join(piece.text for piece in pieces), params)


def identifier(name: str) -> SQL:
    """`name` as a quoted identifier; raises ValueError unless it is a plain lower-case name."""
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain name.")
    return SQL(f'"{name}"')


def literal(name: str) -> SQL:
    """`name`, a plain lower-case name such as a property's, as a quoted text constant."""
    if not IDENTIFIER.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain name.")
    return SQL(f"'{name}'")


def execute(query: SQL) -> int:
    """Run `query`; returns how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.params)
        return int(cursor.rowcount)


def rows(query: SQL) -> list[tuple[Any, ...]]:
    """Run `query` and return all its rows."""
    with connection.cursor() as cursor:
        cursor.execute(query.text, query.params)
        return list(cursor.fetchall())


def value(query: SQL) -> Any:
    """Run `query` and return the first column of its first row, or None without a row."""
    found = rows(query)
    return found[0][0] if found else None
