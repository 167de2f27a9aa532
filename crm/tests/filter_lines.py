"""Random lines of filters: a property and what it is compared with; and random values."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from crm.tests.filter_world import NOW, stored

Json = dict[str, Any]
OSLO = ZoneInfo("Europe/Oslo")
ZONES = ["Europe/Oslo", "UTC", "America/New_York", "Pacific/Auckland"]
TEXTS = [
    "Oslo",
    "OSLO west",
    "west",
    "os",
    "Ærø",
    "ærø øst",
    "100%",
    "1_0",
    "a\\b",
    "a b",
    "b a",
    "'x",
]
PATTERNS = [
    "^o", "(?i)OSLO", "os|we", "[a-f]+$", r"\d", "a.b", r"^\w{4}$", r"^[^ ]+$", "ø", r"\s", "x*", r"[\s\S]{5,}",
    r"(?:a|b)\s?(?:b|a)$", r"[%\\']", "(o(s)?)+l",
]  # fmt: skip
NUMBERS = [0, 1, 5, 5.5, -1, 0.1, 1e17, 99999999999999999]
CHOICES = ["red", "green", "blue", "black"]
TODAY = date(2026, 3, 30)
DAYS = [TODAY + timedelta(days=n) for n in (-400, -95, -89, -31, -29, *range(-8, 9), 31, 60, 300)]
#: Leap days, and days that say little today but have an anniversary.
DAYS += [
    date(2024, 2, 29),
    date(1904, 2, 29),
    date(1970, 1, 1),
    date(1999, 12, 31),
    date(2011, 3, 30),
]
MOMENTS = [
    NOW + timedelta(days=days, milliseconds=shift)
    for days in (-300, -31, -29, -7, -3, -1, 0, 1, 3, 7, 30)
    for shift in (-1, 0, 1)
] + [datetime(day.year, day.month, day.day, tzinfo=OSLO) for day in DAYS]
#: Property -> (type, field type). Those with "other" are what the first ones are compared with.
KINDS = {
    "t_text": ("string", "text"),
    "t_number": ("number", "number"),
    "t_flag": ("bool", "booleancheckbox"),
    "t_color": ("enumeration", "select"),
    "t_colors": ("enumeration", "checkbox"),
    "t_date": ("date", "date"),
    "t_moment": ("datetime", "date"),
    "t_other_text": ("string", "text"),
    "t_other_number": ("number", "number"),
    "t_other_flag": ("bool", "booleancheckbox"),
    "t_other_date": ("date", "date"),
    "t_other_moment": ("datetime", "date"),
}


def any_value(kind: str, field_type: str, chance: random.Random) -> Any:
    """A value as it is stored; now and then one that should never have been."""
    if kind == "string":
        return chance.choice([*TEXTS, *TEXTS, "", "  "])
    if kind == "number":
        # A stray value that was never a number must neither match nor break the statement.
        return chance.choice([*NUMBERS, "5", "abc", True])
    if kind == "bool":
        return chance.random() < 0.5
    if kind == "enumeration":
        some = chance.sample(CHOICES, chance.randint(1, 3))
        return some if field_type == "checkbox" and chance.random() < 0.9 else some[0]
    return chance.choice(DAYS).isoformat() if kind == "date" else stored(chance.choice(MOMENTS))


class Lines:
    """Makes one random line after the other."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def one_of(self, *makers: Callable[[], Json]) -> Json:
        return self.chance.choice(makers)()

    def word(self, line: str) -> str:
        return self.chance.choice(line.split())

    def some(self, values: list[Any], most: int = 3) -> list[Any]:
        return [self.chance.choice(values) for _ in range(self.chance.randint(1, most))]

    def line(self, *, has_history: bool) -> Json:
        """A property and what it is compared with."""
        name = self.chance.choice(sorted(KINDS))
        kind = KINDS[name][0]
        if self.chance.random() < 0.2:
            operation = self.any_type(kind, has_history=has_history)
        else:
            operation = self.of_type(kind, name, has_history=has_history)
        empty = self.chance.random() < 0.3
        return {"property": name, "operation": {**operation, "includeObjectsWithNoValueSet": empty}}

    def operation(self, type_: str, operators: str, **values: Any) -> Json:
        return {"operationType": type_, "operator": self.word(operators), **values}

    def any_type(self, kind: str, *, has_history: bool) -> Json:
        def presence() -> Json:
            return self.operation("ALL_PROPERTY", "IS_KNOWN IS_UNKNOWN IS_BLANK IS_NOT_BLANK")

        if not has_history:
            return presence()
        others = [name for name, (other, _) in KINDS.items() if other == kind]
        return self.one_of(
            presence,
            lambda: self.operation(
                "ROLLING_PROPERTY_UPDATED",
                "UPDATED_IN_LAST_X_DAYS NOT_UPDATED_IN_LAST_X_DAYS",
                numberOfDays=self.chance.choice([0, 1, 3, 30]),
            ),
            lambda: self.operation(
                "COMPARATIVE_PROPERTY_UPDATED",
                "IS_BEFORE IS_AFTER",
                comparisonPropertyName=self.chance.choice(sorted(KINDS)),
            ),
            lambda: self.point_operation(["UPDATED_AT"], others, has_history=True),
        )

    def of_type(self, kind: str, name: str, *, has_history: bool) -> Json:
        ever = " HAS_EVER_BEEN_EQUAL_TO HAS_NEVER_BEEN_EQUAL_TO" if has_history else ""
        if kind == "string":
            return self.text_operation(ever, has_history=has_history)
        if kind == "number":
            return self.number_operation(ever)
        if kind == "bool":
            return self.one_of(
                lambda: self.operation(
                    "BOOL", "IS_EQUAL_TO IS_NOT_EQUAL_TO" + ever, value=self.chance.random() < 0.5
                ),
                lambda: self.comparative(
                    "BOOL", "flag", "IS_EQUAL_TO IS_NOT_EQUAL_TO", [True, False]
                ),
            )
        if kind == "enumeration":
            return self.choice_operation(has_history=has_history)
        return self.date_operation(has_history=has_history)

    def comparative(self, type_: str, what: str, operators: str, defaults: list[Any]) -> Json:
        found = self.operation(
            f"COMPARATIVE_{type_}",
            operators,
            comparisonPropertyName=self.chance.choice([f"t_{what}", f"t_other_{what}"]),
        )
        if self.chance.random() < 0.3:
            found["defaultComparisonValue"] = self.chance.choice(defaults)
        return found

    def text_operation(self, ever: str, *, has_history: bool) -> Json:
        texts = [*TEXTS, "west oslo", "%", "_", "\\", "o"]
        one = "IS_EQUAL_TO IS_NOT_EQUAL_TO CONTAINS DOES_NOT_CONTAIN STARTS_WITH ENDS_WITH"
        past = f"{ever} HAS_EVER_CONTAINED HAS_NEVER_CONTAINED" if has_history else ""
        return self.one_of(
            lambda: self.operation("STRING", one + past, value=self.chance.choice(texts)),
            lambda: self.operation(
                "MULTISTRING",
                f"{one} CONTAINS_EXACTLY DOES_NOT_CONTAIN_EXACTLY",
                values=self.some(texts),
            ),
            lambda: self.operation(
                "REGEX", "MATCHES_REGEX DOES_NOT_MATCH_REGEX", value=self.chance.choice(PATTERNS)
            ),
            lambda: self.comparative("STRING", "text", one, TEXTS),
        )

    def number_operation(self, ever: str) -> Json:
        signs = (
            "IS_EQUAL_TO IS_NOT_EQUAL_TO IS_GREATER_THAN IS_GREATER_THAN_OR_EQUAL_TO"
            " IS_LESS_THAN IS_LESS_THAN_OR_EQUAL_TO"
        )
        return self.one_of(
            lambda: self.operation("NUMBER", signs + ever, value=self.chance.choice(NUMBERS)),
            lambda: self.operation(
                "NUMBER_RANGED",
                "IS_BETWEEN IS_NOT_BETWEEN",
                lowerBound=self.chance.choice(NUMBERS),
                upperBound=self.chance.choice(NUMBERS),
            ),
            lambda: self.comparative("NUMBER", "number", signs, NUMBERS),
        )

    def choice_operation(self, *, has_history: bool) -> Json:
        now = "IS_ANY_OF IS_NONE_OF IS_EXACTLY IS_NOT_EXACTLY CONTAINS_ALL DOES_NOT_CONTAIN_ALL"
        past = (
            " HAS_EVER_BEEN_ANY_OF HAS_NEVER_BEEN_ANY_OF HAS_EVER_BEEN_EXACTLY"
            " HAS_NEVER_BEEN_EXACTLY HAS_EVER_CONTAINED_ALL HAS_NEVER_CONTAINED_ALL"
        )
        values = self.some([*CHOICES, "pink"])
        return self.operation("ENUMERATION", now + (past if has_history else ""), values=values)

    # Dates

    def date_operation(self, *, has_history: bool) -> Json:
        parsers = "VALUE VALUE VALUE ANNIVERSARY VALUE_WITH_ZONE_SAME_LOCAL_CONVERSION"
        parsers += " ANNIVERSARY_WITH_ZONE_SAME_LOCAL_CONVERSION"
        parsers += " UPDATED_AT" if has_history else ""
        dates = [name for name, (kind, _) in KINDS.items() if kind in ("date", "datetime")]
        return self.one_of(
            lambda: self.operation(
                "ROLLING_DATE_RANGE",
                "IS_LESS_THAN_X_DAYS_AGO IS_MORE_THAN_X_DAYS_AGO IS_LESS_THAN_X_DAYS_FROM_NOW"
                " IS_MORE_THAN_X_DAYS_FROM_NOW",
                numberOfDays=self.chance.choice([0, 1, 3, 7, 30]),
            ),
            lambda: self.operation(
                "CALENDAR_DATE",
                "IN_THIS_TIME_UNIT IN_THIS_TIME_UNIT_SO_FAR IN_NEXT_TIME_UNIT IN_LAST_TIME_UNIT",
                timeUnit=self.word("DAY WEEK MONTH QUARTER YEAR"),
                timeUnitCount=self.chance.randint(1, 3),
            ),
            lambda: self.operation(
                "COMPARATIVE_DATE",
                "IS_BEFORE IS_AFTER",
                comparisonPropertyName=self.chance.choice(dates),
            ),
            lambda: self.point_operation(parsers.split(), dates, has_history=has_history),
            lambda: self.point_operation(parsers.split(), dates, has_history=has_history),
        )

    def point_operation(self, parsers: list[str], others: list[str], *, has_history: bool) -> Json:
        def point() -> Json:
            if self.chance.random() < 0.35:
                return self.referenced(others, has_history=has_history)
            return self.time_point()

        kind = self.chance.choice(["TIME_POINT", "TIME_RANGED"])
        found = self.one_point(point) if kind == "TIME_POINT" else self.two_points(point)
        return {"operationType": kind, "propertyParser": self.chance.choice(parsers), **found}

    def one_point(self, point: Callable[[], Json]) -> Json:
        return {
            "operator": self.word("IS_BEFORE IS_AFTER"),
            "timePoint": point(),
            "endpointBehavior": self.word("INCLUSIVE EXCLUSIVE"),
        }

    def two_points(self, point: Callable[[], Json]) -> Json:
        return {
            "operator": self.word("IS_BETWEEN IS_NOT_BETWEEN"),
            "lowerBoundTimePoint": point(),
            "upperBoundTimePoint": point(),
            "lowerBoundEndpointBehavior": self.word("INCLUSIVE EXCLUSIVE"),
            "upperBoundEndpointBehavior": self.word("INCLUSIVE EXCLUSIVE"),
        }

    def referenced(self, others: list[str], *, has_history: bool) -> Json:
        name = self.chance.choice(others)
        parsers = "VALUE ANNIVERSARY VALUE_WITH_ZONE_SAME_LOCAL_CONVERSION"
        if KINDS[name][0] not in ("date", "datetime"):
            parsers = "UPDATED_AT"
        elif has_history:
            parsers += " UPDATED_AT"
        return {
            "timeType": "PROPERTY_REFERENCED",
            "property": name,
            "zoneId": self.chance.choice(ZONES),
            "referenceType": self.word(parsers),
        }

    def time_point(self) -> Json:
        zone = self.chance.choice(ZONES)
        if self.chance.random() < 0.4:
            day = self.chance.choice(DAYS)
            return {"timeType": "DATE", "zoneId": zone,
                    "year": day.year, "month": day.month, "day": day.day}  # fmt: skip
        reference: Json = {"referenceType": self.word("NOW TODAY WEEK MONTH YEAR")}
        if reference["referenceType"] == "MONTH":
            reference["day"] = self.chance.choice([1, 15, 31])
        if reference["referenceType"] == "YEAR":
            reference["month"] = self.chance.choice([1, 3, 12])
        units = self.chance.sample(["days", "hours", "months"], self.chance.randint(0, 2))
        offset = {unit: self.chance.choice([-31, -7, -3, -1, 0, 1, 3, 30]) for unit in units}
        return {
            "timeType": "INDEXED",
            "zoneId": zone,
            "indexReference": reference,
            "offset": offset,
        }
