"""Kinds of actions. A class body describes its kind; everything else derives from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms

from crm.registry import Registry
from subscriptions.features import Feature
from workflows.definition import Node, Problem
from workflows.steps import Cohort, Move, Proceed


class InputField:
    """One input of an action: its form field, its JSON definition and its check in one.

    `type` is HubSpot's: string, number, bool, enumeration. `options` maps values to labels.
    `references` names what the value points at: "LIST", "EMAIL", "PROPERTY".
    """

    name: str

    def __init__(  # noqa: PLR0913 (a declaration: every argument is named)
        self,
        type_: str = "string",
        *,
        label: str,
        required: bool = True,
        options: Mapping[str, str] | None = None,
        references: str = "",
        help_text: str = "",
        is_long: bool = False,
    ) -> None:
        self.type = type_
        self.label = label
        self.required = required
        self.options = dict(options or {})
        self.references = references
        self.help_text = help_text
        self.is_long = is_long

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def form_field(self) -> forms.Field:
        """The Django form field; the one validator for the admin and the API."""
        common: dict[str, Any] = {
            "label": self.label,
            "required": self.required,
            "help_text": self.help_text,
        }
        if self.options:
            choices = [("", ""), *self.options.items()]
            return forms.ChoiceField(choices=choices, **common)
        if self.type == "number":
            return forms.IntegerField(**common)
        if self.type == "json":
            return forms.JSONField(**common)
        widget = forms.Textarea() if self.is_long else forms.TextInput()
        return forms.CharField(widget=widget, **common)

    def definition(self) -> dict[str, Any]:
        """HubSpot's PublicInputFieldDefinition."""
        found: dict[str, Any] = {
            "typeDefinition": {
                "name": self.name,
                "type": "enumeration" if self.options else self.type,
                "fieldType": "select" if self.options else "text",
                "options": [
                    {"value": value, "label": label} for value, label in self.options.items()
                ],
            },
            "supportedValueTypes": ["STATIC_VALUE"],
            "isRequired": self.required,
        }
        if self.references:
            found["typeDefinition"]["referencedObjectType"] = self.references
        return found


class Action:
    """A kind of node. Subclass in a file of its own under workflows/actions and register it.

    The class docstring is the description that people read.
    """

    #: HubSpot's actionTypeId, or the node type for branches.
    action_type_id: ClassVar[str]
    label: ClassVar[str]
    #: Heading in the palette: "CRM", "Communication", "Delay", "Branch", "Marketing".
    group: ClassVar[str]
    icon: ClassVar[str] = "bolt"
    #: Object types it is offered for; empty means all.
    object_types: ClassVar[frozenset[str]] = frozenset()
    #: What unlocks it; None means every plan with workflows.
    feature: ClassVar[Feature | None] = None
    #: Delays and branches go on working in a workflow that is off (W-397).
    runs_when_off: ClassVar[bool] = False
    input_fields: ClassVar[dict[str, InputField]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {name: item for name, item in vars(cls).items() if isinstance(item, InputField)}
        cls.input_fields = {**cls.input_fields, **own}

    def run(self, cohort: Cohort, node: Node) -> Move:
        """Act on the whole cohort with a fixed number of statements and say where it goes."""
        raise NotImplementedError

    def leave(self, cohort: Cohort, node: Node) -> Move:
        """The cohort has waited at this node and is due."""
        return Proceed()

    def check(self, node: Node, object_type: str) -> list[Problem]:
        """What is missing or wrong with this node's own fields, beyond what the form says."""
        return []

    def summary(self, node: Node, object_type: str) -> str:
        """One line for the card, the history and the outline."""
        return self.label

    @classmethod
    def values(cls, node: Node) -> dict[str, Any]:
        """The node's inputs by name; subclasses with HubSpot's nested shapes flatten them here."""
        return {name: node.fields.get(name) for name in cls.input_fields}

    @classmethod
    def form_class(cls) -> type[forms.Form]:
        """A form with one field per input."""
        fields = {name: item.form_field() for name, item in cls.input_fields.items()}
        return type(f"{cls.__name__}Form", (forms.Form,), fields)

    @classmethod
    def definition(cls) -> dict[str, Any]:
        """HubSpot's PublicActionDefinition, as far as it applies to a built-in kind."""
        return {
            "actionTypeId": cls.action_type_id,
            "labels": {
                "en": {"actionName": cls.label, "actionDescription": cls.description()},
            },
            "group": cls.group,
            "objectTypes": sorted(cls.object_types),
            "inputFields": [item.definition() for item in cls.input_fields.values()],
            "locked": cls.feature is not None and not cls.feature.is_unlocked(),
        }

    @classmethod
    def description(cls) -> str:
        return " ".join((cls.__doc__ or "").split())

    def problems(self, node: Node, object_type: str) -> list[Problem]:
        """Everything that has to be mended before the workflow can be turned on."""
        found: list[Problem] = []
        if self.object_types and object_type not in self.object_types:
            found.append(self.problem(node, "This action is not for this object."))
        if self.feature is not None and not self.feature.is_unlocked():
            found.append(self.problem(node, self.feature.sentence()))
        form = self.form_class()(self.values(node))
        for name, errors in form.errors.items():
            found += [self.problem(node, f"{self._label(name)}: {text}", name) for text in errors]
        return found or self.check(node, object_type)

    @classmethod
    def _label(cls, name: str) -> str:
        item = cls.input_fields.get(name)
        return item.label if item else name

    @staticmethod
    def problem(node: Node, message: str, field: str = "") -> Problem:
        """A problem of this node, or of one of its fields."""
        path = f"{node.path}.fields.{field}" if field else node.path
        return Problem(message=message, path=path, action_id=node.action_id, field=field)


actions: Registry[Action] = Registry("action", "action_type_id")
