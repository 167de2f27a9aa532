"""What is done with a list on its page: members, copies, conversion, deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, changes
from crm.access import Verb
from crm.admin.list_edit import INDEX, page_url
from crm.admin.list_forms import MembersForm
from crm.admin.list_page import context_of
from crm.lists import editing, membership, uses
from crm.models import List
from crm.sql import rows, sql
from subscriptions.features import LimitReached

#: Texts that named nobody are shown up to this many.
MOST_SHOWN = 10


def _require_change(admin: Any, request: HttpRequest, row: List) -> None:
    if not admin.has_change_permission(request, row):
        raise PermissionDenied


def respond_add_members(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    """Records join by id, contacts by email address too."""
    _require_change(admin, request, row)
    form = MembersForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Say who joins: ids or email addresses.")
        return HttpResponseRedirect(page_url(row))
    texts = form.texts()
    named = _named(row.object_type, texts)
    allowed = access.of(request.user).allowed(row.object_type, set(named.values()), Verb.VIEW)
    try:
        count = membership.add(row, changes.these(sorted(allowed)))
    except membership.NotStatic as error:
        messages.error(request, " ".join(error.messages))
        return HttpResponseRedirect(page_url(row))
    missing = [text for text in texts if named.get(text) not in allowed]
    _tell(request, count, len(allowed) - count, missing)
    return HttpResponseRedirect(page_url(row))


def _named(object_type: str, texts: Sequence[str]) -> dict[str, int]:
    """The records that texts name by their id or a unique email address."""
    found = rows(
        sql(
            """
            SELECT t.text, r.id FROM unnest({texts}::text[]) AS t(text)
            JOIN crm_record r ON t.text ~ '^[0-9]{{1,18}}$' AND r.id::text = ltrim(t.text, '0')
            WHERE r.id = ANY({ids}) AND r.object_type = {type} AND r.archived_at IS NULL
            UNION
            SELECT t.text, u.record_id FROM unnest({texts}::text[]) AS t(text)
            JOIN crm_uniquevalue u ON u.object_type = {type} AND u.property_name = 'email'
                AND u.value = lower(t.text)
            """,
            texts=list(texts),
            ids=[int(text) for text in texts if text.isdecimal() and len(text) < 19],
            type=object_type,
        )
    )
    return dict(found)


def _tell(request: HttpRequest, added: int, inside: int, missing: Sequence[str]) -> None:
    if added or not missing:
        messages.success(request, f"{added:,} added, {inside:,} in the list already.")
    if missing:
        shown = ", ".join(text[:60] for text in missing[:MOST_SHOWN])
        more = f" and {len(missing) - MOST_SHOWN:,} more" if len(missing) > MOST_SHOWN else ""
        messages.warning(request, f"Not found: {shown}{more}.")


def respond_remove(admin: Any, request: HttpRequest, row: List, record_id: int) -> HttpResponse:
    _require_change(admin, request, row)
    if not access.of(request.user).allowed(row.object_type, {record_id}, Verb.VIEW):
        raise Http404("There is no such member.")
    try:
        count = membership.remove(row, changes.these([record_id]))
    except membership.NotStatic as error:
        messages.error(request, " ".join(error.messages))
    else:
        if count:
            messages.success(request, "Removed from the list.")
    return HttpResponseRedirect(page_url(row))


def respond_clone(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    user: Any = request.user
    try:
        made = editing.clone(row, user)
    except (ValidationError, LimitReached) as error:
        messages.error(request, _words(error))
        return HttpResponseRedirect(page_url(row))
    messages.success(request, f"This is {made}.")
    return HttpResponseRedirect(page_url(made))


def respond_make_static(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    _require_change(admin, request, row)
    user: Any = request.user
    if request.method == "POST":
        try:
            editing.make_static(row, user)
        except (ValidationError, LimitReached) as error:
            messages.error(request, _words(error))
        else:
            messages.success(request, "The list is static now.")
        return HttpResponseRedirect(page_url(row))
    explanation = (
        "Who is in it now stays, and nobody enters or leaves by the filters any more."
        " It cannot be made active again."
    )
    return _ask(admin, request, row, f"Make {row} static?", explanation, "Make static")


def respond_delete(admin: Any, request: HttpRequest, row: List) -> HttpResponse:
    if not admin.has_delete_permission(request, row):
        raise PermissionDenied
    user: Any = request.user
    if request.method == "POST":
        editing.delete(row, user)
        messages.success(request, f"{row} deleted. It can be restored for 90 days.")
        return HttpResponseRedirect(reverse(INDEX))
    used = ", ".join(f"{use.what} {use.name}" for use in uses.of([row.pk])[row.pk])
    explanation = "Its records stay, and the list can be restored for 90 days."
    if used:
        explanation += f" These refer to it and will find nobody in it: {used}."
    return _ask(admin, request, row, f"Delete {row}?", explanation, "Delete")


def _ask(
    admin: Any, request: HttpRequest, row: List, title: str, explanation: str, button: str
) -> HttpResponse:
    context = {
        **context_of(admin, request, row, title),
        "explanation": explanation,
        "button": button,
        "back": page_url(row),
    }
    return TemplateResponse(request, "admin/crm/archive.html", context)


def respond_deleted(admin: Any, request: HttpRequest) -> HttpResponse:
    """The lists that can be restored."""
    if not admin.has_delete_permission(request):
        raise PermissionDenied
    gone = admin.everything(request).filter(archived_at__gte=editing.oldest_restorable())
    user: Any = request.user
    if request.method == "POST":
        key = request.POST.get("id", "")
        row = get_object_or_404(gone, pk=key if key.isdecimal() and len(key) < 19 else 0)
        try:
            editing.restore(row, user)
        except (ValidationError, LimitReached) as error:
            messages.error(request, _words(error))
        else:
            messages.success(request, f"{row} is back.")
        return HttpResponseRedirect(reverse("admin:crm_list_deleted"))
    context = {
        **admin.admin_site.each_context(request),
        "title": "Deleted lists",
        "opts": admin.opts,
        "lists": gone.order_by("-archived_at")[:200],
    }
    return TemplateResponse(request, "admin/crm/list_deleted.html", context)


def _words(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
