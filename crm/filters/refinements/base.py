"""Refinements ("refine by"): when occurrences have to lie, and how many have to be such.

A window leaves out what lies outside of it before anything is asked of an occurrence; a tally
decides about the record once every occurrence has been asked (A-126).
"""

from __future__ import annotations

from typing import ClassVar

from crm.filters.fields import Fields
from crm.filters.kinds import Frame
from crm.filters.occurrences import Occurrences
from crm.registry import Registry
from crm.sql import SQL


class Refinement:
    """A kind of `pruningRefineBy` or `coalescingRefineBy`, told by its `type` (A-131)."""

    name: ClassVar[str]

    @property
    def is_time_sensitive(self) -> bool:
        """Whether time alone can change the answer."""
        return False

    @classmethod
    def parse(cls, fields: Fields) -> Refinement:
        """The refinement in a piece of filter JSON; raises FilterError."""
        raise NotImplementedError

    def words(self) -> str:
        """Reads on from "Form submission": "at least 2 times"."""
        raise NotImplementedError


class Window(Refinement):
    """When something has to have happened."""

    def where(self, at: SQL, frame: Frame) -> SQL:
        """Whether the timestamp `at` lies in it."""
        raise NotImplementedError

    def note(self, frame: Frame) -> str:
        """What `now` makes of it."""
        return ""


class Tally(Refinement):
    """How many occurrences have to be as asked."""

    def where(self, occurrences: Occurrences) -> SQL:
        raise NotImplementedError


refinements: Registry[Refinement] = Registry("refinement", "name")


def window(fields: Fields, name: str = "pruningRefineBy") -> Window | None:
    """The window in a field; None for none or for all of history."""
    found = _read(fields, name)
    if found is None or isinstance(found, Window):
        return found
    raise fields.error(name, f"{found.name} says how often, not when")


def tally(fields: Fields, name: str = "coalescingRefineBy") -> Tally | None:
    """The tally in a field; None for none."""
    found = _read(fields, name)
    if found is None or isinstance(found, Tally):
        return found
    raise fields.error(name, f"{found.name} says when, not how often")


def _read(fields: Fields, name: str) -> Refinement | None:
    if not fields.has(name):
        return None
    inner = fields.object(name)
    # A time point is an operation in its own right, which may go without the other key.
    key = "type" if inner.has("type") or not inner.has("operationType") else "operationType"
    kind = inner.choice(key, ["ALL_HISTORY", *(kind.name for kind in refinements)])
    return None if kind == "ALL_HISTORY" else refinements.get(kind).parse(inner)
