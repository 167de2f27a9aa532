"""The forms of filters on events."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from crm.event_definitions import EventDefinition
from crm.filters import refinement_forms
from crm.filters.inputs import Ask, Choice, Form, Input, Offer, Values, given_of, json_of, text_of
from crm.filters.scopes import Scope


def offers(scope: Scope) -> Iterable[Offer]:
    """Every kind of event that happens to the records."""
    if not scope.object_type:
        return
    for event in scope.library.events():
        if event.fits(scope.object_type):
            yield Offer(
                label=event.label,
                heading="Events",
                values={"eventTypeId": event.event_type_id},
                name=f"{event.name} {event.api_name}",
                description="A custom event." if event.is_custom else "",
            )


def form(event: EventDefinition, inputs: tuple[Input, ...], values: Values) -> Form:
    """The form of a filter on a kind of event: its own inputs, then when or how often."""
    return Form(title=event.label, inputs=(*inputs, *refinement_forms.inputs(values)))


def with_lines(found: Form, event: EventDefinition, scope: Scope) -> Form:
    """The same with filters on the properties of the event inside it."""
    inner = replace(
        scope, definitions=event.definitions, groups={}, object_type="", is_inside=True, kept={}
    )
    return replace(found, inner=inner, add_label="Add filter on the event")


def operator(*choices: tuple[str, str]) -> Input:
    """The choice whether it happened."""
    shown = tuple(Choice(value=value, label=label) for value, label in choices)
    return Input(
        name="operator", ask=Ask.CHOICE, label="Operator", choices=shown, default=shown[0].value
    )


def event_of(values: Values, scope: Scope) -> EventDefinition | None:
    key = text_of(values, "eventTypeId")
    return scope.library.event(key) if key else None


def to_form(json: Mapping[str, Any], inputs: tuple[Input, ...]) -> dict[str, Any]:
    """A filter on events as the values of its inputs and of its refinement."""
    names = [item.name for item in inputs if json.get(item.name) is not None]
    fields = {name: given_of(json[name]) for name in names}
    return fields | refinement_forms.to_form(json)


def from_form(values: Values, inputs: tuple[Input, ...]) -> dict[str, Any]:
    return json_of(values, inputs) | refinement_forms.from_form(values)
