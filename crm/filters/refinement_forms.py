"""Refinements of events in forms: when they happened, or how often. A form asks for one (W-101)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm.filters.inputs import Ask, Choice, Input, Values, number_of, text_of
from crm.filters.point_forms import moment_from_form, moment_to_form
from crm.filters.refinements.offsets import UNITS

WINDOW = "pruningRefineBy"
TALLY = "coalescingRefineBy"
#: What is asked for: how often, or when.
REFINED = (
    Choice(value="", label="at any time"),
    Choice(value="LAST", label="in the last …", heading="When"),
    Choice(value="BEFORE_LAST", label="more than … ago", heading="When"),
    Choice(value="AFTER", label="after …", heading="When"),
    Choice(value="BEFORE", label="before …", heading="When"),
    Choice(value="LEAST", label="at least … times", heading="How often"),
    Choice(value="MOST", label="at most … times", heading="How often"),
    Choice(value="EXACTLY", label="exactly … times", heading="How often"),
)
COMPARISONS = {"LAST": "AFTER", "BEFORE_LAST": "BEFORE"}
BOUNDS = {
    "LEAST": ("minOccurrences",),
    "MOST": ("maxOccurrences",),
    "EXACTLY": ("minOccurrences", "maxOccurrences"),
}


def inputs(values: Values) -> tuple[Input, ...]:
    """What a form that holds `values` asks for."""
    refined = Input(
        name="refined", ask=Ask.CHOICE, label="When or how often", choices=REFINED, decides=True
    )
    chosen = text_of(values, "refined")
    if chosen in COMPARISONS:
        units = tuple(Choice(value=unit, label=unit.lower()) for unit in UNITS)
        return (
            refined,
            Input(name="amount", ask=Ask.WHOLE, label="Number", default="30"),
            Input(name="unit", ask=Ask.CHOICE, label="Unit", choices=units, default="DAYS"),
        )
    if chosen in ("AFTER", "BEFORE"):
        return (refined, Input(name="timestamp", ask=Ask.MOMENT, label="Time"))
    if chosen in BOUNDS:
        times = Input(name="times", ask=Ask.WHOLE, label="Number", after="times", default="2")
        return (refined, times)
    return (refined,)


def to_form(json: Mapping[str, Any]) -> dict[str, str]:
    """The values of a filter's refinement; LookupError for one that no form can show."""
    tally, window = json.get(TALLY), json.get(WINDOW)
    if tally and window:
        raise LookupError(TALLY)
    if tally:
        return _tally_to_form(tally)
    return _window_to_form(window) if window else {"refined": ""}


def _tally_to_form(tally: Mapping[str, Any]) -> dict[str, str]:
    given = tuple(name for name in BOUNDS["EXACTLY"] if tally.get(name) is not None)
    refined = {names: key for key, names in BOUNDS.items()}[given]
    numbers = {tally[name] for name in given}
    if len(numbers) > 1:
        raise LookupError(TALLY)
    return {"refined": refined, "times": str(numbers.pop())}


def _window_to_form(window: Mapping[str, Any]) -> dict[str, str]:
    if window["type"] == "ALL_HISTORY":
        return {"refined": ""}
    if window["type"] == "ABSOLUTE_COMPARATIVE":
        return {"refined": window["comparison"], "timestamp": moment_to_form(window["timestamp"])}
    offset = window["timeOffset"]
    return {
        "refined": {shown: key for key, shown in COMPARISONS.items()}[window["comparison"]],
        "amount": str(offset["amount"]),
        "unit": offset["timeUnit"],
    }


def from_form(values: Values) -> dict[str, Any]:
    """The reverse, as fields of a filter."""
    chosen = text_of(values, "refined")
    if chosen in COMPARISONS:
        offset = {
            "amount": number_of(text_of(values, "amount")),
            "timeUnit": text_of(values, "unit"),
            "offsetDirection": "PAST",
        }
        comparison = {"comparison": COMPARISONS[chosen], "timeOffset": offset}
        return {WINDOW: {"type": "RELATIVE_COMPARATIVE", **comparison}}
    if chosen in ("AFTER", "BEFORE"):
        given = text_of(values, "timestamp")
        timestamp = {"timestamp": moment_from_form(given)} if given else {}
        return {WINDOW: {"type": "ABSOLUTE_COMPARATIVE", "comparison": chosen, **timestamp}}
    if chosen in BOUNDS:
        times = number_of(text_of(values, "times"))
        return {TALLY: {"type": "NUM_OCCURRENCES", **dict.fromkeys(BOUNDS[chosen], times)}}
    return {}
