"""A proxy model for every object type there is.

Read from the registry, so that an object type is one file: a proxy has no table, so nothing in the
database depends on when it came.
"""

from __future__ import annotations

from django.db import migrations
from django.db.migrations.state import ModelState

from crm.admin.record_models import record_models


def _create(state: ModelState) -> migrations.CreateModel:
    return migrations.CreateModel(
        name=state.name, fields=[], options=state.options, bases=state.bases
    )


class Migration(migrations.Migration):

    dependencies = [
        ('crm', '0003_append_only_tables'),
    ]

    operations = [_create(ModelState.from_model(model)) for model in record_models.values()]
