"""Actions on many records at once: chosen in a list, confirmed on a page, run as one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.contrib.admin import helpers
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.http import url_has_allowed_host_and_scheme

from crm import access
from crm.access import Access, Verb
from crm.admin_theme import ModelAdmin
from crm.changes import DuplicateValue, Source, SourceKind
from crm.models import Record
from crm.objects.base import ObjectType
from crm.registry import Registry
from crm.sql import SQL, sql, value

#: More than this would keep the browser waiting too long.
MOST_RECORDS = 100_000


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The records that were chosen, and by whom."""

    kind: type[ObjectType]
    #: A SELECT of (record_id).
    records: SQL
    count: int
    rights: Access

    @property
    def user_id(self) -> int | None:
        return self.rights.user_id

    @property
    def source(self) -> Source:
        return Source(kind=SourceKind.CRM_UI, user_id=self.user_id)

    def named(self, count: int) -> str:
        """So many of them in words: "1 contact", "1,204 contacts"."""
        label = self.kind.label if count == 1 else self.kind.plural_label
        return f"{count:,} {label.lower()}"


class BulkForm(forms.Form):
    """What an action wants to know; knows the object type of the records, and who asks."""

    def __init__(self, *args: Any, kind: type[ObjectType], user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.user = kind, user
        self.prepare()

    def prepare(self) -> None:
        """Fill in the choices that depend on the object type and the user."""


class BulkAction:
    """One thing staff can do with many records. The docstring is shown on the confirmation."""

    name: ClassVar[str]
    label: ClassVar[str]
    #: On the button that confirms.
    button: ClassVar[str]
    icon: ClassVar[str] = "bolt"
    is_dangerous: ClassVar[bool] = False
    #: What it does with the records; those that the user may not do it with are left out.
    verb: ClassVar[Verb] = Verb.EDIT
    #: A name of crm.access_switches that the user needs, "" for none.
    switch: ClassVar[str] = ""
    #: None for MOST_RECORDS.
    most_records: ClassVar[int | None] = None
    #: Its place in menus.
    order: ClassVar[int] = 50
    form_class: ClassVar[type[BulkForm]] = BulkForm

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        """Do it; returns what to tell the user. Raises ValidationError or DuplicateValue."""
        raise NotImplementedError


bulk_actions: Registry[BulkAction] = Registry("bulk action", "name")


def in_order() -> list[type[BulkAction]]:
    return sorted(bulk_actions, key=lambda action: (action.order, action.name))


def offered(kind: type[ObjectType], rights: Access) -> list[type[BulkAction]]:
    """The actions that a user may carry out with some records of a type."""
    return [
        action
        for action in in_order()
        if rights.may(kind.type_id, action.verb)
        and (not action.switch or rights.can(action.switch))
    ]


def respond(
    action: BulkAction,
    kind: type[ObjectType],
    admin: ModelAdmin[Record],
    request: HttpRequest,
    queryset: QuerySet[Record],
) -> HttpResponse:
    """The confirmation page of an action, or what follows once it was confirmed."""
    rights = access.of(request.user)
    if type(action) not in offered(kind, rights):
        raise PermissionDenied
    chosen = rights.narrow(queryset, kind.type_id, action.verb)
    most = MOST_RECORDS if action.most_records is None else action.most_records
    selection = _selection(kind, rights, chosen, most)
    if selection.count > most:
        messages.error(
            request,
            f"These are more than {selection.named(most)}. Narrow them with a filter first.",
        )
        return HttpResponseRedirect(request.get_full_path())
    is_confirmed = "confirmed" in request.POST
    data = request.POST if is_confirmed else None
    form = action.form_class(data, kind=kind, user=request.user)
    if is_confirmed and form.is_valid():
        try:
            messages.success(request, action.run(selection, form.cleaned_data))
        except (forms.ValidationError, DuplicateValue) as error:
            form.add_error(None, getattr(error, "messages", str(error)))
        else:
            return HttpResponseRedirect(_next(request))
    return _confirmation(action, selection, form, admin, request)


def _next(request: HttpRequest) -> str:
    """Where the action was asked for: the page of a record, else the list."""
    asked = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()})
    return asked if asked and is_ours else request.get_full_path()


def _selection(
    kind: type[ObjectType], rights: Access, queryset: QuerySet[Record], most: int
) -> Selection:
    text, params = queryset.order_by().values("id").query.sql_with_params()
    records = sql("SELECT id AS record_id FROM ({chosen}) q", chosen=SQL(text, tuple(params)))
    count = value(
        sql(
            "SELECT count(*) FROM (SELECT 1 FROM ({records}) c LIMIT {most}) n",
            records=records,
            most=most + 1,
        )
    )
    return Selection(kind=kind, records=records, count=count, rights=rights)


def _confirmation(
    action: BulkAction,
    selection: Selection,
    form: BulkForm,
    admin: ModelAdmin[Record],
    request: HttpRequest,
) -> HttpResponse:
    across = request.POST.get("select_across") == "1"
    chosen = request.POST.getlist(helpers.ACTION_CHECKBOX_NAME)
    context = {
        **admin.admin_site.each_context(request),
        "title": action.label,
        "opts": admin.opts,
        "action": action,
        "description": (action.__doc__ or "").strip(),
        "form": form,
        "chosen": chosen[:1] if across else chosen,
        "select_across": int(across),
        "chosen_records": selection.named(selection.count),
        "back": request.get_full_path(),
        "next": _next(request) if "next" in request.POST else "",
    }
    return TemplateResponse(request, "admin/crm/bulk.html", context)
