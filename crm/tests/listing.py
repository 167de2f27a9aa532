"""Lists with filters, kept up to date by hand, for tests."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from crm import change_queue
from crm.lists import building, editing, evaluation
from crm.models import List

Json = dict[str, Any]


def prop(name: str, operation_type: str, operator: str, **values: Any) -> Json:
    operation = {"operationType": operation_type, "operator": operator, **values}
    return {"filterType": "PROPERTY", "property": name, "operation": operation}


def city(*names: str) -> Json:
    return prop("city", "MULTISTRING", "IS_EQUAL_TO", values=list(names))


def in_list(target: List | int, operator: str = "IN_LIST") -> Json:
    key = target if isinstance(target, int) else target.pk
    return {"filterType": "IN_LIST", "listId": str(key), "operator": operator}


def any_of(*groups: Json | list[Json]) -> Json:
    """Of each group all filters have to hold."""
    parts = [group if isinstance(group, list) else [group] for group in groups]
    return {
        "filterBranchType": "OR",
        "filterBranches": [{"filterBranchType": "AND", "filters": filters} for filters in parts],
    }


def active(name: str, *groups: Json | list[Json], object_type: str = "0-1") -> List:
    """A dynamic list that holds who meets its filters already."""
    made = editing.create(name, object_type, "DYNAMIC", filter_branch=any_of(*groups))
    build()
    return List.objects.get(pk=made.pk)


def static(name: str, object_type: str = "0-1") -> List:
    return editing.create(name, object_type, "MANUAL")


def build() -> None:
    while building.build():
        pass


def follow() -> None:
    """Let lists follow the changes until nothing is queued."""
    for _ in range(50):
        with transaction.atomic():
            change_queue.lock()
            taken = change_queue.take(20)
            evaluation.judge(taken)
        if not taken:
            return
    raise AssertionError("The lists do not come to rest.")


def members(target: List) -> list[int]:
    return list(target.memberships.order_by("record_id").values_list("record_id", flat=True))
