"""Who a workflow enrolls, edited with the filter builder."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from crm.admin.filter_builder.drawing import Row, dump
from crm.tests.browsing import main_text, viewer
from workflows import publishing
from workflows.models import Workflow
from workflows.tests.documents import city, delay, flow, list_based

pytestmark = pytest.mark.django_db


def draft(**more: Any) -> Workflow:
    return publishing.create(flow(delay("1", 1), name="Nurture", **more))


def url(workflow: Workflow, more: str = "trigger/") -> str:
    return f"/admin/workflows/workflow/{workflow.pk}/{more}"


def given(workflow: Workflow, *rows: Row, **more: Any) -> dict[str, Any]:
    return {"filter": dump((rows,) if rows else ()), "revision": workflow.revision, **more}


IN_OSLO = Row(
    kind="filterType:PROPERTY",
    values={"property": "city", "operation": "MULTISTRING:IS_EQUAL_TO", "values": ["Oslo"]},
)


def test_filters_make_a_workflow_by_hand_one_by_filters(admin_client: Client) -> None:
    workflow = draft()
    assert "Edit filters" in main_text(admin_client.get(url(workflow, "")))
    data = given(workflow, IN_OSLO, re_enroll="on")
    page = main_text(admin_client.post(url(workflow), data, follow=True))
    assert "City is equal to Oslo" in page
    workflow.refresh_from_db()
    criteria = workflow.document["enrollmentCriteria"]
    assert (criteria["type"], criteria["shouldReEnroll"]) == ("LIST_BASED", True)
    assert workflow.revision == 2


def test_without_filters_records_come_by_hand(admin_client: Client) -> None:
    workflow = draft(
        criteria=list_based(city("Oslo")) | {"unEnrollObjectsNotMeetingCriteria": True}
    )
    admin_client.post(url(workflow), given(workflow))
    workflow.refresh_from_db()
    assert workflow.document["enrollmentCriteria"] == {
        "type": "MANUAL",
        "shouldReEnroll": False,
        "unEnrollObjectsNotMeetingCriteria": True,
    }


def test_filters_nobody_changed_are_saved_as_they_were(admin_client: Client) -> None:
    workflow = draft(criteria=list_based(city("Oslo")))
    before = workflow.document
    shown = admin_client.get(url(workflow))
    form = shown.context["form"]
    data = {"filter": form["filter"].value(), "revision": 1}
    admin_client.post(url(workflow), data)
    workflow.refresh_from_db()
    after = workflow.document["enrollmentCriteria"]["listFilterBranch"]["filterBranches"]
    assert (
        after[0]["filters"]
        == (before["enrollmentCriteria"]["listFilterBranch"]["filterBranches"][0]["filters"])
    )


def test_a_change_somebody_else_made_is_not_overwritten(admin_client: Client) -> None:
    workflow = draft()
    publishing.save(workflow.pk, workflow.document)
    response = admin_client.post(url(workflow), given(workflow, IN_OSLO))
    assert "saved the workflow meanwhile" in main_text(response)
    assert Workflow.objects.get().revision == 2


def test_events_are_not_edited_here(admin_client: Client) -> None:
    workflow = draft(criteria={"type": "EVENT_BASED", "eventFilterBranches": []})
    assert admin_client.get(url(workflow)).status_code == 403
    assert "Edit filters" not in main_text(admin_client.get(url(workflow, "")))


def test_only_who_may_change_it_may(admin_client: Client) -> None:
    workflow = draft()
    client = viewer("view_workflow", "view_contact")
    assert client.get(url(workflow)).status_code in (403, 404)
    assert client.post(url(workflow), given(workflow, IN_OSLO)).status_code in (403, 404)
    assert Workflow.objects.get().revision == 1
