"""Flow documents for tests, small enough to read."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def where(name: str, operator: str, **operation: Any) -> Json:
    """A filter tree with one property filter."""
    full = {"operator": operator, "includeObjectsWithNoValueSet": False, **operation}
    return any_of([{"filterType": "PROPERTY", "property": name, "operation": full}])


def any_of(*groups: list[Json]) -> Json:
    """A filter tree: one of the groups, whose filters all hold."""
    inner = [
        {"filterBranchType": "AND", "filters": group, "filterBranches": []} for group in groups
    ]
    return {"filterBranchType": "OR", "filters": [], "filterBranches": inner}


LEADS = where("lifecyclestage", "IS_ANY_OF", operationType="ENUMERATION", values=["lead"])


def city(name: str) -> Json:
    return where("city", "IS_EQUAL_TO", operationType="STRING", value=name)


def to(action_id: str) -> Json:
    return {"edgeType": "STANDARD", "nextActionId": action_id}


def node(action_id: str, kind: str, then: str | None = None, **fields: Any) -> Json:
    """A step with one way out."""
    made: Json = {
        "type": "SINGLE_CONNECTION",
        "actionId": action_id,
        "actionTypeId": kind,
        "actionTypeVersion": 0,
        "fields": fields,
    }
    return made | ({"connection": to(then)} if then else {})


def edit(action_id: str, name: str, value: Any, then: str | None = None) -> Json:
    """An edit record step; `value` is a value object or a static value."""
    given = value if isinstance(value, dict) else {"type": "STATIC_VALUE", "staticValue": value}
    return node(action_id, "0-5", then, property_name=name, value=given)


def delay(action_id: str, amount: int, unit: str = "DAYS", then: str | None = None) -> Json:
    return node(action_id, "0-1", then, delta=str(amount), time_unit=unit)


def branch(action_id: str, arms: list[tuple[str, Json, str | None]], default: str | None) -> Json:
    """An AND/OR branch; arms are (name, filter tree, next action)."""
    return {
        "type": "LIST_BRANCH",
        "actionId": action_id,
        "listBranches": [
            {
                "branchName": name,
                "filterBranch": tree,
                **({"connection": to(then)} if then else {}),
            }
            for name, tree, then in arms
        ],
        "defaultBranchName": "Others",
        **({"defaultBranch": to(default)} if default else {}),
    }


def flow(*actions: Json, criteria: Json | None = None, **more: Any) -> Json:
    """A contact workflow that starts at its first action."""
    return {
        "type": "CONTACT_FLOW",
        "objectTypeId": "0-1",
        "name": "Test",
        "startActionId": actions[0]["actionId"] if actions else None,
        "actions": list(actions),
        "enrollmentCriteria": criteria or {"type": "MANUAL", "shouldReEnroll": False},
        **more,
    }


def list_based(tree: Json = LEADS, *, again: bool = False) -> Json:
    return {"type": "LIST_BASED", "shouldReEnroll": again, "listFilterBranch": tree}
