"""Formulas: what they mean, what is refused, and what no record can break."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg.types.json import Jsonb

from crm.calculations.base import Place
from crm.calculations.equation import check, equation
from crm.calculations.formula import FormulaError
from crm.property_types.base import Definition
from crm.sql import sql, value

pytestmark = pytest.mark.django_db


def worked_out(formula: str, **properties: Any) -> Any:
    calculated = equation(formula).value(Place(is_new=True))
    found = value(
        sql(
            "SELECT {calculated}::text FROM (SELECT {properties}::jsonb AS properties) r",
            calculated=calculated,
            properties=Jsonb(properties),
        )
    )
    return None if found is None else Decimal(found)


@pytest.mark.parametrize(
    ("formula", "result"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 - -3", 1),
        ("10 / 4", Decimal("2.5")),
        ("10 / 0", None),
        ("7 - 2 - 1", 4),
        ("amount * 2", 10),
        ("[properties.amount] * 2", 10),
        ("nothing * 2", None),
        ("city * 2", None),
        ("round(2.345, 2)", Decimal("2.35")),
        ("round(2.345, amount / 0)", None),
        ("round(25, 0 - 1)", 25),
        ("abs(0 - 5)", 5),
        ("min(3, 1, 2)", 1),
        ("max(3, amount, 2)", 5),
        ("if(amount > 4, 1, 2)", 1),
        ("if(amount > 4 and amount < 5, 1, 2)", 2),
        ("if(not amount = 5 or city = 'Oslo', 1, 2)", 1),
        ("if((amount > 4 or amount < 1) and city != 'Rome', 1, 2)", 1),
        ("if((amount + 1) * 2 = 12, 1, 2)", 1),
        ("if(is_known(nothing), 1, 2)", 2),
        ("if(nothing > 1, 1, 2)", 2),
        ("days_between(born, seen)", 10),
        ("days_between(born, nothing)", None),
        ("1000000000 * 1000000000 * 1000000000", None),
    ],
)
def test_a_formula_means(formula: str, result: Any) -> None:
    found = worked_out(
        formula, amount=5, city="Oslo", born="2026-01-01", seen="2026-01-11T10:00:00.000Z"
    )
    assert found == result


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "is empty"),
        ("1 +", "lacks a number or a property at its end"),
        ("1 2", "goes on with '2'"),
        ("(1", "lacks a ')' at its end"),
        ("amount $ 2", "cannot be read from '$ 2' on"),
        ("sin(1)", "calls sin, which is none of"),
        ("round(1)", "round takes 2 arguments"),
        ("abs(1, 2)", "abs takes 1 argument"),
        ("if(1, 2, 3)", "lacks a comparison"),
        ("if(amount > 1, 'a', 2)", "if takes a number"),
        ("'a' + 1", "calculates with something that is no number"),
        ("is_known(1)", "is_known takes the name of a property"),
        ("amount; drop table crm_record", "cannot be read from ';"),
        ("(" * 30 + "1" + ")" * 30, "nested deeper than 20"),
        ("1" * 1001, "longer than 1,000"),
        ("nosuch + 1", "names nosuch, which is no property"),
        ("made + 1", "names made, which cannot be calculated with"),
        ("total + 1", "follows from itself"),
        ("other + 1", "follows from itself"),
        ("days_between(amount, born)", "days_between takes a date"),
        ("abs(born)", "abs takes a number"),
    ],
)
def test_a_wrong_formula_is_refused(formula: str, message: str) -> None:
    def number(name: str, **more: Any) -> Definition:
        given = {"type": "number", "field_type": "number", "group": "", "label": name} | more
        return Definition(name=name, **given)

    definitions = {
        "amount": number("amount"),
        "total": number("total"),
        "other": number("other", calculation=equation("total * 2")),
        "born": number("born", type="date"),
        "made": number("made", column="created_at"),
    }
    with pytest.raises(FormulaError) as caught:
        check("total", formula, definitions)
    assert message in str(caught.value)


JSON = st.one_of(
    st.none(), st.booleans(), st.floats(allow_nan=False, allow_infinity=False), st.integers(),
    st.text(max_size=8).filter(lambda text: "\x00" not in text), st.lists(st.text("ab", max_size=3)),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(amount=JSON, other=JSON)
def test_no_value_makes_a_formula_fail(amount: Any, other: Any) -> None:
    worked_out(
        "round(amount / other, 3) + if(amount > other and amount != 'x', 1, 2)"
        " + days_between(amount, other)",
        amount=amount, other=other,
    )  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet="ab1+-*/()., <>='\"if[]", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(FormulaError):
        equation(text)
