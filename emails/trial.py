"""Sending an email to oneself to see how it arrives: once, at once, and never counted."""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from email.utils import format_datetime, make_msgid

from crm import clock
from emails import headers, mime, publishing, rendering, sending
from emails.syntax import TemplateError
from emails.transports.connections import Connection, describe, pool
from workflows.transports import DeliveryError


class NotSent(Exception):
    """The trial did not go out; the message says why."""


def send(source: Mapping[str, str], address: str, record_id: int | None = None) -> None:
    """Send the draft `source` to `address`, filled in for a contact; raises NotSent.

    Consent is not asked: the address is that of the person who tries it.
    """
    try:
        recipient = headers.address(address)
        sender = headers.address(sending.sender(source.get("from_address", "")))
        rendered = publishing.preview(source, record_id)
    except (headers.InvalidAddress, TemplateError, rendering.RenderError) as error:
        raise NotSent(str(error)) from None
    head = [
        ("From", headers.mailbox(rendered.from_name, sender)),
        ("To", recipient),
        ("Subject", headers.text(f"[Test] {rendered.subject}")),
        ("Message-ID", make_msgid(domain=sender.rpartition("@")[2])),
        ("Date", format_datetime(clock.now())),
    ]
    _carry(sender, recipient, mime.write(head, rendered.plain_text, rendered.html))


def _carry(sender: str, recipient: str, mail: bytes) -> None:
    connection: Connection | None = None
    try:
        connection = pool.take()
        connection.carry(sender, recipient, mail)
    except DeliveryError as error:
        raise NotSent(str(error)) from None
    except (smtplib.SMTPException, OSError) as error:
        raise NotSent(f"The connection broke off: {describe(error)}") from None
    finally:
        if connection is not None:
            connection.close()
