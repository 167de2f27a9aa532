from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from conftest import SameQueriesFor
from crm.lists import membership
from crm.models import Change, List
from crm.sql import sql
from workflows import publishing, triggers
from workflows.models import Enrollment, Match
from workflows.tests.documents import LEADS, any_of, edit, flow, list_based, where
from workflows.tests.world import contacts, live, set_values, settle, states

pytestmark = pytest.mark.django_db

STEP = edit("1", "jobtitle", "Seen")


def test_a_record_that_begins_to_meet_the_filters_is_enrolled() -> None:
    workflow = live(flow(STEP, criteria=list_based()))
    [first, second] = contacts(2, lifecyclestage="subscriber")
    settle()
    set_values([first], lifecyclestage="lead")
    settle()
    assert states(workflow) == {first: "COMPLETED"}
    assert list(Match.objects.values_list("record_id")) == [(first,)]
    assert second not in states(workflow)


def test_a_new_record_that_meets_the_filters_is_enrolled() -> None:
    workflow = live(flow(STEP, criteria=list_based()))
    [one] = contacts(1, lifecyclestage="lead")
    settle()
    assert states(workflow) == {one: "COMPLETED"}


def test_turned_on_for_the_future_only_who_matched_before_stays_out() -> None:
    """W-631: the same value written again enrolls nobody."""
    [one] = contacts(1, lifecyclestage="lead")
    workflow = live(flow(STEP, criteria=list_based()), existing=False)
    set_values([one], lifecyclestage="lead", city="Oslo")
    settle()
    assert states(workflow) == {}


def test_who_leaves_the_criteria_and_meets_them_again_is_enrolled_the_first_time() -> None:
    """W-632"""
    [one] = contacts(1, lifecyclestage="lead")
    workflow = live(flow(STEP, criteria=list_based()))
    set_values([one], lifecyclestage="customer")
    settle()
    set_values([one], lifecyclestage="lead")
    settle()
    assert states(workflow) == {one: "COMPLETED"}


def test_without_re_enrollment_nobody_comes_twice() -> None:
    """W-633"""
    workflow = live(flow(STEP, criteria=list_based()))
    [one] = contacts(1, lifecyclestage="lead")
    settle()
    set_values([one], lifecyclestage="customer")
    settle()
    set_values([one], lifecyclestage="lead")
    settle()
    assert Enrollment.objects.filter(workflow=workflow).count() == 1


def test_with_re_enrollment_a_record_comes_again_when_it_meets_them_again() -> None:
    """W-184"""
    workflow = live(flow(STEP, criteria=list_based(again=True)))
    [one] = contacts(1, lifecyclestage="lead")
    settle()
    set_values([one], city="Oslo")
    settle()
    assert Enrollment.objects.filter(workflow=workflow).count() == 1
    set_values([one], lifecyclestage="customer")
    settle()
    set_values([one], lifecyclestage="lead")
    settle()
    assert Enrollment.objects.filter(workflow=workflow).count() == 2


def test_existing_records_are_enrolled_when_asked_for() -> None:
    ids = contacts(3, lifecyclestage="lead")
    contacts(2, lifecyclestage="customer")
    workflow = publishing.create(flow(STEP, criteria=list_based()))
    assert publishing.turn_on(workflow.pk, enroll_existing=True).enrolled == 3
    settle()
    assert states(workflow) == dict.fromkeys(ids, "COMPLETED")


def test_turning_on_twice_enrolls_once() -> None:
    contacts(3, lifecyclestage="lead")
    workflow = live(flow(STEP, criteria=list_based()), existing=True)
    assert publishing.turn_on(workflow.pk, enroll_existing=True).enrolled == 0
    assert Enrollment.objects.count() == 3


def test_who_met_them_while_it_was_off_is_not_enrolled_later() -> None:
    """W-650"""
    workflow = live(flow(STEP, criteria=list_based()))
    publishing.turn_off(workflow.pk)
    contacts(1, lifecyclestage="lead")
    settle()
    publishing.turn_on(workflow.pk, enroll_existing=False)
    settle()
    assert states(workflow) == {}


def test_a_static_list_is_a_trigger_too() -> None:
    target = List.objects.create(name="VIP", object_type="0-1", created_at="2026-01-01T00:00Z")
    in_list = {"filterType": "IN_LIST", "listId": str(target.pk), "operator": "IN_LIST"}
    workflow = live(flow(STEP, criteria=list_based(any_of([in_list]))))
    [one, two] = contacts(2)
    settle()
    membership.add(target, sql("SELECT {id}::bigint AS record_id", id=two))
    settle()
    assert states(workflow) == {two: "COMPLETED"}
    assert one not in states(workflow)


