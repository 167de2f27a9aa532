from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from conftest import SameQueriesFor
from crm import changes, clock
from crm.models import Record
from crm.tests.browsing import main_text, text_of, viewer
from crm.tests.writing import SYSTEM, select
from workflows import publishing
from workflows.admin.workflow_edit import EXAMPLE
from workflows.models import Enrollment, Workflow
from workflows.tests.documents import LEADS, branch, city, delay, edit, flow, list_based, node, to
from workflows.tests.world import contacts, enroll, live, set_values, settle, states

LIST = "/admin/workflows/workflow/"

pytestmark = pytest.mark.django_db


def page(workflow: Workflow, more: str = "") -> str:
    return f"{LIST}{workflow.pk}/{more}"


def nurture(**more: Any) -> Any:
    """Wait, then branch; one arm jumps into the other."""
    return flow(
        delay("1", 3, then="2"),
        branch("2", [("In Oslo", city("Oslo"), "3"), ("In Rome", city("Rome"), "4")], None),
        edit("3", "hs_lead_status", "OPEN"),
        edit("4", "industry", "Food") | {"connection": to("3") | {"edgeType": "GOTO"}},
        **{"name": "Nurture", "criteria": list_based()} | more,
    )


def test_the_list_shows_state_object_and_figures(admin_client: Client) -> None:
    workflow = live(nurture(), existing=True)
    enroll(workflow, contacts(3))
    publishing.create(nurture(name="Draft"))
    text = main_text(admin_client.get(LIST))
    assert "Nurture On Contact 3 3" in text
    assert "Draft Off Contact 0 0" in text
    assert "Draft" not in main_text(admin_client.get(f"{LIST}?state=on"))


