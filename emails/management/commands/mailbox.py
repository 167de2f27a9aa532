from __future__ import annotations

import asyncio
import email.policy
import logging
import os
import signal
from argparse import ArgumentParser
from email.parser import BytesHeaderParser
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from emails import mailbox

HOST = "127.0.0.1"


class Handler:
    """Takes every mail for everybody."""

    def __init__(self, command: Command) -> None:
        self.command = command

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        mail = envelope.content
        assert isinstance(mail, bytes)
        mailbox.store(mail, envelope.mail_from or "", envelope.rcpt_tos)
        subject = BytesHeaderParser(policy=email.policy.default).parsebytes(mail)["Subject"]
        self.command.stdout.write(f"to {', '.join(envelope.rcpt_tos)}: {subject}")
        return "250 Kept in the mailbox"


class Command(BaseCommand):
    help = "Run the local mailbox: an SMTP server that keeps every mail for reading at /mailbox/."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=settings.EMAIL_TRANSPORT.port)

    def handle(self, *args: Any, **options: Any) -> None:
        # aiosmtpd logs every line of every conversation.
        logging.getLogger("mail.log").setLevel(logging.WARNING)
        asyncio.run(self.serve(options["port"]))

    async def serve(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        handler = Handler(self)
        try:
            server = await loop.create_server(
                lambda: SMTP(handler, hostname="localhost", ident="Cohort mailbox", loop=loop),
                HOST,
                port,
            )
        except OSError as error:
            # asyncio puts words of its own around the system's.
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise CommandError(
                f"The mailbox cannot use port {port}: {reason}. Set MAILBOX_PORT."
            ) from None
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        self.stdout.write(f"The mailbox takes mail on {HOST}:{port}.")
        async with server:
            await stop.wait()
