"""Who a workflow enrolls, built with the filter builder. The rest of its document stays as it is."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from crm.admin.filter_builder.fields import FilterField
from crm.admin_theme import CheckboxWidget
from crm.objects import base as objects
from workflows import publishing
from workflows.admin.workflow_page import BY_FILTERS, context_of, may_publish, page_url
from workflows.definition import DefinitionError
from workflows.models import Workflow


def criteria_of(workflow: Workflow) -> dict[str, Any]:
    """The enrollment criteria of the stored document; absent means by hand only (A-169)."""
    found = workflow.document.get("enrollmentCriteria")
    return found if isinstance(found, dict) else {"type": "MANUAL"}


class TriggerForm(forms.Form):
    """Without filters records come by hand only (W-085)."""

    re_enroll = forms.BooleanField(
        label="A record that left may come again when it meets the filters anew",
        required=False,
        widget=CheckboxWidget(),
    )
    revision = forms.IntegerField(widget=forms.HiddenInput)

    field_order = ["filter", "re_enroll", "revision"]

    def __init__(self, workflow: Workflow, data: Any = None) -> None:
        criteria = criteria_of(workflow)
        given = {
            "filter": criteria.get("listFilterBranch"),
            "re_enroll": criteria.get("shouldReEnroll") is True,
            "revision": workflow.revision,
        }
        super().__init__(data, initial=given)
        kind = objects.get(workflow.object_type)
        label = f"{kind.plural_label} that meet these filters are enrolled"
        self.fields["filter"] = FilterField(workflow.object_type, label=label, required=False)
        self.order_fields(self.field_order)
        self.workflow = workflow

    def document(self) -> dict[str, Any]:
        """The whole document with the criteria of the form."""
        branch = self.cleaned_data["filter"]
        criteria = {
            **criteria_of(self.workflow),
            "type": "LIST_BASED" if branch else "MANUAL",
            "shouldReEnroll": self.cleaned_data["re_enroll"],
        }
        criteria.pop("listFilterBranch", None)
        if branch:
            criteria["listFilterBranch"] = branch
        return {**self.workflow.document, "enrollmentCriteria": criteria}

    def store(self, user: Any) -> Workflow | None:
        """Save a new revision; None when something is wrong, which then stands in the form."""
        revision = self.cleaned_data["revision"]
        try:
            return publishing.save(self.workflow.pk, self.document(), user, revision=revision)
        except publishing.StaleRevision:
            self.add_error(None, "Somebody else saved the workflow meanwhile. Load it again.")
        except (DefinitionError, publishing.CannotTurnOn) as error:
            for problem in error.problems:
                self.add_error(None, problem.message)
        return None


def respond(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    is_by_filters = criteria_of(workflow).get("type", "MANUAL") in BY_FILTERS
    if not admin.has_change_permission(request, workflow) or not is_by_filters:
        raise PermissionDenied
    if workflow.is_enabled and not may_publish(admin, request, workflow):
        # Who is enrolled next would feel the change at once.
        raise PermissionDenied
    form = TriggerForm(workflow, request.POST if request.method == "POST" else None)
    if form.is_valid():
        saved = form.store(request.user)
        if saved is not None:
            messages.success(request, f"Saved as revision {saved.revision}.")
            return HttpResponseRedirect(page_url(workflow))
    context = {
        **context_of(admin, request, workflow, f"Enrollment of {workflow}"),
        "form": form,
        "explanation": "Without filters, records are enrolled by hand only.",
        "back": page_url(workflow),
    }
    return TemplateResponse(request, "admin/crm/filter_form.html", context)
