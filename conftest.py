"""What every test of the repository may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from config import database
from crm.objects import custom

Subject = TypeVar("Subject")
#: Where custom object types stand; a process looks there again after a second.
OBJECT_TYPES = "crm_objectschema"


class SameQueriesFor(Protocol):
    """The type of the fixture `same_queries_for`."""

    def __call__(
        self,
        make: Callable[[int], Subject],
        run: Callable[[Subject], object],
        sizes: tuple[int, ...] = (10, 5000),
    ) -> int: ...


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Starts the embedded PostgreSQL before the first test that needs a database."""
    database.ensure_running()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Keeps autovacuum away from the tables of tests.

    It would count them when a test has rolled its rows back, and the planner would take the
    thousands of rows of the next test for none.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::regclass::text FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = false)")


@pytest.fixture(autouse=True)
def _empty_unmanaged_tables(request: pytest.FixtureRequest) -> Iterator[None]:
    """Django empties its own tables after a test with real transactions, not partitioned ones."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None or not marker.kwargs.get("transaction"):
        yield
        return
    request.getfixturevalue("transactional_db")
    yield
    tables = [model._meta.db_table for model in apps.get_models() if not model._meta.managed]
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)}")


@pytest.fixture(autouse=True)
def _forget_custom_objects() -> None:
    """The test before took its custom objects back."""
    custom.forget()


def _counted(queries: Iterable[str]) -> list[str]:
    """The queries without further looks at the custom object types: those come with the clock."""
    found: list[str] = []
    for query in queries:
        is_look = OBJECT_TYPES in query
        if not (is_look and any(OBJECT_TYPES in other for other in found)):
            found.append(query[:200])
    return found


@pytest.fixture
def same_queries_for(db: None) -> SameQueriesFor:
    """A check that work costs the same number of queries for 10 records and for 5,000.

    `make(size)` prepares that many records, uncounted; `run(what make returned)` is counted.
    Returns the number of queries.
    """

    def check(
        make: Callable[[int], Subject],
        run: Callable[[Subject], object],
        sizes: tuple[int, ...] = (10, 5000),
    ) -> int:
        queries: dict[int, list[str]] = {}
        for size in sizes:
            subject = make(size)
            custom.forget()
            with CaptureQueriesContext(connection) as captured:
                run(subject)
            queries[size] = _counted(query["sql"] for query in captured.captured_queries)
        counts = {size: len(found) for size, found in queries.items()}
        assert len(set(counts.values())) == 1, f"queries by size: {counts}\n" + "\n".join(
            queries[min(sizes)]
        )
        return counts[sizes[0]]

    return check
