"""The local mailbox: mails that `manage.py mailbox` took in, one file each.

It stands in for a mail server while none is set up. Files appear whole or not at all, and their
names sort by time.
"""

from __future__ import annotations

import email
import email.policy
import itertools
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from pathlib import Path

from django.conf import settings

NAME = re.compile(r"[0-9]{20}-[0-9a-f]{8}\.eml")
PAGE_SIZE = 50
#: How many mails a search looks through, newest first.
SEARCHED = 5000
#: Enough for all the headers of our mails.
HEAD_BYTES = 16_384


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A mail in the list."""

    name: str
    sender: str
    recipient: str
    subject: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Page:
    """A part of the list, newest first."""

    mails: list[Summary]
    number: int
    has_next: bool


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A whole mail."""

    summary: Summary
    html: str
    plain_text: str
    headers: list[tuple[str, str]]


def folder() -> Path:
    return Path(settings.DATA_DIR) / "mailbox"


def store(mail: bytes, sender: str, recipients: Sequence[str]) -> str:
    """Keep a mail with its envelope; returns its name."""
    envelope = f"X-Envelope-From: {sender}\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
    name = f"{time.time_ns():020d}-{secrets.token_hex(4)}.eml"
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    unfinished = place / f".{name}"
    unfinished.write_bytes(envelope.encode("utf-8", "replace") + mail)
    unfinished.rename(place / name)
    return name


def count() -> int:
    return len(_names())


def page(number: int = 1, words: str = "") -> Page:
    """Page `number` of the mails, or of those whose headers contain `words`."""
    names: Iterator[str] = iter(_names())
    if words:
        wanted = words.lower().encode("utf-8")
        names = (
            name for name in itertools.islice(names, SEARCHED) if wanted in _head(name).lower()
        )
    start = (number - 1) * PAGE_SIZE
    found = list(itertools.islice(names, start, start + PAGE_SIZE + 1))
    return Page(
        mails=[_summary(name) for name in found[:PAGE_SIZE]],
        number=number,
        has_next=len(found) > PAGE_SIZE,
    )


def read(name: str) -> Mail | None:
    """The mail in a file of the mailbox; None when there is no such mail."""
    if not NAME.fullmatch(name) or not (folder() / name).exists():
        return None
    parsed = email.message_from_bytes((folder() / name).read_bytes(), policy=email.policy.default)
    assert isinstance(parsed, EmailMessage)
    return Mail(
        summary=_summary(name),
        html=_part(parsed, "html"),
        plain_text=_part(parsed, "plain"),
        headers=[(key, str(value)) for key, value in parsed.items()],
    )


def clear() -> int:
    """Throw all mails away; returns how many."""
    names = _names()
    for name in names:
        (folder() / name).unlink(missing_ok=True)
    return len(names)


def _names() -> list[str]:
    try:
        found = [path.name for path in folder().iterdir()]
    except FileNotFoundError:
        return []
    return sorted(filter(NAME.fullmatch, found), reverse=True)


def _head(name: str) -> bytes:
    try:
        with (folder() / name).open("rb") as file:
            return file.read(HEAD_BYTES)
    except FileNotFoundError:
        # Thrown away since the folder was listed.
        return b""


def _summary(name: str) -> Summary:
    parsed = BytesHeaderParser(policy=email.policy.default).parsebytes(_head(name))
    return Summary(
        name=name,
        sender=str(parsed.get("From", "")),
        recipient=str(parsed.get("To", "")),
        subject=str(parsed.get("Subject", "")),
        at=datetime.fromtimestamp(int(name[:20]) / 1e9, UTC),
    )


def _part(parsed: EmailMessage, kind: str) -> str:
    part = parsed.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
