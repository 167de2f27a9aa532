"""How large a workflow may be and how many there may be; the numbers are data of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from subscriptions.features import Limit, LimitReached
from workflows.definition import Flow, Problem
from workflows.features import ACTIONS, FILTER_BRANCHES, TRIGGER_FILTERS, VALUE_BRANCHES

_BRANCHES = {"LIST_BRANCH": FILTER_BRANCHES, "STATIC_BRANCH": VALUE_BRANCHES}


def problems(flow: Flow) -> list[Problem]:
    """Where a flow is larger than the plan allows (W-583..W-586)."""
    found = _over(ACTIONS, len(flow.nodes), "actions")
    for node in flow.nodes.values():
        if node.kind in _BRANCHES:
            # The default way is not counted.
            found += _over(_BRANCHES[node.kind], len(node.edges) - 1, node.path, node.action_id)
    if flow.criteria.filter_branch is not None:
        path = "enrollmentCriteria.listFilterBranch"
        found += _over(TRIGGER_FILTERS, _count_filters(flow.criteria.filter_branch), path)
    return found


def _over(limit: Limit, count: int, path: str, action_id: str = "") -> list[Problem]:
    try:
        limit.require(count)
    except LimitReached as error:
        return [Problem(message=str(error), path=path, action_id=action_id)]
    return []


def _count_filters(branch: Mapping[str, Any]) -> int:
    filters, inner = branch.get("filters"), branch.get("filterBranches")
    own = len(filters) if isinstance(filters, list) else 0
    below = [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else []
    return own + sum(_count_filters(item) for item in below)
