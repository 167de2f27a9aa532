"""A page of the admin that is a filter and nothing else, for tests of the builder."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path

from config.urls import urlpatterns as config_urlpatterns
from crm.admin.filter_builder.fields import FilterField

#: What was saved last.
saved: list[Any] = []
#: What the page opens with.
initial: list[Any] = []


class DemoForm(forms.Form):
    filter = FilterField("0-1", label="Filters")


def respond(request: HttpRequest) -> HttpResponse:
    first = {"filter": initial[-1]} if initial else {}
    form = DemoForm(request.POST if request.method == "POST" else None, initial=first)
    if request.method == "POST" and form.is_valid():
        saved.append(form.cleaned_data["filter"])
        return HttpResponse(json.dumps(saved[-1]), content_type="application/json")
    context = {**admin.site.each_context(request), "title": "Contacts in the north", "form": form}
    return TemplateResponse(request, "admin/crm/filter_form.html", context)


urlpatterns: list[URLPattern | URLResolver] = [path("admin/demo/", respond), *config_urlpatterns]
