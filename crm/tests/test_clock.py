from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crm import clock
from crm.models import Record
from crm.sql import SQL, sql, value

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)


def test_time_stands_still_within_a_transaction() -> None:
    first = clock.now()
    value(SQL("SELECT pg_sleep(0.01)"))
    assert clock.now() == first
    assert first.utcoffset() == timedelta(0)


def test_python_sql_and_querysets_agree() -> None:
    now = clock.now()
    assert value(SQL("SELECT app_now()")) == now
    assert value(sql("SELECT {now}", now=clock.NOW)) == now
    Record.objects.create(object_type="0-1", created_at=now, updated_at=now)
    assert Record.objects.annotate(now=clock.Now()).get().now == now
    assert Record.objects.filter(created_at=clock.Now()).exists()


def test_tests_set_the_time_and_get_it_back() -> None:
    before = clock.now()
    with clock.at(MOMENT):
        assert clock.now() == MOMENT
        with clock.at(MOMENT + timedelta(days=1)):
            assert clock.now() == MOMENT + timedelta(days=1)
        assert clock.now() == MOMENT
        assert value(sql("SELECT app_now() = {moment}", moment=MOMENT)) is True
    assert clock.now() == before


def test_the_time_comes_back_after_an_error() -> None:
    before = clock.now()
    with pytest.raises(RuntimeError), clock.at(MOMENT):
        raise RuntimeError
    assert clock.now() == before
