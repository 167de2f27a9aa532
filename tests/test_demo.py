from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from config import demo
from crm import clock
from crm.models import List, Record
from workflows import engine, publishing, triggers
from workflows.checking import problems
from workflows.models import ActionRun, Enrollment, OutboxMessage, Workflow

pytestmark = pytest.mark.django_db


def test_the_workflows_of_the_demo_run_to_their_end() -> None:
    made = demo.write(3, contacts=300, companies=25)
    welcome, handover = Workflow.objects.order_by("pk")
    assert (welcome.is_enabled, handover.is_enabled) == (True, True)
    assert [problems(workflow.document) for workflow in (welcome, handover)] == [[], []]
    waiting = Enrollment.objects.filter(workflow=welcome)
    assert waiting.count() == made["enrolled contacts"] > 10
    # What happened after they were turned on comes through the triggers.
    while triggers.run(10):
        pass
    fresh = Enrollment.objects.filter(source="TRIGGER")
    assert fresh.filter(workflow=welcome).count() == 8
    assert 0 < fresh.filter(workflow=handover).count() <= 8
    now = clock.now()
    for minutes in (0, 4, 10):
        with clock.at(now + timedelta(minutes=minutes)):
            while engine.run(10):
                pass
    states = set(Enrollment.objects.values_list("state", flat=True))
    assert states == {Enrollment.State.COMPLETED}
    tasks = Record.objects.filter(object_type="0-27")
    subjects = [task.properties["hs_task_subject"] for task in tasks]
    assert any(subject.startswith("Call ") for subject in subjects)
    assert any(subject.startswith("Hand over ") for subject in subjects)
    assert List.objects.get().memberships.exists()
    assert OutboxMessage.objects.count() > made["enrolled contacts"]
    # Every way of the branch was taken.
    walked = {action for run in ActionRun.objects.all() for action in run.action_ids}
    assert {"4", "5", "6", "7", "8", "9"} <= walked


def test_the_demo_stays_out_of_accounts_with_contacts() -> None:
    call_command("demo", contacts=60, verbosity=0)
    count = Record.objects.count()
    with pytest.raises(CommandError, match="There are contacts already; --force adds"):
        call_command("demo", contacts=60)
    with pytest.raises(CommandError, match="The demo is here already"):
        call_command("demo", contacts=60, force=True)
    assert Record.objects.count() == count
    assert Workflow.objects.count() == 2


def test_the_demo_documents_can_be_saved_again() -> None:
    demo.write(3, contacts=60, companies=5)
    for workflow in Workflow.objects.all():
        assert publishing.save(workflow.pk, workflow.document).revision == 2


@pytest.mark.parametrize("contacts", [19, 200_001])
def test_the_size_has_limits(contacts: int) -> None:
    with pytest.raises(CommandError, match="between 20 and 200,000"):
        call_command("demo", contacts=contacts)
