"""Making lists and changing what they are. One function per change, for admin, API and commands."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction

from crm import clock, events, properties
from crm.change_queue import QUIET
from crm.features import ACTIVE_LISTS, LIST_FILTERS, RESTORE_DAYS, STATIC_LISTS
from crm.filters import base as filters
from crm.filters.tree import dependencies_of
from crm.lists import building, listening, membership
from crm.models import List, ListFolder, ListMembership, ListTally
from crm.sql import execute, sql

LONGEST_NAME = 200
#: The advisory lock of whoever checks names, limits and circles and then writes.
LOCK = 7_201_002


class InvalidList(ValidationError):
    """A list cannot be so; the message says why, `field` what it is about."""

    def __init__(self, field: str, message: str) -> None:
        self.field = field
        super().__init__({field: [message]})

    @property
    def text(self) -> str:
        return " ".join(self.messages)


@transaction.atomic
def create(
    name: str,
    object_type: str,
    processing_type: str,
    *,
    filter_branch: Any = None,
    folder: ListFolder | None = None,
    user: AbstractBaseUser | None = None,
) -> List:
    """A new list; one with filters is filled in the background.

    The filters of a manual list are ignored. Raises InvalidList, LimitReached.
    """
    _alone()
    _require_room(processing_type)
    is_manual = processing_type == List.ProcessingType.MANUAL
    if not is_manual:
        check_filters(filter_branch, object_type)
    now = clock.now()
    made = List.objects.create(
        name=_free_name(name),
        object_type=object_type,
        processing_type=processing_type,
        filter_branch=None if is_manual else filter_branch,
        filters_updated_at=None if is_manual else now,
        folder=folder,
        created_at=now,
        updated_at=now,
        created_by_id=user.pk if user else None,
        updated_by_id=user.pk if user else None,
        is_processing=not is_manual,
    )
    if not is_manual:
        building.begin([made.pk])
    return _fresh(made)


@transaction.atomic
def rename(target: List, name: str, user: AbstractBaseUser | None = None) -> List:
    """Give a list another name; raises InvalidList."""
    _alone()
    _set(target, user, name=_free_name(name, target))
    return _fresh(target)


@transaction.atomic
def change_filters(
    target: List,
    branch: Any,
    user: AbstractBaseUser | None = None,
    *,
    starts_workflows: bool = True,
) -> List:
    """Give a dynamic list other filters; who is in it follows in the background.

    `starts_workflows`: whether those who enter or leave by that start workflows (W-199).
    Raises InvalidList, LimitReached.
    """
    _alone()
    target = List.objects.select_for_update().get(pk=target.pk)
    if not target.is_dynamic:
        raise InvalidList("filter_branch", "Only the filters of an active list can be changed.")
    tree = check_filters(branch, target.object_type)
    _refuse_circle(target, tree)
    _set(
        target,
        user,
        filter_branch=branch,
        filters_updated_at=clock.now(),
        version=target.version + 1,
        is_processing=True,
        build_cursor=None,
    )
    building.begin([target.pk], is_quiet=not starts_workflows)
    return _fresh(target)


@transaction.atomic
def delete(target: List, user: AbstractBaseUser | None = None) -> None:
    """Delete a list; it can be restored for a while. Filters that refer to it match nobody."""
    _alone()
    _set(target, user, archived_at=clock.now())
    building.begin(referring(target.pk), is_quiet=True)


@transaction.atomic
def restore(target: List, user: AbstractBaseUser | None = None) -> List:
    """Bring a deleted list back; that alone starts no workflow.

    Raises InvalidList when its name was taken meanwhile or it is too late, LimitReached.
    """
    _alone()
    _require_room(target.processing_type)
    if target.archived_at is not None and target.archived_at < oldest_restorable():
        raise InvalidList("name", "It is too late to restore this list.")
    _set(target, user, name=_free_name(target.name, target), archived_at=None)
    # Filters on this list find its members again, as if they had never missed them.
    members = sql("SELECT record_id FROM crm_listmembership WHERE list_id = {id}", id=target.pk)
    execute(events.queue(target.object_type, members, list_ids=[target.pk], event_types=[QUIET]))
    events.ring("match")
    following = {target.pk} if target.is_dynamic or target.is_processing else set()
    building.begin(following | referring(target.pk), is_quiet=True)
    return _fresh(target)


@transaction.atomic
def clone(target: List, user: AbstractBaseUser | None = None) -> List:
    """A new list with the same filters, or with the same members if it is static."""
    kind = target.processing_type
    if kind == List.ProcessingType.SNAPSHOT:
        kind = List.ProcessingType.MANUAL
    made = create(
        _copy_name(target.name),
        target.object_type,
        kind,
        filter_branch=target.filter_branch,
        folder=target.folder,
        user=user,
    )
    if not made.is_dynamic:
        members = "SELECT record_id FROM crm_listmembership WHERE list_id = {id}"
        membership.add(made, sql(members, id=target.pk))
    return made


@transaction.atomic
def make_static(target: List, user: AbstractBaseUser | None = None) -> List:
    """Keep who is in an active list now, whatever happens to them later.

    Raises InvalidList for a list that is not active or is just being built, LimitReached.
    """
    _alone()
    target = List.objects.select_for_update().get(pk=target.pk)
    if not target.is_dynamic:
        raise InvalidList("processing_type", "This list is static already.")
    if target.is_processing:
        raise InvalidList("processing_type", "This list is being built. Try again when it is done.")
    STATIC_LISTS.require_room()
    _set(
        target,
        user,
        processing_type=List.ProcessingType.SNAPSHOT,
        converted_at=clock.now(),
        build_cursor=None,
    )
    return _fresh(target)


@transaction.atomic
def purge() -> int:
    """Delete for good what can no longer be restored; returns how many lists."""
    gone = List.objects.filter(archived_at__lt=oldest_restorable())
    ids = list(gone.values_list("pk", flat=True))
    # In this order: taking members out is tallied.
    for model in (ListMembership, ListTally):
        model.objects.filter(list_id__in=ids).delete()
    List.objects.filter(pk__in=ids).delete()
    return len(ids)


def oldest_restorable() -> Any:
    """What was deleted before this moment cannot be restored."""
    return clock.now() - timedelta(days=RESTORE_DAYS.value() or 90)


def check_filters(branch: Any, object_type: str) -> filters.Tree:
    """The tree of the filters of a list; raises InvalidList, LimitReached."""
    _check_root(branch)
    try:
        tree = filters.parse(branch, properties.load(object_type))
    except filters.FilterError as error:
        raise InvalidList("filter_branch", str(error)) from None
    if not tree.conditions:
        raise InvalidList("filter_branch", "A list needs at least one filter.")
    LIST_FILTERS.require(len(tree.conditions))
    problems = filters.problems(tree)
    if problems:
        raise InvalidList("filter_branch", " ".join(str(problem) for problem in problems))
    return tree


def _check_root(branch: Any) -> None:
    """Groups of which one has to hold, each with filters that all have to hold (A-123)."""
    if not isinstance(branch, dict):
        raise InvalidList("filter_branch", "A list of this kind needs filters.")
    children = branch.get("filterBranches") or []
    is_plain = branch.get("filterBranchType") == "OR" and not branch.get("filters")
    if not is_plain or not all(
        isinstance(child, dict) and child.get("filterBranchType") == "AND" for child in children
    ):
        raise InvalidList(
            "filter_branch",
            "The root of the filters has to be an OR branch that holds AND branches only;"
            " filters stand in these.",
        )


def referring(list_id: int) -> set[int]:
    """The dynamic lists whose filters refer to a list."""
    return {
        item.list_id
        for item in listening.dynamic()
        if any(list_id in dependency.list_ids for dependency in item.dependencies)
    }


def _refuse_circle(target: List, tree: filters.Tree) -> None:
    """Raises InvalidList when the filters lead back to the list itself (W-155)."""
    seen: set[int] = set()
    wanted = _lists_in(tree, target.object_type)
    while wanted:
        if target.pk in wanted:
            raise InvalidList("filter_branch", "The filters lead back to this list itself.")
        seen |= wanted
        found = List.objects.filter(pk__in=wanted, processing_type=List.ProcessingType.DYNAMIC)
        wanted = {key for row in found for key in _lists_of(row)} - seen


def _lists_of(row: List) -> set[int]:
    definitions = properties.load(row.object_type)
    return _lists_in(filters.parse(row.filter_branch, definitions, lenient=True), row.object_type)


def _lists_in(tree: filters.Tree, object_type: str) -> set[int]:
    dependencies = dependencies_of(tree.conditions, object_type)
    return {key for item in dependencies for key in item.list_ids}


def _require_room(processing_type: str) -> None:
    is_dynamic = processing_type == List.ProcessingType.DYNAMIC
    (ACTIVE_LISTS if is_dynamic else STATIC_LISTS).require_room()


def _alone() -> None:
    """Nobody else makes or changes lists until this transaction ends."""
    execute(sql("SELECT pg_advisory_xact_lock({key})", key=LOCK))


def _free_name(text: str, target: List | None = None) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidList("name", f"A name has 1 to {LONGEST_NAME} characters.")
    taken = List.objects.filter(name__iexact=name, archived_at=None)
    if (taken.exclude(pk=target.pk) if target else taken).exists():
        raise InvalidList("name", f"There is a list with the name {name!r} already.")
    return name


def _copy_name(name: str) -> str:
    start = f"Copy of {name}"[: LONGEST_NAME - 10]
    taken = _lower(List.objects.filter(name__istartswith=start, archived_at=None))
    names = (start if number == 1 else f"{start} ({number})" for number in range(1, 10_000))
    return next(found for found in names if found.lower() not in taken)


def _lower(found: Any) -> Collection[str]:
    return {name.lower() for name in found.values_list("name", flat=True)}


def _set(target: List, user: AbstractBaseUser | None, **values: Any) -> None:
    List.objects.filter(pk=target.pk).update(
        updated_at=clock.now(), updated_by_id=user.pk if user else None, **values
    )


def _fresh(target: List) -> List:
    return List.objects.select_related("folder").get(pk=target.pk)
