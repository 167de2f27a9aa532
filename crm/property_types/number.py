from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from crm.property_types.base import Definition, InvalidValue, PropertyType, property_types

MOST = Decimal(10) ** 18


@property_types.register
class Number(PropertyType):
    """A decimal number with up to 15 significant digits."""

    name = "number"
    label = "Number"
    field_types = ("number", "calculation_equation")

    def clean(self, value: Any, definition: Definition) -> int | float:
        if isinstance(value, bool):
            raise InvalidValue("is not a number")
        text = str(value).strip()
        try:
            # Decimal itself would read 1_000 as a thousand.
            number = Decimal(text.replace("_", "?"))
        except InvalidOperation:
            raise InvalidValue(f"{str(value)[:40]!r} is not a number") from None
        if not number.is_finite() or abs(number) > MOST:
            raise InvalidValue(f"{str(value)[:40]!r} is not a number that can be stored")
        if number == number.to_integral_value():
            return int(number)
        # Stored as a JSON number: what a float cannot hold exactly would change silently.
        if Decimal(repr(float(number))) != number:
            raise InvalidValue(f"{str(value)[:40]!r} has too many digits")
        return float(number)

    def display(self, value: Any, definition: Definition) -> str:
        return f"{value:,}"
