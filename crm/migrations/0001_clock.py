"""The clock of the database, trigram search, and partitions by month."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

CLOCK = """
CREATE FUNCTION app_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('app.now', true), '')::timestamptz, now())
$$;
COMMENT ON FUNCTION app_now() IS 'The time all rules go by; tests and simulations set app.now.';
"""

PARTITIONS = """
CREATE FUNCTION app_make_partitions(parent regclass, months integer) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', now() AT TIME ZONE 'UTC');
    start date;
    name text;
BEGIN
    FOR i IN 0 .. months LOOP
        start := first + make_interval(months => i);
        name := parent::text || to_char(start, '_YYYY_MM');
        IF to_regclass(name) IS NULL THEN
            EXECUTE format(
                'CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                name, parent, start::timestamp AT TIME ZONE 'UTC',
                (start + interval '1 month')::timestamp AT TIME ZONE 'UTC');
        END IF;
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        TrigramExtension(),
        migrations.RunSQL(CLOCK, "DROP FUNCTION app_now()"),
        migrations.RunSQL(PARTITIONS, "DROP FUNCTION app_make_partitions(regclass, integer)"),
    ]
