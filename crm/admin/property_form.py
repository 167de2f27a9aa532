"""The form of a property definition: what it holds, how it is edited, its options."""

from __future__ import annotations

import re
from typing import Any, cast

from django import forms

from crm.admin_theme import SelectWidget, TextareaWidget
from crm.models import Property, PropertyGroup
from crm.objects import base as objects
from crm.sql import IDENTIFIER

#: What staff choose from: (type, HubSpot's field type) -> label.
FIELD_KINDS = {
    ("string", "text"): "Single-line text",
    ("string", "textarea"): "Multi-line text",
    ("string", "phonenumber"): "Phone number",
    ("number", "number"): "Number",
    ("date", "date"): "Date",
    ("datetime", "date"): "Date and time",
    ("enumeration", "select"): "Dropdown",
    ("enumeration", "radio"): "Radio buttons",
    ("enumeration", "checkbox"): "Several checkboxes",
    ("bool", "booleancheckbox"): "Yes or no",
}


def _field_kinds() -> list[tuple[str, str]]:
    return [("", "Choose"), *((":".join(key), label) for key, label in FIELD_KINDS.items())]


def _object_types() -> list[tuple[str, str]]:
    return [("", "Choose"), *((kind.type_id, kind.label) for kind in objects.in_order())]


def internal_name(label: str) -> str:
    """A label as an internal name: "Favourite colour" becomes favourite_colour."""
    return re.sub(r"\W+", "_", label.lower(), flags=re.ASCII).strip("_")[:100]


class PropertyForm(forms.ModelForm[Property]):
    """For a new property everything, later only what no stored value depends on."""

    object_type = forms.ChoiceField(label="Object", choices=_object_types, widget=SelectWidget())
    field_kind = forms.ChoiceField(label="Field type", choices=_field_kinds, widget=SelectWidget())
    choices = forms.CharField(
        label="Options",
        required=False,
        widget=TextareaWidget(attrs={"rows": 6}),
        help_text="One per line: the label, or “internal value = label”. Only for choices.",
    )

    class Meta:
        model = Property
        fields = [
            "object_type", "label", "name", "description", "group", "field_kind", "choices",
            "is_unique", "is_searchable",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # What stored values depend on is shown, not asked.
            for name in ("object_type", "field_kind"):
                self.fields.pop(name, None)
        if "name" in self.fields:
            self.fields["name"].required = False
            self.fields["name"].help_text = (
                "Used by the API, imports and tokens; it cannot be changed later. "
                "Empty: made from the label."
            )
        group = self.fields.get("group")
        if group is not None:
            self._offer_groups(cast("forms.ModelChoiceField[PropertyGroup]", group))
        if self.instance.pk and "choices" in self.fields:
            lines = (f"{item['value']} = {item['label']}" for item in self.instance.options)
            self.initial["choices"] = "\n".join(lines)

    def _offer_groups(self, field: forms.ModelChoiceField[PropertyGroup]) -> None:
        groups = PropertyGroup.objects.all()
        if self.instance.pk:
            groups = groups.filter(object_type=self.instance.object_type)
        field.queryset = groups
        field.label_from_instance = _group_label  # type: ignore[method-assign, assignment]

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"]
        name = given or internal_name(self.data.get("label", ""))
        if not IDENTIFIER.fullmatch(name):
            raise forms.ValidationError(
                "Use lower-case letters, digits and _, beginning with a letter."
            )
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        self._check_group(given)
        self._check_options(given)
        return given

    def _check_group(self, given: dict[str, Any]) -> None:
        group = given.get("group")
        type_id = given.get("object_type") or self.instance.object_type
        if group and type_id and group.object_type != type_id:
            label = objects.get(type_id).label.lower()
            self.add_error("group", f"Choose a group of the {label}.")

    def _check_options(self, given: dict[str, Any]) -> None:
        kind = given.get("field_kind") or f"{self.instance.type}:{self.instance.field_type}"
        if "choices" not in given:
            return
        options = _options(given["choices"])
        is_choice = kind.startswith("enumeration:")
        if is_choice and not options:
            self.add_error("choices", "A choice needs at least one option.")
        if options and not is_choice:
            self.add_error("choices", "Only choices have options.")
        values = [option["value"] for option in options]
        if len(set(values)) < len(values):
            self.add_error("choices", "Two options have the same internal value.")
        given["options"] = options

    def save(self, commit: bool = True) -> Property:
        definition = self.instance
        if self.cleaned_data.get("field_kind"):
            kind, _, field_type = self.cleaned_data["field_kind"].partition(":")
            definition.type, definition.field_type = kind, field_type
        if "options" in self.cleaned_data:
            definition.options = self.cleaned_data["options"]
        return super().save(commit)


def _group_label(group: PropertyGroup) -> str:
    return f"{objects.get(group.object_type).label}: {group.label}"


def _options(text: str) -> list[dict[str, Any]]:
    options = []
    for line in text.splitlines():
        if not line.strip():
            continue
        value, _, label = line.rpartition(" = ")
        label = label.strip()
        options.append({"value": value.strip() or label, "label": label, "hidden": False})
    return [option | {"displayOrder": place} for place, option in enumerate(options)]
