"""Search filters in the words of the filter grammar, so that one compiler answers all questions.

What the grammar has no words for is asked here: whole tokens of a text, and the columns of a
record, which have to be compared as columns for an index to serve.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm import properties
from crm.api import wire
from crm.api.errors import ApiError
from crm.api.wire import Fields
from crm.filters import base as filters
from crm.filters.errors import FilterError
from crm.filters.fields import clean_text
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.property_types.base import Definition, InvalidValue
from crm.property_types.date_time import parse_moment
from crm.sql import SQL, join, sql

Json = dict[str, Any]

MOST_VALUES = 250
DATES = ("date", "datetime")
#: Operator -> the sign of a column, and what numbers and moments are asked in the grammar.
COMPARISONS: Mapping[str, tuple[str, str, str]] = {
    "LT": ("<", "IS_LESS_THAN", "IS_BEFORE"),
    "LTE": ("<=", "IS_LESS_THAN_OR_EQUAL_TO", "IS_BEFORE"),
    "GT": (">", "IS_GREATER_THAN", "IS_AFTER"),
    "GTE": (">=", "IS_GREATER_THAN_OR_EQUAL_TO", "IS_AFTER"),
}


@dataclass(frozen=True)
class Filter:
    """One line of a search."""

    fields: Fields
    definition: Definition
    operator: str

    def error(self, message: str) -> ApiError:
        return ApiError(
            f"There was a problem with the request. {self.definition.name}: {message}",
            errors=[
                {
                    "message": message,
                    "in": self.fields.place("value"),
                    "context": {"propertyName": [self.definition.name]},
                }
            ],
        )

    def value(self, name: str = "value") -> Any:
        value = self.fields.json.get(name)
        if value is None or isinstance(value, dict | list):
            raise self.error(f"{self.operator} needs a {name}")
        return value

    def values(self) -> list[Any]:
        """The `values`, or a lone `value`."""
        given = self.fields.json.get("values")
        values = [self.value()] if given is None else given
        if not isinstance(values, list) or not 1 <= len(values) <= MOST_VALUES:
            raise self.error(f"{self.operator} needs 1 to {MOST_VALUES} values")
        if any(item is None or isinstance(item, dict | list) for item in values):
            raise self.error("values must be texts or numbers")
        return values


def where(fields: Fields, kind: type[ObjectType], definitions: Definitions, now: datetime) -> SQL:
    """The condition of one search filter over the alias `r` of crm_record."""
    name = fields.text("propertyName")
    definition = definitions.get(name)
    if definition is None:
        raise ApiError(
            f"There was a problem with the request. There is no property {name[:100]}.",
            errors=[
                {
                    "message": f"Property {name[:100]} does not exist",
                    "code": "PROPERTY_DOESNT_EXIST",
                    "in": fields.place("propertyName"),
                    "context": {"propertyName": [name[:100]]},
                }
            ],
        )
    line = Filter(fields, definition, fields.text("operator"))
    if line.operator not in OPERATORS:
        raise line.error(f"{line.operator[:40]} is none of {', '.join(OPERATORS)}")
    if line.operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        return _token(line)
    if definition.column and line.operator not in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return _column(line)
    condition = _compiled(line, kind, definitions, now)
    if definition.is_unique and definition.type == "string" and line.operator in ("EQ", "IN"):
        return sql("({few} AND {it})", few=_among_holders(line, kind), it=condition)
    return condition


def _among_holders(line: Filter, kind: type[ObjectType]) -> SQL:
    """The records that hold a unique value: the same answer by an index instead of a scan."""
    values = line.values() if line.operator == "IN" else [line.value()]
    texts = [sql("lower({text}::text)", text=clean_text(value, "value")) for value in values]
    return sql(
        "r.id IN (SELECT u.record_id FROM crm_uniquevalue u WHERE u.object_type = {type}"
        " AND u.property_name = {name} AND u.value IN ({texts}))",
        type=kind.type_id,
        name=line.definition.name,
        texts=join(", ", texts),
    )


def _compiled(line: Filter, kind: type[ObjectType], definitions: Definitions, now: datetime) -> SQL:
    try:
        branch = OPERATORS[line.operator](line)
        predicate = filters.compile(filters.parse(branch, definitions), kind.type_id, now)
    except FilterError as error:
        raise line.error(error.message) from error
    if predicate.problems:
        raise line.error(predicate.problems[0].message)
    return predicate.where


def _leaf(line: Filter, operation_type: str, operator: str, **operands: Any) -> Json:
    operation = {"operationType": operation_type, "operator": operator} | operands
    return {"filterType": "PROPERTY", "property": line.definition.name, "operation": operation}


def _branch(word: str, *nodes: Json) -> Json:
    return {
        "filterBranchType": word,
        "filters": [node for node in nodes if "filterType" in node],
        "filterBranches": [node for node in nodes if "filterType" not in node],
    }


def _moment(line: Filter, value: Any) -> int:
    return round(_parsed_moment(line, value).timestamp() * 1000)


def _parsed_moment(line: Filter, value: Any) -> datetime:
    try:
        return parse_moment(value)
    except InvalidValue as error:
        raise line.error(str(error)) from error


def _equal(line: Filter, value: Any) -> Json:
    kind = line.definition.type
    if kind == "number":
        return _leaf(line, "NUMBER", "IS_EQUAL_TO", value=value)
    if kind == "bool":
        return _leaf(line, "BOOL", "IS_EQUAL_TO", value=value)
    if kind in DATES:
        return _leaf(line, "DATETIME", "IS_EQUAL_TO", timestamp=_moment(line, value))
    if kind == "enumeration":
        return _leaf(line, "ENUMERATION", "IS_ANY_OF", values=[value])
    return _leaf(line, "STRING", "IS_EQUAL_TO", value=value)


def _one_of(line: Filter) -> Json:
    if line.definition.type == "enumeration":
        return _branch("AND", _leaf(line, "ENUMERATION", "IS_ANY_OF", values=line.values()))
    return _branch("OR", *(_equal(line, value) for value in line.values()))


def _known_and_not(line: Filter, positive: Json) -> Json:
    """Records without a value match no negative operator."""
    known = _leaf(line, "ALL_PROPERTY", "IS_KNOWN")
    return _branch("AND", known, _branch("NOT_ANY", positive))


def _compared(line: Filter) -> Json:
    sign, of_numbers, of_moments = COMPARISONS[line.operator]
    if line.definition.type == "number":
        return _branch("AND", _leaf(line, "NUMBER", of_numbers, value=line.value()))
    if line.definition.type not in DATES:
        raise line.error(f"{line.operator} compares numbers and dates only")
    moment = _moment(line, line.value())
    side = _leaf(line, "DATETIME", of_moments, timestamp=moment)
    return _branch("OR", side, *([_equal(line, line.value())] if "=" in sign else []))


def _between(line: Filter) -> Json:
    low, high = line.value(), line.value("highValue")
    if line.definition.type == "number":
        bounds = {"lowerBound": low, "upperBound": high}
        return _branch("AND", _leaf(line, "NUMBER_RANGED", "IS_BETWEEN", **bounds))
    if line.definition.type not in DATES:
        raise line.error("BETWEEN compares numbers and dates only")
    bounds = {"lowerBound": _moment(line, low), "upperBound": _moment(line, high)}
    return _branch("AND", _leaf(line, "RANGED_DATE", "IS_BETWEEN", **bounds))


OPERATORS: Mapping[str, Callable[[Filter], Json]] = {
    "EQ": lambda line: _branch("AND", _equal(line, line.value())),
    "NEQ": lambda line: _known_and_not(line, _equal(line, line.value())),
    "LT": _compared,
    "LTE": _compared,
    "GT": _compared,
    "GTE": _compared,
    "BETWEEN": _between,
    "IN": _one_of,
    "NOT_IN": lambda line: _known_and_not(line, _one_of(line)),
    "HAS_PROPERTY": lambda line: _branch("AND", _leaf(line, "ALL_PROPERTY", "IS_KNOWN")),
    "NOT_HAS_PROPERTY": lambda line: _branch("AND", _leaf(line, "ALL_PROPERTY", "IS_UNKNOWN")),
    # Asked in _token.
    "CONTAINS_TOKEN": lambda line: {},
    "NOT_CONTAINS_TOKEN": lambda line: {},
}

BOUNDARY_BEFORE, BOUNDARY_AFTER = "(^|[^[:alnum:]])", "($|[^[:alnum:]])"


def _token(line: Filter) -> SQL:
    """Whether a whole word, or some that follow each other, stand in a text.

    A `*` at an end leaves open how the word goes on there.
    """
    text = str(line.value()).strip().lower()
    bare = text.strip("*")
    if not bare or len(bare) > 1000:
        raise line.error("a token must have 1 to 1,000 characters besides *")
    # PostgreSQL takes a backslash before anything that is no letter or digit.
    escaped = re.sub(r"([^\w\s])", r"\\\1", bare)
    before = "" if text.startswith("*") else BOUNDARY_BEFORE
    after = "" if text.endswith("*") else BOUNDARY_AFTER
    value = properties.expression(line.definition)
    found = sql("lower({value}) ~ {pattern}", value=value, pattern=f"{before}{escaped}{after}")
    if line.operator == "CONTAINS_TOKEN":
        return sql("{found} IS TRUE", found=found)
    return sql("({value} IS NOT NULL AND NOT {found})", value=value, found=found)


def _column(line: Filter) -> SQL:
    """The id and the two dates of a record."""
    is_id = line.definition.column == "id"
    read: Callable[[Any], Any] = (
        (lambda value: _record_id(line, value))
        if is_id
        else (lambda value: _parsed_moment(line, value))
    )
    # Clients know moments to the millisecond.
    column = (
        SQL("r.id") if is_id else SQL(f"date_trunc('milliseconds', r.{line.definition.column})")
    )
    kind = SQL("bigint" if is_id else "timestamptz")
    if line.operator == "BETWEEN":
        low, high = read(line.value()), read(line.value("highValue"))
        return sql(
            "{column} BETWEEN {low}::{kind} AND {high}::{kind}",
            column=column, low=low, high=high, kind=kind,
        )  # fmt: skip
    if line.operator in COMPARISONS:
        sign = COMPARISONS[line.operator][0]
        return sql(
            "{column} {sign} {value}::{kind}",
            column=column, sign=SQL(sign), value=read(line.value()), kind=kind,
        )  # fmt: skip
    given = line.values() if line.operator in ("IN", "NOT_IN") else [line.value()]
    template = "{column} = ANY({values}::{kind}[])"
    if line.operator in ("NEQ", "NOT_IN"):
        template = "{column} <> ALL({values}::{kind}[])"
    return sql(template, column=column, values=[read(value) for value in given], kind=kind)


def _record_id(line: Filter, value: Any) -> int:
    found = wire.record_id(str(value))
    if found is None:
        raise line.error(f"{str(value)[:40]!r} is not the id of a record")
    return found
