from __future__ import annotations

from datetime import timedelta

import pytest

from conftest import SameQueriesFor
from crm import clock
from crm.models import Change, List, ListMembership, PropertyHistory
from crm.sql import SQL, execute, sql
from workflows import engine, history, publishing
from workflows.actions.base import Action, actions
from workflows.models import ActionRun, Enrollment
from workflows.steps import Cohort, Move, Proceed
from workflows.tests.documents import LEADS, branch, city, delay, edit, flow, node, to, where
from workflows.tests.world import contacts, enroll, live, set_values, settle, states, value

pytestmark = pytest.mark.django_db


def path(record_id: int) -> list[tuple[str, str, str]]:
    """The steps a record took, in order."""
    lines = history.log(record_id=record_id)
    return [(line.action_id, line.outcome.value, line.detail) for line in reversed(lines)]


def test_a_record_walks_through_all_steps_that_need_no_wait_in_one_pass() -> None:
    workflow = live(flow(edit("1", "city", "Oslo", then="2"), edit("2", "country", "Norway")))
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    assert states(workflow) == {one: "COMPLETED"}
    assert (value(one, "city"), value(one, "country")) == ("Oslo", "Norway")
    assert path(one) == [("1", "SUCCESS", "City: Oslo"), ("2", "SUCCESS", "Country/Region: Norway")]
    assert ActionRun.objects.get().visit == 1


