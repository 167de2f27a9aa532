"""What a filter is made of: conditions on one record, and the registries that know their kinds.

A condition is a leaf of the filter tree. About every record it is true or false, never unknown,
and it says its opposite itself: trees push negation down to their leaves, so that AND and OR of
leaves are all that remains and a database index can serve each of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, Protocol, Self
from zoneinfo import ZoneInfo

from crm import timezones
from crm.filters.dependencies import Dependency
from crm.filters.fields import Fields
from crm.filters.inputs import Choice, Form, Offer, Values, given_of, json_of
from crm.filters.library import Library
from crm.filters.scopes import Scope
from crm.property_types.base import Definition
from crm.registry import Registry
from crm.sql import SQL

FALSE = SQL("FALSE")
TRUE = SQL("TRUE")


@dataclass(frozen=True)
class Frame:
    """Where and when conditions are asked: over which alias of crm_record, at which moment."""

    alias: str
    object_type: str
    now: datetime
    zone: ZoneInfo
    #: Only few records are asked about: look at each of them rather than at everything there is.
    is_few: bool = False

    @classmethod
    def at(cls, now: datetime, object_type: str, alias: str = "r", *, is_few: bool = False) -> Self:
        """The frame of the account at `now`."""
        return cls(alias, object_type, now, timezones.account_zone(), is_few)

    @property
    def id(self) -> SQL:
        """SQL for the id of the record."""
        return SQL(f"{self.alias}.id")

    def inside(self, letter: str, object_type: str = "") -> Frame:
        """A frame for conditions inside a condition: over an alias that is used nowhere above."""
        return replace(self, alias=self.alias + letter, object_type=object_type)


@dataclass(frozen=True)
class Subject:
    """What a branch asks about: records of a type, or occurrences of a kind of event."""

    definitions: Mapping[str, Definition]
    #: "" where it is not known, and for events.
    object_type: str = ""
    #: Occurrences of events have properties, but no history of them, no lists and no associations.
    is_event: bool = False


class Node(Protocol):
    """A branch or a condition."""

    def where(self, frame: Frame, *, negated: bool) -> SQL: ...

    def requirements(self, frame: Frame) -> Iterator[SQL]: ...


class Group(Node, Protocol):
    """A branch inside a condition."""

    @property
    def conditions(self) -> Iterable[Condition]: ...


class Reader(Protocol):
    """What reads the tree that a condition stands in."""

    @property
    def subject(self) -> Subject:
        """What the condition is about."""

    @property
    def library(self) -> Library:
        """Where definitions of other things are found."""

    def group(self, fields: Fields, subject: Subject) -> Group:
        """The filters and branches of a JSON object that asks about something else."""

    def lines(self, fields: Fields, name: str, subject: Subject) -> Group:
        """A field with a list of property filters without their filterType, all of them to hold."""


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A leaf of a filter. Subclasses are its kinds, one per HubSpot filterType or branch type."""

    #: The filterType (in `filter_types`) or filterBranchType (in `branch_types`).
    type_name: ClassVar[str]

    #: Where it stands in the JSON.
    path: str
    property_names: frozenset[str] = frozenset()
    list_ids: frozenset[int] = frozenset()
    event_types: frozenset[str] = frozenset()
    #: Changes of other records that can change the answer.
    others: tuple[Dependency, ...] = ()
    #: Whether time alone can change the answer.
    is_time_sensitive: bool = False
    #: Why it matches nobody, not even when negated; "" for a condition that works.
    problem: str = ""
    #: Why people should look at it, though it works.
    warning: str = ""
    #: Filters on what belongs to the record: its events, its associated records.
    group: Group | None = None
    #: True or False when it is so for every record.
    constant: bool | None = None
    #: The key of another object that it names: a list, a form; and what to say without it.
    reference: Any = None
    missing: str = ""

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        """The condition in a piece of filter JSON; raises FilterError."""
        raise NotImplementedError

    @classmethod
    def names(cls, references: Collection[Any]) -> Mapping[Any, str]:
        """The names of those referenced objects that exist, by key; at most one query."""
        return {}

    @classmethod
    def offers(cls, scope: Scope) -> Iterable[Offer]:
        """What forms propose to add to a filter about `scope`."""
        return ()

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form | None:
        """What a form that holds `values` asks for.

        None when no form can ask for it: such a part of a filter can only be read and removed.
        """
        return None

    @classmethod
    def to_form(cls, json: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
        """Filter JSON as the values of `form`.

        May raise LookupError, TypeError or ValueError for what no form can show.
        """
        return {
            name: given_of(value)
            for name, value in json.items()
            if name not in ("filterType", "filterBranchType", "filters", "filterBranches")
        }

    @classmethod
    def from_form(cls, values: Values, scope: Scope) -> dict[str, Any]:
        """The reverse: its fields in filter JSON, without its type and what is inside it."""
        form = cls.form(values, scope)
        return json_of(values, form.inputs) if form else {}

    @classmethod
    def search(cls, name: str, text: str, scope: Scope) -> Iterable[Choice]:
        """What the input `name` (Ask.FOUND) offers to somebody who typed `text`."""
        return ()

    @classmethod
    def found(cls, name: str, values: Collection[str]) -> Mapping[str, str]:
        """The labels of those values of the input `name` that exist; at most one query."""
        return {}

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        """Whether a record meets the condition, or with `negated` whether it does not."""
        raise NotImplementedError

    def requirements(self, frame: Frame) -> Iterator[SQL]:
        """What has to be so, whatever the record, for the condition to mean anything.

        A list it names is there. where() is false without; whoever asks whether *no* associated
        record meets a condition has to ask for this too.
        """
        if self.problem:
            yield FALSE

    def sentence(self, names: Mapping[Any, str]) -> str:
        """The condition as people read it; `names` as given by names()."""
        raise NotImplementedError

    def note(self, frame: Frame) -> str:
        """What `now` makes of it: the days that "this week" are."""
        return ""

    def seen(self, frame: Frame) -> SQL:
        """SQL for what it looks at in the record, as text; NULL for nothing."""
        return SQL("NULL::text")

    def shown(self, seen: str | None) -> str:
        """What was seen, as people read it."""
        return seen or ""


#: Kinds of filters (filterType).
filter_types: Registry[Condition] = Registry("filter type", "type_name")
#: Kinds of branches that are a question of their own (filterBranchType), such as "some associated
#: record meets all of these". AND, OR, NOT_ANY and NOT_ALL belong to the tree itself.
branch_types: Registry[Condition] = Registry("filter branch type", "type_name")


@dataclass(frozen=True, kw_only=True)
class Unusable(Condition):
    """A condition that cannot be asked: wrong, unknown or not available. It matches nobody."""

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        return FALSE

    def sentence(self, names: Mapping[Any, str]) -> str:
        return f"Cannot be checked: {self.problem}"
