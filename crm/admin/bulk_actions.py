"""What staff can do with many records of any object type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from psycopg.types.json import Jsonb

from crm import access, changes, properties, sharing
from crm.access import Verb
from crm.access_switches import BULK_DELETE, MANAGE_LISTS
from crm.admin.bulk import BulkAction, BulkForm, Selection, bulk_actions
from crm.admin.record_form import sentence
from crm.admin_theme import SelectWidget, TextInputWidget
from crm.lists import membership
from crm.models import List
from crm.sql import sql


class ListForm(BulkForm):
    list = forms.ModelChoiceField(
        List.objects.none(), label="List", empty_label="Choose a list", widget=SelectWidget()
    )

    def prepare(self) -> None:
        field = self.fields["list"]
        assert isinstance(field, forms.ModelChoiceField)
        mine = List.objects.filter(object_type=self.kind.type_id, archived_at=None)
        fixed = mine.exclude(processing_type=List.ProcessingType.DYNAMIC)
        field.queryset = sharing.open_to(self.user, fixed, sharing.EDIT).order_by("name")


@bulk_actions.register
class AddToList(BulkAction):
    """They join a static list; who is in it already stays as it is."""

    name = "add_to_list"
    order = 20
    label = "Add to a static list"
    button = "Add to list"
    icon = "playlist_add"
    verb = Verb.VIEW
    switch = MANAGE_LISTS
    form_class = ListForm

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        target = given["list"]
        count = membership.add(target, selection.records)
        return f"{selection.named(count)} added to {target}."


@bulk_actions.register
class RemoveFromList(BulkAction):
    """They leave a static list; the records themselves stay."""

    name = "remove_from_list"
    order = 30
    label = "Remove from a static list"
    button = "Remove from list"
    icon = "playlist_remove"
    verb = Verb.VIEW
    switch = MANAGE_LISTS
    form_class = ListForm

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        target = given["list"]
        count = membership.remove(target, selection.records)
        return f"{selection.named(count)} removed from {target}."


class PropertyForm(BulkForm):
    property_name = forms.ChoiceField(label="Property", widget=SelectWidget())
    value = forms.CharField(
        label="New value",
        required=False,
        widget=TextInputWidget(),
        help_text="Empty clears it. Choices by label or internal value, dates as 2026-12-31.",
    )

    def prepare(self) -> None:
        self.definitions = access.of(self.user).definitions(self.kind.type_id)
        field = self.fields["property_name"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", "Choose a property")] + [
            (item.name, item.label)
            for item in sorted(self.definitions.values(), key=lambda item: item.label)
            if not (item.is_unique or item.is_read_only or item.column)
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        name = given.get("property_name")
        if name:
            try:
                given["cleaned"] = properties.clean(self.definitions, {name: given.get("value")})
            except properties.InvalidProperties as error:
                self.add_error("value", sentence(error.errors[name]))
        return given


@bulk_actions.register
class SetProperty(BulkAction):
    """One property gets the same value everywhere; the history keeps the values before."""

    name = "set_property"
    order = 40
    label = "Set a property value"
    button = "Set value"
    icon = "edit"
    form_class = PropertyForm

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        select = sql(
            "SELECT c.record_id, {delta}::jsonb AS delta, '' AS source_id FROM ({records}) c",
            delta=Jsonb(given["cleaned"]),
            records=selection.records,
        )
        count = changes.update_from(
            selection.kind.type_id, select, list(given["cleaned"]), selection.source
        )
        return f"{selection.named(count)} changed."


@bulk_actions.register
class Archive(BulkAction):
    """They leave lists, workflows and searches. Nothing is deleted; they can be restored."""

    name = "archive"
    order = 90
    label = "Archive"
    button = "Archive"
    icon = "archive"
    is_dangerous = True
    verb = Verb.DELETE
    switch = BULK_DELETE

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        count = changes.archive(selection.kind.type_id, selection.records, selection.source)
        return f"{selection.named(count)} archived."
