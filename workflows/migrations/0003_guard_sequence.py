"""Slots of enrollments that end as they begin (the loop guard)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("workflows", "0002_action_run")]
    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE workflows_guard_seq", "DROP SEQUENCE workflows_guard_seq"
        ),
    ]
