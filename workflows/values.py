"""Value objects in the fields of actions, compiled to SQL over a record.

The result is a jsonb expression over alias `r` of crm_record in the stored form of the property it
is written to, NULL for no value. It is computed for a whole cohort inside one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.types.json import Jsonb

from crm import properties
from crm.property_types.base import Definition, InvalidValue
from crm.sql import SQL, sql
from crm.statements import Delta


class ValueProblem(ValueError):
    """A value object that cannot be used; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A value ready to be written."""

    expression: SQL
    #: Shown to people: the value, and a sentence in which {0} is the property.
    text: str
    sentence: str = "Set {0} to {text}"
    #: The value may be missing, which leaves the target as it is (W-296).
    can_be_empty: bool = False
    clears: bool = False

    #: Where the value is the same for every record: the value itself, in stored form.
    constant: Any = None

    def describe(self, label: str) -> str:
        """What writing this value to the property `label` does."""
        return self.sentence.format(label, text=self.text)

    def delta(self, name: str) -> Delta:
        """The change of property `name`, as crm.changes.update_from takes it."""
        if self.clears or self.constant is not None:
            written = sql("{delta}::jsonb", delta=Jsonb({name: self.constant}))
            return Delta(sql=written, clears=self.clears)
        built = sql("jsonb_build_object({name}::text, {value})", name=name, value=self.expression)
        if self.can_be_empty:
            built = sql(
                "CASE WHEN {value} IS NULL THEN '{{}}'::jsonb ELSE {built} END",
                value=self.expression,
                built=built,
            )
        return Delta(sql=built, clears=False)


def compile_value(value: Any, target: Definition, definitions: properties.Definitions) -> Compiled:
    """`value`, a value object or a plain value, as what `target` stores; raises ValueProblem."""
    if not isinstance(value, Mapping):
        value = {"staticValue": value}
    # The type may be missing in hand-written JSON; it follows from the key.
    kind = value.get("type") or ("OBJECT_PROPERTY" if "propertyName" in value else "STATIC_VALUE")
    compiler = _COMPILERS.get(str(kind))
    if compiler is None:
        raise ValueProblem(f"Values of kind {kind} are not available yet.")
    return compiler(value, target, definitions)


def _static(
    value: Mapping[str, Any], target: Definition, definitions: properties.Definitions
) -> Compiled:
    given = value.get("staticValue")
    try:
        stored = properties.clean_one(definitions, target.name, given)
    except InvalidValue as error:
        raise ValueProblem(f"{target.label} {error}.") from None
    if stored is None:
        return Compiled(
            expression=SQL("'null'::jsonb"), text="nothing", sentence="Clear {0}", clears=True
        )
    return Compiled(
        expression=sql("{value}::jsonb", value=Jsonb(stored)),
        text=properties.display(target, stored),
        constant=stored,
    )


#: Which property types may be copied into which (W-294); equal types always may.
COPIES = {("number", "string"), ("bool", "string"), ("enumeration", "string")}


def _copied(
    value: Mapping[str, Any], target: Definition, definitions: properties.Definitions
) -> Compiled:
    name = str(value.get("propertyName", ""))
    source = definitions.get(name)
    if source is None:
        raise ValueProblem(f"There is no property {name!r}.")
    if source.type == target.type:
        if source.type == "enumeration" and _values(source) != _values(target):
            raise ValueProblem(f"{source.label} and {target.label} have different options.")
        expression = properties.json_expression(source)
    elif (source.type, target.type) in COPIES and not source.is_multiple:
        expression = sql("to_jsonb({text})", text=properties.expression(source))
    else:
        raise ValueProblem(f"{source.label} cannot be copied to {target.label}.")
    return Compiled(
        expression=expression,
        text=source.label,
        sentence="Copy {text} to {0}",
        can_be_empty=True,
    )


def _values(definition: Definition) -> tuple[bool, set[str]]:
    return definition.is_multiple, {option.value for option in definition.options}


def _timestamp(
    value: Mapping[str, Any], target: Definition, definitions: properties.Definitions
) -> Compiled:
    if target.type != "datetime":
        raise ValueProblem(f"{target.label} is not a date with a time.")
    return Compiled(
        expression=SQL(
            "to_jsonb(to_char(app_now() AT TIME ZONE 'UTC',"
            """ 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))"""
        ),
        text="the time of this step",
    )


def _increment(
    value: Mapping[str, Any], target: Definition, definitions: properties.Definitions
) -> Compiled:
    """Empty counts as 0; written in one statement, so that parallel ones add up (W-315)."""
    if target.type != "number":
        raise ValueProblem(f"{target.label} is not a number.")
    try:
        amount = properties.clean_one(definitions, target.name, value.get("incrementAmount"))
    except InvalidValue as error:
        raise ValueProblem(f"The amount {error}.") from None
    if amount is None:
        raise ValueProblem("Say by how much.")
    return Compiled(
        expression=sql(
            "to_jsonb(CASE WHEN jsonb_typeof({now}) = 'number' THEN ({now})::numeric ELSE 0 END"
            " + {amount}::numeric)",
            now=properties.json_expression(target),
            amount=str(amount),
        ),
        text=f"{amount:+,}",
        sentence=f"{'Decrease' if amount < 0 else 'Increase'} {{0}} by {abs(amount):,}",
    )


_COMPILERS = {
    "STATIC_VALUE": _static,
    "OBJECT_PROPERTY": _copied,
    "TIMESTAMP": _timestamp,
    "INCREMENT": _increment,
}
