from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm import properties
from crm.filters import property_forms
from crm.filters.errors import FilterError
from crm.filters.fields import Fields
from crm.filters.inputs import Form, Offer, Values
from crm.filters.kinds import Condition, Frame, Reader, filter_types
from crm.filters.operations import (
    Column,
    Operation,
    OperationType,
    Operator,
    Target,
    operation_types,
)
from crm.filters.scopes import Scope
from crm.property_types.base import Definition
from crm.sql import SQL, join, sql


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class PropertyCondition(Condition):
    """A property of the record compared with a value."""

    type_name = "PROPERTY"

    definition: Definition
    operation_type: type[OperationType]
    operator: Operator
    operand: Any
    #: Whether records without a value match, whatever the operator.
    accepts_empty: bool

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> PropertyCondition:
        name = fields.text("property")
        definition = reader.subject.definitions.get(name)
        if definition is None:
            raise fields.error("property", f"there is no property {name[:100]!r}")
        operation = fields.object("operation")
        kind = _operation_type(operation, definition)
        offered = [operator.name for operator in kind.operators]
        operator = kind.operators.get(operation.choice("operator", offered))
        is_event = reader.subject.is_event
        target = Target(definition, reader.subject.definitions, is_event)
        operand = kind.read(operation, target)
        if is_event and (operator.needs_history or kind.needs_history(operand)):
            raise operation.error("operator", "an event has no history")
        names = [definition.name, *(other.name for other in kind.others(operand))]
        return cls(
            path=fields.path,
            property_names=frozenset(names),
            warning=kind.warning(operand, definition),
            is_time_sensitive=operator.time_sensitive or kind.is_relative(operand),
            definition=definition,
            operation_type=kind,
            operator=operator(),
            operand=operand,
            accepts_empty=operation.flag("includeObjectsWithNoValueSet", default=False),
        )

    @classmethod
    def offers(cls, scope: Scope) -> Iterable[Offer]:
        return property_forms.offers(scope)

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form | None:
        return property_forms.form(values, scope)

    @classmethod
    def to_form(cls, json: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        definition = scope.definitions[json["property"]]
        kind = _operation_type(Fields.of(json["operation"], ""), definition)
        return property_forms.to_form(json, kind)

    @classmethod
    def from_form(cls, values: Values, scope: Scope) -> dict[str, Any]:
        return property_forms.from_form(values, scope)

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        column = Column.of(self.definition, frame.alias)
        holds = self.operator.where(self._operation(frame), column)
        wanted = self.operator.is_negative == negated
        # Never COALESCE: an index could not serve the condition any more. NULL counts as false
        # already, so only the opposite has to be spelled out.
        answer = holds if wanted else sql("({holds}) IS NOT TRUE", holds=holds)
        if self.operator.decides_empty:
            return answer
        if self.accepts_empty != negated:
            return sql("({text} IS NULL OR {answer})", text=column.text, answer=answer)
        if wanted and self.operator.implies_value:
            return answer
        return sql("({text} IS NOT NULL AND {answer})", text=column.text, answer=answer)

    def sentence(self, names: Mapping[Any, str]) -> str:
        operand_text = self.operation_type.operand_text(self.operand, self.definition)
        sentence = f"{self.definition.label} {self.operator.phrase(operand_text)}"
        if self.accepts_empty and not self.operator.decides_empty:
            return f"{sentence}, or is empty"
        return sentence

    def note(self, frame: Frame) -> str:
        return self.operator.note(self._operation(frame)) if self.is_time_sensitive else ""

    def seen(self, frame: Frame) -> SQL:
        column = Column.of(self.definition, frame.alias)
        values = [self.operator.seen(column)]
        values += [column.beside(other).json for other in self._others]
        return sql("jsonb_build_array({values})::text", values=join(", ", values))

    def shown(self, seen: str | None) -> str:
        mine, *theirs = [None] if seen is None else json.loads(seen)
        shown = "" if mine is None else self.operator.show(mine, self.definition)
        others = [
            f"{other.label}: {properties.display(other, value) or 'empty'}"
            for other, value in zip(self._others, theirs, strict=True)
        ]
        return "; ".join([shown or "empty", *others]) if others else shown

    @property
    def _others(self) -> tuple[Definition, ...]:
        return self.operation_type.others(self.operand)

    def _operation(self, frame: Frame) -> Operation:
        return Operation(self.operand, self.definition, frame.now, frame.zone)


def _operation_type(operation: Fields, definition: Definition) -> type[OperationType]:
    if not operation.has("operationType"):
        return _inferred(operation, definition)
    found = operation_types.get(
        operation.choice("operationType", [k.name for k in operation_types])
    )
    if not found.fits(definition, operation):
        raise FilterError(
            operation.place("operationType"),
            f"{found.name} does not fit the {definition.type} property {definition.name!r}",
        )
    return found


def _inferred(operation: Fields, definition: Definition) -> type[OperationType]:
    """The operation type that hand-written JSON leaves out, from its operator and value fields."""
    operator = operation.required("operator")
    for kind in sorted(operation_types, key=lambda kind: len(kind.value_fields), reverse=True):
        has_values = all(operation.has(name) for name in kind.value_fields)
        if has_values and operator in kind.operators and kind.fits(definition, operation):
            return kind
    raise FilterError(
        operation.place("operator"),
        f"{str(operator)[:60]!r} with these values does not fit the {definition.type} property"
        f" {definition.name!r}",
    )
