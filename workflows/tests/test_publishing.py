from __future__ import annotations

from typing import Any

import pytest

from crm import clock
from crm.models import List
from subscriptions.features import Hub, Tier
from workflows import checking, publishing
from workflows.definition import DefinitionError
from workflows.models import Enrollment, Revision, Workflow
from workflows.publishing import CannotTurnOn, StaleRevision
from workflows.tests.documents import LEADS, branch, delay, edit, flow, list_based, node, where
from workflows.tests.world import contacts, enroll, live, settle, states

pytestmark = pytest.mark.django_db


def problems(*actions: dict[str, Any], **more: Any) -> list[str]:
    return [str(problem) for problem in checking.problems(flow(*actions, **more))]


def test_a_document_comes_back_key_by_key_as_it_went_in() -> None:
    """A-160"""
    document = flow(
        {**edit("1", "city", "Oslo"), "unknown": {"deep": [None, 1, "1"]}},
        node("2", "1-999", someField=None),
        uuid="abc",
        description="Mine",
    )
    stored = Workflow.objects.get(pk=publishing.create(document).pk).document
    assert {key: stored[key] for key in document} == document
    assert stored["actions"] == document["actions"]


def test_a_workflow_without_a_name_gets_one_that_says_what_it_is() -> None:
    workflow = publishing.create({**flow(edit("1", "city", "x")), "name": ""})
    assert workflow.name.startswith("Unnamed workflow – Contact – ")


def test_an_unknown_object_type_cannot_be_stored() -> None:
    with pytest.raises(DefinitionError, match="There is no object type '0-999'"):
        publishing.create({"objectTypeId": "0-999", "actions": []})
    assert not Workflow.objects.exists()


def test_every_save_makes_a_revision_and_a_stale_one_is_refused() -> None:
    """W-404, W-677"""
    workflow = publishing.create(flow(edit("1", "city", "Oslo")))
    saved = publishing.save(workflow.pk, flow(edit("1", "city", "Bergen")), revision=1)
    assert saved.revision == 2
    with pytest.raises(StaleRevision):
        publishing.save(workflow.pk, flow(edit("1", "city", "Bodø")), revision=1)
    assert Workflow.objects.get().document["actions"] == [edit("1", "city", "Bergen")]
    numbers = Revision.objects.order_by("number").values_list("number", "document__actions__0")
    assert list(numbers) == [(1, edit("1", "city", "Oslo")), (2, edit("1", "city", "Bergen"))]


@pytest.mark.parametrize(
    ("_case", "actions", "expected"),
    [
        ("nothing to do", (), "startActionId: Add at least one action."),
        (
            "placeholder",
            (node("1", "0-3"),),
            "actions[0].fields.subject: Title: This field is required.",
        ),
        (
            "property that is not there",
            (edit("1", "nope", "x"),),
            "actions[0].fields.property_name: There is no property 'nope'.",
        ),
        (
            "option that is not there",
            (edit("1", "lifecyclestage", "prince"),),
            "is not an option",
        ),
        (
            "read-only property",
            (edit("1", "hs_object_id", "1"),),
            "Record ID cannot be set for many records.",
        ),
        (
            "unique property",
            (edit("1", "email", "a@example.com"),),
            "Email cannot be set for many records.",
        ),
        (
            "copy that cannot be",
            (edit("1", "closedate", {"type": "OBJECT_PROPERTY", "propertyName": "city"}),),
            "City cannot be copied to Became a customer date.",
        ),
        (
            "token of nothing",
            (node("1", "0-3", subject="Hi {{ contact.nope }}"),),
            "there is no property 'nope'",
        ),
        (
            "token left open",
            (node("1", "0-3", subject="Hi {{ contact.city"),),
            "opened with {{ but not closed",
        ),
        (
            "list that is not there",
            (node("1", "0-63809083", listId="77"),),
            "actions[0].fields.listId: This list does not exist.",
        ),
        ("unknown action", (node("1", "1-5"),), "actions[0]: The action 1-5 is not supported."),
        ("negative delay", (delay("1", -1),), "Between 0 and 10 years."),
        ("unit that is not there", (delay("1", 1, "MOONS"),), "Select a valid choice"),
        (
            "branch on a property that is not there",
            (branch("1", [("A", where("nope", "IS_KNOWN"), None)], default=None),),
            "nope",
        ),
        (
            "branch without filters",
            (branch("1", [("A", {}, None)], default=None),),
            "Add at least one filter.",
        ),
    ],
)
def test_what_is_unfinished_or_wrong_keeps_a_workflow_off(
    _case: str, actions: tuple[dict[str, Any], ...], expected: str
) -> None:
    """W-378, W-673"""
    workflow = publishing.create(flow(*actions))
    with pytest.raises(CannotTurnOn) as caught:
        publishing.turn_on(workflow.pk, enroll_existing=True)
    assert any(expected in str(problem) for problem in caught.value.problems), str(caught.value)
    assert not Workflow.objects.get().is_enabled


STEP = edit("1", "city", "Oslo")


