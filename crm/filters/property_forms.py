"""The form of a filter on a property: the property's name, an operator, what it compares with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crm.filters.inputs import Ask, Choice, Form, Heading, Input, Offer, Values, text_of
from crm.filters.operations import OperationType, Operator, operation_types
from crm.filters.scopes import Scope
from crm.objects.contact import Contact
from crm.property_types.base import Definition, property_types

#: An operation type and one of its operators.
Chosen = tuple[type[OperationType], type[Operator]]


def offers(scope: Scope) -> Iterable[Offer]:
    for definition in scope.definitions.values():
        yield Offer(
            label=definition.label,
            heading=scope.groups.get(definition.group, definition.group) or "Properties",
            values={"property": definition.name},
            name=definition.name,
            description=definition.description,
            hint=property_types.get(definition.type).label.lower(),
        )


def form(values: Values, scope: Scope) -> Form | None:
    """The form of a filter; None without the property, or for an operation that has no form."""
    definition = scope.definitions.get(text_of(values, "property"))
    chosen = definition and _chosen(text_of(values, "operation"), definition, scope)
    if definition is None or not chosen:
        return None
    kind, operator = chosen
    operands = kind.inputs(operator, definition, values)
    if operands is None:
        return None
    return Form(
        title=definition.label,
        description=definition.description,
        inputs=(
            Input(name="property", ask=Ask.HIDDEN, label="Property"),
            _operator_input(chosen, definition, scope),
            *operands,
            *_empty_input(operator, values, scope),
        ),
    )


def to_form(json: Mapping[str, Any], kind: type[OperationType]) -> dict[str, Any]:
    operation = json["operation"]
    values = kind.to_form(operation)
    return {
        **values,
        "property": str(json["property"]),
        "operation": f"{kind.name}:{operation['operator']}",
        "empty": "true" if operation.get("includeObjectsWithNoValueSet") in (True, "true") else "",
    }


def from_form(values: Values, scope: Scope) -> dict[str, Any]:
    """The filter JSON of a form; what is missing or wrong in it, the filter's parser will say."""
    name = text_of(values, "property")
    definition = scope.definitions.get(name)
    chosen = definition and _chosen(text_of(values, "operation"), definition, scope)
    if definition is None or not chosen:
        return {"property": name}
    kind, operator = chosen
    operands = kind.inputs(operator, definition, values) or ()
    return {
        "property": name,
        "operation": {
            "operationType": kind.name,
            "operator": operator.name,
            "includeObjectsWithNoValueSet": text_of(values, "empty") == "true",
            **kind.from_form(values, operands),
        },
    }


def _chosen(key: str, definition: Definition, scope: Scope) -> Chosen | None:
    """The operation that "TYPE:OPERATOR" names; the first that is offered when it names none."""
    if not key:
        return next(iter(_offered(definition, scope)), None)
    type_name, _, operator_name = key.partition(":")
    kind = operation_types.find(type_name)
    operator = kind.operators.find(operator_name) if kind else None
    return (kind, operator) if kind and operator else None


def _offered(definition: Definition, scope: Scope) -> list[Chosen]:
    # What happened has no history of its properties.
    headings = [
        heading
        for heading in Heading
        if scope.object_type or heading not in (Heading.PAST, Heading.CHANGE)
    ]
    found = [
        (kind, operator)
        for kind in operation_types
        for operator in kind.offered(definition)
        if _heading((kind, operator)) in headings
        and kind.inputs(operator, definition, {}) is not None
    ]
    return sorted(found, key=lambda chosen: headings.index(_heading(chosen)))


def _heading(chosen: Chosen) -> Heading:
    kind, operator = chosen
    return operator.heading or kind.heading


def _operator_input(chosen: Chosen, definition: Definition, scope: Scope) -> Input:
    key = (definition.name, chosen)
    if key not in scope.kept:
        scope.kept[key] = _new_operator_input(chosen, definition, scope)
    found: Input = scope.kept[key]
    return found


def _new_operator_input(chosen: Chosen, definition: Definition, scope: Scope) -> Input:
    offered = _offered(definition, scope)
    if chosen not in offered:
        offered = [chosen, *offered]
    choices = tuple(_choice(item) for item in offered)
    return Input(
        name="operation",
        ask=Ask.CHOICE,
        label="Operator",
        choices=choices,
        default=choices[0].value,
        decides=True,
    )


def _choice(chosen: Chosen) -> Choice:
    kind, operator = chosen
    # What stands in the middle of the words is asked for after them.
    label = operator.label.replace(" X", " …")
    return Choice(value=f"{kind.name}:{operator.name}", label=label, heading=_heading(chosen))


def _empty_input(operator: type[Operator], values: Values, scope: Scope) -> tuple[Input, ...]:
    """Whether records without a value match: by default contacts do for a negative operator,
    other records do not (W-124). Of a positive one it is asked only where somebody chose it.
    """
    is_asked = operator.is_negative or text_of(values, "empty") == "true"
    if operator.decides_empty or not is_asked:
        return ()
    is_default = operator.is_negative and scope.root_type == Contact.type_id
    return (
        Input(
            name="empty",
            ask=Ask.TICK,
            label="or has no value",
            default="true" if is_default else "",
            follows="operation",
        ),
    )
