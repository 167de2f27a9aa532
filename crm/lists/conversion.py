"""Active lists that become static on a day, or when nobody came or went for a while (A-121)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from crm import clock, timezones
from crm.lists.editing import InvalidList
from crm.models import List
from crm.sql import execute, sql

#: The longest wait for inactivity, in its unit.
LONGEST_WAIT = 1_000


@dataclass(frozen=True, kw_only=True)
class Inactivity:
    """So long after the last record entered or left the list."""

    count: int
    unit: str


@transaction.atomic
def schedule(target: List, when: date | Inactivity) -> List:
    """Have an active list become static; raises InvalidList. A former plan is forgotten."""
    target = List.objects.select_for_update().get(pk=target.pk)
    if not target.is_dynamic:
        raise InvalidList("conversion", "Only an active list can become static.")
    if isinstance(when, Inactivity):
        target.convert_on, target.convert_after, target.convert_unit = None, *_checked(when)
    elif when < today():
        raise InvalidList("conversion", "The day is over already.")
    else:
        target.convert_on, target.convert_after, target.convert_unit = when, None, ""
    target.updated_at = clock.now()
    target.save()
    return target


def cancel(target: List) -> bool:
    """Leave an active list active; returns whether it was to become static."""
    planned = List.objects.filter(
        pk=target.pk, processing_type=List.ProcessingType.DYNAMIC
    ).exclude(convert_on=None, convert_after=None)
    return bool(planned.update(convert_on=None, convert_after=None, convert_unit=""))


def today() -> date:
    """The day that it is where the account is."""
    return clock.now().astimezone(timezones.account_zone()).date()


def _checked(when: Inactivity) -> tuple[int, str]:
    if when.unit not in List.ConversionUnit.values:
        wanted = ", ".join(List.ConversionUnit.values)
        raise InvalidList("conversion", f"The unit of time has to be one of {wanted}.")
    if not 1 <= when.count <= LONGEST_WAIT:
        raise InvalidList("conversion", f"The wait has to be 1 to {LONGEST_WAIT} units of time.")
    return when.count, when.unit


def convert_due() -> int:
    """Make those lists static whose time has come; returns how many.

    A list that is being built by new filters waits until that is done.
    """
    return execute(
        sql(
            """
            UPDATE crm_list l SET processing_type = {snapshot}, converted_at = (SELECT app_now()),
                updated_at = (SELECT app_now()), build_cursor = NULL
            WHERE processing_type = {dynamic} AND archived_at IS NULL AND NOT is_processing
              AND (convert_on <= {today} OR (SELECT app_now()) >= greatest(
                    created_at,
                    (SELECT max(t.at) FROM crm_listtally t WHERE t.list_id = l.id)
                ) + convert_after * CASE convert_unit WHEN 'MONTH' THEN interval '1 month'
                    WHEN 'WEEK' THEN interval '7 days' ELSE interval '1 day' END)
            """,
            snapshot=List.ProcessingType.SNAPSHOT.value,
            dynamic=List.ProcessingType.DYNAMIC.value,
            today=today(),
        )
    )
