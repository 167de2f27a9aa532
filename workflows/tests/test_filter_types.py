"""Filters on what records have to do with workflows."""

from __future__ import annotations

from typing import Any

import pytest

from crm import associations, changes, properties
from crm.filters import base
from crm.sql import rows
from crm.tests.filter_world import CONTACT, NOW, on
from crm.tests.writing import SYSTEM, contacts
from workflows.models import Enrollment, Workflow
from workflows.tests.documents import edit, flow, list_based
from workflows.tests.world import live, settle, states

pytestmark = pytest.mark.django_db

NAMES = ("ann", "bob", "cid", "dan")


def passage(workflow: Workflow, record: int, slot: int, reason: str = "") -> None:
    Enrollment.objects.create(
        workflow=workflow,
        record_id=record,
        slot=slot,
        state=Enrollment.State.ACTIVE if not slot else Enrollment.State.COMPLETED,
        reason=reason,
        due_at=NOW,
        arrived_at=NOW,
        enrolled_at=NOW,
    )


def in_workflow(key: Any, kind: str, operator: str = "IN_LIST") -> dict[str, Any]:
    return {
        "filterType": "IN_LIST",
        "operator": operator,
        "listId": "0",
        "metadata": {"id": str(key), "inListType": kind},
    }


def ask(ids: dict[str, int], filter_: dict[str, Any], name: str = "AND") -> set[str]:
    branch = {"filterBranchType": name, "filters": [filter_]}
    predicate = base.compile(branch, CONTACT, NOW)
    found = {row[0] for row in rows(base.match(predicate, CONTACT))}
    return {name for name, record in ids.items() if record in found}


def test_what_a_record_has_to_do_with_a_workflow() -> None:
    ids = dict(zip(NAMES, contacts(*({"firstname": name} for name in NAMES)), strict=True))
    workflow, other = (
        Workflow.objects.create(
            name=name, object_type=CONTACT, document={}, created_at=NOW, updated_at=NOW
        )
        for name in ("Welcome", "Other")
    )
    passage(workflow, ids["ann"], 0)
    passage(workflow, ids["ann"], 5, "COMPLETED")
    passage(workflow, ids["bob"], 6, "COMPLETED")
    passage(workflow, ids["cid"], 7, "GOAL_MET")
    passage(other, ids["dan"], 0)
    for kind, expected in [
        ("WORKFLOWS_ENROLLMENT", {"ann", "bob", "cid"}),
        ("WORKFLOWS_ACTIVE", {"ann"}),
        ("WORKFLOWS_COMPLETED", {"ann", "bob"}),
        ("WORKFLOWS_GOAL", {"cid"}),
    ]:
        positive = in_workflow(workflow.pk, kind)
        assert ask(ids, positive) == expected
        assert ask(ids, positive, "NOT_ANY") == set(NAMES) - expected
        assert ask(ids, in_workflow(workflow.pk, kind, "NOT_IN_LIST")) == set(NAMES) - expected
        # A workflow that is not there matches nobody in any direction.
        for operator in ("IN_LIST", "NOT_IN_LIST"):
            assert ask(ids, in_workflow(other.pk + 9, kind, operator)) == set()
            assert ask(ids, in_workflow(other.pk + 9, kind, operator), "NOT_ANY") == set()
    active = in_workflow(workflow.pk, "WORKFLOWS_ACTIVE")
    (line,) = base.explain({"filterBranchType": "AND", "filters": [active]}, CONTACT, ids["bob"])
    assert line.sentence == 'The record is enrolled now in the workflow "Welcome"'
    assert (line.value, line.passed) == ("no", False)


def test_a_workflow_that_is_not_there_is_a_problem() -> None:
    branch = {"filterBranchType": "AND", "filters": [in_workflow(9, "WORKFLOWS_ACTIVE")]}
    tree = base.parse(branch, properties.load(CONTACT))
    assert base.problems(tree) == [("filters[0]", "there is no workflow 9")]
    with pytest.raises(base.FilterError, match="'WORKFLOWS_LOST' is not one of"):
        base.parse(
            {"filterBranchType": "AND", "filters": [in_workflow(9, "WORKFLOWS_LOST")]},
            properties.load(CONTACT),
        )


def test_a_change_of_an_associated_record_enrolls() -> None:
    person, other = contacts({"firstname": "Ann"}, {"firstname": "Bob"})
    (firm,) = changes.create("0-2", [{"city": "Rome"}], SYSTEM)
    kind = associations.between(CONTACT, "0-2")
    branch = {
        "filterBranchType": "ASSOCIATION",
        "objectTypeId": "0-2",
        "associationTypeId": 279,
        "associationCategory": "HUBSPOT_DEFINED",
        "operator": "IN_LIST",
        "filters": [on("city", "IS_EQUAL_TO", value="Oslo")],
    }
    tree = {
        "filterBranchType": "OR",
        "filterBranches": [{"filterBranchType": "AND", "filterBranches": [branch]}],
    }
    workflow = live(flow(edit("1", "jobtitle", "Boss"), criteria=list_based(tree)))
    associations.associate(kind, associations.pairs([(person, firm)]))
    settle()
    assert states(workflow) == {}
    changes.update("0-2", {firm: {"city": "Oslo"}}, SYSTEM)
    settle()
    assert states(workflow) == {person: "COMPLETED"}
    associations.associate(kind, associations.pairs([(other, firm)]))
    settle()
    assert states(workflow) == {person: "COMPLETED", other: "COMPLETED"}
