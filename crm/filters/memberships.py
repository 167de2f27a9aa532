"""What a record can belong to besides lists: IN_LIST filters with an `inListType`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from crm.filters.fields import Fields
from crm.filters.kinds import FALSE, Condition, Frame
from crm.registry import Registry
from crm.sql import SQL, sql

LARGEST_ID = 2**63 - 1
OPERATORS = ["IN_LIST", "NOT_IN_LIST"]


@dataclass(frozen=True, kw_only=True)
class Membership(Condition):
    """The record belongs to something, or does not. Subclasses are the kinds of inListType."""

    #: In HubSpot's words.
    in_list_type: ClassVar[str]
    #: What it is called: "workflow".
    noun: ClassVar[str]
    #: Reads on from the record: "is *active in*".
    verb: ClassVar[str]

    key: int
    is_negative: bool

    @classmethod
    def parse_membership(cls, fields: Fields) -> Self:
        """The condition in a filter whose metadata names this kind; raises FilterError."""
        metadata = fields.object("metadata")
        # Hand-written filters name it where the list would stand.
        holder, name = (metadata, "id") if metadata.has("id") else (fields, "listId")
        key = holder.integer(name, 1, LARGEST_ID)
        return cls(
            path=fields.path,
            key=key,
            is_negative=fields.choice("operator", OPERATORS) == "NOT_IN_LIST",
            reference=key,
            missing=f"there is no {cls.noun} {key}",
            **cls.dependencies(key),
        )

    @classmethod
    def dependencies(cls, key: int) -> dict[str, Any]:
        """The fields of the condition that say what changes the answer."""
        return {}

    def belongs(self, frame: Frame) -> SQL:
        """Whether the record belongs to it."""
        raise NotImplementedError

    def exists(self, frame: Frame) -> SQL:
        """Whether there is such a thing at all."""
        raise NotImplementedError

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        belongs = self.belongs(frame)
        if self.is_negative != negated:
            belongs = sql("NOT {belongs}", belongs=belongs)
        return sql("({belongs} AND {exists})", belongs=belongs, exists=self.exists(frame))

    def requirements(self, frame: Frame) -> Any:
        yield self.exists(frame)

    def sentence(self, names: Mapping[Any, str]) -> str:
        name = names.get(self.key)
        shown = f'"{name}"' if name is not None else f"{self.key}, which does not exist"
        is_not = "It is not so that the record" if self.is_negative else "The record"
        return f"{is_not} {self.verb} the {self.noun} {shown}"

    def seen(self, frame: Frame) -> SQL:
        return sql("CASE WHEN {belongs} THEN 'yes' ELSE 'no' END", belongs=self.belongs(frame))


@dataclass(frozen=True, kw_only=True)
class NoDataSet(Membership):
    """Data sets are not kept here."""

    in_list_type = "DATASET"
    noun = "data set"
    verb = "is in"

    problem: str = "integration not connected: data sets are not kept here"

    def belongs(self, frame: Frame) -> SQL:
        return FALSE

    def exists(self, frame: Frame) -> SQL:
        return FALSE


@dataclass(frozen=True, kw_only=True)
class NoDataSets(NoDataSet):
    """Another spelling."""

    in_list_type = "DATASETS"


memberships: Registry[Membership] = Registry("membership", "in_list_type")
memberships.register(NoDataSet)
memberships.register(NoDataSets)


def read(fields: Fields) -> Condition:
    """The condition in an IN_LIST filter with an `inListType`; raises FilterError."""
    names = [kind.in_list_type for kind in memberships]
    kind = fields.object("metadata").choice("inListType", names)
    return memberships.get(kind).parse_membership(fields)
