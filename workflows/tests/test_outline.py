from __future__ import annotations

import pytest

from workflows import history, outline
from workflows.tests.documents import branch, city, delay, edit, flow, node
from workflows.tests.world import contacts, enroll, live, settle

pytestmark = pytest.mark.django_db


def test_an_outline_reads_from_top_to_bottom() -> None:
    plus = {"type": "INCREMENT", "incrementAmount": "-5"}
    copy = {"type": "OBJECT_PROPERTY", "propertyName": "city"}
    workflow = live(
        flow(
            edit("1", "lifecyclestage", "lead", then="2"),
            branch("2", [("Oslo", city("Oslo"), "3"), ("Bergen", city("Bergen"), None)], "6"),
            delay("3", 1, "HOURS", then="4"),
            edit("4", "hubspotscore", plus, then="5"),
            edit("5", "jobtitle", ""),
            edit("6", "state", copy, then="7"),
            node("7", "0-3", subject="Call"),
        )
    )
    enroll(workflow, contacts(3, city="Oslo"))
    settle()
    steps = outline.outline(workflow)
    assert [(step.depth, step.branch_label, step.summary) for step in steps] == [
        (0, "", "Set Lifecycle stage to Lead"),
        (0, "", "Branch: 2 ways and “Others”"),
        (1, "Oslo", "Wait 1 hour"),
        (1, "", "Decrease Score by 5"),
        (1, "", "Clear Job title"),
        (1, "Others", "Copy City to State/Region"),
        (1, "", "Create task “Call”"),
    ]
    assert steps[1].empty_branches == ("Bergen",)
    assert [step.waiting for step in steps] == [0, 0, 3, 0, 0, 0, 0]


def test_an_unsupported_action_is_shown_with_its_problem() -> None:
    from workflows import publishing

    workflow = publishing.create(flow(node("1", "1-100451")))
    [step] = outline.outline(workflow)
    assert step.title == "Unsupported action 1-100451"
    assert step.problems == ("The action 1-100451 is not supported.",)


def test_figures_count_who_is_in_and_who_came_lately() -> None:
    workflow = live(flow(delay("1", 1)))
    other = live(flow(edit("1", "city", "Oslo")))
    enroll(workflow, contacts(2))
    settle()
    found = outline.figures([workflow.pk, other.pk])
    assert (found[workflow.pk].active, found[workflow.pk].enrolled_last_week) == (2, 2)
    assert (found[other.pk].active, found[other.pk].needs_review) == (0, 0)


def test_the_log_pages_backwards_without_gaps_or_repeats() -> None:
    workflow = live(
        flow(
            edit("1", "city", "a", then="2"),
            edit("2", "zip", "1", then="3"),
            edit("3", "state", "s"),
        )
    )
    enroll(workflow, contacts(4))
    settle()
    everything = history.log(workflow_id=workflow.pk)
    assert len(everything) == 12
    paged: list[history.LogLine] = []
    while page := history.log(
        workflow_id=workflow.pk,
        before=(paged[-1].row_id, paged[-1].place) if paged else None,
        limit=5,
    ):
        paged += page
    assert paged == everything
    assert [line.action_id for line in everything[:3]] == ["3", "2", "1"]


def test_passages_say_where_a_record_stands_and_how_others_ended() -> None:
    workflow = live(flow(delay("1", 1)))
    done = live(flow(edit("1", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    enroll(done, [one])
    settle()
    found = {item.workflow_id: item for item in history.passages(record_id=one)}
    assert found[workflow.pk].stands_at == "Delay for a set amount of time"
    assert found[workflow.pk].due_at is not None
    assert (found[done.pk].stands_at, found[done.pk].reason) == ("", "COMPLETED")
    assert (
        history.passages(record_id=one, before=min(x.enrollment_id for x in found.values())) == []
    )
