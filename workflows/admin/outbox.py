"""The outbox: what waits to leave the house, and what could not."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from crm.admin_theme import (
    DropdownFilter,
    InfinitePaginator,
    ModelAdmin,
    PlainDropdownForm,
    display,
)
from workflows import outbox
from workflows.models import OutboxMessage
from workflows.transports import transports

State = OutboxMessage.State
TONES = {
    State.WAITING: "grey",
    State.SENDING: "blue",
    State.SENT: "green",
    State.FAILED: "rose",
    State.UNKNOWN: "amber",
    State.CANCELLED: "grey",
}


class StateFilter(DropdownFilter):
    title = "State"
    parameter_name = "state"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(value), label.capitalize()) for value, label in State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(state=int(value)) if value and value.isdecimal() else queryset


class KindFilter(DropdownFilter):
    title = "Kind"
    parameter_name = "kind"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(transport.kind, transport.kind.capitalize()) for transport in transports]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(kind=value) if value else queryset


@admin.register(OutboxMessage)
class OutboxAdmin(ModelAdmin[OutboxMessage]):
    """Messages, the latest first. They are made by workflows and never edited."""

    empty_text = "What workflows send stands here, with what became of it."

    list_display = ["key", "kind", "standing", "attempts", "created_at", "finished_at", "said"]
    list_filter = [StateFilter, KindFilter]
    list_filter_submit = True
    ordering = ["-pk"]
    list_per_page = 50
    paginator = InfinitePaginator
    show_full_result_count = False
    actions = ["send_again", "take_as_sent"]
    list_before_template = "admin/workflows/outbox_summary.html"

    @display(description="State")
    def standing(self, message: OutboxMessage) -> str:
        state = State(message.state)
        return format_html('<span class="co-chip co-{}">{}</span>', TONES[state], state.label)

    @display(description="What was said")
    def said(self, message: OutboxMessage) -> str:
        return message.error if len(message.error) < 90 else f"{message.error[:89]}…"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: OutboxMessage | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"health": outbox.health(), "title": "Outbox", **(extra_context or {})}
        return super().changelist_view(request, context)

    @admin.action(description="Send again (failed or unknown)", permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self._resolve(request, queryset, resend=True)

    @admin.action(description="Take as sent (unknown)", permissions=["change"])
    def take_as_sent(self, request: HttpRequest, queryset: QuerySet[OutboxMessage]) -> None:
        self._resolve(request, queryset, resend=False)

    def _resolve(
        self, request: HttpRequest, queryset: QuerySet[OutboxMessage], *, resend: bool
    ) -> None:
        ids = list(queryset.order_by().values_list("pk", flat=True)[:10_000])
        count = outbox.resolve(ids, resend=resend)
        did = "will be sent again" if resend else "taken as sent"
        say = messages.success if count else messages.warning
        plural = "" if count == 1 else "s"
        say(request, f"{count:,} message{plural} {did}; others are not in question.")

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        message = get_object_or_404(OutboxMessage, pk=object_id)
        state = State(message.state)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Message {message.key}",
            "opts": self.opts,
            "message": message,
            "chip": self.standing(message),
            "may_send": state in (State.FAILED, State.UNKNOWN),
            "may_settle": state == State.UNKNOWN,
            "may_change": self.has_change_permission(request),
        }
        return TemplateResponse(request, "admin/workflows/message.html", context)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.resolve_view))
        name = "workflows_outboxmessage_resolve"
        return [path("<int:message_id>/resolve/", view, name=name), *super().get_urls()]

    def resolve_view(self, request: HttpRequest, message_id: int) -> HttpResponse:
        if not self.has_change_permission(request):
            raise PermissionDenied
        chosen = OutboxMessage.objects.filter(pk=message_id)
        self._resolve(request, chosen, resend="resend" in request.POST)
        url = reverse("admin:workflows_outboxmessage_change", args=[message_id])
        return HttpResponseRedirect(url)
