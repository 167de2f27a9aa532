"""Tracked websites and their forms."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, clock, occurrences, properties
from crm.admin.urls import record_links
from crm.admin_theme import ModelAdmin, SelectWidget, display
from crm.models import Form, TrackedSite
from crm.occurrences import Asked
from crm.tracking import forms as tracked_forms
from crm.tracking import sites

CONTACT = "0-1"
SHOWN = 25
EMAIL = "email"


class SiteForm(forms.ModelForm[TrackedSite]):
    class Meta:
        model = TrackedSite
        fields = ["host", "with_subdomains"]
        help_texts = {
            "host": "Its name as in the address bar: www.example.com.",
            "with_subdomains": "With example.com also shop.example.com and www.example.com.",
        }

    def clean_host(self) -> str:
        return sites.clean_host(self.cleaned_data["host"])


@admin.register(TrackedSite)
class TrackedSiteAdmin(ModelAdmin[TrackedSite]):
    """Websites whose page views and forms are collected."""

    empty_text = "Name the websites that may report, then put the line above into their pages."

    form = SiteForm
    list_display = ["host", "covers"]
    search_fields = ["host"]
    list_before_template = "admin/crm/tracking_snippet.html"

    @display(description="Covers")
    def covers(self, site: TrackedSite) -> str:
        return "The host and its subdomains" if site.with_subdomains else "This host"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        shown = {"snippet": sites.snippet()} | (extra_context or {})
        return super().changelist_view(request, shown)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}


class FormForm(forms.ModelForm[Form]):
    """A form: its name, and for each field the property it fills."""

    class Meta:
        model = Form
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.fields:
            return
        offered = _properties()
        for place, name in enumerate(self.instance.fields):
            # The address says whose submission it is.
            if name.lower() == EMAIL:
                continue
            chosen = self.instance.mapping.get(name, "")
            self.fields[f"field_{place}"] = forms.ChoiceField(
                label=name,
                required=False,
                initial=chosen,
                choices=[("", "nothing: kept with the submission"), *offered],
                widget=SelectWidget(),
            )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        asked = {
            name: given.get(f"field_{place}", "")
            for place, name in enumerate(self.instance.fields)
            if f"field_{place}" in self.fields
        }
        self.instance.mapping = self.instance.mapping | asked
        return given


def _properties() -> list[tuple[str, str]]:
    """The properties of contacts that a form may fill if staff say so."""
    found = [
        (item.name, item.label)
        for item in properties.load(CONTACT).values()
        if not (item.is_read_only or item.column or item.is_unique)
    ]
    return sorted(found, key=lambda pair: pair[1].lower())


@admin.register(Form)
class FormAdmin(ModelAdmin[Form]):
    """Forms found on tracked websites, and those you make for your own pages."""

    empty_text = "Forms of tracked websites appear here by themselves when somebody uses them."

    form = FormForm
    list_display = ["name", "field_names", "submitted"]
    search_fields = ["name", "key"]
    change_form_outer_after_template = "admin/crm/form_submissions.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Form]:
        return super().get_queryset(request).filter(archived_at=None)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        response = super().changelist_view(request, extra_context)
        shown = getattr(response, "context_data", {}).get("cl")
        if shown is not None:
            counted = tracked_forms.submissions([form.pk for form in shown.result_list])
            for form in shown.result_list:
                form.counted = counted.get(str(form.pk), 0)
        return response

    @display(description="Fields")
    def field_names(self, form: Form) -> str:
        return ", ".join(form.fields[:6]) + (" …" if len(form.fields) > 6 else "")

    @display(description="Submissions")
    def submitted(self, form: Form) -> str:
        return f"{getattr(form, 'counted', 0):,}"

    def get_fields(self, request: HttpRequest, obj: Form | None = None) -> list[Any]:
        if obj is None:
            return ["name"]
        mapped = [place for place, name in enumerate(obj.fields) if name.lower() != EMAIL]
        return ["name", *(f"field_{place}" for place in mapped)]

    def get_form(
        self, request: HttpRequest, obj: Form | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        # The fields for the mapping belong to no column.
        return super().get_form(request, obj, change, **kwargs | {"fields": ["name"]})

    def save_model(self, request: HttpRequest, obj: Form, form: Any, change: bool) -> None:
        if not change:
            obj.created_at = clock.now()
            obj.save(force_insert=True)
            return
        # What pages reported meanwhile stays.
        Form.objects.filter(pk=obj.pk).update(name=obj.name, mapping=obj.mapping)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        context = _submissions(request, object_id)
        return super().change_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )

    def response_add(
        self, request: HttpRequest, obj: Form, post_url_continue: str | None = None
    ) -> HttpResponse:
        messages.success(request, f"{obj} added. Mark the form on your page as shown below.")
        return HttpResponseRedirect(reverse("admin:crm_form_change", args=[obj.pk]))

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        form = get_object_or_404(self.get_queryset(request), pk=_uuid(object_id))
        if not self.has_delete_permission(request, form):
            raise PermissionDenied
        if request.method == "POST":
            Form.objects.filter(pk=form.pk).update(archived_at=clock.now())
            messages.success(request, f"{form} archived.")
            return HttpResponseRedirect(reverse("admin:crm_form_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {form}?",
            "opts": self.opts,
            "record": form,
            "explanation": "What is sent with it is ignored from now on. Submissions stay.",
            "back": reverse("admin:crm_form_change", args=[form.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)


def _uuid(text: str) -> UUID:
    """An id in an address; one that is none is nobody's."""
    try:
        return UUID(text)
    except ValueError:
        return UUID(int=0)


def _submissions(request: HttpRequest, object_id: str) -> dict[str, Any]:
    """The newest submissions by contacts that the user may see."""
    key = str(_uuid(object_id))
    rights = access.of(request.user)
    asked = Asked(
        types=["form.submitted"],
        properties={"hs_form_id": key},
        visible=rights.visible(CONTACT),
    )
    after = request.GET.get("after", "")
    try:
        found, more = occurrences.page(asked, after, SHOWN)
    except ValueError:
        found, more = occurrences.page(asked, "", SHOWN)
    links = record_links({one.record_id for one in found}, rights)
    return {
        "form_id": key,
        "submissions": [
            {
                "link": links[one.record_id],
                "at": one.at,
                "url": one.properties.get("hs_url", ""),
                "fields": one.properties.get("fields", {}),
            }
            for one in found
        ],
        "older": more,
        "is_first": not after,
    }
