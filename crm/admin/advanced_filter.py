"""Any filter over a list of records: built on a page of its own, carried in the address."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import clock
from crm.admin import paging
from crm.admin.filter_builder.fields import FilterField
from crm.admin.filter_builder.words import uses_hidden
from crm.filters import base

PARAMETER = "advanced"
#: Parameters of a list that filter nothing: its saved view, that this was applied, its columns.
KEPT = (VIEW, APPLIED, COLUMNS) = ("view", "applied", "columns")
#: Of the packed filter in an address; servers and browsers take no endless ones.
LONGEST = 3_000
#: Of what may be unpacked from one.
MOST_BYTES = 500_000


def pack(branch: Any) -> str:
    """A filter as a short text for an address."""
    compact = json.dumps(branch, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(zlib.compress(compact, 9)).decode().rstrip("=")


def unpack(text: str) -> Any:
    """The reverse; None for what is no filter."""
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        found = json.loads(zlib.decompressobj().decompress(packed, MOST_BYTES))
    except (ValueError, zlib.error, RecursionError):
        return None
    return found if isinstance(found, dict) else None


class AdvancedFilter(admin.ListFilter):
    """Leaves the records that meet the filter in the address; none for one that is not sound."""

    title = "Advanced filter"
    template = "admin/crm/advanced_filter.html"

    def __init__(
        self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any
    ) -> None:
        super().__init__(request, params, model, model_admin)
        self.object_type: str = model_admin.kind.type_id
        self.user = request.user
        #: Filtering keeps the columns and the view.
        self.kept = {name: request.GET[name] for name in KEPT if name in request.GET}
        given = params.pop(PARAMETER, None)
        self.packed = given[-1] if given else ""
        if self.packed:
            self.used_parameters[PARAMETER] = self.packed
        self.branch = unpack(self.packed) if self.packed else None
        self.lines = base.summary(self.branch, self.object_type) if self.branch else []

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str | None]:
        return [PARAMETER]

    def choices(self, changelist: Any) -> Any:
        # The template has no request to take it from.
        self.address = f"filter/{changelist.get_query_string(remove=list(paging.CURSORS))}"
        return []

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.packed:
            return queryset
        if self.branch is None:
            return queryset.none()
        predicate = base.compile(self.branch, self.object_type, clock.now())
        if uses_hidden(predicate, self.user):
            return queryset.none()
        found = base.match(predicate, self.object_type)
        # Built by the filter compiler, with its values as parameters.
        return queryset.filter(pk__in=RawSQL(found.text, found.params))  # noqa: S611


class AdvancedFilterForm(forms.Form):
    """The filter builder for a list of records."""

    def __init__(self, object_type: str, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.object_type, self.user = object_type, user
        self.fields["filter"] = FilterField(object_type, label="Filters")

    def clean_filter(self) -> Any:
        branch = self.cleaned_data["filter"]
        if len(pack(branch)) > LONGEST:
            raise ValidationError("This filter is too long for a list. Make a list with filters.")
        if uses_hidden(base.compile(branch, self.object_type, clock.now()), self.user):
            raise ValidationError("This filter asks for what you may not see.")
        return branch


View = Callable[..., HttpResponse]


def views(model_admin: Any) -> list[tuple[str, str, View]]:
    """The page that builds the filter: route, name, view."""

    def build(request: HttpRequest) -> HttpResponse:
        if not model_admin.has_view_permission(request):
            raise PermissionDenied
        return _respond(model_admin, request)

    return [("filter/", "filter", build)]


def _respond(model_admin: Any, request: HttpRequest) -> HttpResponse:
    kind = model_admin.kind
    query = request.GET.copy()
    for name in paging.CURSORS:
        query.pop(name, None)
    data = request.POST if request.method == "POST" else None
    initial = {"filter": unpack(query.get(PARAMETER, ""))}
    form = AdvancedFilterForm(kind.type_id, request.user, data, initial=initial)
    changelist = reverse(f"admin:crm_{kind.name}_changelist")
    if data is not None and form.is_valid():
        query[PARAMETER] = pack(form.cleaned_data["filter"])
        return HttpResponseRedirect(f"{changelist}?{query.urlencode()}")
    plural = kind.plural_label.lower()
    context = {
        **model_admin.admin_site.each_context(request),
        "title": f"Filter {plural}",
        "opts": model_admin.opts,
        "form": form,
        "button": f"Show {plural}",
        "back": f"{changelist}?{query.urlencode()}",
    }
    return TemplateResponse(request, "admin/crm/filter_form.html", context)
