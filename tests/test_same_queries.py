from __future__ import annotations

import pytest
from django.db import connection

from conftest import SameQueriesFor


def ask(times: int) -> None:
    with connection.cursor() as cursor:
        for _ in range(times):
            cursor.execute("SELECT 1")


def test_equal_numbers_pass_and_are_returned(same_queries_for: SameQueriesFor) -> None:
    assert same_queries_for(lambda size: size, lambda _: ask(3)) == 3


def test_a_query_per_record_fails_and_says_how_many(same_queries_for: SameQueriesFor) -> None:
    with pytest.raises(AssertionError, match=r"queries by size: \{10: 10, 50: 50\}"):
        same_queries_for(lambda size: size, ask, sizes=(10, 50))
