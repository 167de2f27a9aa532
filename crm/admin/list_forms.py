"""Forms about a list."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from crm.admin.filter_builder.fields import FilterField
from crm.admin_theme import CheckboxWidget, SelectWidget, TextareaWidget, TextInputWidget
from crm.lists import conversion, folders
from crm.lists.conversion import Inactivity
from crm.lists.editing import LONGEST_NAME
from crm.models import List, ListFolder
from crm.objects import base as objects

NEVER, DAY, INACTIVITY = "never", "day", "inactivity"
KINDS = [
    (List.ProcessingType.MANUAL, "Static: who is in it is put in by people or workflows"),
    (List.ProcessingType.DYNAMIC, "Active: it always holds who meets its filters"),
    (List.ProcessingType.SNAPSHOT, "Snapshot: it begins with who meets its filters, then static"),
]


def folder_choices() -> list[tuple[str, str]]:
    """All folders by their whole path, and none."""
    paths = {
        str(row.pk): " / ".join(folder.name for folder in folders.path(row))
        for row in ListFolder.objects.select_related("parent__parent__parent__parent")
    }
    return [("", "No folder"), *sorted(paths.items(), key=lambda item: item[1].lower())]


class NamedForm(forms.Form):
    """What every list has."""

    name = forms.CharField(max_length=LONGEST_NAME, widget=TextInputWidget())
    folder = forms.ChoiceField(required=False, choices=folder_choices, widget=SelectWidget())

    def folder_row(self) -> ListFolder | None:
        key = self.cleaned_data.get("folder")
        return ListFolder.objects.filter(pk=key).first() if key else None


class NewListForm(NamedForm):
    """A new list; those with filters are asked for them on the next page."""

    object_type = forms.ChoiceField(
        label="Contains",
        choices=lambda: [(kind.type_id, kind.plural_label) for kind in objects.in_order()],
        widget=SelectWidget(),
    )
    processing_type = forms.ChoiceField(
        label="Kind", choices=KINDS, initial=List.ProcessingType.MANUAL, widget=forms.RadioSelect
    )
    field_order = ["name", "object_type", "processing_type", "folder"]


class FiltersForm(forms.Form):
    """Who is in a list."""

    def __init__(self, *args: Any, object_type: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["filter_branch"] = FilterField(object_type, label="Filters")


class StaticListForm(NamedForm):
    """Changes of a static list."""


class ActiveListForm(NamedForm):
    """Changes of an active list: its filters, and when it becomes static."""

    starts_workflows = forms.BooleanField(
        label="Whoever enters by new filters may start workflows",
        required=False,
        initial=True,
        widget=CheckboxWidget(),
        help_text="Otherwise workflows take them for members from the start.",
    )
    convert = forms.ChoiceField(
        label="Make it static",
        choices=[(NEVER, "Never"), (DAY, "On a day"), (INACTIVITY, "After inactivity")],
        widget=SelectWidget(),
    )
    convert_on = forms.DateField(
        label="Day", required=False, widget=TextInputWidget(attrs={"type": "date"})
    )
    convert_after = forms.IntegerField(
        label="Without a record coming or going for",
        required=False,
        min_value=1,
        max_value=conversion.LONGEST_WAIT,
        widget=TextInputWidget(attrs={"inputmode": "numeric"}),
    )
    convert_unit = forms.ChoiceField(
        label="Unit", choices=List.ConversionUnit.choices, required=False, widget=SelectWidget()
    )

    def __init__(self, *args: Any, object_type: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["filter_branch"] = FilterField(object_type, label="Filters")
        self.order_fields(["name", "folder", "filter_branch", "starts_workflows"])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("convert") == DAY and not given.get("convert_on"):
            self._require("convert_on", "Choose the day.")
        if given.get("convert") == INACTIVITY and not given.get("convert_after"):
            self._require("convert_after", "Say for how long.")
        return given

    def _require(self, name: str, message: str) -> None:
        if name not in self.errors:
            self.add_error(name, message)

    def plan(self) -> Any:
        """A day, an Inactivity, or None for never."""
        given = self.cleaned_data
        if given["convert"] == DAY:
            return given["convert_on"]
        if given["convert"] == INACTIVITY:
            return Inactivity(count=given["convert_after"], unit=given["convert_unit"] or "DAY")
        return None


def initial(row: List) -> dict[str, Any]:
    """What the form of a list begins with."""
    convert = DAY if row.convert_on else INACTIVITY if row.convert_after else NEVER
    return {
        "name": row.name,
        "folder": str(row.folder_id or ""),
        "filter_branch": row.filter_branch,
        "starts_workflows": True,
        "convert": convert,
        "convert_on": row.convert_on.isoformat() if row.convert_on else None,
        "convert_after": row.convert_after,
        "convert_unit": row.convert_unit or List.ConversionUnit.DAY,
    }


class MembersForm(forms.Form):
    """Records by id, or contacts by email address, that join a list."""

    records = forms.CharField(
        label="Ids or email addresses",
        widget=TextareaWidget(attrs={"rows": 3}),
        max_length=1_000_000,
        help_text="Any number, one per line or with commas between them.",
    )

    def texts(self) -> list[str]:
        parts = re.split(r"[\s,;]+", self.cleaned_data["records"])
        return list(dict.fromkeys(part for part in parts if part))
