from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from pytest_django import DjangoDbBlocker

#: The shape of a database: what a migration and its reverse must leave as they found it.
SHAPE = {
    "columns": """
        SELECT table_name, column_name, data_type, is_nullable, column_default
        FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2
    """,
    "indexes": "SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1, 2",
    "functions": """
        SELECT p.oid::regprocedure::text FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace
            AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
        ORDER BY 1
    """,
    "constraints": """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2
    """,
    "storage": """
        SELECT relname, reloptions, relkind FROM pg_class
        WHERE relnamespace = 'public'::regnamespace ORDER BY 1
    """,
}


ALIAS = "scratch"
#: How a row of SHAPE begins that is about a table of ours.
OUR_TABLES = tuple(
    f"('{name}_" for name in ("config", "crm", "emails", "subscriptions", "workflows")
)


def our_apps() -> list[str]:
    """The labels of the apps of this repository that have migrations."""
    migrated = MigrationLoader(None).migrated_apps
    home = settings.BASE_DIR
    ours = [one.label for one in apps.get_app_configs() if Path(one.path).parent == home]
    return [label for label in ours if label in migrated]


@pytest.fixture
def scratch(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    """An empty database of its own, gone afterwards."""
    name = f"{connection.settings_dict['NAME']}_migrations"
    with django_db_blocker.unblock():
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        try:
            with beside(name) as database:
                yield database
        finally:
            administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def beside(name: str) -> Iterator[BaseDatabaseWrapper]:
    """A connection to another database of the same server."""
    other = connection.copy(ALIAS)
    other.settings_dict["NAME"] = name
    # Django's own code for PostgreSQL looks a new connection up by its alias.
    connections[ALIAS] = other
    try:
        yield other
    finally:
        other.close()
        del connections[ALIAS]


def administer(*statements: str) -> None:
    """Run statements about whole databases, outside of any of ours."""
    with beside("postgres") as other, other.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def migrate(database: BaseDatabaseWrapper, *, back: bool = False) -> None:
    """Migrate everything there is, or take all of our apps back to nothing."""
    executor = MigrationExecutor(database)
    targets = executor.loader.graph.leaf_nodes()
    if back:
        executor.migrate([(label, None) for label in our_apps()])
    else:
        executor.migrate(targets)


def shape(database: BaseDatabaseWrapper) -> dict[str, list[str]]:
    with database.cursor() as cursor:
        found = {}
        for name, query in SHAPE.items():
            cursor.execute(query)
            found[name] = [str(row) for row in cursor.fetchall()]
        return found


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_every_migration_is_named_by_what_it_does() -> None:
    ours = our_apps()
    names = [name for label, name in MigrationLoader(None).disk_migrations if label in ours]
    assert len(names) > 0
    assert [name for name in names if "_auto_" in name or name.endswith("_initial")] == []


def test_every_migration_can_be_taken_back_and_made_again(scratch: BaseDatabaseWrapper) -> None:
    migrate(scratch)
    before = shape(scratch)
    assert [row for row in before["columns"] if row.startswith(OUR_TABLES)] != []
    migrate(scratch, back=True)
    bare = shape(scratch)
    assert [row for row in bare["columns"] if row.startswith(OUR_TABLES)] == []
    assert [row for row in bare["functions"] if row.startswith("('app_")] == []
    migrate(scratch)
    assert shape(scratch) == before
