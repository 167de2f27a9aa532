"""The log of passes, partitioned by month, and the physical layout of enrollments."""

from django.db import migrations

ACTION_RUN = """
CREATE TABLE workflows_action_run (
    id bigint GENERATED ALWAYS AS IDENTITY,
    enrollment_id bigint NOT NULL,
    workflow_id bigint NOT NULL,
    record_id bigint NOT NULL,
    visit integer NOT NULL,
    revision integer NOT NULL,
    action_ids text[] NOT NULL,
    outcomes text[] NOT NULL,
    details text[] NOT NULL,
    exceptions jsonb,
    at timestamptz NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX workflows_action_run_enrollment ON workflows_action_run (enrollment_id);
CREATE INDEX workflows_action_run_workflow ON workflows_action_run (workflow_id, at);
CREATE TABLE workflows_action_run_other PARTITION OF workflows_action_run DEFAULT;
SELECT app_make_partitions('workflows_action_run', 3);
"""

LAYOUT = """
ALTER TABLE workflows_enrollment SET (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02);
"""

LAYOUT_BACK = """
ALTER TABLE workflows_enrollment RESET (fillfactor, autovacuum_vacuum_scale_factor,
    autovacuum_analyze_scale_factor);
"""


class Migration(migrations.Migration):
    dependencies = [("workflows", "0001_workflows"), ("crm", "0001_clock")]
    operations = [
        migrations.RunSQL(ACTION_RUN, "DROP TABLE workflows_action_run"),
        migrations.RunSQL(LAYOUT, LAYOUT_BACK),
    ]
