from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0011_access"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.CreateModel(
            name='MergedRecord',
            fields=[
                ('record_id', models.BigIntegerField(primary_key=True, serialize=False)),
                ('into_id', models.BigIntegerField(db_index=True)),
                ('object_type', models.CharField(max_length=20)),
                ('at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='ErasedAddress',
            fields=[
                ('digest', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('record_id', models.BigIntegerField()),
                ('object_type', models.CharField(max_length=20)),
                ('source', models.CharField(max_length=30)),
                ('source_id', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='record',
            index=models.Index(condition=models.Q(('archived_at', None), _negated=True), fields=['object_type', 'archived_at'], name='crm_record_archived_at'),
        ),
    ]
