from __future__ import annotations

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("crm", "0014_exports")]
    operations = []
