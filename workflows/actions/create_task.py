from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm import associations, changes, properties
from crm.sql import SQL, execute, sql
from workflows import tokens
from workflows.actions.base import Action, InputField, actions
from workflows.definition import Node, Problem
from workflows.steps import Cohort, Move, Proceed

TASK = "0-27"


@actions.register
class CreateTask(Action):
    """Create a task about the enrolled record, for a person to do."""

    action_type_id = "0-3"
    label = "Create task"
    group = "CRM"
    icon = "task_alt"
    object_types = frozenset({"0-1", "0-2", "0-3", "0-5"})

    subject = InputField(label="Title", help_text="May hold tokens of the enrolled record.")
    body = InputField(label="Notes", required=False, is_long=True)
    task_type = InputField(
        label="Type", required=False, options={"TODO": "To-do", "CALL": "Call", "EMAIL": "Email"}
    )
    priority = InputField(
        label="Priority",
        required=False,
        options={"NONE": "None", "LOW": "Low", "MEDIUM": "Medium", "HIGH": "High"},
    )
    due_days = InputField(
        "number", label="Due after days", required=False, help_text="Counted from this step."
    )

    @classmethod
    def values(cls, node: Node) -> dict[str, Any]:
        return super().values(node) | {"due_days": _due_days(node.fields)}

    def run(self, cohort: Cohort, node: Node) -> Move:
        execute(
            sql(
                "UPDATE batch b SET made_id = {new} WHERE {mine}",
                new=changes.NEW_ID,
                mine=cohort.condition(),
            )
        )
        changes.create_from(TASK, self._tasks(cohort, node), cohort.source())
        pairs = sql(
            "SELECT b.record_id AS from_record_id, b.made_id AS to_record_id"
            " FROM batch b WHERE {mine}",
            mine=cohort.condition(),
        )
        kind = associations.between(cohort.flow.object_type, TASK)
        associations.associate(kind, pairs, hops=cohort.source().hops)
        return Proceed(detail=str(node.fields.get("subject", "")))

    def _tasks(self, cohort: Cohort, node: Node) -> SQL:
        """A SELECT of (record_id, properties, source_id) of the tasks to be made."""
        definitions = properties.load(cohort.flow.object_type)
        fields = node.fields
        return sql(
            """
            SELECT b.made_id AS record_id, {source} AS source_id,
                jsonb_strip_nulls(jsonb_build_object(
                    'hs_task_subject', nullif(trim({subject}), ''),
                    'hs_task_body', nullif(trim({body}), ''),
                    'hs_task_type', {type}::text,
                    'hs_task_priority', {priority}::text,
                    'hs_task_status', 'NOT_STARTED',
                    'hs_timestamp', {due},
                    'hubspot_owner_id', r.properties->'hubspot_owner_id'
                )) AS properties
            FROM batch b JOIN crm_record r ON r.id = b.record_id WHERE {mine}
            """,
            source=cohort.source_id(),
            subject=tokens.to_sql(str(fields.get("subject") or ""), definitions),
            body=tokens.to_sql(str(fields.get("body") or ""), definitions),
            type=fields.get("task_type") or "TODO",
            priority=fields.get("priority") or "NONE",
            due=_due_sql(_due_days(fields)),
            mine=cohort.condition(),
        )

    def check(self, node: Node, object_type: str) -> list[Problem]:
        definitions = properties.load(object_type)
        problems = []
        for name in ("subject", "body"):
            try:
                tokens.to_sql(str(node.fields.get(name) or ""), definitions)
            except tokens.TokenError as error:
                problems.append(self.problem(node, str(error), name))
        return problems

    def summary(self, node: Node, object_type: str) -> str:
        subject = node.fields.get("subject")
        return f"Create task “{subject}”" if subject else "Create task"


def _due_days(fields: Mapping[str, Any]) -> Any:
    """HubSpot writes {"due_time": {"delta": 3, "timeUnit": "DAYS"}}."""
    due = fields.get("due_time")
    if isinstance(due, Mapping) and due.get("timeUnit", "DAYS") == "DAYS":
        return due.get("delta")
    return fields.get("due_days")


def _due_sql(days: Any) -> SQL:
    if days in (None, ""):
        return SQL("NULL::text")
    return sql(
        "to_char((app_now() + make_interval(days => {days}::int)) AT TIME ZONE 'UTC',"
        """ 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""",
        days=int(days),
    )
