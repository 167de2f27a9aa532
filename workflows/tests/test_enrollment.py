from __future__ import annotations

import threading

import pytest
from django.db import ProgrammingError, connection, transaction

from crm import changes
from crm.sql import sql
from workflows import diagnosis, engine, enrollment, publishing
from workflows.enrollment import EnrollResult, Reason
from workflows.models import Enrollment
from workflows.tests.documents import delay, edit, flow, list_based
from workflows.tests.world import STAFF, contacts, enroll, live, set_values, settle, states, value


@pytest.mark.django_db
def test_enrolling_by_hand_says_what_became_of_each_record() -> None:
    """W-189"""
    workflow = live(flow(delay("1", 1)))
    inside, gone, fresh, archived = contacts(4)
    enroll(workflow, [inside, gone])
    enrollment.unenroll(
        workflow.pk, sql("SELECT {id}::bigint AS record_id", id=gone), Reason.MANUAL
    )
    changes.archive("0-1", sql("SELECT {id}::bigint AS record_id", id=archived), STAFF)
    assert enroll(workflow, [inside, gone, fresh, archived, 999_999_999]) == EnrollResult(
        enrolled=1, already_in=1, enrolled_before=1, not_found=2
    )
    settle()
    assert states(workflow) == {inside: "ACTIVE", gone: "MANUAL", fresh: "ACTIVE"}


@pytest.mark.django_db
def test_a_select_without_record_ids_ends_nothing() -> None:
    workflow = live(flow(delay("1", 1)))
    [one] = contacts(1)
    enroll(workflow, [one])
    with pytest.raises(ProgrammingError), transaction.atomic():
        enrollment.unenroll(None, sql("SELECT {id}::bigint AS id", id=one), Reason.MANUAL)
    assert Enrollment.objects.filter(record_id=one, reason="").exists()


@pytest.mark.django_db
def test_a_record_is_in_a_workflow_once_however_often_it_is_enrolled() -> None:
    """W-176"""
    document = flow(delay("1", 1))
    document["enrollmentCriteria"]["shouldReEnroll"] = True
    workflow = live(document)
    [one] = contacts(1)
    assert [enroll(workflow, [one, one]).enrolled for _ in range(3)] == [1, 0, 0]
    assert Enrollment.objects.count() == 1


@pytest.mark.django_db
def test_an_unenrolled_record_does_nothing_more() -> None:
    workflow = live(flow(delay("1", 0, then="2"), edit("2", "city", "Oslo")))
    [one] = contacts(1)
    enroll(workflow, [one])
    select = sql("SELECT {id}::bigint AS record_id", id=one)
    assert enrollment.unenroll(None, select, Reason.MANUAL) == 1
    assert enrollment.unenroll(None, select, Reason.MANUAL) == 0
    settle()
    assert value(one, "city") is None


@pytest.mark.django_db
def test_why_explains_each_filter_with_the_value_it_saw() -> None:
    workflow = live(flow(delay("1", 1), criteria=list_based()))
    [lead] = contacts(1, lifecyclestage="lead")
    [customer] = contacts(1, lifecyclestage="customer")
    settle()
    inside = diagnosis.why(workflow, lead)
    assert inside.verdict == "It is in the workflow: it began to meet the triggers."
    assert inside.meets_criteria is True
    outside = diagnosis.why(workflow, customer)
    assert outside.verdict == "It is not in the workflow: it does not meet the triggers."
    [line] = outside.lines
    assert (line.sentence, line.value, line.passed) == (
        "Lifecycle stage is any of Lead",
        "Customer",
        False,
    )
    assert diagnosis.why(workflow, 999_999).verdict == "There is no such record of this object."


@pytest.mark.django_db
def test_why_tells_the_other_reasons_apart() -> None:
    [early] = contacts(1, lifecyclestage="lead")
    workflow = live(flow(edit("1", "city", "Oslo"), criteria=list_based()))
    assert "did so before the workflow was turned on" in diagnosis.why(workflow, early).verdict
    [late] = contacts(1, lifecyclestage="lead")
    assert diagnosis.why(workflow, late).verdict.endswith("will be enrolled in a moment.")
    settle()
    assert diagnosis.why(workflow, late).verdict.endswith("Re-enrollment is off.")
    set_values([late], lifecyclestage="customer")
    by_hand = live(flow(edit("1", "city", "Oslo")))
    assert diagnosis.why(by_hand, late).verdict.endswith("enrolled by hand only.")
    assert "the workflow is off" in diagnosis.why(publishing.turn_off(by_hand.pk), late).verdict


@pytest.mark.django_db(transaction=True)
def test_engines_beside_each_other_do_everything_once() -> None:
    """Two workflows that count on the same records, four engines at once: no step lost or double."""
    plus = {"type": "INCREMENT", "incrementAmount": "1"}
    steps = [edit(str(n), "hubspotscore", plus, then=str(n + 1)) for n in range(1, 3)]
    document = flow(*steps, delay("3", 0, then="4"), edit("4", "hubspotscore", plus))
    workflows = [live(document) for _ in range(2)]
    ids = contacts(600)
    for workflow in workflows:
        enroll(workflow, ids)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            while engine.run(20):
                pass
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    engine.run(20)
    assert failures == []
    assert set(Enrollment.objects.values_list("state", flat=True)) == {Enrollment.State.COMPLETED}
    from crm.models import Record

    scores = Record.objects.filter(pk__in=ids).values_list("properties__hubspotscore", flat=True)
    assert set(scores) == {6}


@pytest.mark.django_db(transaction=True)
def test_enrolling_beside_itself_enrolls_once() -> None:
    workflow = live(flow(delay("1", 1)))
    ids = contacts(300)
    counts: list[int] = []

    def work() -> None:
        try:
            counts.append(enroll(workflow, ids).enrolled)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 300
    assert Enrollment.objects.count() == 300