def test_the_list_costs_the_same_queries_for_10_and_40_workflows(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> None:
        for n in range(size):
            publishing.create(nurture(name=f"{size}-{n}"))

    same_queries_for(make, lambda _: admin_client.get(LIST), sizes=(10, 40))


def test_the_steps_read_from_top_to_bottom(admin_client: Client) -> None:
    workflow = live(nurture())
    enroll(workflow, contacts(2))
    settle()
    text = main_text(admin_client.get(page(workflow)))
    assert "Lifecycle stage is any of Lead" in text
    assert "Wait 3 days" in text
    assert "2 waiting here" in text
    assert "In Oslo City is equal to Oslo" in text
    assert "Set Lead status to Open" in text
    assert "Then go to Set Lead status to Open" in text
    assert "Others: nothing more, it ends" in text


def test_problems_stand_above_and_at_their_step(admin_client: Client) -> None:
    workflow = publishing.create(nurture(actions=[node("1", "0-99")]))
    text = main_text(admin_client.get(page(workflow)))
    assert "1 problem to mend before it can be turned on" in text
    assert text.count("The action 0-99 is not supported.") == 2


def test_turning_on_tells_how_many_meet_the_triggers(admin_client: Client) -> None:
    contacts(3, lifecyclestage="lead")
    workflow = publishing.create(nurture())
    assert "Only contacts that begin to meet" in text_of(
        admin_client.get(page(workflow, "turn-on/"))
    )
    counted = admin_client.get(page(workflow, "count/")).content.decode()
    assert counted == "3 contacts meet the triggers now"


@pytest.mark.parametrize(("existing", "enrolled"), [("yes", 3), ("no", 0)])
def test_turning_on_takes_those_who_meet_the_triggers_only_when_asked(
    admin_client: Client, existing: str, enrolled: int
) -> None:
    contacts(3, lifecyclestage="lead")
    workflow = publishing.create(nurture())
    admin_client.post(page(workflow, "turn-on/"), {"existing": existing})
    workflow.refresh_from_db()
    assert workflow.is_enabled
    assert Enrollment.objects.count() == enrolled


def test_a_workflow_with_problems_stays_off(admin_client: Client) -> None:
    workflow = publishing.create(nurture(actions=[node("1", "0-99")]))
    response = admin_client.post(page(workflow, "turn-on/"), {"existing": "yes"})
    assert "It has problems and stays off." in text_of(response)
    workflow.refresh_from_db()
    assert not workflow.is_enabled


def test_turning_off_needs_a_post(admin_client: Client) -> None:
    workflow = live(nurture())
    assert admin_client.get(page(workflow, "turn-off/")).status_code == 405
    workflow.refresh_from_db()
    assert workflow.is_enabled
    admin_client.post(page(workflow, "turn-off/"))
    workflow.refresh_from_db()
    assert not workflow.is_enabled


def test_the_example_for_a_new_workflow_has_no_problems(admin_client: Client) -> None:
    assert "New leads get a call" in admin_client.get(f"{LIST}add/").content.decode()
    response = admin_client.post(f"{LIST}add/", {"document": json.dumps(EXAMPLE)}, follow=True)
    workflow = Workflow.objects.get()
    assert response.redirect_chain == [(page(workflow), 302)]
    assert "problem" not in main_text(response)
    assert publishing.turn_on(workflow.pk, enroll_existing=False).workflow.is_enabled


@pytest.mark.parametrize(
    ("_case", "document", "message"),
    [
        ("no JSON", "{", "This is not JSON: Expecting property name"),
        ("a list", "[]", "A workflow is a JSON object"),
        ("no object", "{}", "objectTypeId : Name the object type, such as 0-1."),
        (
            "an action without id",
            json.dumps({"objectTypeId": "0-1", "actions": [{"type": "SINGLE_CONNECTION"}]}),
            "actions[0] : An action needs an actionId.",
        ),
    ],
)
def test_a_document_that_cannot_be_stored_comes_back_with_its_problems(
    admin_client: Client, _case: str, document: str, message: str
) -> None:
    response = admin_client.post(f"{LIST}add/", {"document": document})
    assert message in main_text(response)
    assert not Workflow.objects.exists()


def test_editing_keeps_revisions_that_can_be_gone_back_to(admin_client: Client) -> None:
    workflow = publishing.create(nurture())
    given = {"document": json.dumps(nurture(name="Better")), "revision": "1"}
    admin_client.post(page(workflow, "change/"), given)
    workflow.refresh_from_db()
    assert (workflow.name, workflow.revision) == ("Better", 2)
    shown = admin_client.get(page(workflow, "?tab=revisions&revision=1"))
    assert "Revision 2 current" in main_text(shown)
    assert "Nurture" in main_text(shown)
    old = json.dumps(workflow.revisions.get(number=1).document)
    admin_client.post(page(workflow, "change/"), {"document": old, "revision": "2"})
    workflow.refresh_from_db()
    assert (workflow.name, workflow.revision) == ("Nurture", 3)


def test_a_change_somebody_else_made_is_not_overwritten(admin_client: Client) -> None:
    workflow = publishing.create(nurture())
    publishing.save(workflow.pk, nurture(name="Hers"))
    given = {"document": json.dumps(nurture(name="His")), "revision": "1"}
    response = admin_client.post(page(workflow, "change/"), given)
    assert "Somebody else saved it meanwhile." in main_text(response)
    assert "His" in response.content.decode()
    workflow.refresh_from_db()
    assert workflow.name == "Hers"


def test_a_workflow_that_is_on_is_not_saved_with_problems(admin_client: Client) -> None:
    workflow = live(nurture())
    given = {"document": json.dumps(nurture(actions=[node("1", "0-99")])), "revision": "1"}
    response = admin_client.post(page(workflow, "change/"), given)
    assert "The workflow is on, so it may have no problems." in main_text(response)
    assert "The action 0-99 is not supported." in main_text(response)
    workflow.refresh_from_db()
    assert workflow.revision == 1


def test_records_are_enrolled_by_email_or_id(admin_client: Client) -> None:
    workflow = live(nurture())
    first, second, _ = contacts(3)
    email = Record.objects.get(pk=first).properties["email"]
    given = {"records": f"{email.upper()}\n{second}, {second}"}
    response = admin_client.post(page(workflow, "enroll/"), given, follow=True)
    assert "2 contacts enrolled in Nurture." in text_of(response)
    assert states(workflow) == {first: "ACTIVE", second: "ACTIVE"}


def test_enrolling_says_why_it_did_not_work(admin_client: Client) -> None:
    workflow = live(nurture())
    (record,) = contacts(1)
    enroll(workflow, [record])
    response = admin_client.post(page(workflow, "enroll/"), {"records": str(record)}, follow=True)
    assert "0 contacts enrolled in Nurture; 1 left out: in it already." in text_of(response)
    response = admin_client.post(page(workflow, "enroll/"), {"records": "nobody@example.com"})
    assert "There is no nobody@example.com." in text_of(response)


def test_nobody_is_enrolled_in_a_workflow_that_is_off(admin_client: Client) -> None:
    workflow = publishing.create(nurture())
    (record,) = contacts(1)
    response = admin_client.post(page(workflow, "enroll/"), {"records": str(record)})
    assert "Turn the workflow on first." in text_of(response)
    assert states(workflow) == {}


def test_many_records_are_enrolled_from_their_list(admin_client: Client) -> None:
    workflow = live(nurture())
    publishing.create(nurture(name="Not on"))
    ids = contacts(3)
    data = {"action": "enroll", "_selected_action": ids[:2], "select_across": "0"}
    asked = admin_client.post("/admin/crm/contact/", data)
    assert "Not on" not in text_of(asked)
    done = {"confirmed": "1", "workflow": workflow.pk}
    response = admin_client.post("/admin/crm/contact/", data | done, follow=True)
    assert "2 contacts enrolled in Nurture." in text_of(response)
    assert set(states(workflow)) == set(ids[:2])


def test_a_record_is_taken_out_of_the_workflow(admin_client: Client) -> None:
    workflow = live(nurture())
    first, second = contacts(2)
    enroll(workflow, [first, second])
    admin_client.post(page(workflow, "unenroll/"), {"record": first})
    assert states(workflow) == {first: "MANUAL", second: "ACTIVE"}


def test_enrollments_are_filtered_by_state_and_name_the_record(admin_client: Client) -> None:
    workflow = live(nurture())
    first, second = contacts(2, firstname="Ana")
    enroll(workflow, [first, second])
    admin_client.post(page(workflow, "unenroll/"), {"record": first})
    everyone = admin_client.get(page(workflow, "?tab=enrollments"))
    assert main_text(everyone).count("Ana") == 2
    left = main_text(admin_client.get(page(workflow, "?tab=enrollments&state=3")))
    assert (left.count("Ana"), "manual" in left) == (1, True)
    none = main_text(admin_client.get(page(workflow, "?tab=enrollments&state=4")))
    assert "No enrollment in this state" in none


def test_enrollments_and_log_are_paged_without_losing_a_line(admin_client: Client) -> None:
    workflow = live(flow(edit("1", "industry", "Food", then="2"), edit("2", "city", "Rome")))
    enroll(workflow, contacts(60, firstname="Ana"))
    settle()
    for tab, total in (("enrollments", 60), ("log", 120)):
        url, seen = page(workflow, f"?tab={tab}"), 0
        while url:
            response = admin_client.get(url)
            seen += main_text(response).count("Ana ")
            _, older, rest = " ".join(response.content.decode().split()).partition(
                'class="co-button" href="?tab='
            )
            url = (
                page(workflow, "?tab=" + rest.split('"')[0].replace("&amp;", "&")) if older else ""
            )
        assert (tab, seen) == (tab, total)


@pytest.mark.parametrize("tab", ["enrollments", "log"])
def test_a_tab_costs_the_same_queries_for_10_and_100_records(
    admin_client: Client, same_queries_for: SameQueriesFor, tab: str
) -> None:
    workflow = live(flow(edit("1", "industry", "Food")))

    def make(size: int) -> None:
        enroll(workflow, contacts(size))
        settle()

    same_queries_for(
        make, lambda _: admin_client.get(page(workflow, f"?tab={tab}")), sizes=(10, 100)
    )


def test_the_log_tells_each_step_with_its_result(admin_client: Client) -> None:
    workflow = live(flow(edit("1", "industry", "Food")))
    enroll(workflow, contacts(1, firstname="Ana"))
    settle()
    text = main_text(admin_client.get(page(workflow, "?tab=log")))
    assert "Ana Edit record Success Industry: Food" in text
    failed = main_text(admin_client.get(page(workflow, "?tab=log&outcome=FAILED")))
    assert "No step with this result" in failed


def test_why_not_shows_each_filter_with_the_value_it_saw(admin_client: Client) -> None:
    workflow = live(nurture())
    (record,) = contacts(1, lifecyclestage="customer", firstname="Ana")
    email = Record.objects.get(pk=record).properties["email"]
    for name in (str(record), email):
        text = main_text(admin_client.get(page(workflow, f"?tab=enrollments&why={name}")))
        assert "Ana : It is not in the workflow: it does not meet the triggers." in text
        assert "Not met: Lifecycle stage is any of Lead here: Customer" in text


def test_why_tells_how_a_record_came_in(admin_client: Client) -> None:
    workflow = live(nurture())
    (record,) = contacts(1, lifecyclestage="customer")
    set_values([record], lifecyclestage="lead")
    settle()
    text = main_text(admin_client.get(page(workflow, f"?tab=enrollments&why={record}")))
    assert "It is in the workflow: it began to meet the triggers." in text
    assert "Met: Lifecycle stage is any of Lead here: Lead" in text


def test_why_asks_for_a_record_that_is_there(admin_client: Client) -> None:
    workflow = live(nurture())
    text = main_text(admin_client.get(page(workflow, "?tab=enrollments&why=<script>")))
    assert "There is no contact <script>." in text


def test_a_copy_is_made_and_an_archived_workflow_is_gone(admin_client: Client) -> None:
    workflow = live(nurture())
    (record,) = contacts(1)
    enroll(workflow, [record])
    admin_client.post(page(workflow, "clone/"))
    assert sorted(Workflow.objects.values_list("name", "is_enabled")) == [
        ("Nurture", True),
        ("Nurture (clone)", False),
    ]
    admin_client.post(page(workflow, "delete/"))
    assert admin_client.get(page(workflow)).status_code == 404
    assert states(workflow) == {record: "WORKFLOW_DELETED"}


def test_who_may_only_look_changes_nothing() -> None:
    workflow = live(nurture())
    (record,) = contacts(1)
    client = viewer("view_workflow", "view_contact")
    assert client.get(page(workflow)).status_code == 200
    assert "Turn off" not in main_text(client.get(page(workflow)))
    for route in ("turn-on/", "turn-off/", "enroll/", "unenroll/", "change/", "delete/", "clone/"):
        response = client.post(page(workflow, route), {"records": str(record), "record": record})
        assert (route, response.status_code) == (route, 403)
    assert client.get(page(workflow, "count/")).status_code == 403
    workflow.refresh_from_db()
    assert workflow.is_enabled
    assert Workflow.objects.count() == 1


def test_a_workflow_that_is_not_there_is_not_found(admin_client: Client) -> None:
    assert admin_client.get(f"{LIST}4711/").status_code == 404
    assert admin_client.get(f"{LIST}4711/change/").status_code == 404


def test_the_timeline_of_a_record_tells_its_way_through_a_workflow(admin_client: Client) -> None:
    begin = datetime(2026, 3, 1, 9, tzinfo=UTC)
    with clock.at(begin):
        (record,) = contacts(1, city="Oslo", lifecyclestage="lead", firstname="Ana")
        workflow = live(nurture(), existing=True)
        settle()
    with clock.at(begin.replace(day=5)):
        settle()
    text = main_text(admin_client.get(f"/admin/crm/contact/{record}/"))
    story = [
        "5 Mar 2026",
        "Workflow Nurture completed",
        "3 steps",
        "Delay for a set amount of time Waited 3 days",
        "Branch on filters In Oslo",
        "Edit record Lead status: Open",
        "09:00 by workflow Nurture",
        "Lead status set to Open",
        "09:00 by workflow Nurture",
        "1 Mar 2026",
        "Enrolled in workflow Nurture",
        "It met the triggers when the workflow was turned on",
        "Contact created",
    ]
    place = 0
    for line in story:
        found = text.find(line, place)
        assert found >= 0, f"{line!r} is not after the line before in {text[place:]!r}"
        place = found + len(line)
    assert (
        f'href="{page(workflow)}"'
        in admin_client.get(f"/admin/crm/contact/{record}/").content.decode()
    )


def test_the_record_shows_where_it_stands_and_the_path_it_took(admin_client: Client) -> None:
    with clock.at(datetime(2026, 3, 1, 9, tzinfo=UTC)):
        workflow = live(nurture())
        (record,) = contacts(1)
        enroll(workflow, [record])
        settle()
    text = main_text(admin_client.get(f"/admin/crm/contact/{record}/?tab=workflows"))
    assert "Nurture in the workflow Enrolled 1 Mar 2026, 09:00 By hand" in text
    assert "Stands at Delay for a set amount of time until 4 Mar 2026, 09:00" in text
    changes.archive("0-1", select([record]), SYSTEM)
    settle()
    text = main_text(admin_client.get(f"/admin/crm/contact/{record}/?tab=workflows"))
    assert "unenrolled" in text
    assert "The record was archived" in text


def test_the_tab_of_a_record_costs_the_same_queries_for_2_and_20_workflows(
    admin_client: Client, same_queries_for: SameQueriesFor
) -> None:
    def make(size: int) -> int:
        (record,) = contacts(1)
        for n in range(size):
            enroll(live(nurture(name=f"{size}-{n}", criteria=None)), [record])
        settle()
        return record

    def run(record: int) -> None:
        admin_client.get(f"/admin/crm/contact/{record}/?tab=workflows")
        admin_client.get(f"/admin/crm/contact/{record}/")

    same_queries_for(make, run, sizes=(2, 20))


def test_filters_that_nobody_can_read_are_shown_as_a_problem(admin_client: Client) -> None:
    broken = {**LEADS, "filterBranchType": "MAYBE"}
    workflow = publishing.create(nurture(criteria=list_based(broken)))
    assert admin_client.get(page(workflow)).status_code == 200
    assert admin_client.get(page(workflow, "turn-on/")).status_code == 200
    assert "problem" in main_text(admin_client.get(page(workflow)))
