from __future__ import annotations

import pytest

from crm.lists import editing
from crm.tests.listing import active, any_of, build, city, in_list, members
from workflows import jobs
from workflows.models import Enrollment, Workflow
from workflows.tests.documents import edit, flow, list_based
from workflows.tests.world import contacts, live, set_values, settle, states

pytestmark = pytest.mark.django_db

STEP = edit("1", "jobtitle", "Seen")


def test_joining_a_dynamic_list_enrolls_and_staying_does_not() -> None:
    """W-155, W-179"""
    oslo = active("Oslo", city("Oslo"))
    workflow = live(flow(STEP, criteria=list_based(any_of(in_list(oslo)), again=True)))
    [one] = contacts(1)
    settle()
    assert states(workflow) == {}
    set_values([one], city="Oslo")
    settle()
    set_values([one], lastname="Berg")
    settle()
    assert len(states(workflow)) == workflow_count(workflow) == 1
    set_values([one], city="Bergen")
    settle()
    set_values([one], city="Oslo")
    settle()
    assert workflow_count(workflow) == 2


def workflow_count(workflow: Workflow) -> int:
    return Enrollment.objects.filter(workflow=workflow).count()


def test_lists_and_workflows_follow_one_change_in_any_number_of_steps() -> None:
    first = active("First", city("Oslo"))
    second = active("Second", in_list(first))
    workflow = live(flow(STEP, criteria=list_based(any_of(in_list(second)))))
    [one] = contacts(1, city="Oslo")
    settle()
    assert states(workflow) == {one: "COMPLETED"}


@pytest.mark.parametrize("starts_workflows", [False, True])
def test_an_edit_of_the_filters_enrolls_only_when_it_shall(starts_workflows: bool) -> None:
    """W-199: who came quietly is not enrolled by a later change either, who leaves and comes is."""
    town = active("Town", city("Oslo"))
    follower = active("Follower", in_list(town))
    workflow = live(flow(STEP, criteria=list_based(any_of(in_list(town)))))
    behind = live(flow(STEP, criteria=list_based(any_of(in_list(follower)))))
    [one] = contacts(1, city="Bergen")
    settle()
    editing.change_filters(town, any_of(city("Bergen")), starts_workflows=starts_workflows)
    build()
    settle()
    set_values([one], lastname="Berg")
    settle()
    wanted = {one: "COMPLETED"} if starts_workflows else {}
    assert (states(workflow), states(behind)) == (wanted, wanted)
    assert members(follower) == [one]
    set_values([one], city="")
    settle()
    set_values([one], city="Bergen")
    settle()
    assert states(workflow) == states(behind) == {one: "COMPLETED"}


def test_a_restored_list_enrolls_nobody_by_that() -> None:
    town = active("Town", city("Oslo"))
    workflow = live(flow(STEP, criteria=list_based(any_of(in_list(town)))))
    [one] = contacts(1, city="Oslo")
    settle()
    editing.delete(town)
    set_values([one], lastname="Berg")
    settle()
    editing.restore(town)
    build()
    settle()
    assert len(states(workflow)) == workflow_count(workflow) == 1


@pytest.mark.django_db(transaction=True)
def test_the_background_job_builds_lists_and_lets_the_matcher_work() -> None:
    [one] = contacts(1, city="Oslo")
    made = editing.create("Oslo", "0-1", "DYNAMIC", filter_branch=any_of(city("Oslo")))
    workflow = live(flow(STEP, criteria=list_based(any_of(in_list(made)))))
    jobs.lists(0)
    settle()
    made.refresh_from_db()
    assert (made.processing_status, members(made)) == ("COMPLETE", [one])
    assert states(workflow) == {one: "COMPLETED"}
