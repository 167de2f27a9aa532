"""The measure of the CSV import."""

from __future__ import annotations

import csv
import io

from django.db import connection

from config.bench.measure import Measure
from crm.imports import job as imports
from crm.sql import SQL, execute, value

COLUMNS = {
    "email": "Email",
    "firstname": "First Name",
    "lastname": "Last Name",
    "phone": "Phone Number",
    "company": "Company name",
    "jobtitle": "Job Title",
    "city": "City",
    "country": "Country/Region",
    "lifecyclestage": "Lifecycle Stage",
    "hubspotscore": "Score",
}


class Import(Measure):
    name = "import"
    what = "CSV of new contacts with ten columns: checked, mapped, with history and search"

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.file = self._write().getvalue().encode()

    def _write(self) -> io.StringIO:
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(COLUMNS.values())
        for number in range(self.size):
            writer.writerow(
                [
                    f"imported{number}@example.net",
                    f"First{number % 500}",
                    f"Last{number % 3000}",
                    f"+47 {90000000 + number}",
                    f"Company {number % 900}",
                    "Manager",
                    "Oslo",
                    "Norway",
                    "Lead",
                    number % 100,
                ]
            )
        return text

    def prepare(self) -> None:
        mine = "(SELECT record_id FROM crm_uniquevalue WHERE value LIKE '%@example.net')"
        execute(SQL(f"DELETE FROM crm_searchtext WHERE record_id IN {mine}".replace("%", "%%")))
        execute(SQL(f"DELETE FROM crm_record WHERE id IN {mine}".replace("%", "%%")))
        execute(SQL("DELETE FROM crm_uniquevalue WHERE value LIKE '%%@example.net'"))
        execute(SQL("TRUNCATE crm_property_history, crm_event, crm_change"))

    def product(self) -> None:
        job = imports.start(io.BytesIO(self.file), "contacts", name="bench.csv")
        imports.run(job)

    def floor(self) -> None:
        columns = ", ".join(f"{name} text" for name in COLUMNS)
        execute(SQL("DROP TABLE IF EXISTS floor_import"))
        execute(SQL(f"CREATE TEMPORARY TABLE floor_import ({columns})"))
        with connection.cursor() as cursor:
            copy = "COPY floor_import FROM STDIN (FORMAT csv, HEADER true)"
            with cursor.cursor.copy(copy) as target:
                target.write(self.file)
        pairs = ", ".join(f"'{name}', {name}" for name in COLUMNS if name != "hubspotscore")
        execute(
            SQL(
                f"""
                WITH written AS (
                    INSERT INTO crm_record (object_type, properties, created_at, updated_at)
                    SELECT '0-1', jsonb_build_object({pairs}, 'hubspotscore', hubspotscore::int),
                        now(), now()
                    FROM floor_import RETURNING id, properties
                ), history AS (
                    INSERT INTO crm_property_history
                        (record_id, property_name, value, source, source_id, at)
                    SELECT id, p.key, p.value, 'IMPORT', '1', now()
                    FROM written CROSS JOIN jsonb_each(properties) p
                ), happened AS (
                    INSERT INTO crm_event
                        (type, record_id, object_type, properties, source, source_id, at)
                    SELECT 'record.created', id, '0-1', '{{}}', 'IMPORT', '1', now() FROM written
                ), unique_values AS (
                    INSERT INTO crm_uniquevalue (record_id, object_type, property_name, value)
                    SELECT id, '0-1', 'email', properties->>'email' FROM written
                )
                INSERT INTO crm_searchtext (record_id, object_type, text)
                SELECT id, '0-1', lower(concat_ws(' ', properties->>'email',
                    properties->>'firstname', properties->>'lastname', properties->>'phone',
                    properties->>'company'))
                FROM written
                """.replace("{{}}", "{}")
            )
        )

    def check(self) -> None:
        count = value(SQL("SELECT count(*) FROM crm_uniquevalue WHERE value LIKE '%%@example.net'"))
        assert count == self.size, count
