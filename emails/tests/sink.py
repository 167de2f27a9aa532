"""A real SMTP server for tests, in a thread: keeps what it takes and answers as it is told."""

from __future__ import annotations

import asyncio
import email
import email.policy
import logging
import threading
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

# It logs every line of every conversation.
logging.getLogger("mail.log").setLevel(logging.WARNING)


class Sink:
    """Collects (sender, recipients, mail); `answers` scripts replies per recipient."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], EmailMessage]] = []
        self.raw: list[bytes] = []
        #: Per recipient, for one attempt each: ("RCPT" or "DATA", reply); the reply "DROP" closes
        #: the connection instead, with the mail kept when it came that far.
        self.answers: dict[str, list[tuple[str, str]]] = {}
        #: User name and password without which nothing is taken, both or none.
        self.credentials: tuple[bytes, bytes] | None = None
        self.connections = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._protocols: list[SMTP] = []
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def start(self) -> Sink:
        """Listen; after `stop` on the same port as before."""
        self._wait(self._listen())
        return self

    def stop(self) -> None:
        self._wait(self._close())

    def end(self) -> None:
        if self._server is not None:
            self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def addresses(self) -> list[str]:
        return sorted(address for _, to, _ in self.taken for address in to)

    def _wait(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(self._protocol, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        for protocol in self._protocols:
            if protocol.transport is not None:
                protocol.transport.close()
        await self._server.wait_closed()
        self._server = None
        await asyncio.sleep(0.05)

    def _protocol(self) -> SMTP:
        self.connections += 1
        protocol = SMTP(
            self,
            hostname="sink",
            loop=self._loop,
            authenticator=self._authenticate,
            auth_require_tls=False,
        )
        self._protocols.append(protocol)
        return protocol

    def _authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        given: LoginPassword,
    ) -> AuthResult:
        is_right = (given.login, given.password) == self.credentials
        return AuthResult(success=is_right, handled=False)

    def _answer(self, where: str, recipient: str) -> str | None:
        script = self.answers.get(recipient)
        return script.pop(0)[1] if script and script[0][0] == where else None

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.credentials and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._answer("RCPT", address)
        if answer == "DROP":
            assert server.transport is not None
            server.transport.close()
        elif answer is not None:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._answer("DATA", envelope.rcpt_tos[0])
        if answer is not None and answer != "DROP":
            return answer
        content = envelope.content
        assert isinstance(content, bytes)
        mail = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.raw.append(content)
        self.taken.append((envelope.mail_from or "", list(envelope.rcpt_tos), mail))
        if answer == "DROP":
            assert server.transport is not None
            server.transport.close()
        return "250 OK"
