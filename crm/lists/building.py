"""Judging everybody by the filters of a list: after a change of the filters, or as time passes.

A pass goes through the records in slices, each in a transaction that also notes how far it came: a
process that is killed leaves nothing half done, and the next one goes on. While a slice is judged
nobody consumes the change queue, so that both never judge one record by what it was at different
moments.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.db import transaction
from django.db.models import BooleanField, Case, F, Value, When

from crm import change_queue, events
from crm.lists import evaluation, listening, membership
from crm.lists.listening import Listener
from crm.models import List
from crm.sql import SQL, sql, value

#: How many records one slice judges: about a tenth of a second.
SLICE = 5_000
LAST_ID = 2**63 - 1


def is_unfinished() -> bool:
    """Whether a list waits to be built."""
    return List.objects.filter(archived_at=None, build_cursor__isnull=False).exists()


@transaction.atomic
def build() -> bool:
    """Judge one slice of records by the lists that wait for it; returns whether one waited."""
    change_queue.lock()
    waiting = List.objects.select_for_update().filter(archived_at=None, build_cursor__isnull=False)
    # Lists that somebody looks at come before those that are only asked again.
    first = waiting.order_by("-is_processing", "pk").first()
    if first is None:
        return False
    together = list(
        waiting.filter(
            object_type=first.object_type,
            build_cursor=first.build_cursor,
            is_processing=first.is_processing,
        ).order_by("pk")
    )
    listeners = listening.load((row.pk, row.version) for row in together)
    upto = _upto(first)
    _judge(together, listeners, _range(first, upto))
    done = {"build_cursor": None, "is_processing": False, "is_build_quiet": False}
    List.objects.filter(pk__in=[row.pk for row in together]).update(
        **(done if upto == LAST_ID else {"build_cursor": upto})
    )
    return True


def _upto(row: List) -> int:
    """The id of the last record of the slice; beyond all ids for the last slice."""
    found = value(
        sql(
            "SELECT id FROM crm_record WHERE object_type = {type} AND archived_at IS NULL"
            " AND id > {cursor} ORDER BY id LIMIT 1 OFFSET {most}",
            type=row.object_type,
            cursor=row.build_cursor,
            most=SLICE - 1,
        )
    )
    return LAST_ID if found is None else int(found)


def _range(row: List, upto: int) -> SQL:
    """A condition on `id`."""
    return sql("BETWEEN {first} AND {last}", first=(row.build_cursor or 0) + 1, last=upto)


def _judge(rows: Sequence[List], listeners: Sequence[Listener], ids: SQL) -> None:
    """Let the records of a range of ids enter and leave the lists."""
    if not listeners:
        return
    candidates = sql(
        "SELECT id AS record_id, 0::smallint AS hops, '' AS mark FROM crm_record"
        " WHERE object_type = {type} AND archived_at IS NULL AND id {ids}",
        type=rows[0].object_type,
        ids=ids,
    )
    # Nobody leaves a snapshot: its filters only say who is in it at first.
    present = sql(
        "SELECT m.list_id, m.record_id, 0::smallint AS hops, '' AS mark"
        " FROM crm_listmembership m"
        " WHERE m.list_id = ANY({lists}) AND m.record_id {ids}",
        lists=[row.pk for row in rows],
        ids=ids,
    )
    quiet = sql(
        "SELECT t.list_id, t.record_id, t.is_in, t.hops,"
        " CASE WHEN t.list_id = ANY({quiet}) THEN {mark} ELSE '' END AS mark"
        " FROM ({turned}) t WHERE t.is_in OR t.list_id = ANY({dynamic})",
        mark=change_queue.QUIET,
        quiet=[row.pk for row in rows if row.is_build_quiet],
        dynamic=[row.pk for row in rows if row.is_dynamic],
        turned=evaluation.turned(listeners, candidates, present),
    )
    if value(membership.move(quiet)):
        events.ring("match")


def begin(list_ids: Collection[int], *, is_quiet: bool = False) -> int:
    """Have lists judge everybody, from the start; returns how many.

    `is_quiet`: who enters or leaves thereby starts no workflow. A list that has begun already and
    may start some goes on to do so.
    """
    count = List.objects.filter(pk__in=list_ids, archived_at=None).update(
        is_build_quiet=Case(
            When(build_cursor=None, then=Value(is_quiet)),
            default=F("is_build_quiet") if is_quiet else Value(False),
            output_field=BooleanField(),
        ),
        build_cursor=0,
    )
    if count:
        events.ring("lists")
    return count


def sweep() -> int:
    """Ask again about everybody for lists whose answer changes with time alone; returns how many.

    A list that is being built anyway is left to that.
    """
    building = set(List.objects.filter(build_cursor__isnull=False).values_list("pk", flat=True))
    return begin(
        {item.list_id for item in listening.dynamic() if item.is_time_sensitive} - building
    )
