"""Local time to UTC and back; the only module that touches time zones.

An hour that a change to summer time skips moves forward to the first moment after the gap; an hour
that comes twice means its first occurrence. PostgreSQL would choose the second, so local times are
never turned into moments in SQL.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def account_zone() -> ZoneInfo:
    """The account's time zone."""
    return zone(settings.ACCOUNT_TIME_ZONE)


def zone(name: str) -> ZoneInfo:
    """A zone by its IANA name; raises ImproperlyConfigured for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ImproperlyConfigured(f"There is no time zone {name!r}.") from None


def to_utc(local: datetime, where: ZoneInfo) -> datetime:
    """The moment at which clocks in `where` show `local` (naive)."""
    moment = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    shown = moment.astimezone(where).replace(tzinfo=None)
    if shown == local:
        return moment
    return _end_of_gap(local, where)


def _end_of_gap(local: datetime, where: ZoneInfo) -> datetime:
    """The first moment after the jump that left `local` out, found by halving."""
    low = local.replace(tzinfo=where, fold=1).astimezone(UTC)
    high = local.replace(tzinfo=where, fold=0).astimezone(UTC)
    offset = low.astimezone(where).utcoffset()
    while (high - low).total_seconds() > 1:
        middle = low + (high - low) / 2
        if middle.astimezone(where).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)
