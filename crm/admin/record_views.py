"""Saved views of a list of records, and the choice of its columns.

The address says it all: `?view=` leads to the filters of a view, `?columns=` names properties.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import saved_views
from crm.admin import advanced_filter, paging
from crm.admin.advanced_filter import APPLIED, COLUMNS, VIEW, pack, unpack
from crm.admin.record_filters import filters_of
from crm.admin.values import definitions_of
from crm.admin_theme import TextInputWidget
from crm.models import SavedView
from crm.saved_views import MOST_COLUMNS, Contents, InvalidView

SEARCH = "q"
OWN, SHARED = "own", "shared"
#: Of the value of a parameter that a view keeps.
LONGEST_VALUE = 500

View = Callable[..., HttpResponse]


def columns(admin: Any, request: HttpRequest) -> Sequence[str]:
    """The names in the address, else those of the view; empty for the usual columns."""
    asked = request.GET.get(COLUMNS, "")
    if asked:
        return asked.split(",")[:MOST_COLUMNS]
    view = current(admin, request)
    return view.columns if view else ()


def current(admin: Any, request: HttpRequest) -> SavedView | None:
    """The view in the address, None for none and for one that the user may not use."""
    key = request.GET.get(VIEW, "")
    return next((view for view in _open(admin, request) if str(view.pk) == key), None)


def _open(admin: Any, request: HttpRequest) -> Sequence[SavedView]:
    """The views that the user may use, read once per request."""
    if "_saved_views" not in request.__dict__:
        found = saved_views.open_to(request.user, admin.kind.type_id)
        request.__dict__["_saved_views"] = list(found[: 2 * saved_views.MOST_VIEWS])
    kept: list[SavedView] = request.__dict__["_saved_views"]
    return kept


def applied(admin: Any, request: HttpRequest) -> HttpResponse | None:
    """Where `?view=` leads: the same list with the filters of the view in its address."""
    if request.method != "GET" or VIEW not in request.GET or APPLIED in request.GET:
        return None
    view = current(admin, request)
    query = request.GET.copy()
    if view is None:
        messages.warning(request, "This view is not there any more, or it is not shared with you.")
        del query[VIEW]
    else:
        query[APPLIED] = "1"
        _apply(admin, request, view, query)
    return HttpResponseRedirect(f"{_list_url(admin)}?{query.urlencode()}")


def _apply(admin: Any, request: HttpRequest, view: SavedView, query: QueryDict) -> None:
    known = _filter_names(admin, request)
    for name, value in view.filters.items():
        if name in known:
            query.setdefault(name, value)
    if not set(view.filters) <= known:
        messages.warning(request, "This view filters by what you may not see: that is left out.")
    if view.filter_branch:
        query.setdefault(advanced_filter.PARAMETER, pack(view.filter_branch))


def _filter_names(admin: Any, request: HttpRequest) -> set[str]:
    """Parameters of the simple filters that the user has, and of the search."""
    definitions = definitions_of(request, admin.kind.type_id)
    found = (getattr(item, "parameter_name", None) for item in filters_of(admin.kind, definitions))
    return {SEARCH, *(name for name in found if name)}


def context(admin: Any, request: HttpRequest) -> dict[str, Any]:
    """What the list shows of its views."""
    now, url = current(admin, request), _list_url(admin)
    everything = {"label": f"All {admin.kind.plural_label.lower()}", "url": url, "active": not now}
    tabs = [
        {"label": view.name, "url": f"{url}?{VIEW}={view.pk}", "active": view is now}
        for view in _open(admin, request)
    ]
    query = _query(request).urlencode()
    return {
        "views": [everything, *tabs],
        "current_view": now,
        "may_change_view": now is not None and saved_views.may_change(request.user, now),
        "kept_query": f"?{query}" if query else "",
    }


def _query(request: HttpRequest) -> QueryDict:
    """The address of the list without the page that it is at."""
    query = request.GET.copy()
    for name in paging.CURSORS:
        query.pop(name, None)
    return query


def _list_url(admin: Any) -> str:
    return reverse(f"admin:crm_{admin.kind.name}_changelist")


class ViewForm(forms.Form):
    """What a view is called and who may use it."""

    name = forms.CharField(
        max_length=saved_views.LONGEST_NAME, widget=TextInputWidget(attrs={"autofocus": True})
    )
    audience = forms.ChoiceField(
        label="Who sees it",
        choices=[(OWN, "Only me"), (SHARED, "Everybody who may see these records")],
        initial=OWN,
        widget=forms.RadioSelect,
    )


def views(admin: Any) -> list[tuple[str, str, View]]:
    """Route, name and view of the pages."""

    def choose(request: HttpRequest) -> HttpResponse:
        _require(admin, request)
        return _choose_columns(admin, request)

    def add(request: HttpRequest) -> HttpResponse:
        _require(admin, request)
        return _save(admin, request, None)

    def change(request: HttpRequest, view_id: int) -> HttpResponse:
        _require(admin, request)
        view = next((one for one in _open(admin, request) if one.pk == view_id), None)
        if view is None:
            raise Http404(f"There is no view {view_id}.")
        if not saved_views.may_change(request.user, view):
            raise PermissionDenied
        return _save(admin, request, view)

    return [
        ("columns/", "columns", choose),
        ("views/add/", "view_add", add),
        ("views/<int:view_id>/", "view_change", change),
    ]


def _require(admin: Any, request: HttpRequest) -> None:
    if not admin.has_view_permission(request):
        raise PermissionDenied


def _save(admin: Any, request: HttpRequest, view: SavedView | None) -> HttpResponse:
    """The form of a view (a new one without a view), or what follows once it was sent."""
    if view is not None and "delete" in request.POST:
        view.delete()
        messages.success(request, f"View {view.name} deleted.")
        return HttpResponseRedirect(_list_url(admin))
    initial = {"name": view.name, "audience": SHARED if view.is_shared else OWN} if view else {}
    data = request.POST if request.method == "POST" else None
    form = ViewForm(data, initial=initial)
    if form.is_valid():
        saved = _written(admin, request, form, view)
        if saved is not None:
            messages.success(request, f"View {saved.name} saved.")
            return HttpResponseRedirect(f"{_list_url(admin)}?{VIEW}={saved.pk}")
    title = f"Edit view {view.name}" if view else "Save view"
    return _page(admin, request, "record_view", title, {"form": form, "view": view})


def _written(
    admin: Any, request: HttpRequest, form: ViewForm, view: SavedView | None
) -> SavedView | None:
    name, is_shared = form.cleaned_data["name"], form.cleaned_data["audience"] == SHARED
    contents = _contents(admin, request)
    try:
        if view is not None:
            return saved_views.change(view, name, contents, is_shared=is_shared)
        type_id = admin.kind.type_id
        return saved_views.create(request.user, type_id, name, contents, is_shared=is_shared)
    except InvalidView as error:
        form.add_error("name", error)
        return None


def _contents(admin: Any, request: HttpRequest) -> Contents:
    """Columns and filters as the address has them."""
    definitions = definitions_of(request, admin.kind.type_id)
    known = _filter_names(admin, request)
    filters = {
        name: str(value)[:LONGEST_VALUE]
        for name, value in request.GET.dict().items()
        if name in known and value
    }
    return Contents(
        columns=[name for name in columns(admin, request) if name in definitions],
        filters=filters,
        filter_branch=unpack(request.GET.get(advanced_filter.PARAMETER, "")),
    )


def _choose_columns(admin: Any, request: HttpRequest) -> HttpResponse:
    """All properties as check boxes, the chosen ones first and in order."""
    definitions = definitions_of(request, admin.kind.type_id)
    sent = request.POST if request.method == "POST" else None
    asked = sent.getlist("columns") if sent is not None else columns(admin, request)
    chosen = [
        name for name in dict.fromkeys(asked or admin.kind.list_columns) if name in definitions
    ]
    error = ""
    if sent is not None:
        for step, name in ((-1, sent.get("up", "")), (1, sent.get("down", ""))):
            _move(chosen, name, step)
        error = _wrong(sent.getlist("columns"))
        if "show" in sent and not error:
            return _shown(admin, request, chosen)
    others = sorted(
        (item for name, item in definitions.items() if name not in chosen),
        key=lambda item: item.label.lower(),
    )
    given = {"chosen": [definitions[name] for name in chosen], "others": others, "error": error}
    title = f"Columns of {admin.kind.plural_label.lower()}"
    return _page(admin, request, "record_columns", title, given)


def _wrong(names: Sequence[str]) -> str:
    if not names:
        return "Choose at least one column."
    if len(names) > MOST_COLUMNS:
        return f"Choose up to {MOST_COLUMNS} columns."
    return ""


def _move(names: list[str], name: str, step: int) -> None:
    if name in names:
        place = names.index(name)
        names.insert(max(place + step, 0), names.pop(place))


def _shown(admin: Any, request: HttpRequest, chosen: Sequence[str]) -> HttpResponse:
    query = _query(request)
    query[COLUMNS] = ",".join(chosen)
    return HttpResponseRedirect(f"{_list_url(admin)}?{query.urlencode(safe=',')}")


def _page(
    admin: Any, request: HttpRequest, template: str, title: str, given: dict[str, Any]
) -> HttpResponse:
    query = _query(request).urlencode()
    whole = {
        **admin.admin_site.each_context(request),
        "title": title,
        "opts": admin.opts,
        "kind": admin.kind,
        "back": f"{_list_url(admin)}?{query}" if query else _list_url(admin),
        **given,
    }
    return TemplateResponse(request, f"admin/crm/{template}.html", whole)
