"""Custom events, each with its properties on one page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import event_editing
from crm.admin.property_form import read_options, written_options
from crm.admin_theme import (
    ModelAdmin,
    SelectWidget,
    TabularInline,
    TextareaWidget,
    TextInputWidget,
    display,
)
from crm.models import CustomEvent, CustomEventProperty
from crm.objects import base as objects
from crm.property_editing import InvalidDefinition
from crm.property_types.base import property_types


def _object_types() -> list[tuple[str, str]]:
    return [(kind.type_id, kind.label) for kind in objects.in_order()]


def _types() -> list[tuple[str, str]]:
    return [(kind.name, kind.label) for kind in property_types]


class EventForm(forms.ModelForm[CustomEvent]):
    """An event; what it is kept by is asked only once."""

    object_type = forms.ChoiceField(
        label="Happens to", choices=_object_types, widget=SelectWidget()
    )

    class Meta:
        model = CustomEvent
        fields = ["label", "name", "object_type", "description", "has_default_properties"]
        widgets = {"description": TextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            for name in ("name", "object_type"):
                self.fields.pop(name, None)
        if "name" in self.fields:
            self.fields["name"].required = False
            self.fields["name"].help_text = (
                "Programs send it under this name, with pe1_ before it; it cannot be changed"
                " later. Empty: made from the label."
            )
        if "has_default_properties" in self.fields:
            self.fields[
                "has_default_properties"
            ].help_text = (
                "It may carry the page, the device and the campaign besides its own properties."
            )

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"]
        return given or event_editing.name_from(self.data.get("label", ""))

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        for name, message in event_editing.problems(self.instance).items():
            self.add_error(name if name in self.fields else None, message)


class PropertyForm(forms.ModelForm[CustomEventProperty]):
    """A property of an event in one row."""

    name = forms.CharField(
        label="Internal name",
        required=False,
        max_length=100,
        widget=TextInputWidget(attrs={"placeholder": "made from the label"}),
    )
    type = forms.ChoiceField(label="Type", choices=_types, widget=SelectWidget())
    choices = forms.CharField(
        label="Options",
        required=False,
        widget=TextareaWidget(attrs={"rows": 2, "placeholder": "One per line, for choices"}),
    )

    class Meta:
        model = CustomEventProperty
        fields = ["label", "name", "type", "choices"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["choices"] = written_options(self.instance.options)
        # In a table the headings stand far from the fields.
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = str(field.label)
        if self.instance.pk:
            # What values are kept by stays.
            self.fields["name"].disabled = self.fields["type"].disabled = True

    def clean_name(self) -> str:
        given: str = self.cleaned_data["name"]
        return given or event_editing.name_from(self.data.get(self.add_prefix("label"), ""), 100)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        self.instance.options = [
            {"label": option["label"], "value": option["value"]}
            for option in read_options(given.get("choices", ""))
        ]
        return given

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        for name, message in event_editing.property_problems(self.instance).items():
            field = "choices" if name == "options" else name
            self.add_error(field if field in self.fields else None, message)


class PropertyFormSet(
    forms.BaseInlineFormSet[CustomEventProperty, CustomEvent, forms.ModelForm[Any]]
):
    """All properties of an event; names are told apart before anything is saved."""

    def clean(self) -> None:
        super().clean()
        taken = {item.name for item in self.instance.properties.exclude(archived_at=None)}
        for form in self.forms:
            name = form.cleaned_data.get("name", "")
            if form.instance.pk or not name:
                continue
            if name in taken:
                form.add_error("name", "A property in the archive has this name.")
            elif self.instance.has_default_properties and name in event_editing.DEFAULT_NAMES:
                form.add_error("name", "This is the name of a default property.")

    def save(self, commit: bool = True) -> list[Any]:
        self.new_objects, self.changed_objects, self.deleted_objects = [], [], []
        for form in self.forms:
            if form in self.deleted_forms:
                if form.instance.pk:
                    event_editing.archive_property(form.instance)
            elif form.instance.pk:
                if form.has_changed():
                    event_editing.change_property(form.instance)
            elif form.cleaned_data.get("label"):
                form.instance.event = self.instance
                event_editing.add_property(form.instance)
        return []


class PropertyInline(TabularInline[CustomEventProperty, CustomEvent]):
    model = CustomEventProperty
    form = PropertyForm
    formset = PropertyFormSet
    extra = 0
    max_num = event_editing.MOST_PROPERTIES
    verbose_name = "property"
    verbose_name_plural = "Properties"

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomEventProperty]:
        return super().get_queryset(request).filter(archived_at=None)


@admin.register(CustomEvent)
class CustomEventAdmin(ModelAdmin[CustomEvent]):
    """What programs of yours tell about records: an order paid, a seat added."""

    empty_text = "Define what your own programs send, and use it in filters and workflows."

    form = EventForm
    list_display = ["label", "full_name", "happens_to", "property_names"]
    search_fields = ["label", "name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CustomEvent]:
        return super().get_queryset(request).filter(archived_at=None).prefetch_related("properties")

    @display(description="Name")
    def full_name(self, event: CustomEvent) -> str:
        return event_editing.fully_qualified(event)

    @display(description="Happens to")
    def happens_to(self, event: CustomEvent) -> str:
        return objects.get(event.object_type).label

    @display(description="Properties")
    def property_names(self, event: CustomEvent) -> str:
        own = [item.label for item in event.properties.all() if item.archived_at is None]
        return ", ".join(own) or "none of its own"

    def get_fields(self, request: HttpRequest, obj: CustomEvent | None = None) -> list[Any]:
        if obj is None:
            return ["label", "name", "object_type", "description", "has_default_properties"]
        return ["label", "full_name", "happens_to", "description", "has_default_properties"]

    def get_readonly_fields(self, request: HttpRequest, obj: CustomEvent | None = None) -> Any:
        return [] if obj is None else ["full_name", "happens_to"]

    def get_inlines(self, request: HttpRequest, obj: CustomEvent | None) -> list[Any]:
        return [] if obj is None else [PropertyInline]

    def save_model(self, request: HttpRequest, obj: CustomEvent, form: Any, change: bool) -> None:
        if change:
            event_editing.change(obj)
            return
        event_editing.create(obj)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        try:
            formset.save()
        except InvalidDefinition as error:
            # Somebody else added one at the same time.
            messages.error(request, " ".join(error.messages))

    def response_add(
        self, request: HttpRequest, obj: CustomEvent, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, f"{obj} added. Say next what it carries.")
        return HttpResponseRedirect(reverse("admin:crm_customevent_change", args=[obj.pk]))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        event = get_object_or_404(self.get_queryset(request), pk=object_id)
        if not self.has_delete_permission(request, event):
            raise PermissionDenied
        if request.method == "POST":
            event_editing.archive(event)
            messages.success(request, f"{event} archived.")
            return HttpResponseRedirect(reverse("admin:crm_customevent_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {event}?",
            "opts": self.opts,
            "record": event,
            "explanation": "Nobody can send it any more, and filters that use it match nobody."
            " What happened stays on timelines.",
            "back": reverse("admin:crm_customevent_change", args=[event.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)
