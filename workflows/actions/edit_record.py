from __future__ import annotations

from crm import changes, properties
from workflows import values
from workflows.actions.base import Action, InputField, actions
from workflows.definition import Node, Problem
from workflows.steps import Cohort, Move, Proceed


@actions.register
class EditRecord(Action):
    """Set, copy, increase or clear a property of the enrolled record."""

    action_type_id = "0-5"
    label = "Edit record"
    group = "CRM"
    icon = "edit"

    property_name = InputField(label="Property", references="PROPERTY")
    value = InputField(
        "json",
        label="Value",
        required=False,
        help_text="A value object; nothing or an empty value clears the property.",
    )

    def run(self, cohort: Cohort, node: Node) -> Move:
        definitions = properties.load(cohort.flow.object_type)
        target = definitions[node.fields["property_name"]]
        new = values.compile_value(node.fields.get("value"), target, definitions)
        changes.update_from(
            cohort.flow.object_type,
            cohort.records(),
            [target.name],
            cohort.source(),
            definitions,
            new.delta(target.name),
        )
        return Proceed(detail=f"{target.label}: {new.text}")

    def check(self, node: Node, object_type: str) -> list[Problem]:
        definitions = properties.load(object_type)
        target = definitions.get(str(node.fields["property_name"]))
        if target is None:
            message = f"There is no property {node.fields['property_name']!r}."
            return [self.problem(node, message, "property_name")]
        if target.is_read_only or target.is_unique:
            message = f"{target.label} cannot be set for many records."
            return [self.problem(node, message, "property_name")]
        if node.fields.get("association"):
            return [self.problem(node, "Associated records cannot be edited yet.", "association")]
        try:
            values.compile_value(node.fields.get("value"), target, definitions)
        except values.ValueProblem as error:
            return [self.problem(node, str(error), "value")]
        return []

    def summary(self, node: Node, object_type: str) -> str:
        definitions = properties.load(object_type)
        target = definitions.get(str(node.fields.get("property_name")))
        if target is None:
            return "Set a property"
        try:
            new = values.compile_value(node.fields.get("value"), target, definitions)
        except values.ValueProblem as error:
            return str(error)
        return new.describe(target.label)