@pytest.mark.parametrize(
    ("_case", "criteria", "expected"),
    [
        ("no filters", {"type": "LIST_BASED"}, "Add at least one filter, or choose manual."),
        ("asks for nothing", list_based({"filterBranchType": "AND"}), "ask for nothing"),
        ("unknown property", list_based(where("nope", "IS_KNOWN")), "nope"),
        ("events", {"type": "EVENT_BASED"}, "Triggers of type EVENT_BASED are not available yet."),
        (
            "re-enrollment triggers",
            {**list_based(), "reEnrollmentTriggersFilterBranches": [LEADS]},
            "Re-enrollment triggers are not available yet",
        ),
    ],
)
def test_criteria_that_cannot_be_carried_out_keep_a_workflow_off(
    _case: str, criteria: dict[str, Any], expected: str
) -> None:
    assert any(expected in text for text in problems(STEP, criteria=criteria))


@pytest.mark.parametrize(
    ("key", "setting"),
    [
        ("timeWindows", [{"day": "MONDAY"}]),
        ("suppressionListIds", [4]),
        ("goalFilterBranch", LEADS),
        ("enrollmentSchedule", {"type": "DAILY"}),
    ],
)
def test_settings_that_are_not_carried_out_yet_are_never_ignored(key: str, setting: Any) -> None:
    assert problems(STEP) == []
    assert problems(STEP, **{key: setting})[0].startswith(f"{key}: ")


def test_a_list_of_another_object_is_refused() -> None:
    companies = List.objects.create(name="C", object_type="0-2", created_at=clock.now())
    found = problems(node("1", "0-63809083", listId=str(companies.pk)))
    assert found == ["actions[0].fields.listId: This list is for another object."]


def test_an_action_the_plan_does_not_hold_names_the_plan_that_does() -> None:
    from subscriptions import plans

    target = List.objects.create(name="C", object_type="0-1", created_at=clock.now())
    plans.change({Hub.MARKETING: Tier.STARTER})
    found = problems(node("1", "0-63809083", listId=str(target.pk)))
    assert found == [
        "actions[0]: Add to or remove from a static list needs Marketing Hub Professional"
    ]


def test_workflows_of_an_object_the_plan_does_not_hold_stay_off() -> None:
    """W-009: ticket workflows need Service Hub Professional."""
    from subscriptions import plans

    document = {
        **flow(edit("1", "content", "x")),
        "objectTypeId": "0-5",
        "type": "PLATFORM_FLOW",
    }
    assert checking.problems(document) == []
    plans.change({Hub.SERVICE: Tier.STARTER})
    assert [str(problem) for problem in checking.problems(document)] == [
        "objectTypeId: Ticket workflow needs Service Hub Professional"
    ]


def test_more_branches_than_the_plan_allows_cannot_be_stored() -> None:
    """W-585"""
    arm = ("B", LEADS, None)
    publishing.create(flow(branch("1", [arm] * 20, default=None)))
    with pytest.raises(DefinitionError, match="21 is more than the 20"):
        publishing.create(flow(branch("1", [arm] * 21, default=None)))
    assert Workflow.objects.count() == 1


def test_no_more_workflows_than_the_plan_allows() -> None:
    """W-603"""
    from subscriptions.features import LimitReached
    from subscriptions.models import AccountLimit

    publishing.create(flow(STEP))
    AccountLimit.objects.update_or_create(limit="workflows.custom_workflows", defaults={"value": 1})
    with pytest.raises(LimitReached):
        publishing.create(flow(STEP))


def test_a_live_workflow_cannot_be_saved_unfinished() -> None:
    workflow = live(flow(STEP))
    with pytest.raises(CannotTurnOn):
        publishing.save(workflow.pk, flow(node("1", "0-3")))
    assert Workflow.objects.get().document["actions"] == [STEP]
    assert Revision.objects.count() == 1


def test_new_triggers_of_a_live_workflow_take_in_only_who_begins_to_meet_them() -> None:
    """W-196"""
    workflow = live(flow(STEP, criteria=list_based()))
    customers = contacts(2, lifecyclestage="customer")
    settle()
    new = where("lifecyclestage", "IS_ANY_OF", operationType="ENUMERATION", values=["customer"])
    publishing.save(workflow.pk, flow(STEP, criteria=list_based(new)))
    from workflows.tests.world import set_values

    set_values(customers, jobtitle="x")
    settle()
    assert states(workflow) == {}
    [fresh] = contacts(1, lifecyclestage="customer")
    settle()
    assert states(workflow) == {fresh: "COMPLETED"}


def test_a_clone_is_off_and_has_no_history() -> None:
    """W-078"""
    workflow = live(flow(STEP, criteria=list_based()))
    contacts(1, lifecyclestage="lead")
    settle()
    copy = publishing.clone(workflow.pk)
    assert (copy.name, copy.is_enabled, copy.revision) == ("Test (clone)", False, 1)
    assert copy.document["actions"] == workflow.document["actions"]
    assert Enrollment.objects.filter(workflow=copy).count() == 0


def test_deleting_a_workflow_sends_everybody_out() -> None:
    workflow = live(flow(delay("1", 5)))
    ids = contacts(3)
    enroll(workflow, ids)
    settle()
    publishing.archive(workflow.pk)
    assert states(workflow) == dict.fromkeys(ids, "WORKFLOW_DELETED")
    with pytest.raises(Workflow.DoesNotExist):
        publishing.turn_on(workflow.pk, enroll_existing=False)


def test_the_count_of_matches_is_what_turning_on_enrolls() -> None:
    contacts(4, lifecyclestage="lead")
    contacts(3)
    document = flow(STEP, criteria=list_based())
    assert publishing.count_matching(document) == 4
    assert publishing.count_matching(flow(STEP)) == 0
    workflow = publishing.create(document)
    assert publishing.turn_on(workflow.pk, enroll_existing=True).enrolled == 4
