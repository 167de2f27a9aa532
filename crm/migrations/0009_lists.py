"""Lists with filters, folders, and how their sizes went."""

from __future__ import annotations

import django.db.models.deletion
import django.db.models.functions.comparison
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import crm.clock

# Names become unique whatever their case; of several, the oldest list keeps its name.
NAMES = """
UPDATE crm_list l SET name = left(l.name, 230) || ' (list ' || l.id || ')'
FROM (SELECT id, row_number() OVER (PARTITION BY lower(name) ORDER BY id) AS place
      FROM crm_list WHERE archived_at IS NULL) d
WHERE d.id = l.id AND d.place > 1
"""

TALLIES = """
INSERT INTO crm_listtally (list_id, at, added, removed, added_at)
SELECT list_id, max(since), count(*), 0, max(since) FROM crm_listmembership GROUP BY list_id
"""

# Whoever puts records into lists or takes them out, all of them are counted.
COUNTING = """
CREATE FUNCTION crm_tally() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO crm_listtally (list_id, at, added, removed, added_at)
        SELECT list_id, app_now(), count(*), 0, app_now() FROM moved GROUP BY list_id;
    ELSE
        INSERT INTO crm_listtally (list_id, at, added, removed, removed_at)
        SELECT list_id, app_now(), 0, count(*), app_now() FROM moved GROUP BY list_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER crm_tally_came AFTER INSERT ON crm_listmembership
    REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION crm_tally();
CREATE TRIGGER crm_tally_went AFTER DELETE ON crm_listmembership
    REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION crm_tally();
"""

COUNTING_BACK = """
DROP TRIGGER crm_tally_came ON crm_listmembership;
DROP TRIGGER crm_tally_went ON crm_listmembership;
DROP FUNCTION crm_tally();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("crm", "0008_event_definitions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL(NAMES, migrations.RunSQL.noop),
        migrations.CreateModel(
            name='ListFolder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('created_at', models.DateTimeField(db_default=crm.clock.Now(), editable=False)),
                ('updated_at', models.DateTimeField(db_default=crm.clock.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'list folder',
            },
        ),
        migrations.CreateModel(
            name='ListTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField()),
                ('added', models.IntegerField()),
                ('removed', models.IntegerField()),
                ('added_at', models.DateTimeField(null=True)),
                ('removed_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='list',
            name='build_cursor',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='list',
            name='convert_after',
            field=models.IntegerField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='list',
            name='convert_on',
            field=models.DateField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='list',
            name='convert_unit',
            field=models.CharField(blank=True, choices=[('DAY', 'days'), ('WEEK', 'weeks'), ('MONTH', 'months')], editable=False, max_length=5),
        ),
        migrations.AddField(
            model_name='list',
            name='converted_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='list',
            name='created_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='list',
            name='filter_branch',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='list',
            name='filters_updated_at',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='list',
            name='is_build_quiet',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='list',
            name='is_processing',
            field=models.BooleanField(default=False, editable=False),
        ),
        migrations.AddField(
            model_name='list',
            name='updated_at',
            field=models.DateTimeField(db_default=crm.clock.Now(), editable=False),
        ),
        migrations.AddField(
            model_name='list',
            name='updated_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='list',
            name='version',
            field=models.IntegerField(default=1),
        ),
        migrations.AlterField(
            model_name='list',
            name='created_at',
            field=models.DateTimeField(db_default=crm.clock.Now(), editable=False),
        ),
        migrations.AlterField(
            model_name='list',
            name='processing_type',
            field=models.CharField(choices=[('MANUAL', 'Static'), ('DYNAMIC', 'Active'), ('SNAPSHOT', 'Snapshot')], default='MANUAL', max_length=10),
        ),
        migrations.AddIndex(
            model_name='listmembership',
            index=models.Index(fields=['list', 'since', 'record'], name='crm_list_joined'),
        ),
        migrations.AddField(
            model_name='listfolder',
            name='created_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='listfolder',
            name='parent',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='children', to='crm.listfolder'),
        ),
        migrations.AddField(
            model_name='list',
            name='folder',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='lists', to='crm.listfolder'),
        ),
        migrations.AddIndex(
            model_name='list',
            index=models.Index(condition=models.Q(('archived_at', None), ('build_cursor__isnull', False)), fields=['build_cursor'], name='crm_list_building'),
        ),
        migrations.AddConstraint(
            model_name='list',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), condition=models.Q(('archived_at', None)), name='crm_list_name'),
        ),
        migrations.AddField(
            model_name='listtally',
            name='list',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to='crm.list'),
        ),
        migrations.AddConstraint(
            model_name='listfolder',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('name'), django.db.models.functions.comparison.Coalesce('parent', 0), name='crm_list_folder_name'),
        ),
        migrations.AddIndex(
            model_name='listtally',
            index=models.Index(fields=['list', 'at'], name='crm_list_tally'),
        ),
        migrations.RunSQL(TALLIES, migrations.RunSQL.noop),
        migrations.RunSQL(COUNTING, COUNTING_BACK),
    ]
