"""Connections to the mail server, kept open and shared by the threads of one process."""

from __future__ import annotations

import os
import smtplib
import ssl
import threading
import time
from contextlib import suppress
from functools import cache
from typing import Protocol
from urllib.parse import urlsplit

from django.conf import settings

from workflows.transports import Permanent, Temporary, Unavailable, Unclear

CONNECT_SECONDS = 10
#: For each answer of the server. Workers are killed after a minute: a server that takes longer
#: than this is treated as one that does not answer.
ANSWER_SECONDS = 20
#: Servers close connections that are quiet for long, or that have carried much.
LONGEST_QUIET_SECONDS = 30
MOST_MAILS = 200
TRIES_BEFORE_DATA = 2

Failure = (smtplib.SMTPException, OSError)


class MailServer(Protocol):
    """Where the mail server is and how to use it; EMAIL_TRANSPORT of the settings is one."""

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def username(self) -> str: ...

    @property
    def password(self) -> str: ...

    @property
    def security(self) -> str:
        """One of none, starttls, tls."""


class Connection:
    """One logged-in connection."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self.mails = 0
        self.last_used = time.monotonic()
        try:
            self.smtp = _connect(server)
        except Failure as error:
            raise Unavailable(
                f"The mail server {server.host}:{server.port} cannot be used: {describe(error)}"
            ) from None

    @property
    def is_fresh(self) -> bool:
        """Whether nothing has been sent over it that a broken line could be blamed for."""
        return self.mails == 0

    @property
    def is_usable(self) -> bool:
        quiet = time.monotonic() - self.last_used
        return quiet < LONGEST_QUIET_SECONDS and self.mails < MOST_MAILS

    def carry(self, sender: str, recipient: str, mail: bytes) -> None:
        """Hand over one mail; raises Temporary, Permanent, Unclear, or OSError before the data."""
        self.mails += 1
        self._ask("MAIL", *self.smtp.mail(sender))
        self._ask("RCPT", *self.smtp.rcpt(recipient))
        self._ask("DATA", *self.smtp.docmd("DATA"), wanted=354)
        try:
            code, answer = self._send(mail)
        except Failure as error:
            # From the first byte of the mail on the server may have taken it.
            raise Unclear(f"The connection broke off: {describe(error)}") from None
        self._ask("the mail", code, answer)
        self.last_used = time.monotonic()

    def _send(self, mail: bytes) -> tuple[int, bytes]:
        dotted = mail.replace(b"\r\n.", b"\r\n..")
        self.smtp.send(dotted + b".\r\n")
        return self.smtp.getreply()

    def _ask(self, what: str, code: int, answer: bytes, wanted: int = 250) -> None:
        """Check an answer of the server; a refusal leaves the connection ready for the next."""
        if code == wanted or (wanted == 250 and code == 251):
            return
        told = f"{code} {answer.decode('utf-8', 'replace')} (answer to {what})"
        if code == 421:
            # The server is about to close the line.
            self.mails = MOST_MAILS
            raise Temporary(told)
        with suppress(*Failure):
            self.smtp.rset()
        raise Permanent(told) if 500 <= code < 600 else Temporary(told)

    def close(self) -> None:
        with suppress(*Failure):
            self.smtp.quit()
        self.smtp.close()


class Pool:
    """Connections that are not in use at the moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._pid = os.getpid()

    def take(self) -> Connection:
        """A connection to the mail server of the settings; raises Unavailable."""
        server: MailServer = settings.EMAIL_TRANSPORT
        while (found := self._pop()) is not None:
            if found.is_usable and found.server == server:
                return found
            found.close()
        return Connection(server)

    def give(self, connection: Connection) -> None:
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        while (found := self._pop()) is not None:
            found.close()

    def _pop(self) -> Connection | None:
        with self._lock:
            if self._pid != os.getpid():
                # Inherited through fork: the lines belong to the parent, which goes on using them.
                for connection in self._idle:
                    connection.smtp.close()
                self._idle, self._pid = [], os.getpid()
            return self._idle.pop() if self._idle else None


pool = Pool()


def describe(error: BaseException) -> str:
    """What went wrong, in the server's words where it had any."""
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        return f"{error.smtp_code} {words}"
    return str(error) or type(error).__name__


def _connect(server: MailServer) -> smtplib.SMTP:
    # Our own name for the greeting: asking the resolver for it can take many seconds.
    own_name = urlsplit(settings.SITE_URL).hostname or "localhost"
    smtp: smtplib.SMTP
    if server.security == "tls":
        smtp = smtplib.SMTP_SSL(
            server.host, server.port, own_name, timeout=CONNECT_SECONDS, context=_trusted()
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, own_name, timeout=CONNECT_SECONDS)
    try:
        _greet(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _greet(smtp: smtplib.SMTP, server: MailServer) -> None:
    smtp.ehlo_or_helo_if_needed()
    if server.security == "starttls":
        smtp.starttls(context=_trusted())
        smtp.ehlo()
    if server.username:
        smtp.login(server.username, server.password)
    if smtp.sock is not None:
        smtp.sock.settimeout(ANSWER_SECONDS)


@cache
def _trusted() -> ssl.SSLContext:
    """Loading the system's certificates takes a tenth of a second."""
    return ssl.create_default_context()
