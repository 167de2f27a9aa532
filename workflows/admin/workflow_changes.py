"""What staff do with a workflow: turn it on and off, enroll records, copy and archive it."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from crm import access
from crm.admin.urls import find_records
from crm.admin_theme import TextareaWidget
from crm.objects import base as objects
from crm.sql import sql
from workflows import checking, enrollment, flows, publishing
from workflows.admin.workflow_page import context_of, may_publish, page_url
from workflows.definition import DefinitionError
from workflows.models import Workflow

#: Counting who meets the criteria takes no longer than this.
COUNT_SECONDS = 4
MOST_NAMES = 1000


def _require_change(admin: Any, request: HttpRequest, workflow: Workflow) -> None:
    if not admin.has_change_permission(request, workflow):
        raise PermissionDenied


def _require_publish(admin: Any, request: HttpRequest, workflow: Workflow) -> None:
    if not may_publish(admin, request, workflow):
        raise PermissionDenied


def respond_turn_on(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Ask whether those who meet the criteria already come in too, then turn it on."""
    _require_publish(admin, request, workflow)
    if request.method == "POST":
        try:
            done = publishing.turn_on(
                workflow.pk, enroll_existing=request.POST.get("existing") == "yes"
            )
        except publishing.CannotTurnOn:
            messages.error(request, "It has problems and stays off.")
        else:
            messages.success(request, f"{workflow} is on. {_enrolled(workflow, done.enrolled)}")
            return HttpResponseRedirect(page_url(workflow))
    context = {
        **context_of(admin, request, workflow, f"Turn on {workflow}"),
        "problems": checking.problems(workflow.document),
        "is_manual": (workflow.document.get("enrollmentCriteria") or {}).get("type", "MANUAL")
        == "MANUAL",
    }
    return TemplateResponse(request, "admin/workflows/turn_on.html", context)


def _enrolled(workflow: Workflow, count: int) -> str:
    return f"{_named(workflow, count)} enrolled." if count else "Records come in from now on."


def _named(workflow: Workflow, count: int) -> str:
    kind = objects.get(workflow.object_type)
    return f"{count:,} {(kind.label if count == 1 else kind.plural_label).lower()}"


def respond_count(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """How many meet the criteria now, as a sentence; counting is given up after a while."""
    _require_change(admin, request, workflow)
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = {COUNT_SECONDS * 1000}")
            count = publishing.count_matching(workflow.document)
    except OperationalError:
        return HttpResponse("too many to count now")
    except DefinitionError:
        return HttpResponse("its filters cannot be read")
    verb = "meets" if count == 1 else "meet"
    return HttpResponse(f"{_named(workflow, count)} {verb} the triggers now")


def respond_turn_off(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    _require_publish(admin, request, workflow)
    return _turn_off(request, workflow)


@require_POST
def _turn_off(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    publishing.turn_off(workflow.pk)
    messages.success(request, f"{workflow} is off. Nobody new comes in; its actions are skipped.")
    return HttpResponseRedirect(page_url(workflow))


def respond_clone(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    return _clone(request, workflow)


@require_POST
def _clone(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    user: Any = request.user
    copy = publishing.clone(workflow.pk, user)
    messages.success(request, "This is the copy. It is off.")
    return HttpResponseRedirect(page_url(copy))


class EnrollForm(forms.Form):
    records = forms.CharField(
        label="Records",
        widget=TextareaWidget(attrs={"rows": 6}),
        help_text="Record IDs or email addresses, one per line or separated by commas.",
    )

    def names(self) -> list[str]:
        parts = re.split(r"[\s,;]+", self.cleaned_data["records"])
        return list(dict.fromkeys(part for part in parts if part))

    def clean_records(self) -> str:
        text: str = self.cleaned_data["records"]
        if len(re.split(r"[\s,;]+", text)) > MOST_NAMES:
            raise forms.ValidationError(
                f"At most {MOST_NAMES:,} here; for more choose them in their list."
            )
        return text


def respond_enroll(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    """Enroll records that staff name by id or email."""
    _require_change(admin, request, workflow)
    form = EnrollForm(request.POST or None)
    if form.is_valid():
        names = form.names()
        found = find_records(workflow.object_type, names, access.of(request.user))
        missing = [name for name in names if name not in found]
        if not workflow.is_enabled:
            form.add_error(None, "Turn the workflow on first.")
        elif missing:
            form.add_error("records", f"There is no {', '.join(missing[:10])}.")
        else:
            result = enrollment.enroll(flows.published(workflow), list(found.values()))
            tell(request, workflow, result)
            return HttpResponseRedirect(f"{page_url(workflow)}?tab=enrollments")
    context = {**context_of(admin, request, workflow, f"Enroll in {workflow}"), "form": form}
    return TemplateResponse(request, "admin/workflows/enroll.html", context)


def tell(request: HttpRequest, workflow: Workflow, result: enrollment.EnrollResult) -> None:
    """A message that says for how many enrolling worked, and why not for others."""
    say = messages.success if result.enrolled else messages.warning
    say(request, result_in_words(workflow, result))


def result_in_words(workflow: Workflow, result: enrollment.EnrollResult) -> str:
    parts = [f"{_named(workflow, result.enrolled)} enrolled in {workflow}"]
    reasons = {
        "in it already": result.already_in,
        "in it before, and re-enrollment is off": result.enrolled_before,
        "archived or gone": result.not_found,
    }
    parts += [f"{count:,} left out: {reason}" for reason, count in reasons.items() if count]
    return "; ".join(parts) + "."


def respond_unenroll(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    _require_change(admin, request, workflow)
    return _unenroll(request, workflow)


@require_POST
def _unenroll(request: HttpRequest, workflow: Workflow) -> HttpResponse:
    text = request.POST.get("record", "")
    if text.isdecimal() and len(text) < 19:
        chosen = sql("SELECT {id}::bigint AS record_id", id=int(text))
        count = enrollment.unenroll(workflow.pk, chosen, enrollment.Reason.MANUAL)
        if count:
            messages.success(request, "Taken out of the workflow.")
    return HttpResponseRedirect(f"{page_url(workflow)}?tab=enrollments")


def respond_archive(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    if not admin.has_delete_permission(request, workflow):
        raise PermissionDenied
    if request.method == "POST":
        publishing.archive(workflow.pk)
        messages.success(request, f"{workflow} archived.")
        return HttpResponseRedirect(reverse("admin:workflows_workflow_changelist"))
    context = {
        **context_of(admin, request, workflow, f"Archive {workflow}?"),
        "record": workflow,
        "explanation": "It is turned off and everybody in it leaves. Its history stays.",
        "back": page_url(workflow),
    }
    return TemplateResponse(request, "admin/crm/archive.html", context)
