from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.calculations.entered import Entered
from crm.objects.base import (
    Enrolled,
    ObjectType,
    calculated,
    choice,
    moment,
    object_types,
    owner,
    system,
    text,
)

ABOUT = "taskinformation"


@object_types.register
class Task(ObjectType):
    """Something for a person to do, usually about another record."""

    type_id = "0-27"
    name = "task"
    plural = "tasks"
    label = "Task"
    plural_label = "Tasks"
    icon = "task_alt"
    is_activity = True
    in_main_menu = True
    groups = {ABOUT: "Task information"}
    list_columns = ("hs_task_status", "hs_task_type", "hs_task_priority", "hs_timestamp")
    enrolled = Enrolled.ON_REQUEST
    properties = (
        text("hs_task_subject", "Task title", ABOUT, is_searchable=True),
        text("hs_task_body", "Task notes", ABOUT, field_type="html"),
        choice("hs_task_type", "Task type", ABOUT, {
            "TODO": "To-do", "CALL": "Call", "EMAIL": "Email",
        }),
        choice("hs_task_status", "Task status", ABOUT, {
            "NOT_STARTED": "Not started", "IN_PROGRESS": "In progress",
            "COMPLETED": "Completed", "DEFERRED": "Deferred", "WAITING": "Waiting",
        }),
        choice("hs_task_priority", "Priority", ABOUT, {
            "NONE": "None", "LOW": "Low", "MEDIUM": "Medium", "HIGH": "High",
        }),
        moment("hs_timestamp", "Due date", ABOUT),
        text("hs_task_reminders", "Reminders", ABOUT, description="Milliseconds, with ; between."),
        moment("hs_task_completion_date", "Completed", ABOUT,
               **calculated(Entered("hs_task_completion_date", "hs_task_status", "COMPLETED"))),
        text("hs_queue_membership_ids", "Queues", ABOUT),
        owner(ABOUT),
        *system(ABOUT, "hs_lastmodifieddate", "hs_createdate"),
    )  # fmt: skip

    @classmethod
    def title(cls, properties: Mapping[str, Any], record_id: int) -> str:
        return properties.get("hs_task_subject") or f"Task {record_id}"
