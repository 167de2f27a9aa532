from __future__ import annotations

from crm.sql import SQL, sql
from emails import sending
from emails.features import SEND_EMAIL
from emails.models import Email
from workflows.actions.base import Action, InputField, actions
from workflows.definition import Node, Problem
from workflows.steps import Cohort, Move, Outcome, Proceed


@actions.register
class SendEmail(Action):
    """Send a published email to the enrolled contact, unless the contact must not get it."""

    action_type_id = "0-4"
    label = "Send email"
    group = "Communication"
    icon = "mail"
    object_types = frozenset({"0-1"})
    feature = SEND_EMAIL

    content_id = InputField("number", label="Email", references="EMAIL")

    def run(self, cohort: Cohort, node: Node) -> Move:
        email = find_email(node)
        if email is None:
            return Proceed(outcome=Outcome.FAILED, detail="The email does not exist any more.")
        sending.enqueue_for(self._wanted(cohort), email.pk)
        cohort.except_(self._not_sent(cohort))
        return Proceed(detail=email.name)

    def _wanted(self, cohort: Cohort) -> SQL:
        return sql(
            "SELECT b.record_id, {key} AS key, 1::smallint AS lane FROM batch b WHERE {mine}",
            key=cohort.key(),
            mine=cohort.condition(),
        )

    def _not_sent(self, cohort: Cohort) -> SQL:
        """Who gets none, with the reason; they go on with the next step (W-214, W-457)."""
        keys = sql(
            "SELECT b.enrollment_id, {key} AS key FROM batch b WHERE {mine}",
            key=cohort.key(),
            mine=cohort.condition(),
        )
        return sql(
            """
            SELECT k.enrollment_id, {skipped} AS outcome, 'Not sent: ' || o.result AS detail
            FROM ({keys}) k JOIN ({outcomes}) o USING (key)
            WHERE o.result NOT IN ('QUEUED', 'SENT', 'UNKNOWN')
            """,
            skipped=Outcome.SKIPPED.value,
            keys=keys,
            outcomes=sending.outcomes(sql("SELECT key FROM ({keys}) k", keys=keys)),
        )

    def check(self, node: Node, object_type: str) -> list[Problem]:
        email = find_email(node)
        if email is None:
            return [self.problem(node, "This email does not exist.", "content_id")]
        if email.revision_id is None:
            return [self.problem(node, f"Publish the email “{email.name}” first.", "content_id")]
        return []

    def summary(self, node: Node, object_type: str) -> str:
        email = find_email(node)
        return f"Send “{email.name}”" if email else "Send an email"


def find_email(node: Node) -> Email | None:
    key = str(node.fields.get("content_id") or "")
    if not key.isdecimal():
        return None
    return Email.objects.filter(pk=int(key)).first()
