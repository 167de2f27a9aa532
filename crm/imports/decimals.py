"""Numbers as people and spreadsheets write them; point or comma is decided per column."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crm.property_types.base import InvalidValue

CURRENCY = re.compile(r"^([+-]?)\s*[€$£¥₹]\s*|\s*[€$£¥₹]$")
#: One separator, once, with three digits behind it: 1.234 can be 1234 or 1.234.
UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2}([.,])\d{3}")
MARKS = re.compile(r"[.,]")
WITH_POINT = re.compile(r"[+-]?(?:\d{1,3}(?:[, '’\u00a0\u202f]\d{3})+|\d+)?(?:\.\d+)?")
WITH_COMMA = re.compile(r"[+-]?(?:\d{1,3}(?:[. '’\u00a0\u202f]\d{3})+|\d+)?(?:,\d+)?")
SCIENTIFIC = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE][+-]?\d{1,3}")
GROUPS = re.compile(r"[ '’\u00a0\u202f]")


@dataclass
class DecimalMark:
    """What the values of one column say about which mark stands before the decimals."""

    points: int = 0
    commas: int = 0
    unclear: int = 0
    example: str = ""

    def see(self, text: str) -> None:
        bare = _bare(text)
        marks = MARKS.findall(bare)
        if not marks:
            return
        if UNCLEAR.fullmatch(bare):
            self.unclear += 1
            self.example = self.example or text.strip()
            return
        # What comes last are the decimals, unless it comes several times: 1.234.567
        is_group = marks.count(marks[-1]) > 1
        if (marks[-1] == ",") != is_group:
            self.commas += 1
        else:
            self.points += 1

    @property
    def is_decided(self) -> bool:
        return self.points != self.commas

    def is_comma(self, otherwise: bool) -> bool:
        """Whether decimals follow a comma; `otherwise` where no value of the column tells."""
        return self.commas > self.points if self.is_decided else otherwise


def parse(text: str, *, is_comma: bool) -> str:
    """A number in plain notation; raises InvalidValue."""
    bare = _bare(text)
    pattern = WITH_COMMA if is_comma else WITH_POINT
    if SCIENTIFIC.fullmatch(bare):
        return bare.replace(",", ".")
    if not bare or not pattern.fullmatch(bare):
        raise InvalidValue(f"{text[:40]!r} is not a number such as {_example(is_comma)}")
    plain = GROUPS.sub("", bare)
    if is_comma:
        return plain.replace(".", "").replace(",", ".")
    return plain.replace(",", "")


def _bare(text: str) -> str:
    return CURRENCY.sub(r"\1", text.strip()).replace("\u2212", "-").strip()


def _example(is_comma: bool) -> str:
    return "1.234,56" if is_comma else "1,234.56"
