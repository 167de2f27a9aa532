"""The same effects as the engine's, in plain hand-written SQL: what the machine can do at best."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from crm.sql import SQL, execute, sql

BATCH = 5000


def in_batches(workflow_id: int, action_id: str, act: Callable[[], None]) -> None:
    """Claim batches at one node until none is left; `act` does the rest of each transaction."""
    execute(
        SQL(
            "CREATE TEMPORARY TABLE IF NOT EXISTS floor_batch (id bigint, record_id bigint)"
            " ON COMMIT DELETE ROWS"
        )
    )
    while True:
        with transaction.atomic():
            claimed = execute(
                sql(
                    """
                    INSERT INTO floor_batch SELECT id, record_id FROM workflows_enrollment
                    WHERE state = 1 AND workflow_id = {workflow} AND action_id = {action}
                      AND due_at <= now()
                    ORDER BY due_at, id LIMIT {batch} FOR UPDATE SKIP LOCKED
                    """,
                    workflow=workflow_id,
                    action=action_id,
                    batch=BATCH,
                )
            )
            if not claimed:
                return
            act()


def set_property(name: str, json: str) -> None:
    """Write one property of the batch, with its history."""
    execute(
        sql(
            "UPDATE crm_record r SET properties = r.properties"
            " || jsonb_build_object({name}::text, {json}::jsonb), updated_at = now()"
            " FROM floor_batch b WHERE r.id = b.record_id",
            name=name,
            json=json,
        )
    )
    execute(
        sql(
            """
            INSERT INTO crm_property_history
                (record_id, property_name, value, source, source_id, user_id, at)
            SELECT record_id, {name}, {json}::jsonb, 'AUTOMATION_PLATFORM', '1:1:' || id, NULL,
                now() FROM floor_batch
            """,
            name=name,
            json=json,
        )
    )


def log(workflow_id: int, path: list[str]) -> None:
    execute(
        sql(
            """
            INSERT INTO workflows_action_run (enrollment_id, workflow_id, record_id, visit,
                revision, action_ids, outcomes, details, at)
            SELECT id, {workflow}, record_id, 1, 1, {path}::text[], {outcomes}::text[],
                {details}::text[], now() FROM floor_batch
            """,
            workflow=workflow_id,
            path=path,
            outcomes=["SUCCESS"] * len(path),
            details=["Lead status: Open"] * len(path),
        )
    )


def complete() -> None:
    execute(
        SQL(
            "UPDATE workflows_enrollment e SET state = 2, action_id = NULL, visit = visit + 1,"
            " reason = 'COMPLETED', ended_at = now(), arrived_at = now(), slot = e.id"
            " FROM floor_batch b WHERE e.id = b.id"
        )
    )


def move(action_id: str, *, is_waiting: bool) -> None:
    execute(
        sql(
            "UPDATE workflows_enrollment e SET action_id = {action}, due_at = now(),"
            " arrived_at = now(), visit = visit + 1, is_waiting = {waiting}"
            " FROM floor_batch b WHERE e.id = b.id",
            action=action_id,
            waiting=is_waiting,
        )
    )


def split() -> None:
    """Decide a three-way branch for the batch and note the way taken."""
    execute(
        SQL(
            """
            CREATE TEMPORARY TABLE floor_arms ON COMMIT DROP AS
            SELECT b.id, CASE WHEN lower(r.properties->>'city') = 'oslo' THEN 0
                WHEN lower(r.properties->>'city') = 'bergen' THEN 1 ELSE 2 END AS arm
            FROM floor_batch b JOIN crm_record r ON r.id = b.record_id
            """
        )
    )
