from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from crm import sharing
from crm.access import Verb
from crm.admin.bulk import BulkAction, BulkForm, Selection, bulk_actions
from crm.admin_theme import SelectWidget
from crm.sql import rows
from workflows import enrollment, flows
from workflows.access_switches import MANAGE_WORKFLOWS
from workflows.admin.workflow_changes import result_in_words
from workflows.models import Workflow


class EnrollForm(BulkForm):
    workflow = forms.ModelChoiceField(
        Workflow.objects.none(),
        label="Workflow",
        empty_label="Choose a workflow that is on",
        widget=SelectWidget(),
    )

    def prepare(self) -> None:
        field = self.fields["workflow"]
        assert isinstance(field, forms.ModelChoiceField)
        running = Workflow.objects.filter(
            object_type=self.kind.type_id, is_enabled=True, archived_at=None
        )
        field.queryset = sharing.open_to(self.user, running, sharing.EDIT).order_by("name")


@bulk_actions.register
class EnrollInWorkflow(BulkAction):
    """They start at the first step, whether or not they meet the triggers."""

    name = "enroll"
    order = 10
    label = "Enroll in a workflow"
    button = "Enroll"
    icon = "account_tree"
    verb = Verb.VIEW
    switch = MANAGE_WORKFLOWS
    form_class = EnrollForm

    def run(self, selection: Selection, given: Mapping[str, Any]) -> str:
        workflow = given["workflow"]
        ids = [row[0] for row in rows(selection.records)]
        return result_in_words(workflow, enrollment.enroll(flows.published(workflow), ids))
