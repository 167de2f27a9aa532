"""Formulas of calculated properties, and who is asked for a property."""

from __future__ import annotations

from django.db import migrations, models

import crm.clock


class Migration(migrations.Migration):
    dependencies = [("crm", "0012_merging")]
    operations = [
        migrations.AddField(
            model_name="property",
            name="calculated_up_to",
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="property",
            name="formula",
            field=models.TextField(blank=True),
        ),
        migrations.AddField(
            model_name="property",
            name="is_form_field",
            field=models.BooleanField(default=False, verbose_name="may stand in forms"),
        ),
        migrations.AddField(
            model_name="property",
            name="is_hidden",
            field=models.BooleanField(default=False, verbose_name="hidden"),
        ),
        migrations.AddField(
            model_name="property",
            name="updated_at",
            field=models.DateTimeField(db_default=crm.clock.Now(), editable=False),
        ),
        migrations.RunSQL(
            "UPDATE crm_property SET updated_at = created_at, is_form_field = NOT is_read_only",
            migrations.RunSQL.noop,
        ),
    ]
