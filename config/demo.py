"""The demo: an account in the middle of its work, with two workflows running.

The records come from crm.demo, the emails from emails.demo; here they meet in workflows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from crm import clock
from crm.demo import writing
from crm.models import List
from emails import demo as emails
from workflows import publishing

Json = dict[str, Any]
SEED = 11


@transaction.atomic
def write(seed: int = SEED, *, contacts: int = 5000, companies: int = 400) -> dict[str, int]:
    """Fill the account; returns how many there are of what. All of it happens, or nothing.

    Raises DuplicateValue when the demo is there already.
    """
    made = writing.write(seed, contacts=contacts, companies=companies)
    mails = emails.write()
    talks = List.objects.create(name="Demo: in talks", object_type="0-1", created_at=clock.now())
    welcome = publishing.create(welcome_new_leads(mails, talks.pk))
    handover = publishing.create(hand_over_won_deals())
    enrolled = publishing.turn_on(welcome.pk, enroll_existing=True).enrolled
    publishing.turn_on(handover.pk, enroll_existing=False)
    # From here on everything is fresh: the triggers see these changes as they happen.
    writing.carry_on()
    return made | {"emails": len(mails), "workflows": 2, "enrolled contacts": enrolled}


def welcome_new_leads(mails: Mapping[str, int], talks: int) -> Json:
    """Email, wait, then by country and lead status: a call, a list, or a second email."""
    return _flow(
        "0-1",
        "Demo: welcome new leads",
        "Greets everybody who becomes a lead, and sees to it that somebody calls.",
        _any_of([_is_any_of("lifecyclestage", "lead"), _known("email")]),
        _node("1", "0-4", "2", content_id=str(mails["welcome"])),
        _delay("2", 3, "3"),
        {
            "type": "LIST_BRANCH",
            "actionId": "3",
            "listBranches": [
                {
                    "branchName": "In talks already",
                    "filterBranch": _any_of(
                        [_is_any_of("hs_lead_status", "CONNECTED", "IN_PROGRESS", "OPEN_DEAL")]
                    ),
                    "connection": _to("4"),
                },
                {
                    "branchName": "German-speaking",
                    "filterBranch": _any_of([_in_country("Germany", "Austria", "Switzerland")]),
                    "connection": _to("5"),
                },
            ],
            "defaultBranchName": "Everybody else",
            "defaultBranch": _to("7"),
        },
        _node("4", "0-63809083", None, listId=str(talks), targetObject="{{ enrolled_object }}"),
        _edit("5", "hs_lead_status", "OPEN", "6"),
        _node(
            "6", "0-3", None,
            task_type="CALL",
            subject="Call {{ enrolled_object.firstname | this lead }} of"
            " {{ enrolled_object.company | an unknown company }}",
            body="In German, please. Phone: {{ enrolled_object.phone | unknown }}",
            priority="HIGH",
            due_time={"delta": 2, "timeUnit": "DAYS"},
        ),
        _delay("7", 5, "8"),
        _node("8", "0-4", "9", content_id=str(mails["first steps"])),
        _edit("9", "hs_lead_status", "ATTEMPTED_TO_CONTACT"),
    )  # fmt: skip


def hand_over_won_deals() -> Json:
    """A task for the person who takes over, and a mark on the deal."""
    return _flow(
        "0-3",
        "Demo: hand over won deals",
        "Makes sure that somebody welcomes the new customer.",
        _any_of([_is_any_of("dealstage", "closedwon")]),
        _node(
            "1", "0-3", "2",
            task_type="TODO",
            subject="Hand over {{ enrolled_object.dealname | this deal }}",
            body="Amount: {{ enrolled_object.amount | not written down }}. Book the first meeting.",
            priority="MEDIUM",
            due_time={"delta": 3, "timeUnit": "DAYS"},
        ),
        _delay("2", 1, "3"),
        _edit("3", "hs_priority", "high"),
    )  # fmt: skip


def _flow(object_type: str, name: str, description: str, criteria: Json, *actions: Json) -> Json:
    return {
        "type": "CONTACT_FLOW" if object_type == "0-1" else "PLATFORM_FLOW",
        "flowType": "WORKFLOW",
        "objectTypeId": object_type,
        "name": name,
        "description": description,
        "isEnabled": False,
        "startActionId": actions[0]["actionId"],
        "nextAvailableActionId": str(len(actions) + 1),
        "actions": list(actions),
        "enrollmentCriteria": {
            "type": "LIST_BASED",
            "shouldReEnroll": False,
            "listFilterBranch": criteria,
            "unEnrollObjectsNotMeetingCriteria": False,
            "reEnrollmentTriggersFilterBranches": [],
        },
        "timeWindows": [],
        "blockedDates": [],
        "customProperties": {},
        "dataSources": [],
    }


def _node(action_id: str, action_type_id: str, then: str | None, **fields: Any) -> Json:
    return {
        "type": "SINGLE_CONNECTION",
        "actionId": action_id,
        "actionTypeId": action_type_id,
        "actionTypeVersion": 0,
        "fields": fields,
        **({"connection": _to(then)} if then else {}),
    }


def _delay(action_id: str, minutes: int, then: str) -> Json:
    """Short, so that a visitor sees something move."""
    return _node(action_id, "0-1", then, delta=str(minutes), time_unit="MINUTES")


def _edit(action_id: str, name: str, value: str, then: str | None = None) -> Json:
    given = {"type": "STATIC_VALUE", "staticValue": value}
    return _node(action_id, "0-5", then, property_name=name, value=given)


def _to(action_id: str) -> Json:
    return {"edgeType": "STANDARD", "nextActionId": action_id}


def _any_of(*groups: list[Json]) -> Json:
    """A filter tree: all filters of one of the groups hold."""
    return {
        "filterBranchType": "OR",
        "filterBranchOperator": "OR",
        "filters": [],
        "filterBranches": [
            {
                "filterBranchType": "AND",
                "filterBranchOperator": "AND",
                "filters": group,
                "filterBranches": [],
            }
            for group in groups
        ],
    }


def _filter(name: str, operation_type: str, operator: str, **operation: Any) -> Json:
    return {
        "filterType": "PROPERTY",
        "property": name,
        "operation": {
            "operationType": operation_type,
            "operator": operator,
            "includeObjectsWithNoValueSet": False,
            **operation,
        },
    }


def _is_any_of(name: str, *values: str) -> Json:
    return _filter(name, "ENUMERATION", "IS_ANY_OF", values=list(values))


def _in_country(*names: str) -> Json:
    return _filter("country", "MULTISTRING", "IS_EQUAL_TO", values=list(names))


def _known(name: str) -> Json:
    return _filter(name, "ALL_PROPERTY", "IS_KNOWN")
