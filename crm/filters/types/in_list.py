from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm.filters import memberships
from crm.filters.fields import Fields
from crm.filters.inputs import Ask, Choice, Form, Input, Offer, Values
from crm.filters.kinds import Condition, Frame, Reader, filter_types
from crm.filters.scopes import Scope
from crm.models import List
from crm.sql import SQL, sql

LARGEST_ID = 2**63 - 1
#: Lists that a search shows.
MOST_FOUND = 30


@filter_types.register
@dataclass(frozen=True, kw_only=True)
class InList(Condition):
    """The record stands in a list, or does not."""

    type_name = "IN_LIST"

    list_id: int
    is_negative: bool

    @classmethod
    def parse(cls, fields: Fields, reader: Reader) -> Condition:
        if fields.has("metadata") and fields.object("metadata").has("inListType"):
            return memberships.read(fields)
        operator = fields.choice("operator", ["IN_LIST", "NOT_IN_LIST"])
        list_id = fields.integer("listId", 1, LARGEST_ID)
        return cls(
            path=fields.path,
            list_ids=frozenset({list_id}),
            reference=list_id,
            missing=f"there is no list {list_id}",
            list_id=list_id,
            is_negative=operator == "NOT_IN_LIST",
        )

    @classmethod
    def names(cls, references: Collection[Any]) -> Mapping[Any, str]:
        found = List.objects.filter(pk__in=references, archived_at=None)
        return dict(found.values_list("pk", "name"))

    @classmethod
    def offers(cls, scope: Scope) -> Iterable[Offer]:
        if not scope.object_type:
            return ()
        words = "Whether the record stands in a list, made by hand or by filters."
        return [Offer(label="List", heading="Lists", name="segment membership", description=words)]

    @classmethod
    def form(cls, values: Values, scope: Scope) -> Form:
        choices = (
            Choice(value="IN_LIST", label="is in the list"),
            Choice(value="NOT_IN_LIST", label="is not in the list"),
        )
        operator = Input(
            name="operator", ask=Ask.CHOICE, label="Operator", choices=choices, default="IN_LIST"
        )
        return Form(
            title="The record",
            inputs=(operator, Input(name="listId", ask=Ask.FOUND, label="List")),
        )

    @classmethod
    def search(cls, name: str, text: str, scope: Scope) -> Iterable[Choice]:
        found = List.objects.filter(object_type=scope.object_type, archived_at=None)
        named = found.filter(name__icontains=text).order_by("name")[:MOST_FOUND]
        return [Choice(value=str(item.pk), label=item.name) for item in named]

    @classmethod
    def found(cls, name: str, values: Collection[str]) -> Mapping[str, str]:
        keys = [int(value) for value in values if value.isdecimal() and len(value) < 19]
        return {str(key): label for key, label in cls.names(keys).items()}

    def where(self, frame: Frame, *, negated: bool) -> SQL:
        # A list that is gone matches nobody, also in "is not in the list". It is looked up once
        # per statement, not per record.
        (exists,) = self.requirements(frame)
        return sql(
            "({member} AND {exists})",
            member=self._member(frame, SQL("NOT ") if self.is_negative != negated else SQL("")),
            exists=exists,
        )

    def requirements(self, frame: Frame) -> Iterator[SQL]:
        yield sql(
            "EXISTS (SELECT 1 FROM crm_list l WHERE l.id = {list_id}"
            " AND l.object_type = {object_type} AND l.archived_at IS NULL)",
            list_id=self.list_id,
            object_type=frame.object_type,
        )

    def _member(self, frame: Frame, negation: SQL) -> SQL:
        return sql(
            "{negation}EXISTS ({membership})",
            negation=negation,
            membership=self._membership(frame, SQL("1")),
        )

    def _membership(self, frame: Frame, select: SQL) -> SQL:
        return sql(
            "SELECT {select} FROM crm_listmembership m"
            " WHERE m.list_id = {list_id} AND m.record_id = {alias}.id",
            select=select,
            list_id=self.list_id,
            alias=SQL(frame.alias),
        )

    def sentence(self, names: Mapping[Any, str]) -> str:
        name = names.get(self.list_id)
        shown = f'"{name}"' if name is not None else f"{self.list_id}, which does not exist"
        return f"Is {'not ' if self.is_negative else ''}in the list {shown}"

    def seen(self, frame: Frame) -> SQL:
        since = SQL("to_char(m.since AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
        return sql("({membership})", membership=self._membership(frame, since))

    def shown(self, seen: str | None) -> str:
        return f"in the list since {seen}" if seen else "not in the list"
