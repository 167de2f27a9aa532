"""Measures of the workflow engine."""

from __future__ import annotations

from typing import Any

from config.bench import floor
from config.bench.measure import Measure
from crm.sql import SQL, execute, sql, value
from workflows import engine, publishing, triggers

LEADS = {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": ["lead"]}


def condition(name: str, operation: dict[str, Any]) -> dict[str, Any]:
    """A filter branch with one property filter."""
    full = {"includeObjectsWithNoValueSet": False, **operation}
    inner = {
        "filterBranchType": "AND",
        "filterBranches": [],
        "filters": [{"filterType": "PROPERTY", "property": name, "operation": full}],
    }
    return {"filterBranchType": "OR", "filters": [], "filterBranches": [inner]}


def city(name: str) -> dict[str, Any]:
    return condition("city", {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": name})


def to(action_id: str) -> dict[str, str]:
    return {"edgeType": "STANDARD", "nextActionId": action_id}


def edit(action_id: str, option: str, then: str | None = None) -> dict[str, Any]:
    node: dict[str, Any] = {
        "type": "SINGLE_CONNECTION",
        "actionId": action_id,
        "actionTypeId": "0-5",
        "actionTypeVersion": 0,
        "fields": {
            "property_name": "hs_lead_status",
            "value": {"type": "STATIC_VALUE", "staticValue": option},
        },
    }
    return node | ({"connection": to(then)} if then else {})


def branch(action_id: str, then: str | None) -> dict[str, Any]:
    connection = {"connection": to(then)} if then else {}
    return {
        "type": "LIST_BRANCH",
        "actionId": action_id,
        "listBranches": [
            {"branchName": name, "filterBranch": city(name), **connection}
            for name in ("Oslo", "Bergen")
        ],
        **({"defaultBranch": to(then) | {"edgeType": "GOTO"}} if then else {}),
    }


def delay(action_id: str, then: str | None, minutes: int = 0) -> dict[str, Any]:
    node: dict[str, Any] = {
        "type": "SINGLE_CONNECTION",
        "actionId": action_id,
        "actionTypeId": "0-1",
        "actionTypeVersion": 0,
        "fields": {"delta": str(minutes), "time_unit": "MINUTES"},
    }
    return node | ({"connection": to(then)} if then else {})


def workflow(nodes: list[dict[str, Any]], criteria: dict[str, Any] | None = None) -> int:
    """Store a contact workflow; returns its id."""
    document = {
        "type": "CONTACT_FLOW",
        "objectTypeId": "0-1",
        "name": "Bench",
        "startActionId": nodes[0]["actionId"],
        "actions": nodes,
        "enrollmentCriteria": criteria or {"type": "MANUAL", "shouldReEnroll": True},
    }
    return publishing.create(document).pk


def list_based(branch_: dict[str, Any]) -> dict[str, Any]:
    return {"type": "LIST_BASED", "shouldReEnroll": False, "listFilterBranch": branch_}


class EngineMeasure(Measure):
    """All contacts stand at the start of one workflow."""

    nodes: list[dict[str, Any]]

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.workflow_id = workflow(self.nodes)
        publishing.turn_on(self.workflow_id, enroll_existing=False)

    def prepare(self) -> None:
        execute(SQL("TRUNCATE workflows_enrollment, workflows_action_run, crm_property_history"))
        execute(SQL("TRUNCATE crm_change"))
        execute(
            sql(
                'UPDATE crm_record SET properties = properties || \'{{"hs_lead_status": "NEW"}}\''
                " WHERE object_type = '0-1' AND properties->>'hs_lead_status' <> 'NEW'"
            )
        )
        execute(
            sql(
                """
                INSERT INTO workflows_enrollment (workflow_id, record_id, state, action_id, due_at,
                    is_waiting, arrived_at, visit, lane, hops, source, reason, error, enrolled_at,
                    slot)
                SELECT {workflow}, id, 1, {start}, now(), FALSE, now(), 0, 2, 0, 'MANUAL', '', '',
                    now(), 0
                FROM crm_record WHERE object_type = '0-1' ORDER BY id LIMIT {size}
                """,
                workflow=self.workflow_id,
                start=self.nodes[0]["actionId"],
                size=self.size,
            )
        )

    def product(self) -> None:
        while engine.run(30):
            pass

    def completed(self) -> int:
        return int(value(SQL("SELECT count(*) FROM workflows_enrollment WHERE state = 2")))

    def check(self) -> None:
        assert self.completed() == self.size, self.completed()


class Step(EngineMeasure):
    name = "step"
    what = "one full step: edit record with history, log and pointer"
    goal = 0.6
    nodes = [edit("1", "OPEN")]

    def floor(self) -> None:
        def act() -> None:
            floor.set_property("hs_lead_status", '"OPEN"')
            floor.log(self.workflow_id, ["1"])
            floor.complete()

        floor.in_batches(self.workflow_id, "1", act)

    def check(self) -> None:
        super().check()
        written = value(SQL("SELECT count(*) FROM crm_property_history"))
        assert written == self.size, written


class Branch(EngineMeasure):
    name = "branch"
    what = "three-way branch on a text property, with log and pointer"
    nodes = [branch("1", None)]

    def floor(self) -> None:
        def act() -> None:
            floor.split()
            floor.log(self.workflow_id, ["1"])
            floor.complete()

        floor.in_batches(self.workflow_id, "1", act)


class Delay(EngineMeasure):
    name = "delay"
    what = "enter a delay: claim and move"
    nodes = [delay("1", "2", minutes=60), edit("2", "OPEN")]

    def floor(self) -> None:
        floor.in_batches(self.workflow_id, "1", self._wait)

    def _wait(self) -> None:
        execute(
            SQL(
                "UPDATE workflows_enrollment e SET due_at = now() + interval '1 hour',"
                " arrived_at = now(), visit = visit + 1, is_waiting = TRUE"
                " FROM floor_batch b WHERE e.id = b.id"
            )
        )

    def check(self) -> None:
        waiting = value(SQL("SELECT count(*) FROM workflows_enrollment WHERE is_waiting"))
        assert waiting == self.size, waiting


class Chain(EngineMeasure):
    name = "chain"
    what = "five steps end to end: edit, three-way branch, delay, edit, end"
    nodes = [edit("1", "OPEN", "2"), branch("2", "3"), delay("3", "4"), edit("4", "CONNECTED")]

    def floor(self) -> None:
        def first() -> None:
            floor.set_property("hs_lead_status", '"OPEN"')
            floor.split()
            floor.log(self.workflow_id, ["1", "2"])
            floor.move("3", is_waiting=True)

        def second() -> None:
            floor.set_property("hs_lead_status", '"CONNECTED"')
            floor.log(self.workflow_id, ["3", "4"])
            floor.complete()

        floor.in_batches(self.workflow_id, "1", first)
        floor.in_batches(self.workflow_id, "3", second)


class Enroll(Measure):
    name = "enroll"
    what = "turn on with existing records: filter everybody, note the match, enroll"
    goal = 0.6

    def __init__(self, size: int) -> None:
        super().__init__(size)
        everybody = condition("email", {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"})
        self.workflow_id = workflow([edit("1", "OPEN")], list_based(everybody))

    def prepare(self) -> None:
        publishing.turn_off(self.workflow_id)
        execute(SQL("TRUNCATE workflows_enrollment, workflows_match"))

    def product(self) -> None:
        publishing.turn_on(self.workflow_id, enroll_existing=True)

    def floor(self) -> None:
        execute(
            sql(
                "INSERT INTO workflows_match (workflow_id, record_id, since) SELECT {w}, id, now()"
                " FROM crm_record WHERE object_type = '0-1' AND archived_at IS NULL"
                " AND properties ? 'email'",
                w=self.workflow_id,
            )
        )
        execute(
            sql(
                """
                INSERT INTO workflows_enrollment (workflow_id, record_id, state, action_id, due_at,
                    is_waiting, arrived_at, visit, lane, hops, source, reason, error, enrolled_at,
                    slot)
                SELECT {w}, record_id, 1, '1', now(), FALSE, now(), 0, 3, 0, 'EXISTING', '', '',
                    now(), 0
                FROM workflows_match WHERE workflow_id = {w} ORDER BY record_id
                """,
                w=self.workflow_id,
            )
        )

    def check(self) -> None:
        count = value(SQL("SELECT count(*) FROM workflows_enrollment WHERE state = 1"))
        assert count == self.size, count


class Matching(Measure):
    """1,000 changed contacts at a time against 20 workflows that listen to the property."""

    name = "matching"
    what = "trigger matching: changed records against 20 listening workflows"
    workflows = 20

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.ids: list[int] = []
        for number in range(self.workflows):
            score = {
                "operationType": "NUMBER",
                "operator": "IS_GREATER_THAN",
                "value": 90 + number % 10,
            }
            key = workflow([edit("1", "OPEN")], list_based(condition("hubspotscore", score)))
            publishing.turn_on(key, enroll_existing=False)
            self.ids.append(key)

    def prepare(self) -> None:
        execute(SQL("TRUNCATE workflows_enrollment, workflows_match, crm_change"))
        execute(
            sql(
                """
                INSERT INTO crm_change (object_type, record_ids, property_names, list_ids,
                    event_types, hops, at)
                SELECT '0-1', array_agg(id), ARRAY['hubspotscore'], '{{}}', '{{}}', 0, now()
                FROM (SELECT id, row_number() OVER (ORDER BY id) / 1000 AS chunk
                      FROM crm_record WHERE object_type = '0-1' ORDER BY id LIMIT {size}) c
                GROUP BY chunk
                """,
                size=self.size,
            )
        )

    def product(self) -> None:
        while triggers.run(30):
            pass

    def floor(self) -> None:
        for place, key in enumerate(self.ids):
            execute(
                sql(
                    """
                    WITH candidate AS MATERIALIZED (
                        SELECT u.id FROM crm_change c CROSS JOIN unnest(c.record_ids) AS u(id)
                    ), meets AS MATERIALIZED (
                        SELECT r.id FROM crm_record r JOIN candidate USING (id)
                        WHERE (r.properties->>'hubspotscore')::numeric > {least}
                    ), gone AS (
                        DELETE FROM workflows_match m USING candidate c WHERE m.workflow_id = {w}
                        AND m.record_id = c.id AND NOT EXISTS (
                            SELECT FROM meets WHERE meets.id = c.id)
                    ), fresh AS (
                        INSERT INTO workflows_match (workflow_id, record_id, since)
                        SELECT {w}, id, now() FROM meets ON CONFLICT DO NOTHING RETURNING record_id
                    )
                    INSERT INTO workflows_enrollment (workflow_id, record_id, state, action_id,
                        due_at, is_waiting, arrived_at, visit, lane, hops, source, reason, error,
                        enrolled_at, slot)
                    SELECT {w}, record_id, 1, '1', now(), FALSE, now(), 0, 1, 0, 'TRIGGER', '', '',
                        now(), 0
                    FROM fresh
                    """,
                    w=key,
                    least=90 + place % 10,
                )
            )

    def check(self) -> None:
        count = value(SQL("SELECT count(*) FROM workflows_enrollment"))
        # Scores are the numbers 0 to 99 in turn; two workflows ask for each of 90 to 99.
        assert count == self.size * 2 * 45 // 100, count
