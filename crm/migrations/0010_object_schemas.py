from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models
from django.db.models.functions import Lower


class Migration(migrations.Migration):
    dependencies = [("crm", "0009_lists")]
    operations = [
        migrations.AlterModelOptions("associationtype", {"verbose_name": "association label"}),
        migrations.CreateModel(
            name="ObjectSchema",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50, verbose_name="internal name")),
                ("singular_label", models.CharField(max_length=100, verbose_name="singular")),
                ("plural_label", models.CharField(max_length=100, verbose_name="plural")),
                ("description", models.TextField(blank=True)),
                ("icon", models.CharField(default="category", max_length=40)),
                (
                    "required_properties",
                    ArrayField(
                        base_field=models.CharField(max_length=100),
                        blank=True, default=list, size=None,
                    ),
                ),
                ("primary_display_property", models.CharField(blank=True, max_length=100)),
                (
                    "secondary_display_properties",
                    ArrayField(
                        base_field=models.CharField(max_length=100),
                        blank=True, default=list, size=None,
                    ),
                ),
                ("created_at", models.DateTimeField(editable=False)),
                ("updated_at", models.DateTimeField(editable=False)),
                ("archived_at", models.DateTimeField(editable=False, null=True)),
                ("purged_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "verbose_name": "custom object",
                "constraints": [
                    models.UniqueConstraint(
                        Lower("name"),
                        condition=models.Q(("purged_at", None)),
                        name="crm_schema_name_once",
                    )
                ],
            },
        ),
    ]  # fmt: skip
