from __future__ import annotations

from datetime import timedelta

import pytest

from crm import associations, clock
from crm.models import Association, List, ListMembership, Record
from workflows.checking import problems
from workflows.models import ActionRun, Enrollment
from workflows.tests.documents import edit, flow, node
from workflows.tests.world import contacts, enroll, live, set_values, settle, value

pytestmark = pytest.mark.django_db


def run(document: dict[str, object], ids: list[int]) -> None:
    workflow = live(document)
    assert enroll(workflow, ids).enrolled == len(ids)
    settle()
    assert set(Enrollment.objects.filter(workflow=workflow).values_list("reason", flat=True)) == {
        "COMPLETED"
    }


def test_edit_record_sets_clears_and_copies() -> None:
    [one] = contacts(1, jobtitle="Baker", hubspotscore=7, lifecyclestage="lead")
    run(
        flow(
            edit("1", "city", {"type": "OBJECT_PROPERTY", "propertyName": "jobtitle"}, then="2"),
            edit("2", "zip", {"type": "OBJECT_PROPERTY", "propertyName": "hubspotscore"}, then="3"),
            edit("3", "jobtitle", "", then="4"),
            edit("4", "notes_last_contacted", {"type": "TIMESTAMP"}, then="5"),
            edit("5", "state", {"type": "OBJECT_PROPERTY", "propertyName": "lifecyclestage"}),
        ),
        [one],
    )
    found = Record.objects.get(pk=one).properties
    assert (found["city"], found["zip"], found["state"]) == ("Baker", "7", "lead")
    assert "jobtitle" not in found
    assert len(found["notes_last_contacted"]) == len("2026-01-01T00:00:00.000Z")


def test_copying_from_an_empty_property_leaves_the_target() -> None:
    """W-296"""
    [one] = contacts(1, city="Oslo")
    run(flow(edit("1", "city", {"type": "OBJECT_PROPERTY", "propertyName": "jobtitle"})), [one])
    assert value(one, "city") == "Oslo"


def test_create_task_makes_one_task_per_record_with_its_tokens_filled() -> None:
    [ann] = contacts(1, firstname="Ann", lifecyclestage="marketingqualifiedlead")
    [nobody] = contacts(1)
    subject = "Call {{ enrolled_object.firstname | there }}, {{ contact.lifecyclestage }}"
    run(
        flow(
            node("1", "0-3", subject=subject, task_type="CALL", priority="HIGH", due_days=3),
        ),
        [ann, nobody],
    )
    kind = associations.between("0-1", "0-27")
    tasks = {
        row.from_record_id: Record.objects.get(pk=row.to_record_id)
        for row in Association.objects.filter(type=kind)
    }
    assert tasks[ann].properties["hs_task_subject"] == "Call Ann, Marketing qualified lead"
    assert tasks[nobody].properties["hs_task_subject"] == "Call there,"
    assert tasks[ann].properties["hs_task_type"] == "CALL"
    assert tasks[ann].properties["hs_task_priority"] == "HIGH"
    due = clock.now() + timedelta(days=3)
    assert tasks[ann].properties["hs_timestamp"].startswith(f"{due:%Y-%m-%dT%H:%M}")
    assert Association.objects.filter(from_record=tasks[ann], to_record_id=ann).count() == 1
    assert Record.objects.filter(object_type="0-27").count() == 2


def test_a_task_goes_to_the_owner_of_the_record() -> None:
    from crm.models import Owner

    owner = Owner.objects.create(email="kari@example.com")
    [one] = contacts(1, hubspot_owner_id=str(owner.pk))
    run(flow(node("1", "0-3", subject="Call")), [one])
    task = Record.objects.get(object_type="0-27")
    assert task.properties["hubspot_owner_id"] == str(owner.pk)


def test_a_token_value_is_never_read_as_a_token() -> None:
    [one] = contacts(1, firstname="{{ contact.email }} %s")
    run(flow(node("1", "0-3", subject="Call {{ contact.firstname }}")), [one])
    task = Record.objects.get(object_type="0-27")
    assert task.properties["hs_task_subject"] == "Call {{ contact.email }} %s"


def new_list() -> List:
    return List.objects.create(name="VIP", object_type="0-1", created_at=clock.now())


def test_records_are_added_to_a_static_list_once_and_taken_out() -> None:
    target = new_list()
    inside, outside = contacts(2)
    add = flow(node("1", "0-63809083", listId=str(target.pk)))
    run(add, [inside, outside])
    run(add, [inside])
    assert set(ListMembership.objects.values_list("record_id", flat=True)) == {inside, outside}
    run(flow(node("1", "0-63863438", listId=str(target.pk))), [inside])
    assert set(ListMembership.objects.values_list("record_id", flat=True)) == {outside}


@pytest.mark.parametrize("action_type_id", ["0-63809083", "0-63863438"])
def test_an_active_list_is_refused_before_and_fails_the_step_after(action_type_id: str) -> None:
    target = new_list()
    document = flow(node("1", action_type_id, listId=str(target.pk)))
    workflow = live(document)
    List.objects.filter(pk=target.pk).update(processing_type=List.ProcessingType.DYNAMIC)
    assert ["active list" in str(found) for found in problems(document)] == [True]
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    assert not ListMembership.objects.exists()
    assert "active list" in ActionRun.objects.get(workflow_id=workflow.pk).details[0]


def test_a_list_that_is_gone_fails_the_step_and_the_record_goes_on() -> None:
    target = new_list()
    workflow = live(
        flow(node("1", "0-63809083", then="2", listId=str(target.pk)), edit("2", "city", "Oslo"))
    )
    target.archived_at = clock.now()
    target.save()
    [one] = contacts(1)
    enroll(workflow, [one])
    settle()
    assert value(one, "city") == "Oslo"
    set_values([one], city="")
