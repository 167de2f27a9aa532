"""The page of one workflow: its steps, who is in it, what ran, its revisions."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from crm import access, sharing
from crm.admin.sharing import panel
from crm.admin.urls import find_records, record_links
from crm.filters import base as filters
from crm.objects import base as objects
from workflows import checking, diagnosis, history, outline
from workflows.access_switches import PUBLISH
from workflows.actions.branches import list_branch
from workflows.definition import DefinitionError, Flow, parse
from workflows.models import Enrollment, Revision, Workflow
from workflows.steps import Outcome

#: Lines on a page of enrollments or of the log.
SIZE = 50
#: Criteria that the filter builder can edit: filters, and none, which turn into the former.
BY_FILTERS = ("LIST_BASED", "MANUAL")
STATE_TONES = {1: "blue", 2: "green", 3: "grey", 4: "rose"}
OUTCOME_TONES = {Outcome.SUCCESS: "green", Outcome.SKIPPED: "grey", Outcome.FAILED: "rose"}


def found(workflow_id: int | str, user: Any) -> Workflow:
    """A workflow that a user may see by its id; raises Http404."""
    mine = sharing.open_to(user, Workflow.objects.filter(archived_at=None))
    workflow = mine.filter(pk=int(workflow_id)).first() if str(workflow_id).isdecimal() else None
    if workflow is None:
        raise Http404("There is no such workflow.")
    return workflow


def page_url(workflow: Workflow) -> str:
    return reverse("admin:workflows_workflow_page", args=[workflow.pk])


def context_of(
    admin: Any, request: HttpRequest, workflow: Workflow, title: str = ""
) -> dict[str, Any]:
    """What every page about one workflow is given."""
    return {
        **admin.admin_site.each_context(request),
        "title": title or workflow.name,
        "opts": admin.opts,
        "workflow": workflow,
        "kind": objects.get(workflow.object_type),
        "page_url": page_url(workflow),
        "may_change": admin.has_change_permission(request, workflow),
        "may_delete": admin.has_delete_permission(request, workflow),
        "may_publish": may_publish(admin, request, workflow),
        "may_add": admin.has_add_permission(request),
    }


def may_publish(admin: Any, request: HttpRequest, workflow: Workflow) -> bool:
    """Whether a user may turn a workflow on and off, and change it while it is on (W-507, W-510)."""
    user: Any = request.user
    return user.has_perm(PUBLISH) and sharing.may_edit(user, workflow)


def respond(admin: Any, request: HttpRequest, workflow: Workflow) -> HttpResponse:
    if not admin.has_view_permission(request):
        raise PermissionDenied
    asked = request.GET.get("tab", "")
    current = asked if asked in TABS else "steps"
    label, template, context = TABS[current]
    return TemplateResponse(
        request,
        "admin/workflows/workflow.html",
        {
            **context_of(admin, request, workflow),
            "tabs": [
                {"name": name, "label": tab[0], "active": name == current}
                for name, tab in TABS.items()
            ],
            "tab_template": template,
            "tab_label": label,
            "figures": outline.figures([workflow.pk])[workflow.pk],
            **context(request, workflow),
            **panel(admin, request, workflow),
        },
    )


def _steps(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    problems = checking.problems(workflow.document)
    try:
        flow = parse(workflow.document)
    except DefinitionError:
        return {"steps": [], "problems": problems, "criteria": [], "is_broken": True}
    steps = outline.outline(workflow)
    titles = {step.action_id: step.summary or step.title for step in steps}
    return {
        "steps": [
            {
                "step": step,
                "jumps": _jumps(flow, step.action_id, titles),
                "arms": _arms(flow, step.action_id),
            }
            for step in steps
        ],
        "problems": problems,
        "criteria": criteria(flow),
        "is_by_filters": flow.criteria.type in BY_FILTERS,
        "flow": flow,
    }


def _jumps(flow: Flow, action_id: str, titles: dict[str, str]) -> list[dict[str, str]]:
    """Ways out of a node that lead to one shown elsewhere."""
    return [
        {
            "label": edge.label,
            "target": edge.target or "",
            "title": titles.get(edge.target or "", "a step that is not there"),
        }
        for edge in flow.nodes[action_id].edges
        if edge.is_goto
    ]


def _arms(flow: Flow, action_id: str) -> list[tuple[str, list[filters.Line]]]:
    """The branches of a node that asks filters, each with what it asks for."""
    node = flow.nodes[action_id]
    return [
        (edge.label, _in_sentences(arm.get("filterBranch"), flow.object_type))
        for edge, arm in zip(node.edges, list_branch.arms(node), strict=False)
    ]


def criteria(flow: Flow) -> list[filters.Line]:
    """Who is enrolled, in sentences; empty when records come by hand only."""
    if flow.criteria.filter_branch is None:
        return []
    return _in_sentences(flow.criteria.filter_branch, flow.object_type)


def _in_sentences(branch: Any, object_type: str) -> list[filters.Line]:
    try:
        return list(filters.summary(branch, object_type))
    except filters.FilterError as error:
        return [filters.Line(sentence=str(error))]


def _enrollments(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    asked = request.GET.get("state", "")
    state = int(asked) if asked in {str(value) for value in Enrollment.State.values} else None
    found = history.passages(
        workflow_id=workflow.pk, state=state, before=_number(request, "before"), limit=SIZE + 1
    )
    links = record_links((passage.record_id for passage in found[:SIZE]), access.of(request.user))
    return {
        "passages": [(passage, links[passage.record_id]) for passage in found[:SIZE]],
        "older": found[SIZE - 1].enrollment_id if len(found) > SIZE else None,
        "state": state,
        "states": Enrollment.State.choices,
        "tones": STATE_TONES,
        **_why(request, workflow),
    }


def _why(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    """The answer to "why is this record here, or why not?"."""
    asked = request.GET.get("why", "").strip()
    if not asked:
        return {"asked": ""}
    rights = access.of(request.user)
    record_id = find_records(workflow.object_type, [asked], rights).get(asked)
    if record_id is None:
        label = objects.get(workflow.object_type).label.lower()
        return {"asked": asked, "not_found": f"There is no {label} {asked}."}
    return {
        "asked": asked,
        "why": diagnosis.why(workflow, record_id),
        "why_record": record_links([record_id], rights)[record_id],
    }


def _log(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    asked = request.GET.get("outcome", "")
    outcome = asked if asked in set(Outcome) else ""
    row, place = _number(request, "row"), _number(request, "place")
    found = history.log(
        workflow_id=workflow.pk,
        outcome=outcome,
        before=(row, place) if row is not None and place is not None else None,
        limit=SIZE + 1,
    )
    links = record_links((line.record_id for line in found[:SIZE]), access.of(request.user))
    return {
        "lines": [(line, links[line.record_id]) for line in found[:SIZE]],
        "older": found[SIZE - 1] if len(found) > SIZE else None,
        "outcome": outcome,
        "outcomes": [(item.value, item.value.capitalize()) for item in Outcome],
        "tones": OUTCOME_TONES,
    }


def _revisions(request: HttpRequest, workflow: Workflow) -> dict[str, Any]:
    number = _number(request, "revision")
    revisions = Revision.objects.filter(workflow=workflow).select_related("user")
    shown = revisions.filter(number=number).first() if number is not None else None
    return {
        "revisions": list(revisions.defer("document").order_by("-number")[:SIZE]),
        "shown": shown,
        "shown_json": json.dumps(shown.document, indent=2, ensure_ascii=False) if shown else "",
    }


def _number(request: HttpRequest, name: str) -> int | None:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 19 else None


TABS: dict[str, tuple[str, str, Callable[[HttpRequest, Workflow], dict[str, Any]]]] = {
    "steps": ("Steps", "admin/workflows/steps.html", _steps),
    "enrollments": ("Enrollments", "admin/workflows/enrollments.html", _enrollments),
    "log": ("Log", "admin/workflows/log.html", _log),
    "revisions": ("Revisions", "admin/workflows/revisions.html", _revisions),
}
