"""Operations of property filters: operation types (what the value fields are) and operators."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self, TypeVar
from zoneinfo import ZoneInfo

from crm import properties
from crm.filters.fields import Fields
from crm.filters.inputs import Heading, Input, Values, given_of, json_of
from crm.property_types.base import Definition
from crm.registry import Registry
from crm.sql import SQL, literal, sql


@dataclass(frozen=True)
class Operation:
    """What a property is compared with: the checked value of the filter line, at one moment."""

    operand: Any
    definition: Definition
    now: datetime
    zone: ZoneInfo


@dataclass(frozen=True)
class Target:
    """The property that a filter line is about, and what stands beside it."""

    definition: Definition
    #: The other properties of the same thing, by name.
    siblings: Mapping[str, Definition]
    #: It belongs to an event, which has no history.
    is_event: bool = False

    def sibling(self, fields: Fields, name: str, types: Collection[str]) -> Definition:
        """The property that a field names, if it is of one of the types; raises FilterError."""
        key = fields.text(name)
        found = self.siblings.get(key)
        if found is None:
            raise fields.error(name, f"there is no property {key[:100]!r}")
        if found.type not in types:
            raise fields.error(
                name, f"the {found.type} property {key!r} cannot be compared with this one"
            )
        return found


@dataclass(frozen=True)
class Column:
    """A property's value in SQL: what a record has now, or what one line of its history says."""

    definition: Definition
    #: The alias of the table that holds it.
    alias: str
    #: NULL for no value.
    text: SQL
    json: SQL
    #: Whether the value may be a set of options (a JSON array).
    is_multiple: bool

    @classmethod
    def of(cls, definition: Definition, alias: str) -> Self:
        """The value that the record at `alias` has now."""
        return cls(
            definition,
            alias,
            properties.expression(definition, alias),
            properties.json_expression(definition, alias),
            definition.is_multiple,
        )

    def beside(self, definition: Definition) -> Column:
        """Another property of the same record."""
        return Column.of(definition, self.alias)

    def once(self, holds: Callable[[Column], SQL]) -> SQL:
        """Whether the value is, or was at any time, one for which `holds` is true."""
        past = Column(
            self.definition,
            self.alias,
            SQL("(h.value #>> '{}')"),
            SQL("h.value"),
            # A single choice now may have been a set then.
            is_multiple=self.definition.type == "enumeration",
        )
        return sql(
            "(({now}) OR EXISTS ({history} AND ({past})))",
            now=holds(self),
            history=self.history(SQL("1")),
            past=holds(past),
        )

    def history(self, select: SQL) -> SQL:
        """A SELECT over the property's history `h`; more conditions may follow it."""
        return sql(
            "SELECT {select} FROM crm_property_history h"
            " WHERE h.record_id = {record_id} AND h.property_name = {name}",
            select=select,
            record_id=SQL(f"{self.alias}.id"),
            name=literal(self.definition.name),
        )

    def changed(self, sign: str, moment: datetime) -> SQL:
        """Whether there was a change at a time that is `sign` (">", ">=") `moment`."""
        return sql(
            "EXISTS ({history} AND h.at {sign} {moment})",
            history=self.history(SQL("1")),
            sign=SQL(sign),
            moment=moment,
        )

    def changed_at(self) -> SQL:
        """When the value last changed, as text in the form of a stored moment."""
        last = SQL("""to_char(max(h.at) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""")
        return sql("({history})", history=self.history(last))


