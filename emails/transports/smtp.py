from __future__ import annotations

import logging
from collections.abc import Sequence
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings

from crm import clock
from crm.sql import SQL
from emails import audience, headers, links, mime, rendering, sending
from emails.models import EmailRevision, Result, Send
from emails.rendering import Content, Rendered
from emails.tokens.base import Recipient
from emails.transports.connections import Connection, Failure, describe, pool
from workflows.transports import Message, Permanent, Temporary, Transport, transports

logger = logging.getLogger(__name__)


@transports.register
class Smtp(Transport):
    """Emails over SMTP, made at the moment they go out from what the record says then."""

    kind = sending.OUTBOX_KIND

    def __init__(self, messages: Sequence[Message]) -> None:
        super().__init__(messages)
        self.sends = _load_sends([message.key for message in messages])
        self.values = _load_values(list(self.sends.values()))
        self.date = format_datetime(clock.now())
        self.connection: Connection | None = None

    @classmethod
    def refusal(cls) -> SQL:
        return audience.refusal("m.key")

    def ready(self) -> None:
        if self.connection is None:
            self.connection = pool.take()

    def hand_over(self, message: Message) -> None:
        send = self.sends.get(message.key)
        if send is None or send.revision_id is None:
            raise Permanent("The email of this send does not exist any more.")
        try:
            sender = headers.address(sending.sender(_source(send)["from_address"]))
            recipient = headers.address(send.address)
            mail = self._write(send, sender, recipient)
        except Exception as error:
            # Nothing went over the line yet: whatever is wrong, the fate of the mail is known.
            logger.exception("The email for %s could not be made.", message.key)
            text = f"{Result.TEMPLATE_RENDER_EXCEPTION.value}: {error}"
            raise Permanent(text) from None
        self._carry(sender, recipient, mail)

    def close(self) -> None:
        if self.connection is not None:
            pool.give(self.connection)
            self.connection = None

    @classmethod
    def note(cls, finished: SQL) -> None:
        sending.note(finished)

    def _write(self, send: Send, sender: str, recipient: str) -> bytes:
        assert send.revision_id is not None
        rendered = rendering.render(_content(send.revision_id), self.values[send.key])
        head = _headers(send, rendered, sender, recipient)
        return mime.write([*head, ("Date", self.date)], rendered.plain_text, rendered.html)

    def _carry(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand over on the open connection; one that went stale meanwhile is replaced once."""
        self.ready()
        connection = self.connection
        assert connection is not None
        is_fresh = connection.is_fresh
        try:
            connection.carry(sender, recipient, mail)
        except Failure as error:
            self._drop()
            if is_fresh:
                raise Temporary(f"The connection broke off: {describe(error)}") from None
            self._carry(sender, recipient, mail)
        except (Temporary, Permanent):
            if not connection.is_usable:
                self._drop()
            raise
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        if self.connection is not None:
            self.connection.smtp.close()
            self.connection = None


def _headers(send: Send, rendered: Rendered, sender: str, recipient: str) -> list[tuple[str, str]]:
    """Everything but the date, all values clean; the names are fixed here (E-088)."""
    host = sender.rpartition("@")[2]
    reply_to = _source(send)["reply_to"]
    return [
        ("From", headers.mailbox(rendered.from_name, sender)),
        ("To", recipient),
        ("Reply-To", headers.address(reply_to) if reply_to else ""),
        ("Subject", headers.text(rendered.subject)),
        ("Message-ID", send.message_id),
        ("List-Unsubscribe", f"<{links.unsubscribe(send.token)}>"),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ("List-ID", f"<marketing.{host}>"),
        ("Feedback-ID", f"{send.email_id}:automated:{_site()}:cohort"),
    ]


def _site() -> str:
    return urlsplit(settings.SITE_URL).hostname or "localhost"


def _load_sends(keys: Sequence[str]) -> dict[str, Send]:
    """The sends by key, without those whose email was deleted."""
    found = Send.objects.filter(key__in=keys, revision__in=EmailRevision.objects.all())
    return {send.key: send for send in found}


def _load_values(sends: Sequence[Send]) -> dict[str, dict[str, str]]:
    """The values of all tokens that any of the emails has, by key of the send."""
    revisions = {send.revision_id for send in sends if send.revision_id is not None}
    names = {name for revision_id in revisions for name in _content(revision_id).names()}
    recipients = [Recipient(record_id=send.record_id, token=send.token) for send in sends]
    found = rendering.values_for(recipients, names)
    return {send.key: values for send, values in zip(sends, found, strict=True)}


def _source(send: Send) -> dict[str, str]:
    assert send.revision_id is not None
    return _revision(send.revision_id)[0]


def _content(revision_id: int) -> Content:
    return _revision(revision_id)[1]


@lru_cache(maxsize=200)
def _revision(revision_id: int) -> tuple[dict[str, str], Content]:
    """A revision's source and compiled content; it never changes, so it is read once."""
    revision = EmailRevision.objects.get(pk=revision_id)
    return revision.source, Content.from_json(revision.content)
