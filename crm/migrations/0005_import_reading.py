from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("crm", "0004_record_types")]
    operations = [
        migrations.AddField(
            model_name="importjob",
            name="reading",
            field=models.JSONField(default=dict, editable=False),
        ),
    ]
