"""What workflows keep about records: their passages, and who meets which criteria."""

from __future__ import annotations

from crm.holdings import Holding, holdings
from crm.sql import SQL, execute, sql
from workflows.enrollment import Reason, unenroll


@holdings.register
class Enrollments(Holding):
    name = "workflows"

    def merge(self, pairs: SQL) -> None:
        """End the merged record's enrollments; its history is the other one's from now on (W-203)."""
        unenroll(None, sql("SELECT record_id FROM ({pairs}) p", pairs=pairs), Reason.RECORD_MERGED)
        execute(
            sql(
                """
                WITH moved AS (
                    UPDATE workflows_enrollment e SET record_id = p.into_id FROM ({pairs}) p
                    WHERE e.record_id = p.record_id AND e.state <> 1
                    RETURNING e.id, e.record_id
                )
                UPDATE workflows_action_run a SET record_id = m.record_id FROM moved m
                WHERE a.enrollment_id = m.id
                """,
                pairs=pairs,
            )
        )
        _forget_matches(sql("SELECT record_id FROM ({pairs}) p", pairs=pairs))

    def forget(self, records: SQL) -> None:
        """Keep how many went where; remove what the steps said about each."""
        unenroll(None, records, Reason.RECORD_DELETED)
        execute(
            sql(
                """
                WITH theirs AS (
                    UPDATE workflows_enrollment SET error = ''
                    WHERE record_id IN ({records}) RETURNING id
                )
                UPDATE workflows_action_run a
                SET details = array_fill(''::text, ARRAY[cardinality(a.details)]),
                    exceptions = (
                        SELECT jsonb_object_agg(e.key, jsonb_build_array(e.value->0, ''))
                        FROM jsonb_each(a.exceptions) e)
                FROM theirs t WHERE a.enrollment_id = t.id
                """,
                records=records,
            )
        )
        _forget_matches(records)


def _forget_matches(records: SQL) -> None:
    execute(
        sql(
            "DELETE FROM workflows_match m"
            " USING workflows_workflow w CROSS JOIN ({records}) c(record_id)"
            " WHERE m.workflow_id = w.id AND m.record_id = c.record_id",
            records=records,
        )
    )
