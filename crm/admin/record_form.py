"""A form made from property definitions. What a value must look like is crm.properties' business:
fields here take text and choices, errors come back from the cleaning and stand beside the field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django import forms

from crm import changes, properties, timezones
from crm.admin.values import value_of
from crm.admin_theme import CheckboxesWidget, SelectWidget, TextareaWidget, TextInputWidget
from crm.models import Record
from crm.objects.base import ObjectType
from crm.properties import Definitions
from crm.property_types.base import Definition

#: The input type of the browser by HubSpot's field type or the property's own name.
INPUT_TYPES = {"phonenumber": "tel", "email": "email", "website": "url"}


def field_of(definition: Definition) -> forms.Field:
    """The form field of a property; a type without its own is edited as text."""
    make = _MAKERS.get(definition.type, _text)
    field = make(definition)
    field.label, field.required = definition.label, False
    field.help_text = definition.description
    return field


def _text(definition: Definition) -> forms.Field:
    if definition.field_type in ("textarea", "html"):
        return forms.CharField(widget=TextareaWidget(attrs={"rows": 3}))
    kind = INPUT_TYPES.get(definition.field_type) or INPUT_TYPES.get(definition.name, "text")
    # "url" would refuse example.com, which people write and we store.
    attrs = {"type": kind if kind != "url" else "text", "inputmode": kind}
    return forms.CharField(widget=TextInputWidget(attrs=attrs))


def _number(definition: Definition) -> forms.Field:
    return forms.CharField(widget=TextInputWidget(attrs={"inputmode": "decimal"}))


def _date(definition: Definition) -> forms.Field:
    return forms.CharField(widget=TextInputWidget(attrs={"type": "date"}))


def _moment(definition: Definition) -> forms.Field:
    return forms.CharField(widget=TextInputWidget(attrs={"type": "datetime-local"}))


def _yes_no(definition: Definition) -> forms.Field:
    choices = [("", "–"), ("true", "Yes"), ("false", "No")]
    return forms.CharField(widget=SelectWidget(choices=choices))


def _choice(definition: Definition) -> forms.Field:
    choices = [(option.value, option.label) for option in definition.options if not option.hidden]
    if definition.is_multiple:
        return forms.MultipleChoiceField(choices=choices, widget=CheckboxesWidget())
    return forms.CharField(widget=SelectWidget(choices=[("", "–"), *choices]))


_MAKERS: dict[str, Callable[[Definition], forms.Field]] = {
    "string": _text,
    "number": _number,
    "date": _date,
    "datetime": _moment,
    "bool": _yes_no,
    "enumeration": _choice,
}


def sentence(message: str) -> str:
    """What is wrong with a value, beside its field: "'x' is not a number.", "This is read only."."""
    return f"{message}." if message[:1] in "'\"" else f"This {message}."


class RecordForm(forms.Form):
    """Everything staff may edit on a record, new or existing."""

    def __init__(
        self,
        kind: type[ObjectType],
        definitions: Definitions,
        record: Record | None,
        data: Any = None,
    ) -> None:
        self.kind, self.definitions, self.record = kind, definitions, record
        self.editable = [
            item for item in definitions.values() if not (item.is_read_only or item.column)
        ]
        initial = {item.name: self._initial(item) for item in self.editable} if record else {}
        super().__init__(data, initial=initial)
        for item in self.editable:
            self.fields[item.name] = field_of(item)
            self.fields[item.name].required = item.is_required and record is None

    def _initial(self, definition: Definition) -> Any:
        assert self.record is not None
        value = value_of(self.record, definition)
        if definition.type == "bool" and value is not None:
            return "true" if value else "false"
        if definition.type == "datetime" and value:
            local = datetime.fromisoformat(value).astimezone(timezones.account_zone())
            return f"{local:%Y-%m-%dT%H:%M}"
        return [] if definition.is_multiple and value is None else value

    def groups(self) -> Iterator[tuple[str, list[forms.BoundField]]]:
        """The fields under the headings of their groups; groups without any are left out."""
        labels = dict(self.kind.groups)
        names = dict.fromkeys([*labels, *(item.group for item in self.editable)])
        for name in names:
            fields = [self[item.name] for item in self.editable if item.group == name]
            if fields:
                yield labels.get(name, name), fields

    def save(self, source: changes.Source) -> int | None:
        """Write what was changed; returns the record's id, None when there are errors."""
        values = {name: self._given(name) for name in self.changed_data}
        if self.record is None and not values:
            self.add_error(None, "Fill in at least one field.")
            return None
        try:
            if self.record is None:
                return changes.create(self.kind.type_id, [values], source)[0]
            changes.update(self.kind.type_id, {self.record.pk: values}, source)
        except properties.InvalidProperties as error:
            for name, message in error.errors.items():
                self.add_error(name if name in self.fields else None, sentence(message))
            return None
        except changes.DuplicateValue as error:
            self.add_error(error.property_name, str(error))
            return None
        return self.record.pk

    def _given(self, name: str) -> Any:
        value = self.cleaned_data[name]
        if value and self.definitions[name].type == "datetime":
            try:
                local = datetime.fromisoformat(value).replace(tzinfo=None)
            except ValueError:
                return value  # the cleaning says what is wrong with it
            return timezones.to_utc(local, timezones.account_zone())
        return value
