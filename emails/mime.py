"""Writing a mail as it goes over the line.

The standard library builds a tree of objects for each mail, which costs more time than everything
else in sending it. Our mails all have one shape, so they are written down directly.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable


def write(headers: Iterable[tuple[str, str]], plain_text: str, html: str) -> bytes:
    """A mail with a plain-text and an HTML part.

    Names and values of `headers` are ASCII and safe already (emails.headers).
    """
    text, markup = _quoted_printable(plain_text), _quoted_printable(html)
    # Made of the content, so it cannot occur in it.
    boundary = "=_" + hashlib.sha256(text + markup).hexdigest()[:40]
    head = [f"{name}: {value}" for name, value in headers if value]
    head.append("MIME-Version: 1.0")
    head.append(f'Content-Type: multipart/alternative; boundary="{boundary}"')
    return b"".join(
        (
            "\r\n".join(head).encode("ascii"),
            b"\r\n\r\n",
            _part(boundary, "plain", text),
            _part(boundary, "html", markup),
            f"--{boundary}--\r\n".encode("ascii"),
        )
    )


def _part(boundary: str, subtype: str, body: bytes) -> bytes:
    head = (
        f"--{boundary}\r\n"
        f'Content-Type: text/{subtype}; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    )
    return head.encode("ascii") + body + b"\r\n"


def _quoted_printable(text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n") + "\n"
    encoded = binascii.b2a_qp(lines.encode("utf-8", "replace"), istext=True)
    return encoded.replace(b"\n", b"\r\n")
