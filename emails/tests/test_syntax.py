from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails.syntax import TemplateError, Token, parse, unescape_tokens


@pytest.mark.parametrize(
    ("template", "token"),
    [
        ("{{ contact.firstname }}", Token(name="contact.firstname")),
        ("{{contact.firstname}}", Token(name="contact.firstname")),
        (
            '{{ contact.firstname | default: "there" }}',
            Token(name="contact.firstname", default="there"),
        ),
        (
            '{{ contact.firstname|default("there") }}',
            Token(name="contact.firstname", default="there"),
        ),
        ("{{ contact.city|default('x', true) }}", Token(name="contact.city", default="x")),
        (
            "{{ personalization_token('contact.firstname','there') }}",
            Token(name="contact.firstname", default="there"),
        ),
        ('{{ personalization_token("contact.city") }}', Token(name="contact.city")),
        (
            "{{ contact.city | upper | default: 'X' }}",
            Token(name="contact.city", default="X", filters=("upper",)),
        ),
        ("{{ unsubscribe_link }}", Token(name="unsubscribe_link")),
        (
            r'{{ contact.city | default: "say \"}}\" {{" }}',
            Token(name="contact.city", default='say "}}" {{'),
        ),
        # An editor's non-breaking spaces and line breaks.
        ("{{\xa0contact.city\n}}", Token(name="contact.city")),
    ],
)
def test_a_token_is_understood(template: str, token: Token) -> None:
    assert parse(f"a {template} b") == ["a ", token, " b"]


def test_text_without_tokens_is_one_piece() -> None:
    assert parse("100 % {plain} }} text") == ["100 % {plain} }} text"]
    assert parse("") == []


def test_comments_vanish() -> None:
    assert parse("a{# {{ nothing }} #}b") == ["a", "b"]


@pytest.mark.parametrize(
    ("template", "line", "column", "message"),
    [
        ("Hi {{ contact.firstname", 1, 4, "The token is not closed with }}."),
        ("Hi\n  {{ contact.firstname <b>", 2, 3, "The token is not closed with }}."),
        (
            "{{ }}",
            1,
            4,
            "Expected the name of a token, such as contact.firstname, but found the end.",
        ),
        ("{{ contact. }}", 1, 13, "Expected a property but found the end."),
        ("{{ contact.a b }}", 1, 14, "'b' is not expected here."),
        ("{{ contact.a | default }}", 1, 24, "Expected '(' but found '}}'."),
        ("{{ contact.a | default: there }}", 1, 25, "Expected a text in quotes but found 'there'."),
        ("{{ contact.a | default: “there” }}", 1, 25, "'“' is not possible in a token."),
        (
            "a\n\n {{ contact.a | nosuch }}",
            3,
            17,
            "There is no filter 'nosuch'; there are default, upper, lower, title, capitalize, trim.",
        ),
        ("{{ 1 + 1 }}", 1, 4, "'1' is not possible in a token."),
        (
            "{{ contact.__class__.__mro__() }}",
            1,
            29,
            "'(' is not expected here.",
        ),
        (
            "{% for x in y %}",
            1,
            1,
            "{% ... %} is not possible here, only {{ tokens }} are.",
        ),
        ("ab {# open", 1, 4, "The comment {# is not closed with #}."),
        ("a\x00b", 1, 2, "There is a character that cannot be stored."),
    ],
)
def test_a_mistake_is_shown_with_its_place(
    template: str, line: int, column: int, message: str
) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(template)
    assert (caught.value.line, caught.value.column, caught.value.message) == (line, column, message)
    assert str(caught.value) == f"Line {line}, column {column}: {message}"


@pytest.mark.parametrize(
    "bomb",
    [
        "{{" * 200_000,
        "{{ a }}" * 501,
        "{{ " + "a." * 100_000 + "a }}",
        "{{ a " + "| upper " * 50_000 + "}}",
        "{{ a | default: '" + "\\" * 200_000 + "' }}",
        "{{ a | default: '" + "x" * 499_000,
        "{#" * 200_000,
        "x" * 500_001,
    ],
    ids=["opens", "tokens", "dots", "filters", "backslashes", "unclosed", "comments", "long"],
)
def test_a_bomb_takes_no_time(bomb: str) -> None:
    start = time.process_time()
    with contextlib.suppress(TemplateError):
        parse(unescape_tokens(bomb))
    # Of this process's own time, however busy the machine: a bomb would take minutes.
    assert time.process_time() - start < 5


PARTS = ["{{", "}}", "{%", "{#", "#}", "contact", ".", "a", "|", "default", ":", "(", ")", "'", '"']


@given(st.lists(st.sampled_from([*PARTS, ",", " ", "\n", "\\", "<a href=", ">", "é"]), max_size=40))
def test_anything_is_parsed_or_refused(parts: list[str]) -> None:
    template = "".join(parts)
    try:
        pieces = parse(template)
    except TemplateError as refused:
        error = refused
    else:
        assert all(isinstance(piece, Token) or piece in template for piece in pieces)
        return
    assert 1 <= error.line <= template.count("\n") + 1
    assert 1 <= error.column <= len(template) + 1


def test_quotes_that_an_html_editor_escaped_are_understood() -> None:
    template = "{{ contact.city | default: &quot;A &amp;&nbsp;B&quot; }} &amp;"
    assert parse(unescape_tokens(template)) == [
        Token(name="contact.city", default="A &\xa0B"),
        " &amp;",
    ]


def test_tokens_survive_being_stored() -> None:
    token = Token(name="contact.city", default="x", filters=("upper",), context="url")
    assert Token.from_json(token.to_json()) == token