def test_a_written_value_names_workflow_action_and_enrollment_as_its_source() -> None:
    """W-031"""
    workflow = live(flow(edit("7", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    enrollment = Enrollment.objects.get()
    written = PropertyHistory.objects.get(record_id=one, property_name="city")
    assert written.source == "AUTOMATION_PLATFORM"
    assert written.source_id == f"{workflow.pk}:7:{enrollment.pk}"


def test_the_first_branch_that_matches_is_taken_and_none_means_the_default() -> None:
    """W-656"""
    tree = branch("1", [("Oslo", city("Oslo"), "2"), ("Leads", LEADS, "3")], default="4")
    workflow = live(
        flow(
            tree,
            edit("2", "jobtitle", "first"),
            edit("3", "jobtitle", "second"),
            edit("4", "jobtitle", "default"),
        )
    )
    [both] = contacts(1, city="oslo", lifecyclestage="lead")
    [lead] = contacts(1, lifecyclestage="lead")
    [none] = contacts(1, city="Bergen")
    enroll(workflow, [both, lead, none])
    settle()
    assert [value(one, "jobtitle") for one in (both, lead, none)] == ["first", "second", "default"]
    assert path(both)[0] == ("1", "SUCCESS", "Oslo")
    assert path(none)[0] == ("1", "SUCCESS", "Others")


def test_a_branch_asks_what_the_step_before_it_wrote() -> None:
    workflow = live(
        flow(
            edit("1", "city", "Oslo", then="2"),
            branch("2", [("Oslo", city("Oslo"), "3")], default=None),
            edit("3", "jobtitle", "seen"),
        )
    )
    [one] = contacts(1, city="Bergen")
    enroll(workflow, [one])
    settle()
    assert value(one, "jobtitle") == "seen"


def test_branches_may_meet_again() -> None:
    jump = {**edit("2", "jobtitle", "north"), "connection": {**to("3"), "edgeType": "GOTO"}}
    workflow = live(
        flow(
            branch("1", [("North", city("Tromsø"), "2")], default="3"), jump, edit("3", "zip", "1")
        )
    )
    [north] = contacts(1, city="Tromsø")
    [south] = contacts(1, city="Oslo")
    enroll(workflow, [north, south])
    settle()
    assert [step[0] for step in path(north)] == ["1", "2", "3"]
    assert [step[0] for step in path(south)] == ["1", "3"]
    assert (value(north, "zip"), value(south, "zip")) == ("1", "1")


def test_a_delay_holds_until_it_is_due_and_not_longer() -> None:
    workflow = live(flow(delay("1", 2, "DAYS", then="2"), edit("2", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    waiting = Enrollment.objects.get()
    assert (waiting.action_id, waiting.is_waiting) == ("1", True)
    assert waiting.due_at == clock.now() + timedelta(days=2)
    assert engine.next_due() == waiting.due_at
    with clock.at(waiting.due_at - timedelta(seconds=1)):
        settle()
        assert value(one, "city") is None
    with clock.at(waiting.due_at):
        settle()
        assert value(one, "city") == "Oslo"
    assert path(one) == [("1", "SUCCESS", "Waited 2 days"), ("2", "SUCCESS", "City: Oslo")]


def test_a_step_inserted_behind_a_delay_is_taken_by_who_waits_in_it() -> None:
    """W-392: the next step is read when a record leaves, not when it came."""
    workflow = live(flow(delay("1", 1, then="2"), edit("2", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    changed = flow(
        delay("1", 1, then="3"), edit("3", "jobtitle", "new", then="2"), edit("2", "city", "Oslo")
    )
    publishing.save(workflow.pk, changed)
    with clock.at(clock.now() + timedelta(days=2)):
        settle()
    assert (value(one, "jobtitle"), value(one, "city")) == ("new", "Oslo")
    assert ActionRun.objects.get().revision == 2


def test_who_stands_at_a_deleted_step_leaves_with_that_reason() -> None:
    workflow = live(flow(delay("1", 1, then="2"), edit("2", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    publishing.save(workflow.pk, flow(edit("2", "city", "Oslo")))
    with clock.at(clock.now() + timedelta(days=2)):
        settle()
    assert states(workflow) == {one: "PATH_DELETED"}
    assert value(one, "city") is None


def test_in_a_workflow_that_is_off_delays_and_branches_go_on_and_actions_are_skipped() -> None:
    """W-397, W-648"""
    workflow = live(
        flow(
            delay("1", 1, then="2"),
            branch("2", [("Oslo", city("Oslo"), "3")], default=None),
            edit("3", "jobtitle", "x"),
        )
    )
    [one] = contacts(1, city="Oslo")
    enroll(workflow, [one])
    settle()
    publishing.turn_off(workflow.pk)
    with clock.at(clock.now() + timedelta(days=2)):
        settle()
    assert value(one, "jobtitle") is None
    assert path(one)[1:] == [("2", "SUCCESS", "Oslo"), ("3", "SKIPPED", "The workflow is off.")]
    assert states(workflow) == {one: "COMPLETED"}


def test_an_action_the_plan_no_longer_holds_fails_and_the_record_goes_on() -> None:
    from subscriptions import plans
    from subscriptions.hubs import Hub, Tier

    target = List.objects.create(name="VIP", object_type="0-1", created_at=clock.now())
    workflow = live(
        flow(node("1", "0-63809083", then="2", listId=str(target.pk)), edit("2", "city", "Oslo"))
    )
    plans.change({Hub.MARKETING: Tier.STARTER})
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    assert path(one)[0] == (
        "1",
        "FAILED",
        "Add to or remove from a static list needs Marketing Hub Professional",
    )
    assert not ListMembership.objects.exists()
    assert value(one, "city") == "Oslo"


def test_turned_on_again_in_time_the_action_runs() -> None:
    """W-649"""
    workflow = live(flow(delay("1", 2, then="2"), edit("2", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    publishing.turn_off(workflow.pk)
    with clock.at(clock.now() + timedelta(days=1)):
        settle()
        publishing.turn_on(workflow.pk, enroll_existing=False)
    with clock.at(clock.now() + timedelta(days=2)):
        settle()
    assert value(one, "city") == "Oslo"


def test_an_increment_counts_every_passage_and_empty_as_nothing() -> None:
    """W-315"""
    plus = {"type": "INCREMENT", "incrementAmount": "2.5"}
    one_flow = flow(edit("1", "hubspotscore", plus, then="2"), edit("2", "hubspotscore", plus))
    workflow = live(one_flow)
    [empty] = contacts(1)
    [ten] = contacts(1, hubspotscore=10)
    enroll(workflow, [empty, ten])
    settle()
    assert (value(empty, "hubspotscore"), value(ten, "hubspotscore")) == (5, 15)


def test_two_workflows_with_the_same_record_both_count() -> None:
    plus = {"type": "INCREMENT", "incrementAmount": "1"}
    workflows = [live(flow(edit("1", "hubspotscore", plus))) for _ in range(3)]
    ids = contacts(20)
    for workflow in workflows:
        enroll(workflow, ids)
    settle()
    assert {value(one, "hubspotscore") for one in ids} == {3}


def test_writing_the_value_a_record_has_already_leaves_no_trace() -> None:
    """W-300"""
    workflow = live(flow(edit("1", "city", "Oslo")))
    [one] = contacts(1, city="Oslo")
    settle()
    enroll(workflow, [one])
    engine.run(10)
    assert PropertyHistory.objects.filter(property_name="city").count() == 1
    assert not Change.objects.exists()
    assert states(workflow) == {one: "COMPLETED"}


def test_records_that_automation_changed_trigger_others_one_hop_further() -> None:
    workflow = live(flow(edit("1", "city", "Oslo")))
    [one] = contacts(1)
    settle()
    enroll(workflow, [one])
    engine.run(10)
    assert Change.objects.values_list("hops", "property_names").get() == (1, ["city"])


def test_a_batch_of_one_node_takes_no_more_than_is_due() -> None:
    workflow = live(flow(delay("1", 1, then="2"), edit("2", "city", "Oslo")))
    early, late = contacts(2)
    enroll(workflow, [early])
    settle()
    now = clock.now()
    with clock.at(now + timedelta(hours=12)):
        enroll(workflow, [late])
        settle()
    with clock.at(now + timedelta(hours=30)):
        settle()
    assert (value(early, "city"), value(late, "city")) == ("Oslo", None)


class Explode(Action):
    """Fails for the records whose score is 13, as a poisonous record would."""

    action_type_id = "test-explode"
    label = "Explode"
    group = "Test"

    def run(self, cohort: Cohort, node: object) -> Move:
        execute(
            sql(
                "SELECT 1 / ((r.properties->>'hubspotscore')::int - 13)"
                " FROM batch b JOIN crm_record r ON r.id = b.record_id WHERE {mine}",
                mine=cohort.condition(),
            )
        )
        return Proceed()


@pytest.fixture
def explosive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(actions._kinds, "test-explode", Explode)


def test_one_poisonous_record_does_not_hold_up_the_others(explosive: None) -> None:
    """R-011"""
    workflow = live(flow(node("1", "test-explode", then="2"), edit("2", "city", "Oslo")))
    good, bad = contacts(60, hubspotscore=5), contacts(2, hubspotscore=13)
    enroll(workflow, [*good[:30], *bad, *good[30:]])
    settle()
    found = states(workflow)
    assert {found[one] for one in good} == {"COMPLETED"}
    assert {found[one] for one in bad} == {"FAILED"}
    assert {value(one, "city") for one in good} == {"Oslo"}
    failed = Enrollment.objects.filter(state=Enrollment.State.FAILED)
    assert {row.error for row in failed} == {"division by zero"}
    assert {row.action_id for row in failed} == {"1"}


def test_a_failed_record_can_come_in_again(explosive: None) -> None:
    document = flow(node("1", "test-explode"))
    document["enrollmentCriteria"]["shouldReEnroll"] = True
    workflow = live(document)
    [bad] = contacts(1, hubspotscore=13)
    enroll(workflow, [bad])
    settle()
    set_values([bad], hubspotscore=1)
    assert enroll(workflow, [bad]).enrolled == 1
    settle()
    assert states(workflow) == {bad: "COMPLETED"}


def test_a_group_with_much_to_do_does_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine.pace, "size", 10)
    monkeypatch.setattr(engine.pace, "learn", lambda count, seconds: None)
    big, small = live(flow(edit("1", "city", "Oslo"))), live(flow(edit("1", "zip", "1")))
    enroll(big, contacts(50))
    [one] = contacts(1)
    enroll(small, [one])
    for workflow_id, action_id in engine.due_groups():
        engine.run_batch(workflow_id, action_id)
    assert states(small) == {one: "COMPLETED"}
    assert list(states(big).values()).count("COMPLETED") == 10


STEPS = {
    "edit record": flow(edit("1", "city", "Oslo")),
    "clear": flow(edit("1", "jobtitle", "")),
    "copy": flow(edit("1", "city", {"type": "OBJECT_PROPERTY", "propertyName": "jobtitle"})),
    "create task": flow(node("1", "0-3", subject="Call {{ enrolled_object.jobtitle }}")),
    "branch": flow(branch("1", [("Oslo", city("Oslo"), None)], default=None)),
    "delay": flow(delay("1", 1)),
    "leave a delay": flow(delay("1", 0, then="2"), edit("2", "city", "Oslo")),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_step_takes_the_same_queries_for_any_number_of_records(
    name: str, same_queries_for: SameQueriesFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.pace, "size", 5000)
    monkeypatch.setattr(engine.pace, "learn", lambda count, seconds: None)
    workflow = live(STEPS[name])

    def make(size: int) -> list[int]:
        ids = contacts(size, jobtitle="Baker")
        enroll(workflow, ids)
        return ids

    def run(ids: list[int]) -> None:
        # A delay of nothing is entered in one pass and left in the next.
        while groups := engine.due_groups():
            for workflow_id, action_id in groups:
                assert engine.run_batch(workflow_id, action_id) == len(ids)

    same_queries_for(make, run)
    if name == "edit record":
        assert not Enrollment.objects.exclude(state=Enrollment.State.COMPLETED).exists()


def test_a_condition_on_a_number_survives_a_text_in_its_place() -> None:
    """One odd value must not fail the batch."""
    [odd] = contacts(1)
    execute(
        sql(
            'UPDATE crm_record SET properties = properties || \'{{"hubspotscore": "many"}}\''
            " WHERE id = {id}",
            id=odd,
        )
    )
    tree = where("hubspotscore", "IS_GREATER_THAN", operationType="NUMBER", value=3)
    workflow = live(flow(branch("1", [("High", tree, None)], default=None)))
    enroll(workflow, [odd, *contacts(1, hubspotscore=5)])
    settle()
    assert path(odd) == [("1", "SUCCESS", "Others")]


def test_due_groups_look_at_one_row_per_node() -> None:
    workflow = live(flow(edit("1", "city", "Oslo")))
    enroll(workflow, contacts(300))
    execute(SQL("ANALYZE workflows_enrollment"))
    assert engine.due_groups() == [(workflow.pk, "1")]
