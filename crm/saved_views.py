"""Views of lists of records that staff save: columns and filters under a name.

A view is its owner's, or everybody's who may see records of the type. It shows nobody more than
they may see: columns and filters by hidden properties are left out when it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from crm.models import SavedView

#: Of one user for one object type, and shown as tabs.
MOST_VIEWS = 30
MOST_COLUMNS = 30
LONGEST_NAME = 100


class InvalidView(ValidationError):
    """A view cannot be so; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a view shows."""

    columns: Sequence[str] = ()
    filters: Mapping[str, str]
    filter_branch: Any = None


def open_to(user: Any, object_type: str) -> QuerySet[SavedView]:
    """The views of a type that a user may use: their own first, then shared ones."""
    mine = Q(owner_id=user.pk) | Q(is_shared=True)
    return SavedView.objects.filter(mine, object_type=object_type).order_by(
        "is_shared", "name", "pk"
    )


def may_change(user: Any, view: SavedView) -> bool:
    """Whether it is the user's own; superusers look after the shared ones too."""
    return view.owner_id == user.pk or (view.is_shared and user.is_superuser)


def create(
    user: Any, object_type: str, name: str, contents: Contents, *, is_shared: bool
) -> SavedView:
    """Save a view; raises InvalidView."""
    if SavedView.objects.filter(owner_id=user.pk, object_type=object_type).count() >= MOST_VIEWS:
        raise InvalidView(f"You have {MOST_VIEWS} views already. Delete one first.")
    view = SavedView(object_type=object_type, owner_id=user.pk)
    return _write(view, name, contents, is_shared=is_shared)


def change(view: SavedView, name: str, contents: Contents, *, is_shared: bool) -> SavedView:
    """Give a view another name and other contents; raises InvalidView."""
    return _write(view, name, contents, is_shared=is_shared)


def _write(view: SavedView, name: str, contents: Contents, *, is_shared: bool) -> SavedView:
    view.name = name.strip()
    if not 0 < len(view.name) <= LONGEST_NAME:
        raise InvalidView(f"A name has 1 to {LONGEST_NAME} characters.")
    if len(contents.columns) > MOST_COLUMNS:
        raise InvalidView(f"A view has up to {MOST_COLUMNS} columns.")
    view.columns = list(contents.columns)
    view.filters = dict(contents.filters)
    view.filter_branch = contents.filter_branch
    view.is_shared = is_shared
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise InvalidView(f"There is a view named {view.name} already.") from error
    return view
