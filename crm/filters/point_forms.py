"""Time points of filters in forms: a day, or some time before or after today or now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crm import timezones
from crm.filters.inputs import Ask, Choice, Input, Values, number_of, text_of
from crm.filters.time_points import MONTHS

#: What a point is counted from, and in which direction.
STARTS = (
    Choice(value="DAY", label="the day"),
    Choice(value="TODAY", label="today"),
    Choice(value="TODAY-", label="today minus"),
    Choice(value="TODAY+", label="today plus"),
    Choice(value="NOW", label="now"),
    Choice(value="NOW-", label="now minus"),
    Choice(value="NOW+", label="now plus"),
)
UNITS = tuple(
    Choice(value=unit, label=unit)
    for unit in ("minutes", "hours", "days", "weeks", "months", "quarters", "years")
)


@dataclass(frozen=True)
class Place:
    """Where a time point stands in an operation."""

    name: str
    #: The field that says whether the point itself is included.
    end_name: str
    label: str
    end: str = "EXCLUSIVE"
    start: str = "DAY"
    #: The time of a day that is chosen.
    clock: str = ""
    before: str = ""

    def field(self, part: str) -> str:
        return f"{self.name}.{part}"


def inputs(place: Place, values: Values) -> tuple[Input, ...]:
    """What a form that holds `values` asks for."""
    start = text_of(values, place.field("start")) or place.start
    asked = [
        Input(
            name=place.field("start"),
            ask=Ask.CHOICE,
            label=place.label,
            before=place.before,
            choices=STARTS,
            default=place.start,
            decides=True,
        )
    ]
    if start == "DAY":
        asked.append(Input(name=place.field("day"), ask=Ask.DAY, label=f"{place.label}: day"))
    elif start[-1:] in "+-":
        asked.append(
            Input(
                name=place.field("amount"),
                ask=Ask.WHOLE,
                label=f"{place.label}: number",
                default="30",
            )
        )
        asked.append(
            Input(
                name=place.field("unit"),
                ask=Ask.CHOICE,
                label=f"{place.label}: unit",
                choices=UNITS,
                default="days",
            )
        )
    hidden = {"zone": "", "end": place.end, "clock": place.clock}
    asked += [
        Input(name=place.field(name), ask=Ask.HIDDEN, label="", default=default)
        for name, default in hidden.items()
    ]
    return tuple(asked)


def to_form(place: Place, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a point; LookupError or ValueError for one that no form can show."""
    point = operation[place.name]
    is_account = point.get("timezoneSource") == "PORTAL"
    values = {
        "zone": "" if is_account else str(point.get("zoneId") or ""),
        "end": str(operation.get(place.end_name) or place.end),
    }
    if point["timeType"] == "DATE":
        values |= {"start": "DAY", "day": day_to_form(point), "clock": _clock_to_form(point)}
    else:
        values |= _indexed_to_form(point)
    return {place.field(name): value for name, value in values.items()}


def _indexed_to_form(point: Mapping[str, Any]) -> dict[str, str]:
    reference = {"TODAY": "TODAY", "NOW": "NOW"}[point["indexReference"]["referenceType"]]
    offset = {unit: int(number) for unit, number in (point.get("offset") or {}).items() if number}
    if not offset:
        return {"start": reference, "clock": ""}
    ((unit, number),) = offset.items()
    sign = "-" if number < 0 else "+"
    return {"start": reference + sign, "amount": str(abs(number)), "unit": unit, "clock": ""}


def from_form(place: Place, values: Values) -> dict[str, Any]:
    """The point and whether it is included, as fields of an operation."""
    given = {
        part: text_of(values, place.field(part))
        for part in ("start", "day", "amount", "unit", "zone", "end", "clock")
    }
    point = _zone(given["zone"])
    start = given["start"] or place.start
    if start == "DAY":
        if not given["day"]:
            return {}
        point |= {"timeType": "DATE", **day_from_form(given["day"]), **_clock(given["clock"])}
    else:
        point |= {"timeType": "INDEXED", "indexReference": {"referenceType": start.rstrip("+-")}}
        point |= _offset(start, given["amount"], given["unit"])
    return {place.name: point, place.end_name: given["end"] or place.end}


def _zone(name: str) -> dict[str, Any]:
    if name:
        return {"zoneId": name, "timezoneSource": "CUSTOM"}
    return {"zoneId": timezones.account_zone().key, "timezoneSource": "PORTAL"}


def _offset(start: str, amount: str, unit: str) -> dict[str, Any]:
    if start[-1:] not in "+-":
        return {}
    number = number_of(amount)
    if start.endswith("-"):
        number = -number if isinstance(number, int | float) else f"-{number}"
    return {"offset": {unit or "days": number}}


def day_to_form(json: Mapping[str, Any]) -> str:
    """The fields year, month and day as "2026-03-30"."""
    month = json["month"]
    number = MONTHS.index(month.upper()) + 1 if isinstance(month, str) else int(month)
    return f"{int(json['year']):04}-{number:02}-{int(json['day']):02}"


def day_from_form(text: str) -> dict[str, Any]:
    """The reverse; what is no day stays as it is, for the filter to refuse it."""
    if not text:
        return {}
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        return {"year": text, "month": 1, "day": 1}
    return {"year": day.year, "month": MONTHS[day.month - 1], "day": day.day}


CLOCK = ("hour", "minute", "second", "millisecond")


def _clock_to_form(point: Mapping[str, Any]) -> str:
    hour, minute, second, millisecond = (int(point.get(name) or 0) for name in CLOCK)
    text = f"{hour:02}:{minute:02}:{second:02}.{millisecond:03}"
    return "" if text == "00:00:00.000" else text


def _clock(text: str) -> dict[str, int]:
    if not text:
        return {}
    parts = text.replace(".", ":").split(":")
    return {name: number_of(part) for name, part in zip(CLOCK, parts, strict=False)}


def moment_to_form(milliseconds: Any) -> str:
    """Milliseconds since 1970 as a local time of the account: "2026-03-30T08:15"."""
    moment = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return f"{moment.astimezone(timezones.account_zone()):%Y-%m-%dT%H:%M}"


def moment_from_form(text: str) -> Any:
    """The reverse; what is no time stays as it is, for the filter to refuse it."""
    try:
        local = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return text
    moment = timezones.to_utc(local, timezones.account_zone())
    return round(moment.timestamp() * 1000)
