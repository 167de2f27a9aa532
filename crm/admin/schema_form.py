"""The forms of a custom object: a new one with its first property, and what can be changed later."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Any

from django import forms

from crm import properties, schemas
from crm.admin.property_form import FIELD_KINDS, internal_name
from crm.admin_theme import (
    CheckboxesWidget,
    CheckboxWidget,
    SelectWidget,
    TextareaWidget,
    TextInputWidget,
)
from crm.models import ObjectSchema, Property
from crm.objects import base as objects
from crm.objects import custom
from crm.objects.custom import CustomObject
from crm.schema_checks import InvalidSchema, Look
from crm.schema_icons import ICONS
from subscriptions.features import LimitReached, UpgradeRequired

#: Offered as a title; other values say little about a record.
TITLES = ("string", "number")
#: Offered for the search.
SEARCHED = ("string",)
#: Where the form asks for what a custom object calls otherwise.
FIELDS = {"singular": "singular_label", "plural": "plural_label"}


def _text(label: str, help_text: str = "", **more: Any) -> forms.CharField:
    return forms.CharField(label=label, help_text=help_text, widget=TextInputWidget(), **more)


def _names(label: str, help_text: str = "") -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, help_text=help_text, required=False, widget=CheckboxesWidget()
    )


class SchemaForm(forms.ModelForm[ObjectSchema]):
    """What a new and an existing custom object have in common."""

    singular_label = _text("Singular", "What one is called: “Car”.")
    plural_label = _text("Plural", "What several are called: “Cars”. It stands in the menu.")
    description = forms.CharField(
        label="Description", required=False, widget=TextareaWidget(attrs={"rows": 2})
    )
    icon = forms.ChoiceField(
        label="Icon",
        choices=list(ICONS.items()),
        widget=SelectWidget(),
        help_text="Stands before it in the menu.",
    )

    class Meta:
        model = ObjectSchema
        fields: list[str] = []

    #: The object after it was saved.
    kind: type[CustomObject]

    def look(self) -> Look:
        """What the form says about the looks of the object."""
        raise NotImplementedError

    def write(self) -> type[CustomObject]:
        """Save what the form says; raises InvalidSchema."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        """Save it here: what is wrong then still finds its field."""
        if self.errors:
            return
        try:
            self.kind = self.write()
        except InvalidSchema as error:
            for name, message in error.errors.items():
                field = FIELDS.get(name, name)
                self.add_error(field if field in self.fields else self.fallback(name), message)
        except (UpgradeRequired, LimitReached) as error:
            self.add_error(None, str(error))

    def fallback(self, name: str) -> str | None:
        """The field beside which a message about something else stands."""
        return None

    def save(self, commit: bool = True) -> ObjectSchema:
        return ObjectSchema.objects.get(pk=self.kind.schema_id)

    def save_m2m(self) -> None:
        """The admin asks for it; everything is saved already."""


class NewSchemaForm(SchemaForm):
    """A custom object with its first property, which is the title of its records."""

    name = _text(
        "Internal name",
        "Used by the API and in addresses; it cannot be changed later. Empty: made from the"
        " singular.",
        required=False,
    )
    title_label = _text(
        "Label of the first property",
        "What its records are called by: “Registration number”, “Name”.",
    )
    title_kind = forms.ChoiceField(
        label="Field type",
        choices=[(":".join(key), label) for key, label in FIELD_KINDS.items() if key[0] in TITLES],
        widget=SelectWidget(),
    )
    title_required = forms.BooleanField(
        label="Every record needs one", required=False, initial=True, widget=CheckboxWidget()
    )
    title_unique = forms.BooleanField(
        label="No two records have the same", required=False, widget=CheckboxWidget()
    )
    related = _names(
        "Can be related to",
        "Activities such as notes, calls and tasks always can. You can add others later.",
    )

    field_order = ["singular_label", "plural_label", "name", "description", "icon"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered(self.fields["related"], _relatable(()))

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"].strip()
        return given or internal_name(self.data.get("singular_label", ""))[:50]

    def look(self) -> Look:
        given, title = self.cleaned_data, self._title().name
        return Look(
            singular=given["singular_label"],
            plural=given["plural_label"],
            description=given["description"],
            icon=given["icon"],
            primary=title,
            searchable=[title],
            required=[title] if given["title_required"] else [],
        )

    def _title(self) -> Property:
        given = self.cleaned_data
        kind, _, field_type = given["title_kind"].partition(":")
        return Property(
            name=internal_name(given["title_label"]),
            label=given["title_label"].strip(),
            type=kind,
            field_type=field_type,
            is_unique=given["title_unique"],
        )

    def write(self) -> type[CustomObject]:
        given = self.cleaned_data
        related = [objects.get(key) for key in given["related"]]
        fields = schemas.new_properties(given["name"], [self._title()])
        return schemas.create(given["name"], self.look(), fields, related)

    def fallback(self, name: str) -> str | None:
        return "title_label"


class SchemaChangeForm(SchemaForm):
    """Labels, and which properties do what."""

    primary = forms.ChoiceField(
        label="Title",
        required=False,
        widget=SelectWidget(),
        help_text="The property by whose value a record is called.",
    )
    secondary = _names("Shown beside the title", "In lists, and at the top of a record.")
    required = _names("Required for a new record")
    searchable = _names("Found by search")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            # The theme asks for a form of nothing, to look at its fields.
            return
        kind = custom.find(self.instance.type_id)
        assert kind is not None, "the row is there"
        self.before = kind
        known = [item for item in properties.load(kind.type_id).values() if not item.column]
        own = [item for item in known if not item.is_read_only]
        titles = [item for item in known if item.type in TITLES or item.name == kind.title_property]
        offered(self.fields["primary"], [(item.name, item.label) for item in titles])
        for name in ("secondary", "required"):
            offered(self.fields[name], [(item.name, item.label) for item in own])
        texts = [item for item in own if item.type in SEARCHED or item.is_searchable]
        offered(self.fields["searchable"], [(item.name, item.label) for item in texts])
        self.initial = {
            "singular_label": kind.label,
            "plural_label": kind.plural_label,
            "description": kind.description,
            "icon": kind.icon,
            "primary": kind.title_property,
            "secondary": list(kind.secondary_properties),
            "required": list(kind.required_properties),
            "searchable": [item.name for item in texts if item.is_searchable],
        }

    def look(self) -> Look:
        given = self.cleaned_data
        return Look(
            singular=given["singular_label"],
            plural=given["plural_label"],
            description=given["description"],
            icon=given["icon"],
            primary=given["primary"],
            secondary=given["secondary"],
            required=given["required"],
            searchable=given["searchable"],
        )

    def write(self) -> type[CustomObject]:
        return schemas.update(self.before, self.look())


class RelationForm(forms.Form):
    """Another object that records can be related to."""

    object_type = forms.ChoiceField(label="Object", widget=SelectWidget())

    def __init__(self, kind: type[CustomObject], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = {
            end
            for one in schemas.relations(kind)
            for end in (one.from_object_type, one.to_object_type)
            if end != kind.type_id or one.from_object_type == one.to_object_type
        }
        offered(self.fields["object_type"], _relatable(taken))


def offered(field: forms.Field, choices: Iterable[tuple[str, str]]) -> None:
    """Give a field its choices."""
    assert isinstance(field, forms.ChoiceField)
    field.choices = list(choices)


def _relatable(taken: Container[str]) -> list[tuple[str, str]]:
    """Object types that are no activities, with their labels."""
    return [
        (kind.type_id, kind.plural_label)
        for kind in objects.in_order()
        if kind.type_id not in taken and not kind.is_activity
    ]
