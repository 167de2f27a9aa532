"""Making a list, and changing its name, place and filters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from crm.admin import list_forms
from crm.admin.list_forms import ActiveListForm, FiltersForm, NewListForm, StaticListForm
from crm.features import ACTIVE_LISTS, STATIC_LISTS
from crm.lists import conversion, editing, folders
from crm.models import List
from subscriptions.features import LimitReached

INDEX = "admin:crm_list_changelist"


def sent(request: HttpRequest) -> Any:
    """What a form is bound to."""
    return request.POST if request.method == "POST" else None


def page_url(row: List) -> str:
    return reverse("admin:crm_list_change", args=[row.pk])


def respond_add(admin: Any, request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    chosen = NewListForm(request.GET) if "processing_type" in request.GET else None
    if chosen is not None and chosen.is_valid():
        return _second_page(admin, request, chosen)
    reason = _no_room()
    if reason and request.method == "GET":
        messages.error(request, reason)
        return HttpResponseRedirect(reverse(INDEX))
    form = NewListForm(sent(request))
    if form.is_valid():
        answer = _chosen(request, form)
        if answer is not None:
            return answer
    return _page(admin, request, form, "Add list", "Continue", reverse(INDEX))


def _no_room() -> str:
    """Why the plan allows no further list of any kind; empty while it does."""
    reason = ""
    for limit in (STATIC_LISTS, ACTIVE_LISTS):
        try:
            limit.require_room()
        except LimitReached as error:
            reason = reason or str(error)
        else:
            return ""
    return reason


def _chosen(request: HttpRequest, form: NewListForm) -> HttpResponse | None:
    if form.cleaned_data["processing_type"] == List.ProcessingType.MANUAL:
        return _create(request, form, form, None)
    given = {name: form.cleaned_data[name] for name in form.fields}
    return HttpResponseRedirect(f"{reverse('admin:crm_list_add')}?{urlencode(given)}")


def _second_page(admin: Any, request: HttpRequest, chosen: NewListForm) -> HttpResponse:
    """The filters of a list whose name and kind are in the address."""
    form = FiltersForm(sent(request), object_type=chosen.cleaned_data["object_type"])
    if form.is_valid():
        answer = _create(request, form, chosen, form.cleaned_data["filter_branch"])
        if answer is not None:
            return answer
    title = f"Who is in {chosen.cleaned_data['name']}"
    return _page(admin, request, form, title, "Create list", reverse("admin:crm_list_add"))


def _create(
    request: HttpRequest, form: forms.Form, chosen: NewListForm, branch: Any
) -> HttpResponse | None:
    given = chosen.cleaned_data
    user: Any = request.user
    made = store(
        form,
        lambda: editing.create(
            given["name"],
            given["object_type"],
            given["processing_type"],
            filter_branch=branch,
            folder=chosen.folder_row(),
            user=user,
        ),
    )
    if made is None:
        return None
    messages.success(request, f"{made} was created.")
    return HttpResponseRedirect(page_url(made))


def store(form: forms.Form, write: Callable[[], List]) -> List | None:
    """Write a list; what it cannot be stands beside the field it is about."""
    try:
        with transaction.atomic():
            return write()
    except editing.InvalidList as error:
        form.add_error(error.field if error.field in form.fields else None, error.messages)
    except LimitReached as error:
        form.add_error(None, str(error))
    return None


def respond_edit(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    if not admin.has_change_permission(request, row):
        raise PermissionDenied
    form = _form_of(row, sent(request))
    if form.is_valid():
        saved = store(form, lambda: _save(request, row, form))
        if saved is not None:
            messages.success(request, "Saved.")
            return HttpResponseRedirect(page_url(row))
    return _page(admin, request, form, f"Edit {row}", "Save", page_url(row))


def _form_of(row: List, given: Any) -> StaticListForm | ActiveListForm:
    begins = list_forms.initial(row)
    if row.is_dynamic:
        return ActiveListForm(given, initial=begins, object_type=row.object_type)
    return StaticListForm(given, initial=begins)


def _save(request: HttpRequest, row: List, form: StaticListForm | ActiveListForm) -> List:
    user: Any = request.user
    given, changed = form.cleaned_data, set(form.changed_data)
    if "name" in changed:
        editing.rename(row, given["name"], user)
    if "folder" in changed:
        folders.put(row, form.folder_row())
    if not isinstance(form, ActiveListForm):
        return row
    if "filter_branch" in changed:
        editing.change_filters(
            row, given["filter_branch"], user, starts_workflows=given["starts_workflows"]
        )
    if changed & {"convert", "convert_on", "convert_after", "convert_unit"}:
        plan = form.plan()
        conversion.cancel(row) if plan is None else conversion.schedule(row, plan)
    return row


def _page(
    admin: Any, request: HttpRequest, form: forms.Form, title: str, button: str, back: str
) -> HttpResponse:
    context = {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.opts,
        "form": form,
        "button": button,
        "back": back,
    }
    return TemplateResponse(request, "admin/crm/filter_form.html", context)
