"""Records that are merged or erased, seen from their workflows."""

from __future__ import annotations

import pytest

from crm import erasure
from crm.merging import merge
from workflows import history
from workflows.models import ActionRun, Enrollment, Match
from workflows.tests.documents import delay, edit, flow, list_based
from workflows.tests.world import STAFF, contacts, live, set_values, settle, states

pytestmark = pytest.mark.django_db

STEP = edit("1", "jobtitle", "Seen")


def test_the_merged_record_leaves_and_the_other_one_goes_on() -> None:
    """W-203"""
    workflow = live(flow(delay("1", 5), criteria=list_based()))
    first, second, third = contacts(3, lifecyclestage="lead")
    settle()
    merge("0-1", first, second, STAFF)
    settle()
    found = Enrollment.objects.filter(workflow=workflow).order_by("record_id", "reason")
    assert [(row.record_id, row.reason) for row in found] == [
        (first, ""), (first, "RECORD_MERGED"), (third, ""),
    ]  # fmt: skip
    assert set(Match.objects.values_list("record_id", flat=True)) == {first, third}


def test_the_history_of_both_is_that_of_the_one() -> None:
    workflow = live(flow(STEP, criteria=list_based()))
    first, second = contacts(2, lifecyclestage="lead")
    settle()
    merge("0-1", first, second, STAFF)
    assert [line.record_id for line in history.log(record_id=first)] == [first, first]
    assert len(history.passages(record_id=first)) == 2
    assert history.passages(record_id=second) == []
    assert states(workflow) == {first: "COMPLETED"}


@pytest.mark.parametrize(("setting", "is_enrolled"), [({}, False), (True, True)])
def test_what_a_merge_brings_enrolls_only_where_the_workflow_says_so(
    setting: object, is_enrolled: bool
) -> None:
    """W-202"""
    more = {"canEnrollMergedRecords": True} if setting else {}
    workflow = live(flow(STEP, criteria=list_based(), **more))
    [first] = contacts(1, lifecyclestage="subscriber")
    [second] = contacts(1, lifecyclestage="subscriber")
    settle()
    live_before = live(flow(delay("1", 5), criteria=list_based()))
    set_values([second], city="Oslo")
    settle()
    with_lead(first, second)
    settle()
    assert (first in states(workflow)) is is_enrolled
    assert first not in states(live_before)
    # It meets them from now on; the same value once more enrolls nobody.
    set_values([first], lifecyclestage="lead")
    settle()
    assert (first in states(workflow)) is is_enrolled


def with_lead(first: int, second: int) -> None:
    """Merge a record that became a lead before anybody looked."""
    set_values([second], lifecyclestage="lead")
    merge("0-1", first, second, STAFF)


def test_a_change_of_its_own_beside_a_merge_enrolls() -> None:
    workflow = live(flow(STEP, criteria=list_based()))
    first, second = contacts(2)
    settle()
    merge("0-1", first, second, STAFF)
    set_values([first], lifecyclestage="lead")
    settle()
    assert states(workflow) == {first: "COMPLETED"}


def test_figures_stay_when_a_record_is_erased_and_words_go() -> None:
    workflow = live(flow(edit("1", "jobtitle", "xyzzy", "2"), delay("2", 5), criteria=list_based()))
    first, second = contacts(2, lifecyclestage="lead")
    settle()
    Enrollment.objects.filter(record_id=first).update(error="xyzzy")
    ActionRun.objects.filter(record_id=first).update(
        details=["xyzzy"], exceptions={"0": ["FAILED", "xyzzy"]}
    )
    erasure.erase("0-1", [first], STAFF)
    settle()
    assert states(workflow) == {first: "RECORD_DELETED", second: "ACTIVE"}
    assert not Enrollment.objects.filter(error="xyzzy").exists()
    run = ActionRun.objects.filter(record_id=first).latest("pk")
    assert (run.details, run.exceptions) == ([""], {"0": ["FAILED", ""]})
    assert list(Match.objects.values_list("record_id", flat=True)) == [second]
