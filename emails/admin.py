"""Emails: writing them, seeing them as a contact would, trying them out."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from crm import access, clock
from crm.admin.sharing import SharedAdmin, panel
from crm.admin.sources import Origin, SourceWords, Words, source_words
from crm.admin.timeline_logs import EventWords, event_words
from crm.admin.urls import find_records
from crm.admin_theme import (
    DropdownFilter,
    PlainDropdownForm,
    TextareaWidget,
    TextInputWidget,
    display,
)
from crm.changes import SourceKind
from emails import publishing, rendering, trial
from emails.access_switches import PUBLISH
from emails.models import Email, Result, Send
from emails.syntax import TemplateError

CONTACT = "0-1"
#: Nothing in a preview may be fetched from elsewhere: who writes it is not who vouches for it.
PREVIEW_HEAD = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\';'
    " img-src 'self' data:; style-src 'unsafe-inline'\">"
    '<meta name="color-scheme" content="light">'
)


class EmailForm(forms.ModelForm[Email]):
    """An email; tokens and addresses are checked whenever it is saved."""

    class Meta:
        model = Email
        fields = [
            "name", "subject", "preview_text", "from_name", "from_address", "reply_to", "html",
            "plain_text",
        ]  # fmt: skip
        widgets = {
            "name": TextInputWidget(),
            "subject": TextInputWidget(),
            "preview_text": TextInputWidget(),
            "from_name": TextInputWidget(),
            "from_address": TextInputWidget(attrs={"type": "email"}),
            "reply_to": TextInputWidget(attrs={"type": "email"}),
            "html": TextareaWidget(attrs={"rows": 18, "class": "co-code", "spellcheck": "false"}),
            "plain_text": TextareaWidget(attrs={"rows": 6, "class": "co-code"}),
        }

    #: A draft may be unfinished; what goes out may not.
    is_published = False

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        draft = Email(**{name: given.get(name, "") for name in self.fields})
        find = publishing.problems if self.is_published else publishing.mistakes
        for problem in find(draft):
            self.add_error(problem.field if problem.field in self.fields else None, problem.message)
        return given


class StateFilter(DropdownFilter):
    title = "State"
    parameter_name = "state"
    form_class = PlainDropdownForm

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, label.capitalize()) for value, label in Email.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        value = self.value()
        return queryset.filter(state=value) if value else queryset


@admin.register(Email)
class EmailAdmin(SharedAdmin):
    """What workflows send."""

    empty_text = "Write one with the names of your contacts in it; workflows send it."
    list_display = ["name", "subject", "standing", "updated_at"]
    list_filter = [StateFilter]
    list_filter_submit = True
    search_fields = ["name", "subject"]
    ordering = ["-updated_at"]
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[Email]:
        return super().get_queryset(request).filter(archived_at=None)

    @display(description="State")
    def standing(self, email: Email) -> str:
        return state_chip(email)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {}

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        email = self._found(request, object_id) if object_id else None
        is_allowed = (
            self.has_change_permission(request, email)
            if email
            else self.has_add_permission(request)
        )
        if not is_allowed or ("_publish" in request.POST and not may_publish(request)):
            raise PermissionDenied
        form = EmailForm(request.POST or None, instance=email)
        form.is_published = "_publish" in request.POST
        if form.is_valid():
            return self._save(request, form)
        return self._page(request, form)

    def _found(self, request: HttpRequest, object_id: str | int) -> Email:
        if not self.has_view_permission(request):
            raise PermissionDenied
        email = (
            self.get_queryset(request).filter(pk=int(object_id)).first()
            if str(object_id).isdecimal()
            else None
        )
        if email is None:
            raise Http404("There is no such email.")
        return email

    def _save(self, request: HttpRequest, form: EmailForm) -> HttpResponse:
        email = form.save(commit=False)
        if form.is_published:
            revision = publishing.publish(email)
            messages.success(request, f"Published: revision {revision.number} goes out from now.")
        else:
            publishing.save(email)
            what = "What goes out is still the published text." if email.revision_id else ""
            messages.success(request, f"Draft saved. {what}")
        return HttpResponseRedirect(reverse("admin:emails_email_change", args=[email.pk]))

    def _page(self, request: HttpRequest, form: EmailForm) -> HttpResponse:
        email = form.instance if form.instance.pk else None
        context = {
            **self.admin_site.each_context(request),
            "title": str(email) if email else "Add email",
            "opts": self.opts,
            "form": form,
            "email": email,
            "chip": state_chip(email) if email else "",
            "is_behind": bool(email and email.revision and _is_behind(email)),
            "results": _results(email) if email else [],
            "test_address": getattr(request.user, "email", ""),
            "from_default": settings.DEFAULT_FROM_EMAIL,
            "may_delete": self.has_delete_permission(request, email),
            "may_publish": may_publish(request),
            **(panel(self, request, email) if email else {}),
        }
        return TemplateResponse(request, "admin/emails/email.html", context)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        email = self._found(request, object_id)
        if not self.has_delete_permission(request, email):
            raise PermissionDenied
        if request.method == "POST":
            Email.objects.filter(pk=email.pk).update(archived_at=clock.now())
            messages.success(request, f"{email} archived.")
            return HttpResponseRedirect(reverse("admin:emails_email_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Archive {email}?",
            "opts": self.opts,
            "record": email,
            "explanation": "It leaves this list. Workflows that send it go on sending it.",
            "back": reverse("admin:emails_email_change", args=[email.pk]),
        }
        return TemplateResponse(request, "admin/crm/archive.html", context)

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        return [
            path("preview/", wrap(self.preview_view), name="emails_email_preview"),
            *super().get_urls(),
        ]

    def preview_view(self, request: HttpRequest) -> HttpResponse:
        """The form's text as a contact would get it, saved or not; with "test" it is sent, too."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        source = {name: request.POST.get(name, "") for name in publishing.SOURCE}
        asked = request.POST.get("preview_record", "").strip()
        record_id = (
            find_records(CONTACT, [asked], access.of(request.user)).get(asked) if asked else None
        )
        context: dict[str, Any] = {"asked": asked, "is_unknown": bool(asked) and not record_id}
        try:
            rendered = publishing.preview(source, record_id)
        except (TemplateError, rendering.RenderError) as error:
            context["error"] = str(error)
        else:
            context |= {"rendered": rendered, "frame": _framed(rendered.html)}
        if "test" in request.POST and "error" not in context:
            context |= self._try_out(source, request.POST.get("test_address", ""), record_id)
        return TemplateResponse(request, "admin/emails/preview.html", context)

    def _try_out(
        self, source: dict[str, str], address: str, record_id: int | None
    ) -> dict[str, str]:
        try:
            trial.send(source, address.strip(), record_id)
        except trial.NotSent as error:
            return {"not_sent": str(error)}
        return {"sent": address}


