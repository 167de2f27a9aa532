"""What keeps a workflow from being turned on; drafts may be unfinished, live workflows may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm import properties
from crm.filters import base as filters
from workflows.actions.base import actions
from workflows.definition import (
    CRITERIA_TYPES,
    DefinitionError,
    Flow,
    Problem,
    graph_problems,
    parse,
    reachable,
)
from workflows.features import CUSTOM_OBJECT_WORKFLOWS, WORKFLOWS, WORKFLOWS_BY_OBJECT


def problems(document: Mapping[str, Any]) -> list[Problem]:
    """Everything that keeps a document from being turned on (W-378)."""
    try:
        flow = parse(document)
    except DefinitionError as error:
        return error.problems
    found = _plan_problems(flow) + graph_problems(flow) + _criteria_problems(flow)
    reached = reachable(flow)
    for node in flow.nodes.values():
        if node.action_id not in reached:
            continue
        kind = actions.find(node.kind)
        if kind is None:
            message = f"The action {node.kind} is not supported."
            found.append(Problem(message=message, path=node.path, action_id=node.action_id))
        else:
            found += kind().problems(node, flow.object_type)
    return found + _unsupported_settings(document)


def _plan_problems(flow: Flow) -> list[Problem]:
    """What the plan does not hold: the tool itself, or workflows of this object (section 1.1)."""
    needed = (WORKFLOWS, WORKFLOWS_BY_OBJECT.get(flow.object_type, CUSTOM_OBJECT_WORKFLOWS))
    locked = [feature for feature in needed if not feature.is_unlocked()]
    return [Problem(message=feature.sentence(), path="objectTypeId") for feature in locked]


def _criteria_problems(flow: Flow) -> list[Problem]:
    path = "enrollmentCriteria"
    kind = flow.criteria.type
    if kind not in CRITERIA_TYPES:
        return [Problem(message=f"Triggers of type {kind} are not available yet.", path=path)]
    return [] if kind == "MANUAL" else _filter_problems(flow, path)


def _filter_problems(flow: Flow, path: str) -> list[Problem]:
    criteria = flow.criteria
    if criteria.raw.get("reEnrollmentTriggersFilterBranches"):
        message = "Re-enrollment triggers are not available yet; without them a record comes again"
        return [Problem(message=f"{message} whenever it begins to meet the filters.", path=path)]
    branch = criteria.filter_branch
    path = f"{path}.listFilterBranch"
    if branch is None:
        return [Problem(message="Add at least one filter, or choose manual.", path=path)]
    tree = filters.parse(branch, properties.load(flow.object_type), lenient=True)
    found = filters.problems(tree)
    if found:
        return [Problem(message=str(item), path=path) for item in found]
    if filters.is_trivial(tree):
        # a trigger that everybody meets is surely a mistake.
        return [Problem(message="These filters ask for nothing.", path=path)]
    return []


#: Parts of a document that are kept but not carried out yet.
_UNSUPPORTED = {
    "timeWindows": "Execution windows are",
    "blockedDates": "Pause dates are",
    "suppressionListIds": "Suppression lists are",
    "suppressionFilterBranch": "Unenrollment triggers are",
    "goalFilterBranch": "Goals are",
    "enrollmentSchedule": "Schedules are",
    "eventAnchor": "Date-centred workflows are",
    "unEnrollmentSetting": "Unenrollment from other workflows is",
}


def _unsupported_settings(document: Mapping[str, Any]) -> list[Problem]:
    found = [
        Problem(message=f"{words} not available yet.", path=key)
        for key, words in _UNSUPPORTED.items()
        if document.get(key)
    ]
    criteria = document.get("enrollmentCriteria") or {}
    if criteria.get("unEnrollObjectsNotMeetingCriteria"):
        path = "enrollmentCriteria.unEnrollObjectsNotMeetingCriteria"
        found.append(Problem(message="This setting is not available yet.", path=path))
    return found
