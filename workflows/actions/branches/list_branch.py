from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm import properties
from crm.filters import base as filters
from crm.sql import join, sql
from workflows.actions.base import Action, actions
from workflows.definition import Node, Problem
from workflows.steps import Cohort, Move, Split


@actions.register
class ListBranch(Action):
    """Send each record down the first branch whose filters it meets, else down the default one."""

    action_type_id = "LIST_BRANCH"
    label = "Branch on filters"
    group = "Branch"
    icon = "call_split"
    runs_when_off = True

    def run(self, cohort: Cohort, node: Node) -> Move:
        whens = [
            sql(
                "WHEN {where} THEN {arm}::int",
                where=filters.compile(
                    arm["filterBranch"], cohort.flow.object_type, cohort.now, few=True
                ).where,
                arm=place,
            )
            for place, arm in enumerate(arms(node))
        ]
        default = len(whens)
        if not whens:
            return Split(arm=sql("{default}::int", default=default))
        return Split(
            arm=sql(
                "CASE {whens} ELSE {default}::int END",
                whens=join(" ", whens),
                default=default,
            )
        )

    def check(self, node: Node, object_type: str) -> list[Problem]:
        problems = []
        for place, arm in enumerate(arms(node)):
            path = f"{node.path}.listBranches[{place}].filterBranch"
            problems += [
                Problem(message=message, path=path, action_id=node.action_id)
                for message in filter_problems(arm.get("filterBranch"), object_type)
            ]
        return problems

    def summary(self, node: Node, object_type: str) -> str:
        count = len(arms(node))
        return f"Branch: {count} {'way' if count == 1 else 'ways'} and “{node.edges[-1].label}”"


def arms(node: Node) -> list[Mapping[str, Any]]:
    found = node.raw.get("listBranches")
    return [arm for arm in found if isinstance(arm, dict)] if isinstance(found, list) else []


def filter_problems(branch: Any, object_type: str) -> list[str]:
    """Why a filter tree cannot be used; empty when it can."""
    if not branch:
        return ["Add at least one filter."]
    tree = filters.parse(branch, properties.load(object_type), lenient=True)
    return [str(problem) for problem in filters.problems(tree)]
