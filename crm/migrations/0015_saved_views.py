from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Lower

import crm.clock


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0014_exports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name="SavedView",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("object_type", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=100)),
                ("columns", models.JSONField(default=list)),
                ("filters", models.JSONField(default=dict)),
                ("filter_branch", models.JSONField(null=True)),
                ("is_shared", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(db_default=crm.clock.Now(), editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["object_type"], name="crm_saved_view_type")],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("owner"),
                        models.F("object_type"),
                        Lower("name"),
                        name="crm_saved_view_name",
                    )
                ],
            },
        ),
    ]
