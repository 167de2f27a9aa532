"""Exports, and what an import may be asked beyond its mapping."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0013_calculated_properties"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            model_name="importjob",
            name="name",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AddField(
            model_name="importjob",
            name="options",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.AddField(
            model_name="importjob",
            name="origin",
            field=models.CharField(default="CRM_UI", editable=False, max_length=30),
        ),
        migrations.AddField(
            model_name="importjob",
            name="part_of",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="parts", to="crm.importjob"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="static_list",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to="crm.list"),
        ),
        migrations.AddField(
            model_name="importjob",
            name="updated_at",
            field=models.DateTimeField(default=timezone.now, editable=False),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE crm_importjob SET updated_at = coalesce(finished_at, created_at)",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="importjob",
            name="state",
            field=models.CharField(choices=[("WAITING", "waiting"), ("RUNNING", "running"), ("DONE", "done"), ("FAILED", "failed"), ("CANCELLED", "cancelled")], default="WAITING", max_length=10),
        ),
        migrations.CreateModel(
            name="ExportJob",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200)),
                ("object_type", models.CharField(max_length=20)),
                ("format", models.CharField(choices=[("CSV", "CSV"), ("XLSX", "Excel")], default="CSV", max_length=10)),
                ("property_names", django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), size=None)),
                ("is_internal", models.BooleanField(default=False)),
                ("state", models.CharField(choices=[("WAITING", "waiting"), ("RUNNING", "running"), ("DONE", "done"), ("FAILED", "failed"), ("CANCELLED", "cancelled")], default="WAITING", max_length=10)),
                ("total_rows", models.IntegerField(default=0)),
                ("done_rows", models.IntegerField(default=0)),
                ("last_record_id", models.BigIntegerField(default=0, editable=False)),
                ("written_bytes", models.BigIntegerField(default=0, editable=False)),
                ("file", models.FileField(blank=True, upload_to="exports/")),
                ("message", models.TextField(blank=True)),
                ("created_at", models.DateTimeField(editable=False)),
                ("finished_at", models.DateTimeField(editable=False, null=True)),
                ("user", models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL)),
            ],
            options={
                "verbose_name": "export",
            },
        ),
        migrations.CreateModel(
            name="ExportRow",
            fields=[
                ("pk", models.CompositePrimaryKey("job_id", "record_id", blank=True, editable=False, primary_key=True, serialize=False)),
                ("record_id", models.BigIntegerField()),
                ("job", models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="crm.exportjob")),
            ],
        ),
    ]
