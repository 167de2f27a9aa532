"""Who sees and who edits the values of a property."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access
from crm.access import Level
from crm.access_switches import MANAGE_USERS
from crm.admin.subjects import Subject, SubjectsForm, name_of
from crm.admin_theme import SelectWidget
from crm.models import Property, PropertyAccess, Team

LEVELS = [(str(level.value), str(level.label)) for level in reversed(Level)]


class PropertyAccessForm(SubjectsForm):
    everybody = forms.ChoiceField(
        label="Everybody",
        choices=LEVELS,
        widget=SelectWidget(),
        help_text="Unless a line below says otherwise. Superusers see and edit every property, and"
        " workflows write it whoever made them.",
    )


def may_decide(request: HttpRequest, definition: Property | None = None) -> bool:
    """Whether a user may say who sees a property: somebody who edits it without limits."""
    rights = access.of(request.user)
    is_limited = definition is not None and definition.name in rights.levels(definition.object_type)
    return rights.can(MANAGE_USERS) and not is_limited


def given_to(definition: Property) -> tuple[dict[Subject, str], str]:
    """The level of teams and users, and that of everybody else."""
    everybody, given = str(Level.EDIT.value), {}
    for rule in definition.access_rules.select_related("user", "team"):
        who = rule.user or rule.team
        if who is None:
            everybody = str(rule.level)
        else:
            given[who] = str(rule.level)
    return given, everybody


def panel(request: HttpRequest, definition: Property) -> dict[str, Any]:
    """What the page of a property shows of it."""
    given, everybody = given_to(definition)
    labels = dict(LEVELS)
    return {
        "access": {
            "everybody": labels[everybody],
            "people": sorted((name_of(who), labels[level]) for who, level in given.items()),
            "url": reverse("admin:crm_property_access", args=[definition.pk])
            if may_decide(request, definition)
            else "",
        }
    }


def respond(admin: Any, request: HttpRequest, property_id: int) -> HttpResponse:
    """The form, or what follows once it was saved."""
    definition = get_object_or_404(admin.get_queryset(request), pk=property_id)
    if not admin.has_view_permission(request, definition) or not may_decide(request, definition):
        raise PermissionDenied
    given, everybody = given_to(definition)
    form = PropertyAccessForm(
        request.POST or None, initial={"everybody": everybody}, given=given, levels=LEVELS
    )
    back = reverse("admin:crm_property_change", args=[definition.pk])
    if form.is_valid():
        save(definition, int(form.cleaned_data["everybody"]), form.chosen())
        messages.success(request, "Saved who sees it.")
        return HttpResponseRedirect(request.path if "_continue" in request.POST else back)
    context = {
        **admin.admin_site.each_context(request),
        "title": f"Who sees {definition}",
        "opts": admin.opts,
        "form": form,
        "back": back,
    }
    return TemplateResponse(request, "admin/crm/property_access.html", context)


@transaction.atomic
def save(definition: Property, everybody: int, chosen: dict[Subject, str]) -> None:
    """Have exactly these rules."""
    definition.access_rules.all().delete()
    rules = [
        PropertyAccess(
            definition=definition,
            team=who if isinstance(who, Team) else None,
            user=None if isinstance(who, Team) else who,
            level=int(level),
        )
        for who, level in chosen.items()
    ]
    if everybody != Level.EDIT:
        rules.append(PropertyAccess(definition=definition, level=everybody))
    PropertyAccess.objects.bulk_create(rules)
