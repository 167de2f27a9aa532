"""Dates and numbers as spreadsheets of different countries write them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pytest_django import Settings

from crm.imports import dates, decimals
from crm.imports.headings import Column
from crm.imports.reading import Format, Row
from crm.imports.survey import Reading, Survey, survey
from crm.property_types.base import Definition, InvalidValue

DAY = date(2026, 12, 31)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-31",
        " 2026-12-31 ",
        "2026/12/31",
        "2026.12.31",
        "20261231",
        "31.12.2026",
        "31.12.26",
        "31 Dec 2026",
        "31-Dec-26",
        "31. December 2026",
        "Dec 31, 2026",
        "December 31st 2026",
    ],
)
@pytest.mark.parametrize("is_day_first", [True, False])
def test_these_dates_are_clear(text: str, is_day_first: bool) -> None:
    assert dates.parse(text, is_day_first=is_day_first) == DAY


def test_slashes_are_read_in_the_order_of_the_column() -> None:
    assert dates.parse("03/04/2026", is_day_first=True) == date(2026, 4, 3)
    assert dates.parse("03/04/2026", is_day_first=False) == date(2026, 3, 4)
    assert dates.parse("3-4-26", is_day_first=False) == date(2026, 3, 4)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-12-31T14:05:33.5Z", datetime(2026, 12, 31, 14, 5, 33, 500_000, tzinfo=UTC)),
        ("2026-12-31 14:05 UTC", datetime(2026, 12, 31, 14, 5, tzinfo=UTC)),
        (
            "2026-12-31 14:05:00+0530",
            datetime(2026, 12, 31, 14, 5, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        ),
        # Without a zone: the account's, which is Oslo in this test.
        ("31.12.2026 14:05", datetime(2026, 12, 31, 13, 5, tzinfo=UTC)),
        ("12/31/2026 2:05 PM", datetime(2026, 12, 31, 13, 5, tzinfo=UTC)),
        ("12/31/2026, 12:05 a.m.", datetime(2026, 12, 30, 23, 5, tzinfo=UTC)),
        ("Dec 31, 2026 at 14:05", datetime(2026, 12, 31, 13, 5, tzinfo=UTC)),
    ],
)
def test_times_of_day(settings: Settings, text: str, moment: datetime) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Oslo"
    assert dates.parse(text, is_day_first=False) == moment


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "31/12/2026",  # read month first
        "2026-02-30",
        "0000-01-01",
        "2026-12-31 25:00",
        "2026-12-31 13:05 PM",
        "2026-12-31 and more",
        "2026-12-31T10:00:00+25:00",
        "12026-12-31",
        "Foo 31, 2026",
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue):
        dates.parse(text, is_day_first=False)


@pytest.mark.parametrize(
    ("text", "is_comma", "plain"),
    [
        ("1234", False, "1234"),
        ("-1,234,567.89", False, "-1234567.89"),
        ("-1.234.567,89", True, "-1234567.89"),
        ("1 234,5", True, "1234.5"),
        ("1\u202f234,5", True, "1234.5"),
        ("1'234.50", False, "1234.50"),
        ("$1,200", False, "1200"),
        ("-€ 1.200,00", True, "-1200.00"),
        ("1.200,00 €", True, "1200.00"),
        (".5", False, ".5"),
        ("1.5E+3", False, "1.5E+3"),
    ],
)
def test_numbers_with_separators(text: str, is_comma: bool, plain: str) -> None:
    assert decimals.parse(text, is_comma=is_comma) == plain


@pytest.mark.parametrize(
    ("text", "is_comma"),
    [("1.234,56", False), ("1,234.56", True), ("12,34", False), ("1.2.3", True), ("x", False)],
)
def test_what_is_no_number_in_this_column_is_refused(text: str, is_comma: bool) -> None:
    with pytest.raises(InvalidValue, match="is not a number such as"):
        decimals.parse(text, is_comma=is_comma)


def look(
    kinds: Sequence[str], *table: Sequence[str], delimiter: str = ",", keys: Sequence[str] = ()
) -> Survey:
    """The survey of a table whose columns have these property types."""
    columns = [Column(place, f"Column{place}", f"p{place}") for place in range(len(kinds))]
    definitions = {
        f"p{place}": Definition(name=f"p{place}", label="", type=kind, field_type="", group="")
        for place, kind in enumerate(kinds)
    }
    rows = [Row(number, list(cells)) for number, cells in enumerate(table, 2)]
    return survey(rows, Survey(Format("utf-8", delimiter), columns), definitions, keys)


def reading(*args: Sequence[str], delimiter: str = ",") -> Reading:
    return look(*args, delimiter=delimiter).reading


def test_one_clear_date_decides_for_its_column() -> None:
    assert reading(["date"], ["03/04/2026"], ["13/04/2026"]).day_first == {0}
    assert reading(["date"], ["03/04/2026"], ["04/13/2026"]).day_first == set()


def test_an_unclear_column_follows_the_others_of_the_file() -> None:
    table = [["03/04/2026", "25/12/2026"], ["05/06/2026", "01/02/2026"]]
    assert reading(["date", "date"], *table).day_first == {0, 1}


def test_an_unclear_file_is_read_by_its_delimiter() -> None:
    table = [["03/04/2026", "1.234"]]
    american, continental = (
        look(["date", "number"], *table),
        look(["date", "number"], *table, delimiter=";"),
    )
    assert american.reading.day_first == set()
    assert american.reading.decimal_comma == set()
    assert continental.reading.day_first == {0}
    assert continental.reading.decimal_comma == {1}
    assert list(american.remarks()) == [
        "Column 'Column0': dates such as 03/04/2026 are read month first.",
        "Column 'Column1': numbers such as 1.234 are read with a decimal point.",
    ]


def test_a_column_with_both_orders_follows_the_majority_and_says_so() -> None:
    found = look(["date"], ["13/01/2026"], ["01/13/2026"], ["14/01/2026"])
    assert found.reading.day_first == {0}
    (remark,) = found.remarks()
    assert remark == (
        "Column 'Column0' has dates with the day first and with the month first;"
        " they are read day first."
    )


@pytest.mark.parametrize(
    ("values", "is_comma"),
    [
        (["1.234", "1.234,5"], True),
        (["1.234", "0,5"], True),
        (["1.234", "1.234.567"], True),
        (["1,234", "1,234.5"], False),
        (["1,234", "12.5"], False),
        (["1,234", "1,234,567"], False),
    ],
)
def test_one_clear_number_decides_for_its_column(values: list[str], is_comma: bool) -> None:
    found = look(["number"], *([value] for value in values))
    assert (0 in found.reading.decimal_comma) is is_comma
    assert list(found.remarks()) == []


def test_rows_and_repeated_keys_are_counted() -> None:
    found = look(["string"], ["a@x.com"], ["A@x.com "], ["b@x.com"], [""], [""], keys=["p0"])
    assert (found.total_rows, found.repeated_rows) == (5, 1)


def test_a_reading_survives_its_json() -> None:
    made = reading(["date", "number"], ["13/01/2026", "1,5"], delimiter=";")
    assert Reading.from_json(made.to_json()) == made