class Operator:
    """A comparison. Its one meaning is a WHERE clause, for triggers, branches and lists alike.

    A negative operator shares `where` with the operator it is the opposite of; the frame turns
    the answer round and decides what records without a value get.
    """

    name: ClassVar[str]
    #: Reads on from the property's label: "City *is equal to* Oslo".
    label: ClassVar[str]
    operation_types: ClassVar[frozenset[str]]
    is_negative: ClassVar[bool] = False
    #: Time alone can change the answer.
    time_sensitive: ClassVar[bool] = False
    #: `where` can be true only of a record with a value.
    implies_value: ClassVar[bool] = True
    #: It asks for earlier values or for the time of a change, which events do not have.
    needs_history: ClassVar[bool] = False
    #: `where` speaks about records without a value itself: "is known".
    decides_empty: ClassVar[bool] = False
    #: What it stands under where people choose one, if not under that of its operation type.
    heading: ClassVar[Heading | None] = None

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    def __hash__(self) -> int:
        return hash(type(self))

    @classmethod
    def is_offered(cls, definition: Definition) -> bool:
        """Whether forms propose it for a property; what is there already they show anyway."""
        return True

    def where(self, operation: Operation, column: Column) -> SQL:
        """Whether the positive meaning holds; false or NULL where it does not."""
        raise NotImplementedError

    def seen(self, column: Column) -> SQL:
        """What people should see when they ask why a record passed, as jsonb."""
        return column.json

    def show(self, seen: Any, definition: Definition) -> str:
        """What was seen, as people read it; a stray value of another type is shown as it is."""
        try:
            return properties.display(definition, seen)
        except (TypeError, ValueError):
            return str(seen)

    def phrase(self, operand_text: str) -> str:
        """The words after the property's label."""
        return f"{self.label} {operand_text}".rstrip()

    def note(self, operation: Operation) -> str:
        """What `now` makes of a relative operand."""
        return ""


class Ever(Operator):
    """Mixed into an operator: whether it holds now or held for any value the record once had."""

    implies_value = False
    heading = Heading.PAST
    needs_history = True

    def where(self, operation: Operation, column: Column) -> SQL:
        holds = super().where
        return column.once(lambda value: holds(operation, value))


#: Fields of every operation; the others are its values.
OWN_FIELDS = ("operationType", "operator", "includeObjectsWithNoValueSet")


class OperationType:
    """The kind of value that an operation carries, and which properties it fits."""

    name: ClassVar[str]
    #: Names of property types.
    property_types: ClassVar[frozenset[str]]
    #: Fields that mark an operation as one of this type when `operationType` is missing.
    value_fields: ClassVar[frozenset[str]] = frozenset()
    operators: ClassVar[Registry[Operator]]
    heading: ClassVar[Heading] = Heading.VALUE

    def __init_subclass__(cls) -> None:
        cls.operators = Registry(f"{getattr(cls, 'name', '')} operator", "name")

    @classmethod
    def fits(cls, definition: Definition, fields: Fields) -> bool:
        return definition.type in cls.property_types

    @classmethod
    def read(cls, fields: Fields, target: Target) -> Any:
        """The operand; raises FilterError."""
        return None

    @classmethod
    def offered(cls, definition: Definition) -> list[type[Operator]]:
        """The operators that forms propose for a property; they can show the others too."""
        if definition.type not in cls.property_types:
            return []
        return [kind for kind in cls.operators if kind.is_offered(definition)]

    @classmethod
    def inputs(
        cls, kind: type[Operator], definition: Definition, values: Values
    ) -> tuple[Input, ...] | None:
        """What a form that holds `values` asks for beside the operator.

        None when no form can ask for it: such an operation can only be read and removed.
        """
        return None

    @classmethod
    def to_form(cls, operation: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an operation in filter JSON as `inputs` names them.

        May raise LookupError, TypeError or ValueError for what no form can show.
        """
        return {
            name: given_of(value) for name, value in operation.items() if name not in OWN_FIELDS
        }

    @classmethod
    def from_form(cls, values: Values, inputs: tuple[Input, ...]) -> dict[str, Any]:
        """The reverse, as fields of filter JSON; what does not fit stays, for read() to refuse."""
        return json_of(values, inputs)

    @classmethod
    def others(cls, operand: Any) -> tuple[Definition, ...]:
        """The other properties that the value is compared with."""
        return ()

    @classmethod
    def needs_history(cls, operand: Any) -> bool:
        """Whether it asks for the time of a change."""
        return False

    @classmethod
    def warning(cls, operand: Any, definition: Definition) -> str:
        """What people should look at though it works; "" for nothing."""
        return ""

    @classmethod
    def is_relative(cls, operand: Any) -> bool:
        """Whether the operand moves with time."""
        return False

    @classmethod
    def operand_text(cls, operand: Any, definition: Definition) -> str:
        """The operand as people read it."""
        return ""


operation_types: Registry[OperationType] = Registry("operation type", "name")

Kind = TypeVar("Kind", bound=type[Operator])


def operator(kind: Kind) -> Kind:
    """Register an operator under each of its operation types; a class decorator."""
    for name in kind.operation_types:
        operation_types.get(name).operators.register(kind)
    return kind
