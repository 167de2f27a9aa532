"""Custom events, forms, and what tracked websites report."""

import django.db.models.deletion
import uuid
from django.db import migrations, models

# What happened most recently, and what was sent with one form. Most events are creations, of which
# nobody asks so.
INDEXES = """
CREATE INDEX crm_event_type ON crm_event (type, at) WHERE type <> 'record.created';
CREATE INDEX crm_event_form ON crm_event ((properties->>'hs_form_id'), at)
    WHERE type = 'form.submitted';
"""

INDEXES_BACK = "DROP INDEX crm_event_type; DROP INDEX crm_event_form;"


class Migration(migrations.Migration):
    dependencies = [("crm", "0007_pipelines")]
    operations = [
        migrations.CreateModel(
            name='Collected',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('visitor', models.UUIDField(null=True)),
                ('item', models.JSONField()),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='CustomEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50, unique=True, verbose_name='internal name')),
                ('label', models.CharField(max_length=100)),
                ('description', models.TextField(blank=True)),
                ('object_type', models.CharField(default='0-1', max_length=20, verbose_name='object')),
                ('has_default_properties', models.BooleanField(default=True, verbose_name='default properties')),
                ('created_at', models.DateTimeField(editable=False)),
                ('updated_at', models.DateTimeField(editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['label', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Form',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=200)),
                ('key', models.CharField(editable=False, max_length=400, null=True, unique=True)),
                ('fields', models.JSONField(default=list, editable=False)),
                ('mapping', models.JSONField(blank=True, default=dict)),
                ('created_at', models.DateTimeField(editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                'ordering': ['name', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='TrackedSite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('host', models.CharField(max_length=260, unique=True)),
                ('with_subdomains', models.BooleanField(default=False, verbose_name='also its subdomains')),
            ],
            options={
                'ordering': ['host'],
            },
        ),
        migrations.CreateModel(
            name='TrackingUsage',
            fields=[
                ('address', models.CharField(max_length=64, primary_key=True, serialize=False)),
                ('minute', models.BigIntegerField()),
                ('count', models.IntegerField()),
            ],
        ),
        migrations.CreateModel(
            name='EventKey',
            fields=[
                ('key', models.CharField(max_length=100, primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
            ],
            options={
                'indexes': [models.Index(fields=['at'], name='crm_eventkey_at')],
            },
        ),
        migrations.CreateModel(
            name='Visitor',
            fields=[
                ('token', models.UUIDField(primary_key=True, serialize=False)),
                ('first_seen_at', models.DateTimeField()),
                ('last_seen_at', models.DateTimeField()),
                ('contact', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='crm.record')),
            ],
        ),
        migrations.CreateModel(
            name='VisitorEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=60)),
                ('properties', models.JSONField(default=dict)),
                ('source_id', models.CharField(max_length=200)),
                ('at', models.DateTimeField()),
                ('visitor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='crm.visitor')),
            ],
        ),
        migrations.CreateModel(
            name='CustomEventProperty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100, verbose_name='internal name')),
                ('label', models.CharField(max_length=200)),
                ('description', models.TextField(blank=True)),
                ('type', models.CharField(max_length=30)),
                ('options', models.JSONField(blank=True, default=list)),
                ('created_at', models.DateTimeField(editable=False)),
                ('archived_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='properties', to='crm.customevent')),
            ],
            options={
                'verbose_name_plural': 'custom event properties',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('event', 'name'), name='crm_customevent_property')],
            },
        ),
        migrations.AddIndex(
            model_name='visitor',
            index=models.Index(fields=['last_seen_at'], name='crm_visitor_last_seen'),
        ),
        migrations.RunSQL(INDEXES, INDEXES_BACK),
    ]
