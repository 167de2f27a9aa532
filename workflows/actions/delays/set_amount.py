from __future__ import annotations

from crm.sql import sql
from workflows.actions.base import Action, InputField, actions
from workflows.definition import Node, Problem
from workflows.steps import Cohort, Move, Proceed, Wait

#: Seconds per unit.
UNITS = {"MINUTES": 60, "HOURS": 3600, "DAYS": 86_400, "WEEKS": 604_800}
#: W-224
LONGEST_SECONDS = 10 * 366 * 86_400


@actions.register
class DelaySetAmount(Action):
    """Wait a set amount of time, counted from the moment the record comes here."""

    action_type_id = "0-1"
    label = "Delay for a set amount of time"
    group = "Delay"
    icon = "hourglass"
    runs_when_off = True

    delta = InputField("number", label="Amount")
    time_unit = InputField(
        label="Unit",
        options={"MINUTES": "Minutes", "HOURS": "Hours", "DAYS": "Days", "WEEKS": "Weeks"},
    )

    def run(self, cohort: Cohort, node: Node) -> Move:
        return Wait(
            due_at=sql(
                "app_now() + make_interval(secs => {seconds}::double precision)",
                seconds=seconds(node),
            )
        )

    def leave(self, cohort: Cohort, node: Node) -> Move:
        return Proceed(detail=f"Waited {_words(node)}")

    def check(self, node: Node, object_type: str) -> list[Problem]:
        if not 0 <= seconds(node) <= LONGEST_SECONDS:
            return [self.problem(node, "Between 0 and 10 years.", "delta")]
        return []

    def summary(self, node: Node, object_type: str) -> str:
        return f"Wait {_words(node)}"


def seconds(node: Node) -> int:
    """The length of the delay; elapsed time, so a day has 24 hours (W-236)."""
    return int(node.fields["delta"]) * UNITS[node.fields["time_unit"]]


def _words(node: Node) -> str:
    amount = str(node.fields.get("delta") or "?")
    unit = str(node.fields.get("time_unit") or "").lower()
    return f"{amount} {unit.removesuffix('s') if amount == '1' else unit}"
