from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import hypothesis
import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from crm import timezones

OSLO = ZoneInfo("Europe/Oslo")
MIN, MAX = datetime(1975, 1, 1), datetime(2037, 1, 1)  # noqa: DTZ001


def to_utc(text: str, where: ZoneInfo = OSLO) -> str:
    found = timezones.to_utc(datetime.fromisoformat(text), where)
    assert found.tzinfo is UTC
    return found.replace(tzinfo=None).isoformat(" ")


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2026-01-15 12:00", "2026-01-15 11:00:00"),
        ("2026-07-15 12:00", "2026-07-15 10:00:00"),
        # 02:00 to 03:00 does not exist on this day: the first moment after the gap is meant.
        ("2026-03-29 01:59:59", "2026-03-29 00:59:59"),
        ("2026-03-29 02:00", "2026-03-29 01:00:00"),
        ("2026-03-29 02:30", "2026-03-29 01:00:00"),
        ("2026-03-29 03:00", "2026-03-29 01:00:00"),
        # 02:00 to 03:00 comes twice on this day: the first time is meant.
        ("2026-10-25 01:59", "2026-10-24 23:59:00"),
        ("2026-10-25 02:30", "2026-10-25 00:30:00"),
        ("2026-10-25 03:00", "2026-10-25 02:00:00"),
    ],
)
def test_local_time_in_oslo(local: str, utc: str) -> None:
    assert to_utc(local) == utc


def test_a_day_that_was_skipped() -> None:
    # Samoa went from the 29th to the 31st of December 2011.
    apia = ZoneInfo("Pacific/Apia")
    assert to_utc("2011-12-30 15:00", apia) == to_utc("2011-12-31 00:00", apia)


def test_half_an_hour_of_summer_time() -> None:
    lord_howe = ZoneInfo("Australia/Lord_Howe")
    assert to_utc("2026-10-04 02:15", lord_howe) == to_utc("2026-10-04 02:30", lord_howe)


@hypothesis.settings(deadline=None, database=None)
@given(
    st.datetimes(MIN, MAX).map(lambda moment: moment.replace(microsecond=0)),
    st.sampled_from(sorted(available_timezones())),
)
def test_local_time_comes_back_or_was_skipped(local: datetime, name: str) -> None:
    where = ZoneInfo(name)
    found = timezones.to_utc(local, where)
    shown = found.astimezone(where).replace(tzinfo=None)
    assert shown >= local
    if shown != local:
        # One second earlier the clocks had not reached it.
        before = (found - timedelta(seconds=1)).astimezone(where).replace(tzinfo=None)
        assert before < local


def test_the_account_zone_is_the_settings(settings: Settings) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    assert timezones.account_zone() == OSLO


@pytest.mark.parametrize("name", ["Mars/Base", "", "../etc/passwd", "/etc/passwd"])
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="There is no time zone"):
        timezones.zone(name)
