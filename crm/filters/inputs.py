"""What a form needs to ask for to make a part of a filter. How it looks is the form's business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from crm.filters.scopes import Scope

#: JavaScript and most clients hold no larger integers.
LARGEST_INTEGER = 2**53

#: What a form holds, by the name of the input: a text, or texts where several may be given.
Given = str | list[str]
Values = Mapping[str, Given]


class Ask(StrEnum):
    """How a value is asked for."""

    TEXT = "text"
    #: Several texts.
    TEXTS = "texts"
    NUMBER = "number"
    #: A number without decimals.
    WHOLE = "whole"
    #: One of `choices`.
    CHOICE = "choice"
    #: Some of `choices`.
    CHOICES = "choices"
    #: One of so many that they are searched: Condition.search().
    FOUND = "found"
    #: "true" or "false", one of `choices`.
    FLAG = "flag"
    #: "true" or nothing.
    TICK = "tick"
    #: A day as "2026-03-30".
    DAY = "day"
    #: Kept by the form, not asked for.
    HIDDEN = "hidden"
    #: A local time of the account as "2026-03-30T08:15".
    MOMENT = "moment"


class Heading(StrEnum):
    """What operators stand under where people choose one, in this order."""

    VALUE = "Value"
    MOVING = "Counted from today"
    PAST = "Past values"
    PRESENCE = "With or without a value"
    EXPRESSION = "Expressions"
    CHANGE = "Last change"


@dataclass(frozen=True, kw_only=True)
class Choice:
    value: str
    label: str
    heading: str = ""


@dataclass(frozen=True, kw_only=True)
class Input:
    """One thing to ask for."""

    #: Of the value, among Values; most often also its name in the filter JSON.
    name: str
    ask: Ask
    #: For those who do not see where it stands.
    label: str
    #: Words before and after it in the sentence that a filter is.
    before: str = ""
    after: str = ""
    choices: tuple[Choice, ...] = ()
    #: What stands in it first.
    default: str = ""
    #: Whether another answer changes what else is asked.
    decides: bool = False
    #: The input whose change puts this one back to its default.
    follows: str = ""


@dataclass(frozen=True, kw_only=True)
class Form:
    """A part of a filter as something to fill in: a sentence of a title and inputs."""

    title: str
    inputs: tuple[Input, ...]
    #: Says more about the title.
    description: str = ""
    #: What the filters inside it are about; None when there are none.
    inner: Scope | None = None
    #: On the button that adds one of those.
    add_label: str = "Add filter"


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A filter that can be added, with what a form of it holds first."""

    label: str
    heading: str
    values: Values = field(default_factory=dict)
    #: The internal name and other words to find it by.
    name: str = ""
    description: str = ""
    #: How its values look: "number", "date".
    hint: str = ""


def text_of(values: Values, name: str) -> str:
    """The only or first text that was given, "" for none."""
    given = values.get(name, "")
    if isinstance(given, str):
        return given.strip()
    return given[0].strip() if given else ""


def texts_of(values: Values, name: str) -> list[str]:
    """All texts that were given."""
    given = values.get(name, [])
    texts = [given] if isinstance(given, str) else given
    return [text for text in texts if text.strip()]


def given_of(json: Any) -> Given:
    """A value of the filter JSON as a form holds it."""
    if isinstance(json, list):
        return [_text(item) for item in json]
    return _text(json)


def _text(json: Any) -> str:
    if isinstance(json, bool):
        return "true" if json else "false"
    return "" if json is None else str(json)


def json_of(values: Values, inputs: Iterable[Input]) -> dict[str, Any]:
    """What was given as fields of filter JSON. What is empty is left out; what does not fit stays
    as it is, for the filter to refuse it.
    """
    found = {item.name: _json(values, item) for item in inputs}
    return {name: value for name, value in found.items() if value not in ("", [])}


def _json(values: Values, item: Input) -> Any:
    if item.ask in (Ask.TEXTS, Ask.CHOICES):
        return texts_of(values, item.name)
    text = text_of(values, item.name)
    if item.ask in (Ask.NUMBER, Ask.WHOLE):
        return number_of(text)
    if item.ask in (Ask.FLAG, Ask.TICK):
        return {"true": True, "false": False}.get(text, text)
    return text


def number_of(text: str) -> Any:
    """A text as a number of JSON; the text itself where that would change it."""
    try:
        number = Decimal(text)
        if number == number.to_integral_value() and abs(number) < LARGEST_INTEGER:
            return int(number)
        return float(number) if Decimal(repr(float(number))) == number else text
    except (InvalidOperation, OverflowError, ValueError):
        return text
