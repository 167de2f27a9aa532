from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters import property_forms
from crm.filters.errors import FilterError, NotAvailable
from crm.filters.fields import Fields
from crm.filters.inputs import Form, Offer, Values
from crm.filters.kinds import Condition, Frame, Reader, filter_types
from crm.filters.operations import Column, Operation, OperationType, Operator, operation_types
from crm.filters.scopes import Scope
from crm.property_types.base import Definition
from crm.sql import SQL, sql

#: Operation types of the grammar that nobody has written yet.
KNOWN_OPERATION_TYPES = frozenset(
    {
        "COMPARATIVE_BOOL",
        "COMPARATIVE_DATE",
        "COMPARATIVE_NUMBER",
        "COMPARATIVE_PROPERTY_UPDATED",
        "COMPARATIVE_STRING",
        "REGEX",
    }
)


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
        definition = reader.definitions.get(name)
        if definition is None:
            raise fields.error("property", f"there is no property {name[:100]!r}")
        operation = fields.object("operation")
        kind = _operation_type(operation, definition)
        names = [operator.name for operator in kind.operators]
        operator = kind.operators.get(operation.choice("operator", names))
        operand = kind.read(operation, definition)
        return cls(
            path=fields.path,
            property_names=frozenset({definition.name}),
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
        return sql("({seen})::text", seen=self.operator.seen(column))

    def shown(self, seen: str | None) -> str:
        return "" if seen is None else self.operator.show(json.loads(seen), self.definition)

    def _operation(self, frame: Frame) -> Operation:
        return Operation(self.operand, self.definition, frame.now, frame.zone)


def _operation_type(operation: Fields, definition: Definition) -> type[OperationType]:
    if not operation.has("operationType"):
        return _inferred(operation, definition)
    name = operation.required("operationType")
    if isinstance(name, str) and name in KNOWN_OPERATION_TYPES and name not in operation_types:
        raise NotAvailable(operation.path, f"The operation {name}")
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
