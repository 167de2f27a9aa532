from __future__ import annotations

import html
from uuid import UUID

import pytest
from pytest_django.fixtures import Settings

from crm.models import Property
from emails import publishing, rendering
from emails.models import Email, EmailRevision
from emails.publishing import NotPublishable, preview, publish
from emails.rendering import Content, compile_content
from emails.syntax import TemplateError
from emails.tests.conftest import MakeContacts, MakeEmail
from emails.tokens.base import Recipient, token_sources

pytestmark = pytest.mark.django_db
NASTY = "<b>\"R&D\" 'x'</b> {{ contact.email }}"


def body(markup: str, values: dict[str, str]) -> str:
    """The HTML between the body tags, without the footer."""
    content = compile_content({"subject": "s", "html": f"<body>{markup}</body>"})
    rendered = rendering.render(content, values | {"unsubscribe_link": "https://x.example/u/1/"})
    return rendered.html.removeprefix("<body>").partition('<div style="margin:32px')[0]


@pytest.mark.parametrize(
    ("markup", "value", "expected"),
    [
        ("<p>{{ contact.city }}</p>", NASTY, f"<p>{html.escape(NASTY)}</p>"),
        ("<p>{{ contact.city }}</p>", "a\nb", "<p>a<br>\nb</p>"),
        ('<img alt="{{ contact.city }}">', '" onload="x', '<img alt="&quot; onload=&quot;x">'),
        ("<img alt='{{ contact.city }}'>", "' onload='x", "<img alt='&#x27; onload=&#x27;x'>"),
        # A part of a URL is percent-encoded, a whole URL has to be one of a harmless kind.
        (
            '<a href="https://x.example/?c={{ contact.city }}&amp;d=1">',
            "a b&c=d/é\"'",
            '<a href="https://x.example/?c=a%20b%26c%3Dd%2F%C3%A9%22%27&amp;d=1">',
        ),
        ('<a href="{{ contact.city }}">', "javascript:alert(1)", '<a href="#">'),
        ('<a href="{{ contact.city }}">', " JaVaScRiPt:alert(1)", '<a href="#">'),
        ('<a href="{{ contact.city }}">', "data:text/html,x", '<a href="#">'),
        ('<a href="{{ contact.city }}">', "java\tscript:x", '<a href="#">'),
        ('<a href="{{ contact.city }}">', "https://[", '<a href="#">'),
        (
            '<a href="{{ contact.city }}">',
            'https://a.example/?x=1&y="',
            '<a href="https://a.example/?x=1&amp;y=&quot;">',
        ),
        ('<a href="{{ contact.city }}">', "example.com/x", '<a href="https://example.com/x">'),
        (
            '<a href="https://{{ contact.city }}/x">',
            'a.example"><script>',
            '<a href="https://a.example%22%3E%3Cscript%3E/x">',
        ),
        ('<a href="mailto:{{ contact.city }}">', "a@b.example", '<a href="mailto:a@b.example">'),
        ("<!-- {{ contact.city }} -->", "--><script>", "<!-- --&gt;&lt;script&gt; -->"),
        ('<p title="a>b">{{ contact.city }}</p>', "<", '<p title="a>b">&lt;</p>'),
        ("1 < 2 {{ contact.city }}", "<", "1 < 2 &lt;"),
        ("{{ contact.city | upper }}", "köln", "KÖLN"),
        ("{{ contact.city | upper | default: '<you>' }}", " ", "&lt;you&gt;"),
    ],
)
def test_a_value_is_harmless_where_it_stands(markup: str, value: str, expected: str) -> None:
    assert body(markup, {"contact.city": value}) == expected


