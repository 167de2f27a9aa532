from __future__ import annotations

import email
import email.policy
from email.headerregistry import AddressHeader

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emails import headers
from emails.headers import InvalidAddress


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        ("a\r\nBcc: x@y.example", "a Bcc: x@y.example"),
        ("a\u2028b\u2029c\x85d\x0be", "a b c d e"),
        ("  many   spaces\t", "many spaces"),
        ("\u202egnp.exe", "gnp.exe"),
        ("Zoë 漢字 🎉", "Zoë 漢字 🎉"),
        ("x" * 2000, "x" * 998),
    ],
)
def test_a_value_is_cleaned(value: str, clean: str) -> None:
    assert headers.clean(value) == clean


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("a@example.com", "a@example.com"),
        ("a.b+c@sub.example.com", "a.b+c@sub.example.com"),
        ("a@bücher.example", "a@xn--bcher-kva.example"),
        ("cohort@localhost", "cohort@localhost"),
    ],
)
def test_an_address_is_one_in_ascii(value: str, address: str) -> None:
    assert headers.address(value) == address


@pytest.mark.parametrize(
    "value",
    [
        "", "a", "a@", "@b.example", "a@b@c.example", "a@b.example,c@d.example", "a@b.example c",
        "Ada <a@b.example>", "<a@b.example>", "friends: a@b.example;", "a@b.example\n", "a\n@b.example",
        "a@b.example\r\nBcc: c@d.example", "é@b.example", '"a b"@c.example', "a@[127.0.0.1]",
        "a\u2028@b.example", "a@b..example", "a\x00@b.example",
    ],
)  # fmt: skip
def test_anything_else_is_no_address(value: str) -> None:
    with pytest.raises(InvalidAddress):
        headers.address(value)


@given(st.text(max_size=300))
def test_any_text_survives_as_a_header(value: str) -> None:
    raw = f"Subject: {headers.text(value)}\r\n\r\n".encode("ascii")
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert parsed.keys() == ["Subject"]
    assert str(parsed["Subject"]).split() == headers.clean(value).split()
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(st.text(max_size=300))
def test_any_name_stands_beside_one_address(name: str) -> None:
    raw = f"From: {headers.mailbox(name, 'a@example.com')}\r\n\r\n".encode("ascii")
    parsed = email.message_from_bytes(raw, policy=email.policy.default)
    assert parsed.keys() == ["From"]
    header = parsed["From"]
    assert isinstance(header, AddressHeader)
    assert [item.addr_spec for item in header.addresses] == ["a@example.com"]
