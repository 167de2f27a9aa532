"""Values of mail headers: cleaned, so that no value can add a header or a recipient."""

from __future__ import annotations

import re
from email.header import Header

from email_validator import EmailNotValidError, validate_email

LONGEST = 998
#: Control characters, line and paragraph separators, direction marks, halves of surrogates.
UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)
ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
BARE = re.compile(rf"{ATOM}(?:\.{ATOM})*@{LABEL}(?:\.{LABEL})*")
PLAIN = re.compile(r"[A-Za-z0-9 .,:;!?'()/&+*%$@_-]{0,70}")
PLAIN_NAME = re.compile(r"[A-Za-z0-9 '_-]{1,70}")


class InvalidAddress(ValueError):
    """Not exactly one address that mail can be sent to; the message says which."""


def clean(value: str) -> str:
    """`value` on one line, without characters that mean something to mail servers or readers."""
    return " ".join(UNWANTED.sub(" ", value).split())[:LONGEST].strip()


def text(value: str) -> str:
    """A cleaned text as the value of a header: plain ASCII, or encoded and folded."""
    value = clean(value)
    if PLAIN.fullmatch(value):
        return value
    return Header(value, "utf-8", maxlinelen=75).encode(linesep="\r\n")


def address(value: str) -> str:
    """One bare address in ASCII, an international domain in its ASCII form.

    Raises InvalidAddress. Whether mail for it can arrive is not judged: cohort@localhost is one
    too. A local part beyond ASCII is refused: few servers would take the mail.
    """
    local, _, domain = value.rpartition("@")
    if not value.isascii():
        domain = _ascii_domain(value)
    found = f"{local}@{domain}"
    if not BARE.fullmatch(found) or len(local) > 64 or len(found) > 254:
        raise InvalidAddress(f"{value[:80]!r} is not one email address.")
    return found


def _ascii_domain(value: str) -> str:
    """The domain of an address with letters beyond ASCII; "" when it is none."""
    try:
        found = validate_email(value, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        return ""
    return found.ascii_domain


def mailbox(name: str, bare_address: str) -> str:
    """A name and an address as the value of From or Reply-To."""
    name = clean(name)
    if not name:
        return bare_address
    shown = name if PLAIN_NAME.fullmatch(name) else text_encoded(name)
    return f"{shown} <{bare_address}>"


def text_encoded(value: str) -> str:
    """Always encoded: a name with quotes, commas or angle brackets needs no other care then."""
    return Header(value, "utf-8", maxlinelen=75).encode(linesep="\r\n")
