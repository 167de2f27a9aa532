from __future__ import annotations

import errno
import http.client
import os
import socket
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection

from config import database, installation
from config.heartbeat import Heartbeat
from config.postgres import PostgresError
from config.supervisor import Program, Supervisor

#: How often `up` looks whether the embedded PostgreSQL still has its keeper.
KEEPER_SECONDS = 5
#: How often it looks whether everything is ready.
WELCOME_SECONDS = 0.5


class Command(BaseCommand):
    help = "Runs everything in this terminal: database, web server, workers, ticker, mailbox."
    requires_system_checks = []

    def handle(self, **options: Any) -> None:
        check_port("PORT", settings.BIND, settings.PORT)
        try:
            self.prepare()
        except KeyboardInterrupt:
            raise SystemExit("Stopped before everything was ready.") from None
        heartbeat = Heartbeat()
        supervisor = Supervisor(programs(heartbeat))
        supervisor.chores += [Welcome(heartbeat).look, KeeperWatch().look]
        code = supervisor.run()
        connection.close()
        if database.is_embedded():
            database.release()
        sys.exit(code)

    def prepare(self) -> None:
        """Bring tables, static files and first contents to where they have to be."""
        try:
            connection.ensure_connection()
        except OperationalError as error:
            reason = str(error).strip().splitlines()[-1]
            raise SystemExit(f"DATABASE_URL: no connection: {reason}") from None
        self.note("Collecting static files ...")
        installation.collect_static()
        with installation.one_at_a_time():
            self.note("Migrating the database ...")
            call_command("migrate", interactive=False, verbosity=0)
            installation.load_demo()

    def note(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


class Welcome:
    """Says once where to go, as soon as the web server and the workers answer."""

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self._is_said = False
        self._begun = self._next = time.monotonic()

    def look(self) -> None:
        if self._is_said or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + WELCOME_SECONDS
        if not self._is_ready():
            return
        self._is_said = True
        print("\n".join(["", *self._lines(), ""]), flush=True)

    def _is_ready(self) -> bool:
        return self._heartbeat.has_answered(time.monotonic() - self._begun) and is_answering()

    def _lines(self) -> list[str]:
        lines = ["  Cohort is running.", "", f"  Open      {settings.SITE_URL}/admin/"]
        password = installation.make_administrator()
        if password:
            lines += [
                f"  User      {installation.ADMINISTRATOR}",
                f"  Password  {password}   (shown this once)",
            ]
        if settings.EMAIL_TRANSPORT.is_local_mailbox:
            lines.append(f"  Mails     {settings.SITE_URL}/mailbox/")
        return [*lines, "  Stop      Ctrl-C"]


class KeeperWatch:
    """Gives the embedded PostgreSQL a new keeper should the old one have been killed."""

    def __init__(self) -> None:
        self._next = time.monotonic() + KEEPER_SECONDS

    def look(self) -> None:
        if not database.is_embedded() or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + KEEPER_SECONDS
        try:
            database.look_after()
        except PostgresError as error:
            print(error, flush=True)


def programs(heartbeat: Heartbeat) -> list[Program]:
    """Everything that runs, in the order of starting."""
    manage = [sys.executable, str(settings.BASE_DIR / "manage.py")]
    gunicorn = [sys.executable, "-m", "gunicorn", "--config"]
    gunicorn += [str(settings.BASE_DIR / "config" / "gunicorn.py"), "config.wsgi:application"]
    found = [
        Program(
            name="workers",
            command=[*manage, "qcluster"],
            is_restarted=True,
            complaint=heartbeat.complaint,
        ),
        Program(name="ticker", command=[*manage, "ticker"], stop_seconds=10),
        Program(name="web", command=gunicorn),
    ]
    if settings.EMAIL_TRANSPORT.is_local_mailbox and "mailbox" in get_commands():
        mailbox = [*manage, "mailbox"]
        found.insert(0, Program(name="mailbox", command=mailbox, stop_seconds=10, stops_last=True))
    return found


def check_port(name: str, host: str, port: int) -> None:
    """Exit with one line, which says what to do, unless a server could listen there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise SystemExit(f"BIND={host!r}: there is no such address.") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {port} is in use. Choose another one: {name}={port + 1} make run"
        else:
            message = f"Cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}."
        raise SystemExit(message) from None


def is_answering() -> bool:
    """Whether the web server answers; what it says does not matter."""
    host = "127.0.0.1" if settings.BIND in {"", "0.0.0.0"} else settings.BIND  # noqa: S104 (no bind)
    web = http.client.HTTPConnection(host, settings.PORT, timeout=2)
    try:
        web.request("GET", "/admin/login/", headers={"Host": f"localhost:{settings.PORT}"})
        web.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        web.close()
    return True
