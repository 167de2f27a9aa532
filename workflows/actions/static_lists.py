from __future__ import annotations

from typing import Protocol

from crm.lists import membership
from crm.models import List
from crm.sql import SQL
from workflows.actions.base import Action, InputField, actions
from workflows.definition import Node, Problem
from workflows.features import STATIC_LISTS
from workflows.steps import Cohort, Move, Outcome, Proceed

IS_ACTIVE = "This is an active list: its filters decide who is in it."


class Change(Protocol):
    """Adding to a static list or removing from it; returns how many records that moved."""

    def __call__(self, target: List, select: SQL, *, hops: int) -> int: ...


class StaticListAction(Action):
    """What adding to and removing from a static list share."""

    group = "Marketing"
    icon = "list_alt"
    object_types = frozenset({"0-1", "0-2", "0-3"})
    feature = STATIC_LISTS

    listId = InputField("number", label="List", references="LIST")  # noqa: N815 (HubSpot's name)

    def check(self, node: Node, object_type: str) -> list[Problem]:
        target = find_list(node)
        if target is None:
            return [self.problem(node, "This list does not exist.", "listId")]
        if target.object_type != object_type:
            return [self.problem(node, "This list is for another object.", "listId")]
        if target.is_dynamic:
            return [self.problem(node, IS_ACTIVE, "listId")]
        return []

    def _change(self, change: Change, cohort: Cohort, node: Node) -> Move:
        target = find_list(node)
        if target is None:
            return Proceed(outcome=Outcome.FAILED, detail="The list does not exist any more.")
        if target.is_dynamic:
            return Proceed(outcome=Outcome.FAILED, detail=IS_ACTIVE)
        change(target, cohort.records(), hops=cohort.hops + 1)
        return Proceed(detail=target.name)

    def _name(self, node: Node) -> str:
        target = find_list(node)
        return f"“{target.name}”" if target else "a list"


def find_list(node: Node) -> List | None:
    key = str(node.fields.get("listId") or "")
    if not key.isdecimal():
        return None
    return List.objects.filter(pk=int(key), archived_at=None).first()


@actions.register
class AddToStaticList(StaticListAction):
    """Add the enrolled record to a static list; who is in it already stays."""

    action_type_id = "0-63809083"
    label = "Add to static list"

    def run(self, cohort: Cohort, node: Node) -> Move:
        return self._change(membership.add, cohort, node)

    def summary(self, node: Node, object_type: str) -> str:
        return f"Add to {self._name(node)}"


@actions.register
class RemoveFromStaticList(StaticListAction):
    """Take the enrolled record out of a static list."""

    action_type_id = "0-63863438"
    label = "Remove from static list"

    def run(self, cohort: Cohort, node: Node) -> Move:
        return self._change(membership.remove, cohort, node)

    def summary(self, node: Node, object_type: str) -> str:
        return f"Remove from {self._name(node)}"
