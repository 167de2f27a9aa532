"""What the browser asks for while somebody builds a filter. Nothing here is stored, except what
each user picked last.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path
from django.views.decorators.http import require_GET, require_POST

from crm import access, clock
from crm.access import Verb
from crm.admin.filter_builder import picker
from crm.admin.filter_builder.carrying import carried
from crm.admin.filter_builder.drawing import Unreadable, load_groups, load_row, load_rows
from crm.admin.filter_builder.rendering import canvas, draw_rows
from crm.admin.filter_builder.words import Asking, count_in_words, in_sentences
from crm.filters import scopes
from crm.filters.scopes import Scope
from crm.objects import base as objects

View = Callable[[HttpRequest, Scope], HttpResponse]
#: In the session: object type -> what was picked last, the latest first.
RECENT = "filter_builder_recent"
MOST_RECENT = 5


def urls(site: admin.AdminSite) -> list[URLPattern]:
    views: dict[str, tuple[View, Any]] = {
        "offers": (offers, require_GET),
        "options": (options, require_POST),
        "rows": (rows, require_POST),
        "estimate": (estimate, require_POST),
    }
    return [
        path(
            f"filters/<str:object_type>/{name}/",
            site.admin_view(method(_about(view))),
            name=f"filter_{name}",
        )
        for name, (view, method) in views.items()
    ]


def _about(view: View) -> Callable[..., HttpResponse]:
    """A view about records of a type, for those who may see them."""

    def respond(request: HttpRequest, object_type: str) -> HttpResponse:
        if object_type not in {kind.type_id for kind in objects.in_order()}:
            raise Http404
        if not access.may(request.user, object_type, Verb.VIEW):
            raise PermissionDenied
        try:
            return view(request, scopes.load(object_type))
        except Unreadable as error:
            return HttpResponseBadRequest(str(error))

    return respond


def offers(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What can be added: the options of the picker's list."""
    inside = _inside(request.GET.get("inside", ""), scope)
    recent = request.session.get(RECENT, {}).get(inside.object_type, [])
    found = picker.search(request.GET.get("q", ""), _seen_by(request.user, inside), recent)
    return JsonResponse({"html": picker.draw_offers(found), "count": picker.count_in_words(found)})


def options(request: HttpRequest, scope: Scope) -> HttpResponse:
    """What the search in a row finds."""
    asked = _json(request)
    inside = _inside(asked.get("inside"), scope)
    row = load_row(asked.get("row"))
    found = picker.find_choices(row, str(asked.get("input", "")), str(asked.get("q", "")), inside)
    words = f"{len(found)} found" if found else "Nothing found"
    return JsonResponse({"html": picker.draw_choices(found), "count": words})


def rows(request: HttpRequest, scope: Scope) -> HttpResponse:
    """Rows as they look now: new ones, copies, or one whose operator was changed."""
    asked = _json(request)
    inside = _inside(asked.get("inside"), scope)
    wanted = load_rows(asked.get("rows"))
    changed = asked.get("changed")
    if isinstance(changed, str):
        wanted = tuple(carried(row, changed, inside) for row in wanted)
    if asked.get("is_new"):
        _remember(request, inside, [picker.key_of(row.kind, dict(row.values)) for row in wanted])
    drawn = canvas((wanted,), inside, clock.now(), is_strict=False)
    return HttpResponse(draw_rows(wanted, inside, drawn, "0"))


def estimate(request: HttpRequest, scope: Scope) -> HttpResponse:
    """How many match, the filter in words, and what to say at each row."""
    asked = _json(request)
    groups = load_groups(asked.get("groups"))
    now = clock.now()
    drawn = canvas(groups, scope, now, is_strict=bool(asked.get("is_strict")))
    lines = in_sentences(groups, scope, drawn.findings)
    summary = render_to_string("admin/parts/filter_lines.html", {"lines": lines})
    shown = {place: drawn.finding(place) for place in drawn.findings}
    return JsonResponse(
        {
            "count": count_in_words(groups, scope, drawn.findings, Asking(request.user, now)),
            "summary": summary,
            "rows": {
                place: {"error": found.error, "note": found.note} for place, found in shown.items()
            },
        }
    )


def _seen_by(user: Any, scope: Scope) -> Scope:
    """The scope without the properties that the user may not see."""
    hidden = access.of(user).hidden(scope.object_type) if scope.object_type else ()
    known = scope.definitions.items()
    return replace(scope, definitions={key: item for key, item in known if key not in hidden})


def _json(request: HttpRequest) -> dict[str, Any]:
    try:
        found = json.loads(request.body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Unreadable("It is no JSON object.")
    return found


def _inside(state: Any, scope: Scope) -> Scope:
    """What the rows of a block are about; the scope itself outside of one."""
    if isinstance(state, str):
        try:
            state = json.loads(state or "null")
        except (ValueError, RecursionError):
            raise Unreadable("It is no JSON.") from None
    if not state:
        return scope
    form = load_row(state).form(scope)
    return form.inner if form and form.inner else scope


def _remember(request: HttpRequest, scope: Scope, keys: list[str]) -> None:
    kept: dict[str, list[str]] = request.session.get(RECENT, {})
    mine = dict.fromkeys([*keys, *kept.get(scope.object_type, [])])
    kept[scope.object_type] = list(mine)[:MOST_RECENT]
    request.session[RECENT] = kept