def test_an_archived_record_leaves_every_workflow() -> None:
    """W-204"""
    from crm import changes
    from workflows.tests.documents import delay
    from workflows.tests.world import STAFF

    workflow = live(flow(delay("1", 5), criteria=list_based()))
    [one] = contacts(1, lifecyclestage="lead")
    settle()
    assert states(workflow) == {one: "ACTIVE"}
    changes.archive("0-1", sql("SELECT {id}::bigint AS record_id", id=one), STAFF)
    settle()
    assert states(workflow) == {one: "RECORD_DELETED"}
    assert not Match.objects.exists()


def test_a_negative_filter_meets_new_contacts_without_a_value() -> None:
    """W-639: the flag decides."""
    tree = where(
        "country",
        "IS_NOT_EQUAL_TO",
        operationType="STRING",
        value="US",
        includeObjectsWithNoValueSet=True,
    )
    workflow = live(flow(STEP, criteria=list_based(tree)))
    [one] = contacts(1)
    settle()
    assert states(workflow) == {one: "COMPLETED"}


def test_the_loop_guard_ends_an_enrollment_as_it_begins() -> None:
    """W-201"""
    workflow = live(flow(STEP, criteria=list_based()))
    [one] = contacts(1, lifecyclestage="lead")
    Change.objects.update(hops=11)
    settle()
    assert states(workflow) == {one: "LOOP_GUARD"}


def test_two_workflows_that_trigger_each_other_come_to_an_end() -> None:
    """R-013: each sets what the other waits for."""
    on = where("city", "IS_EQUAL_TO", operationType="STRING", value="A")
    off = where("city", "IS_EQUAL_TO", operationType="STRING", value="B")
    one = live(flow(edit("1", "city", "B"), criteria=list_based(on, again=True)))
    two = live(flow(edit("1", "city", "A"), criteria=list_based(off, again=True)))
    [record] = contacts(1, city="A")
    settle()
    assert Enrollment.objects.filter(record_id=record).count() == 12
    last = Enrollment.objects.filter(record_id=record).order_by("id").last()
    assert last is not None
    assert (last.reason, last.workflow_id) == ("LOOP_GUARD", max(one.pk, two.pk))


def test_time_alone_can_enroll() -> None:
    """W-136"""
    from datetime import timedelta

    from crm import clock

    tree = where(
        "closedate",
        "IS_MORE_THAN_X_DAYS_AGO",
        operationType="ROLLING_DATE_RANGE",
        numberOfDays=7,
    )
    workflow = live(flow(STEP, criteria=list_based(tree)))
    [one] = contacts(1, closedate=clock.now().date())
    settle()
    assert triggers.sweep() == 0
    with clock.at(clock.now() + timedelta(days=9)):
        assert triggers.sweep() == 1
        assert triggers.sweep() == 0
    assert list(states(workflow)) == [one]


def test_matching_takes_the_same_queries_for_any_number_of_records(
    same_queries_for: SameQueriesFor,
) -> None:
    for number in range(5):
        score = where("hubspotscore", "IS_GREATER_THAN", operationType="NUMBER", value=number)
        live(flow(STEP, criteria=list_based(score)))

    def make(size: int) -> int:
        contacts(size, hubspotscore=50)
        return size

    def run(_: int) -> None:
        assert triggers.match() == 1

    same_queries_for(make, run)


@pytest.mark.django_db(transaction=True)
def test_a_change_that_commits_late_is_not_missed() -> None:
    """A reader that remembers the highest id it saw would skip the slow transaction's row."""
    workflow = live(flow(STEP, criteria=list_based(LEADS)))
    written, proceed = threading.Event(), threading.Event()
    slow: list[int] = []

    def slow_writer() -> None:
        try:
            with transaction.atomic():
                slow.extend(contacts(1, lifecyclestage="lead"))
                written.set()
                assert proceed.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=slow_writer)
    thread.start()
    assert written.wait(20)
    [quick] = contacts(1, lifecyclestage="lead")
    settle()
    assert states(workflow) == {quick: "COMPLETED"}
    proceed.set()
    thread.join(20)
    settle()
    assert states(workflow) == {quick: "COMPLETED", slow[0]: "COMPLETED"}