def may_publish(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.has_perm(PUBLISH))


def state_chip(email: Email) -> str:
    tone = "green" if email.state == Email.State.PUBLISHED else "grey"
    label = Email.State(email.state).label.capitalize()
    return format_html('<span class="co-chip co-{}">{}</span>', tone, label)


def _is_behind(email: Email) -> bool:
    """Whether the draft differs from what goes out."""
    return email.revision is not None and email.revision.source != publishing.source_of(email)


def _results(email: Email) -> list[tuple[str, int]]:
    """How many sends ended how."""
    counts = Send.objects.filter(email=email).values("result").annotate(count=Count("id"))
    labels = dict(Result.choices)
    found = [(labels.get(row["result"], row["result"]), row["count"]) for row in counts]
    return sorted(found, key=lambda line: -line[1])


def _framed(html: str) -> str:
    """A mail for a sandboxed frame: the policy goes into its head."""
    head = re.search(r"<head\b[^>]*>", html, re.IGNORECASE)
    if head:
        return html[: head.end()] + PREVIEW_HEAD + html[head.end() :]
    return PREVIEW_HEAD + html


@source_words.register
class EmailWords(SourceWords):
    """What an email caused carries the id of the email."""

    kind = SourceKind.EMAIL.value

    def words(self, origins: Collection[Origin]) -> Mapping[Origin, Words]:
        ids = {int(origin.id) for origin in origins if origin.id.isdecimal()}
        names = dict(Email.objects.filter(pk__in=ids).values_list("pk", "name"))
        return {origin: _email_words(origin, names) for origin in origins}


def _email_words(origin: Origin, names: Mapping[int, str]) -> Words:
    key = int(origin.id) if origin.id.isdecimal() else 0
    if key not in names:
        return Words("an email")
    return Words(f"email {names[key]}", reverse("admin:emails_email_change", args=[key]))


class EmailEvent(EventWords):
    """What happened to an email on its way to a contact."""

    icon = "mail"
    words = ""

    def title(self, properties: dict[str, Any]) -> str:
        return f"{self.words} “{properties.get('email_name') or 'an email'}”"

    def url(self, properties: dict[str, Any]) -> str:
        key = properties.get("email_id")
        return reverse("admin:emails_email_change", args=[key]) if isinstance(key, int) else ""


@event_words.register
class Sent(EmailEvent):
    type = "email.sent"
    words = "Was sent the email"
    icon = "outgoing_mail"


@event_words.register
class NotSent(EmailEvent):
    type = "email.not_sent"
    icon = "unsubscribe"
    tone = "warn"

    def title(self, properties: dict[str, Any]) -> str:
        reasons = dict(Result.choices)
        reason = reasons.get(properties.get("result", ""), properties.get("result", ""))
        return f"Was not sent “{properties.get('email_name', '')}”: {reason}"


@event_words.register
class Unsubscribed(EmailEvent):
    type = "email.unsubscribed"
    words = "Unsubscribed through the email"
    icon = "unsubscribe"
    tone = "warn"
