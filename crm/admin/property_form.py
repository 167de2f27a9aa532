"""The form of a property definition: what it holds, how it is edited, its options."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, cast

from django import forms

from crm import property_editing
from crm.admin_theme import SelectWidget, TextareaWidget
from crm.models import Property, PropertyGroup
from crm.objects import base as objects

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
    ("number", "calculation_equation"): "Calculated number",
}


#: Where the form asks for what a definition calls otherwise.
FIELDS = {"type": "field_kind", "options": "choices"}


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

    formula = forms.CharField(
        required=False,
        widget=TextareaWidget(attrs={"rows": 3, "spellcheck": "false"}),
        help_text="For a calculated number, with internal names of properties:"
        " amount * 0.1, if(is_known(discount), price - discount, price),"
        " days_between(signed_on, closedate). Functions: round, abs, min, max, if,"
        " is_known, days_between.",
    )

    class Meta:
        model = Property
        fields = [
            "object_type", "label", "name", "description", "group", "field_kind", "choices",
            "formula", "is_unique", "is_searchable", "is_form_field", "is_hidden",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # What stored values depend on is shown, not asked.
            for name in ("object_type", "field_kind"):
                self.fields.pop(name, None)
            if self.instance.field_type != property_editing.EQUATION:
                self.fields.pop("formula", None)
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
            self.initial["choices"] = written_options(self.instance.options)

    def _offer_groups(self, field: forms.ModelChoiceField[PropertyGroup]) -> None:
        groups = PropertyGroup.objects.all()
        if self.instance.pk:
            groups = groups.filter(object_type=self.instance.object_type)
        field.queryset = groups
        field.label_from_instance = _group_label  # type: ignore[method-assign, assignment]

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"]
        return given or internal_name(self.data.get("label", ""))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        definition = self.instance
        definition.object_type = given.get("object_type") or definition.object_type
        if given.get("field_kind"):
            definition.type, _, definition.field_type = given["field_kind"].partition(":")
        if "choices" in given:
            definition.options = read_options(given["choices"])
        return given

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        for name, message in property_editing.problems(self.instance).items():
            field = FIELDS.get(name, name)
            self.add_error(field if field in self.fields else None, message)


def _group_label(group: PropertyGroup) -> str:
    return f"{objects.get(group.object_type).label}: {group.label}"


def written_options(options: Sequence[dict[str, Any]]) -> str:
    """Options as they are edited, one in a line."""
    return "\n".join(f"{item['value']} = {item['label']}" for item in options)


def read_options(text: str) -> list[dict[str, Any]]:
    """The options in such lines."""
    options = []
    for line in text.splitlines():
        if not line.strip():
            continue
        value, _, label = line.rpartition(" = ")
        label = label.strip()
        options.append({"value": value.strip() or label, "label": label, "hidden": False})
    return [option | {"displayOrder": place} for place, option in enumerate(options)]