@pytest.mark.parametrize(
    ("markup", "message"),
    [
        ("<p>\n<a href={{ contact.city }}>", "A token inside a tag has to stand in an attribute"),
        ("<p>\n<{{ contact.city }}>", "A token inside a tag"),
        ("<p>\n</{{ contact.city }}>", "A token inside a tag"),
        ("<p>\n<iframe srcdoc='{{ contact.city }}'>", "A token cannot stand in the attribute"),
        ("<p>\n<p {{ contact.city }}>", "A token inside a tag"),
        ("<p>\n<p style='color:{{ contact.city }}'>", "A token cannot stand in the attribute"),
        ("<p>\n<p onclick='{{ contact.city }}'>", "A token cannot stand in the attribute"),
        ("<p>\n<style>a{}</style><STYLE>{{ contact.city }}", "A token cannot stand inside <style>"),
        ("<p>\n<script>x = '{{ contact.city }}'</script>", "A token cannot stand inside <script>"),
        ("<p>\n{{ contact.cty }}", "Contacts have no property 'cty'. Did you mean contact.city?"),
        ("<p>\n{{ contact.qqqqq }}", "Contacts have no property 'qqqqq'."),
        ("<p>\n{{ contact }}", "Which property of the contact?"),
        (
            "<p>\n{{ company.name }}",
            "There is no token 'company'; tokens begin with one of: contact, unsubscribe_link.",
        ),
        ("<p>\n{{ unsubscribe_link.x }}", "unsubscribe_link has no parts."),
    ],
)
def test_a_token_that_cannot_work_is_refused(markup: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_content({"subject": "s", "html": markup})
    assert caught.value.message.startswith(message) or message in caught.value.message
    assert caught.value.line == 2


def test_every_part_with_a_mistake_is_named() -> None:
    source = {"subject": "{{ x", "html": "{{ contact.nope }}", "plain_text": "{{ contact.city }}"}
    found = rendering.mistakes(source)
    assert {part: str(error) for part, error in found.items()} == {
        "subject": "Line 1, column 1: The token is not closed with }}.",
        "html": "Line 1, column 1: Contacts have no property 'nope'.",
    }


def test_values_are_shown_as_people_read_them(
    make_contacts: MakeContacts, settings: Settings
) -> None:
    settings.ACCOUNT_TIME_ZONE = "Europe/Berlin"
    (record_id,) = make_contacts(
        {
            "email": "a@example.com",
            "lifecyclestage": "marketingqualifiedlead",
            "closedate": "2026-03-01",
            "notes_last_contacted": "2026-03-01T23:30:00Z",
            "hubspotscore": 12345.5,
            "hs_email_optout": False,
        }
    )
    names = {
        "contact.lifecyclestage",
        "contact.closedate",
        "contact.notes_last_contacted",
        "contact.hubspotscore",
        "contact.hs_email_optout",
        "contact.hs_object_id",
        "contact.city",
        "unsubscribe_link",
    }
    token = UUID(int=5)

    (values,) = rendering.values_for([Recipient(record_id=record_id, token=token)], names)

    assert values == {
        "contact.lifecyclestage": "Marketing qualified lead",
        "contact.closedate": "1 Mar 2026",
        "contact.notes_last_contacted": "2 Mar 2026, 00:30",
        "contact.hubspotscore": "12,345.5",
        "contact.hs_email_optout": "No",
        "contact.hs_object_id": f"{record_id:,}",
        "contact.city": "",
        "unsubscribe_link": f"{settings.SITE_URL}/u/{token.hex}/",
    }


def test_a_value_is_never_a_template(make_contacts: MakeContacts) -> None:
    (record_id,) = make_contacts({"email": "a@example.com", "city": "{{ contact.email }}"})
    shown = preview({"subject": "{{ contact.city }}", "html": "{{ contact.city }}"}, record_id)
    assert shown.subject == "{{ contact.email }}"
    assert "{{ contact.email }}" in shown.html


def test_plain_text_is_made_of_the_html_with_links_and_tokens() -> None:
    source = {
        "subject": "s",
        "html": (
            '<style>p{}</style><h1>Hello {{ contact.firstname | default: "A & B" }}</h1>'
            '<p>See <a href="https://x.example/?a={{ contact.city }}">our page</a>,'
            ' <a href="https://x.example/">https://x.example/</a></p>'
            "<ul><li>one</li><li>two</li></ul><table><tr><td>a</td><td>b</td></tr></table>"
        ),
    }

    text = preview(source).plain_text

    lines = [line.strip() for line in text.splitlines() if line.strip()]
    assert lines == [
        "Hello A & B",
        "See our page: https://x.example/?a=, https://x.example/",
        "* one",
        "* two",
        "a  b",
        "--",
        f"Unsubscribe: {rendering_link()}",
    ]


def rendering_link() -> str:
    from emails import links

    return links.unsubscribe(publishing.PREVIEW_TOKEN)


def test_plain_text_is_not_escaped() -> None:
    source = {"subject": "s", "html": "x", "plain_text": "{{ contact.city | default: '<&>' }}"}
    assert preview(source).plain_text.startswith("<&>\n")


def test_an_email_of_plain_text_only_gets_an_html_part() -> None:
    source = {"subject": "s", "plain_text": "a < b {{ contact.city | default: 'R&D' }}\n2\n\nc"}
    assert "<p>a &lt; b R&amp;D<br>\n2</p>\n<p>c</p>" in preview(source).html


def test_a_footer_to_unsubscribe_is_added_where_the_author_put_none() -> None:
    link = rendering_link()
    without = preview({"subject": "s", "html": "<html><body>a</body></html>"})
    assert without.html.count(link) == 1
    assert without.html.endswith("</div>\n</body></html>")
    assert without.plain_text.count(link) == 1
    own = '<p><a href="{{ unsubscribe_link }}">No more</a></p>'
    with_own = preview({"subject": "s", "html": own})
    assert with_own.html.count(link) == 1
    assert with_own.plain_text.strip() == f"No more: {link}"


def test_the_preview_text_stands_hidden_before_the_text() -> None:
    shown = preview(
        {
            "subject": "s",
            "html": "<body class='x'>a</body>",
            "preview_text": "A < {{ contact.city }}",
        }
    )
    assert shown.html.startswith("<body class='x'><div style=\"display:none;")
    assert "A &lt; &#847;" in shown.html
    assert "A <" not in shown.plain_text


def test_a_fragment_becomes_a_document() -> None:
    shown = preview({"subject": "s", "html": "<p>a</p>"}).html
    assert shown.startswith("<!doctype html>")
    assert '<meta charset="utf-8">' in shown


def test_a_subject_is_one_line() -> None:
    content = compile_content({"subject": "a {{ contact.city }}", "html": "x"})
    values = {"contact.city": "b\r\nBcc: x@example.com\u2028c\x00", "unsubscribe_link": "https://x"}
    assert rendering.render(content, values).subject == "a b Bcc: x@example.com c"


def test_content_survives_being_stored() -> None:
    content = compile_content({"subject": "{{ contact.city }}", "html": "{{ contact.city }}"})
    assert Content.from_json(content.to_json()) == content


def test_publishing_freezes_the_text(make_email: MakeEmail) -> None:
    email = make_email()
    first = email.revision
    assert first is not None
    assert (email.state, first.number) == ("PUBLISHED", 1)

    email.subject = "Changed"
    publishing.save(email)
    email.refresh_from_db()
    assert email.revision_id == first.pk
    second = publish(email)

    assert second.number == 2
    assert publish(email) == second
    first.refresh_from_db()
    assert first.source["subject"].startswith("Hello")


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"subject": " "}, "subject", "An email needs a subject."),
        ({"html": ""}, "html", "An email needs a text."),
        ({"html": "{{ contact.nope }}"}, "html", "Line 1, column 1: Contacts have no property 'nope'."),
        ({"subject": "{% if %}"}, "subject", "Line 1, column 1: {% ... %} is not possible here, only {{ tokens }} are."),
        ({"from_address": "a@b.example, c@d.example"}, "from_address", "'a@b.example, c@d.example' is not one email address."),
        ({"from_address": "a@b.example\nBcc: x@y.example"}, "from_address", "'a@b.example\\nBcc: x@y.example' is not one email address."),
        ({"reply_to": "nobody"}, "reply_to", "'nobody' is not one email address."),
    ],
)  # fmt: skip
def test_an_email_with_a_mistake_is_not_published(
    make_email: MakeEmail, fields: dict[str, str], field: str, message: str
) -> None:
    with pytest.raises(NotPublishable) as caught:
        make_email(**fields)
    assert [(item.field, item.message) for item in caught.value.problems] == [(field, message)]
    assert not Email.objects.exists()
    assert not EmailRevision.objects.exists()


def test_a_property_that_is_deleted_after_publishing_leaves_the_default(
    make_contacts: MakeContacts,
) -> None:
    source = {"subject": "{{ contact.city | default: 'there' }}", "html": "x"}
    content = compile_content(source)
    (record_id,) = make_contacts({"email": "a@example.com", "city": "Rome"})
    recipient = Recipient(record_id=record_id, token=UUID(int=1))
    Property.objects.filter(name="city").delete()

    (values,) = rendering.values_for([recipient], content.names())

    assert rendering.render(content, values).subject == "there"


def test_every_token_source_describes_itself() -> None:
    for kind in token_sources:
        assert kind.__doc__
        source = kind()
        names = source.names()
        assert names
        fields = [name.partition(".")[2] for name in names]
        assert source.check(fields) == {}
        recipients = [Recipient(record_id=0, token=UUID(int=1))]
        (values,) = source.values(recipients, fields)
        assert set(values) == set(fields)
