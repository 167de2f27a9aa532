"""Shapes as JSON Schema: every TypedDict becomes a named component."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from functools import reduce
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NotRequired,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

Schema = dict[str, Any]
Variables = dict[Any, Any]

PREFIX = "#/components/schemas/"
BASIC: dict[Any, Schema] = {
    Any: {},
    object: {},
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    list: {"type": "array", "items": {}},
    dict: {"type": "object"},
}


#: How the schemas of the parts make the schema of the whole.
MADE: dict[Any, Callable[[list[Schema], tuple[Any, ...]], Schema]] = {
    Annotated: lambda schemas, parts: reduce(operator.or_, parts[1:], schemas[0]),
    NotRequired: lambda schemas, parts: schemas[0],
    list: lambda schemas, parts: {"type": "array", "items": schemas[0]},
    dict: lambda schemas, parts: {"type": "object", "additionalProperties": schemas[1]},
    Union: lambda schemas, parts: {"anyOf": schemas},
    UnionType: lambda schemas, parts: {"anyOf": schemas},
}


class UnknownShape(TypeError):
    """A type that says nothing about JSON."""


class Components:
    """The named components of a document, made as shapes ask for them."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self._shapes: dict[str, Any] = {}

    def schema(self, shape: Any, variables: Variables | None = None) -> Schema:
        """The schema of a shape; raises UnknownShape."""
        known = variables or {}
        if isinstance(shape, TypeVar):
            return self.schema(known[shape])
        if shape in BASIC:
            return dict(BASIC[shape])
        if is_typeddict(get_origin(shape) or shape):
            return self._reference(shape, known)
        return self._made_of(get_origin(shape), get_args(shape), known)

    def _made_of(self, origin: Any, parts: tuple[Any, ...], known: Variables) -> Schema:
        if origin is Literal:
            return {"type": BASIC[type(parts[0])]["type"], "enum": list(parts)}
        build = MADE.get(origin)
        if build is None:
            raise UnknownShape(f"{origin} of {parts} is no shape.")
        # What Annotated says beside the type is no shape.
        inner = parts[:1] if origin is Annotated else parts
        return build([self.schema(part, known) for part in inner], parts)

    def _reference(self, shape: Any, known: Variables) -> Schema:
        parts = [known.get(part, part) for part in get_args(shape)]
        kind = get_origin(shape) or shape
        name = "".join([*map(named, parts), kind.__name__])
        same = self._shapes.setdefault(name, (kind, parts))
        if same != (kind, parts):
            raise UnknownShape(f"There are two shapes {name}: {same[0]} and {kind}.")
        if name not in self.schemas:
            # There before it is made: shapes may hold themselves.
            self.schemas[name] = {}
            variables = dict(zip(getattr(kind, "__parameters__", ()), parts, strict=True))
            self.schemas[name] |= self._object(kind, variables)
        return {"$ref": PREFIX + name}

    def _object(self, kind: Any, known: Variables) -> Schema:
        hints = get_type_hints(kind, include_extras=True)
        schema: Schema = {"type": "object"}
        if kind.__doc__ and kind.__doc__ != dict.__doc__:
            schema["description"] = inspect.cleandoc(kind.__doc__)
        schema["properties"] = {name: self.schema(hint, known) for name, hint in hints.items()}
        required = [name for name, hint in hints.items() if get_origin(hint) is not NotRequired]
        return schema | ({"required": required} if required else {})


def named(shape: Any) -> str:
    """What a shape is called as a part of a name."""
    if get_origin(shape) is Annotated:
        return named(get_args(shape)[0])
    inner = "".join(named(part) for part in get_args(shape))
    name: str = getattr(get_origin(shape) or shape, "__name__", "Any")
    return inner + name[:1].upper() + name[1:]
