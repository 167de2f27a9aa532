"""Folders of lists."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction

from crm import clock
from crm.models import List, ListFolder
from crm.sql import execute, sql

LONGEST_NAME = 200
MOST_DEEP = 5
#: The advisory lock of whoever checks names and places and then writes.
LOCK = 7_201_003


class InvalidFolder(ValidationError):
    """A folder cannot be so; the message says why."""

    @property
    def text(self) -> str:
        return " ".join(self.messages)


@transaction.atomic
def create(
    name: str, parent: ListFolder | None = None, user: AbstractBaseUser | None = None
) -> ListFolder:
    """A new folder; raises InvalidFolder."""
    _alone()
    check(ListFolder(), name, parent)
    return ListFolder.objects.create(
        name=_free_name(name, parent), parent=parent, created_by_id=user.pk if user else None
    )


@transaction.atomic
def rename(folder: ListFolder, name: str) -> ListFolder:
    """Give a folder another name; raises InvalidFolder."""
    _alone()
    folder.name = _free_name(name, folder.parent, folder)
    folder.updated_at = clock.now()
    folder.save()
    return folder


@transaction.atomic
def move(folder: ListFolder, parent: ListFolder | None) -> ListFolder:
    """Put a folder into another one, or to the top; raises InvalidFolder."""
    _alone()
    check(folder, folder.name, parent)
    folder.parent, folder.updated_at = parent, clock.now()
    folder.save()
    return folder


@transaction.atomic
def delete(folder: ListFolder) -> None:
    """Delete an empty folder; raises InvalidFolder. Deleted lists in it go to the top."""
    _alone()
    if not is_empty(folder):
        raise InvalidFolder("Only an empty folder can be deleted. Move what is in it first.")
    folder.delete()


def is_empty(folder: ListFolder) -> bool:
    """Whether neither folders nor lists are in a folder."""
    return not (folder.children.exists() or folder.lists.filter(archived_at=None).exists())


def check(folder: ListFolder, name: str, parent: ListFolder | None) -> None:
    """Raises InvalidFolder unless a folder, new or not, may have this name in this place."""
    above = path(parent) if parent else []
    if folder.pk and folder in above:
        raise InvalidFolder("A folder cannot be moved into itself.")
    if len(above) + (_height(folder) if folder.pk else 1) > MOST_DEEP:
        raise InvalidFolder(f"Folders are nested at most {MOST_DEEP} deep.")
    _free_name(name, parent, folder)


def put(target: List, folder: ListFolder | None) -> None:
    """Move a list into a folder, or to the top."""
    List.objects.filter(pk=target.pk).update(folder=folder, updated_at=clock.now())


def path(folder: ListFolder) -> list[ListFolder]:
    """A folder and those above it, the topmost first."""
    found = [folder]
    while found[0].parent is not None:
        found.insert(0, found[0].parent)
    return found


def _height(folder: ListFolder) -> int:
    return 1 + max((_height(child) for child in folder.children.all()), default=0)


def _alone() -> None:
    execute(sql("SELECT pg_advisory_xact_lock({key})", key=LOCK))


def _free_name(text: str, parent: ListFolder | None, folder: ListFolder | None = None) -> str:
    name = " ".join(text.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidFolder(f"A name has 1 to {LONGEST_NAME} characters.")
    taken = ListFolder.objects.filter(name__iexact=name, parent=parent)
    if (taken.exclude(pk=folder.pk) if folder and folder.pk else taken).exists():
        raise InvalidFolder(f"There is a folder with the name {name!r} here already.")
    return name
