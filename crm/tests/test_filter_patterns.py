"""Regular expressions in filters: what they mean, and that none of them can hold up the server."""

from __future__ import annotations

import re
import time

import pytest

from crm import properties
from crm.filters import base
from crm.filters.patterns import BadPattern, translate
from crm.sql import SQL, execute, rows, sql, value
from crm.tests.filter_world import CONTACT, World, on

pytestmark = pytest.mark.django_db

#: Expressions that Python reads as RE2 does.
PATTERNS = [
    "", "a", "^a", "a$", "^$", "a|", "(|a)b", "(?:ab)+", "(a|b)*c", r"\d+", r"\D", r"\w{3}", r"\W",
    r"\s", r"\S+$", r"[\s\S]{4}", r"[a-c]+", r"[^a-c]", "[]a]", "[^]a]", "[a-]", "[-a]", r"[\]\\^]",
    r"[\d.]+", r"[^\d]", r"\bfoo\b", r"\Boo", "a.c", "a{2}", "a{2,}", "a{1,2}b", "a{b",
    "a+?", "a*?b", "x??y", r"\.", r"\x41", r"\t", "(?i)FOO", "(?s)a.c", r"^.{3}$", "é", "[à-ü]",
    r"100%", r"\\", "'", "a&b", r"[&~]", "#", "(?:)",
]  # fmt: skip
TEXTS = [
    "", "a", "aa", "aab", "abc", "a c", "a\nc", "foo", "a foo b", "food", "Foo", "x41A", "2.5", "100%",
    "]", "-", "\\", "^", "a{b", "été", "ü", "\t", "'", "a&b", "~", "ccc", "b", "#", "y",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_it_means_what_it_means_elsewhere(pattern: str) -> None:
    found = translate(pattern)
    query = sql(
        "SELECT t FROM unnest({texts}::text[]) AS t WHERE t {sign} {pattern}",
        texts=TEXTS,
        sign=SQL("~*" if found.ignores_case else "~"),
        pattern=found.text,
    )
    expected = [text for text in TEXTS if re.search(pattern, text, re.ASCII)]
    assert [row[0] for row in rows(query)] == expected


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(a)\1", r"may not use \1"),
        (r"\p{Greek}", r"may not use \p"),
        ("a(?=b)", "may not look around"),
        ("(?<!a)b", "may not look around"),
        ("(?P<n>a)", "may not look around, name groups"),
        ("a(?i)b", "or switch options in the middle"),
        ("(a", "lacks a )"),
        ("a)", "has a ) too many"),
        ("[a", "ends too early"),
        ("a\\", "ends too early"),
        ("*a", "has a * with nothing to repeat"),
        ("a**", "repeats a repetition"),
        ("^*", "repeats something that has no length"),
        ("a{2,1}", "repeats something in a wrong way"),
        ("a{256}", "more than 255 times"),
        ("(a{200}){200}", "is too large"),
        ("[z-a]", "wrong way round"),
        ("[[:nope:]]", "unknown class"),
        (r"[^\D]", r"may not use \D"),
        (r"\x0", "ends too early"),
        (r"\xzz", r"has a \x without two digits"),
        ("(" * 30 + ")" * 30, "nested deeper than 20"),
        ("a" * 513, "is longer than 512 characters"),
    ],
)
def test_what_is_refused(pattern: str, message: str) -> None:
    with pytest.raises(BadPattern, match=re.escape(message)):
        translate(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$", "(a|a)*$", "(a|aa)+$", "(.*a){20}$", "(a*)*b", r"(\w+\s?)*$", "(a?){100}a{100}",
        "((((a*)*)*)*)*b", "(?:[ab]*a[ab]{12}){5}", "[ab]*a[ab]{200}$", "(x+x+)+y", "(.*){9}!b",
        "([a-z]{1,60}[0-9]{1,60}){1,8}$",
    ],
)  # fmt: skip
def test_no_expression_takes_long(pattern: str) -> None:
    text = translate(pattern).text
    for long in ("a" * 30 + "!", "a" * 60_000 + "!", "ab" * 30_000 + "!"):
        began = time.perf_counter()
        value(sql("SELECT {long}::text ~ {text}", long=long, text=text))
        # Backtracking would take years over the shortest of these.
        assert time.perf_counter() - began < 5


def test_a_filter_with_an_expression() -> None:
    world = World()
    world.add({"oslo": {"t_text": "Oslo 0150"}, "rome": {"t_text": "Rome"}, "none": {}})

    def ask(operator: str, pattern: str) -> set[str]:
        return world.ask_value("t_text", operator, operationType="REGEX", value=pattern)

    assert ask("MATCHES_REGEX", r"\d{4}$") == {"oslo"}
    assert ask("DOES_NOT_MATCH_REGEX", r"\d") == {"rome"}
    assert ask("MATCHES_REGEX", "'; DROP TABLE crm_record; --") == set()
    assert execute(SQL("SELECT 1 FROM crm_record")) == 3
    line = on("t_text", "MATCHES_REGEX", operationType="REGEX", value="(?=a)")
    with pytest.raises(base.FilterError, match="the regular expression may not look around"):
        base.parse({"filterBranchType": "AND", "filters": [line]}, properties.load(CONTACT))
