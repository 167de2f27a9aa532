"""Adding and editing a workflow as the JSON of its document."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse

from crm.admin_theme import TextareaWidget
from workflows import publishing
from workflows.admin.workflow_page import context_of, may_publish, page_url
from workflows.definition import DefinitionError, Problem
from workflows.models import Workflow

#: What the page for a new workflow begins with: small, whole, and free of problems.
EXAMPLE: dict[str, Any] = {
    "name": "New leads get a call",
    "objectTypeId": "0-1",
    "startActionId": "1",
    "enrollmentCriteria": {
        "type": "LIST_BASED",
        "shouldReEnroll": False,
        "listFilterBranch": {
            "filterBranchType": "OR",
            "filterBranches": [
                {
                    "filterBranchType": "AND",
                    "filterBranches": [],
                    "filters": [
                        {
                            "filterType": "PROPERTY",
                            "property": "lifecyclestage",
                            "operation": {
                                "operationType": "ENUMERATION",
                                "operator": "IS_ANY_OF",
                                "values": ["lead"],
                            },
                        }
                    ],
                }
            ],
            "filters": [],
        },
    },
    "actions": [
        {
            "actionId": "1",
            "actionTypeId": "0-1",
            "type": "SINGLE_CONNECTION",
            "fields": {"delta": "1", "time_unit": "DAYS"},
            "connection": {"edgeType": "STANDARD", "nextActionId": "2"},
        },
        {
            "actionId": "2",
            "actionTypeId": "0-3",
            "type": "SINGLE_CONNECTION",
            "fields": {"subject": "Call {{ enrolled_object.firstname }}", "task_type": "CALL"},
        },
    ],
}


class DocumentForm(forms.Form):
    document = forms.CharField(
        label="Definition",
        widget=TextareaWidget(attrs={"rows": 30, "class": "co-code", "spellcheck": "false"}),
        help_text="The JSON of an automation v4 flow. What is unknown in it is kept.",
    )
    revision = forms.IntegerField(widget=forms.HiddenInput, required=False)

    problems: list[Problem]

    def clean_document(self) -> dict[str, Any]:
        try:
            document = json.loads(self.cleaned_data["document"])
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"This is not JSON: {error.msg}, line {error.lineno}, column {error.colno}."
            ) from None
        if not isinstance(document, dict):
            raise forms.ValidationError("A workflow is a JSON object: { ... }.")
        return document

    def store(self, write: Callable[[], Workflow]) -> Workflow | None:
        """Write the document; what keeps it from being stored becomes `problems`."""
        try:
            return write()
        except DefinitionError as error:
            self.problems = error.problems
            self.add_error(None, "It was not saved:")
        except publishing.CannotTurnOn as error:
            self.problems = error.problems
            self.add_error(None, "The workflow is on, so it may have no problems. Not saved:")
        except publishing.StaleRevision as error:
            self.add_error(
                None, f"Somebody else saved it meanwhile. {error} Copy your text and load it again."
            )
        return None


def respond_add(admin: Any, request: HttpRequest) -> HttpResponse:
    if not admin.has_add_permission(request):
        raise PermissionDenied
    form = DocumentForm(request.POST or None, initial={"document": _pretty(EXAMPLE)})
    if form.is_valid():
        document = form.cleaned_data["document"]
        workflow = form.store(lambda: publishing.create(document, _user(request)))
        if workflow is not None:
            messages.success(request, "Workflow added. It is off.")
            return HttpResponseRedirect(page_url(workflow))
    context = {
        **admin.admin_site.each_context(request),
        "title": "Add workflow",
        "opts": admin.opts,
        "form": form,
        "problems": getattr(form, "problems", []),
        "back": reverse("admin:workflows_workflow_changelist"),
    }
    return TemplateResponse(request, "admin/workflows/edit.html", context)


def respond_edit(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    if not admin.has_change_permission(request, workflow):
        raise PermissionDenied
    if workflow.is_enabled and not may_publish(admin, request, workflow):
        # Who is in it would feel the change at once.
        raise PermissionDenied
    given = {"document": _pretty(workflow.document), "revision": workflow.revision}
    form = DocumentForm(request.POST or None, initial=given)
    if form.is_valid():
        document, revision = form.cleaned_data["document"], form.cleaned_data["revision"]
        saved = form.store(
            lambda: publishing.save(workflow.pk, document, _user(request), revision=revision)
        )
        if saved is not None:
            messages.success(request, f"Saved as revision {saved.revision}.")
            return HttpResponseRedirect(page_url(workflow))
    context = {
        **context_of(admin, request, workflow, f"Edit {workflow}"),
        "form": form,
        "problems": getattr(form, "problems", []),
        "back": page_url(workflow),
    }
    return TemplateResponse(request, "admin/workflows/edit.html", context)


def _pretty(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _user(request: HttpRequest) -> Any:
    return request.user
