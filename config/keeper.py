"""The keeper of the embedded PostgreSQL: `python -m config.keeper FOLDER`, started when needed.

It starts the server, restarts it when it dies, and stops it when its last user is gone; see
config/postgres.py for how it knows. It needs no Django.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from config import capabilities
from config.postgres import (
    BUSY,
    DATABASE,
    READY,
    START_SECONDS,
    SUPERUSER,
    Embedded,
    PostgresError,
    binary,
    wheel_folder,
)

#: How long the keeper waits for a next user before it stops the server: commands run in a row
#: then do not pay a start each.
LINGER_SECONDS = 1.0
LOOK_SECONDS = 0.25
#: What the sessions of a server that was killed may take to notice.
LEFTOVER_SECONDS = 30
#: The log starts anew when it has grown to this.
LOG_BYTES = 10 * 2**20
NEW_DATA = "data.new-"


class Keeper:
    """The one process that starts a server and stops it after its last user."""

    def __init__(self, server: Embedded) -> None:
        self.server = server
        self.account = capabilities.account_for({server.home, wheel_folder()}, server.data)
        self.postmaster: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    def run(self) -> str:
        """Serve until the last user has left; returns BUSY at once when another keeper does."""
        lock = os.open(self.server.keeper_lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return BUSY
        os.truncate(lock, 0)
        os.write(lock, f"{os.getpid()}\n".encode())
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        # A keeper that was killed leaves its server running.
        if not self.is_up():
            self.start()
        self._wait_until_accepting()
        self._create_database()
        self._answer(READY)
        self._serve()
        self.stop()
        return READY

    def is_up(self) -> bool:
        if self.postmaster is not None:
            return self.postmaster.poll() is None
        return self.server.postmaster_pid() is not None

    def start(self) -> None:
        if not self.server.data.exists():
            self._initialise()
        self._prepare_socket_directory()
        self._write_configuration()
        self._clear_leftovers()
        if self.server.log.exists() and self.server.log.stat().st_size > LOG_BYTES:
            self.server.log.unlink()
        with self.server.log.open("ab") as log:
            self._log_start = log.tell()
            self.postmaster = subprocess.Popen(
                [str(binary("postgres")), "-D", str(self.server.data)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **self.account.popen_arguments(),
            )

    def stop(self) -> None:
        """Shut down in order: sessions are ended and a checkpoint written; harder if need be."""
        pause = threading.Event()
        for number, seconds in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 5)):
            deadline = time.monotonic() + seconds
            while self.is_up() and time.monotonic() < deadline:
                pid = self.server.postmaster_pid()
                if pid is not None:
                    with suppress(ProcessLookupError):
                        os.kill(pid, number)
                pause.wait(0.05 if number == signal.SIGINT else 1)

    def _initialise(self) -> None:
        """Make the data folder under another name first: half of one is never taken for it."""
        for leftover in self.server.home.glob(f"{NEW_DATA}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        folder = Path(tempfile.mkdtemp(prefix=NEW_DATA, dir=self.server.home))
        self.account.own(folder)
        command = [
            str(binary("initdb")),
            f"--pgdata={folder}",
            f"--username={SUPERUSER}",
            # Who may come near is decided by the mode of the socket's folder.
            "--auth=trust",
            "--encoding=UTF8",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
        done = subprocess.run(
            command, check=False, capture_output=True, cwd="/", **self.account.popen_arguments()
        )
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            last = done.stderr.decode(errors="replace").strip().splitlines()
            raise PostgresError(f"initdb failed: {last[-1] if last else 'no message'}")
        folder.rename(self.server.data)

    def _prepare_socket_directory(self) -> None:
        directory = self.server.socket_directory
        directory.mkdir(mode=0o700, exist_ok=True)
        # In /tmp anybody could have made it before, to be asked instead of the server.
        owner = directory.lstat().st_uid
        if directory.is_symlink() or owner not in {os.geteuid(), self.account.uid}:
            raise PostgresError(f"{directory} belongs to somebody else; remove it.")
        self.account.own(directory)

    def _write_configuration(self) -> None:
        lines = [f"{name} = '{value}'\n" for name, value in configuration(self.server).items()]
        path = self.server.data / "postgresql.conf"
        path.write_text("# Written at every start by config/keeper.py\n" + "".join(lines))
        self.account.own(path)

    def _wait_until_accepting(self) -> None:
        pause = threading.Event()
        deadline = time.monotonic() + START_SECONDS
        while self.is_up() and time.monotonic() < deadline:
            if self.server.is_accepting():
                return
            pause.wait(0.05)
        fatal = self._last_words("FATAL") or self._last_words("")
        raise PostgresError(f"PostgreSQL did not start: {fatal or self.server.log}")

    def _last_words(self, about: str) -> str:
        """The last line of the log, since the latest start, that contains `about`, or ""."""
        with self.server.log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return next((line for line in reversed(lines) if about in line), "")

    def _clear_leftovers(self) -> None:
        """Remove the lock files of a server that was killed, once its last session is gone.

        PostgreSQL does so itself, but not while their number belongs to another process, or to a
        dead one that nobody has buried. As long as anybody works in the data folder they stay:
        they keep two servers apart.
        """
        pause = threading.Event()
        deadline = time.monotonic() + LEFTOVER_SECONDS
        try:
            while any(is_inside(self.server.data, process) for process in processes()):
                if time.monotonic() > deadline:
                    return
                pause.wait(LOOK_SECONDS)
        except PermissionError:
            # Not everybody can be looked at; PostgreSQL decides.
            return
        (self.server.data / "postmaster.pid").unlink(missing_ok=True)
        (self.server.socket_directory / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _create_database(self) -> None:
        command = [str(binary("psql")), "-Xq", "-h", str(self.server.socket_directory)]
        command += ["-U", SUPERUSER, "-d", "postgres"]
        question = f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"
        statement = f"SELECT 'CREATE DATABASE {DATABASE}' WHERE NOT EXISTS ({question}) \\gexec"
        subprocess.run(command, check=True, capture_output=True, env={}, input=statement.encode())

    def _answer(self, answer: str) -> None:
        print(answer, flush=True)  # noqa: T201 (read by config.postgres)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 1)
        os.dup2(null, 2)

    def _serve(self) -> None:
        """Hold the server up; returns, with the users' lock taken, once nobody uses it."""
        lock = os.open(self.server.users_lock, os.O_RDWR)
        pause = threading.Event()
        while not self._is_last(lock, pause):
            pause.wait(LOOK_SECONDS)
            if self.is_up():
                continue
            # Sessions of the dead server may still be going down; then the next round succeeds.
            with suppress(PostgresError, OSError):
                self.start()
                self._wait_until_accepting()

    def _is_last(self, lock: int, pause: threading.Event) -> bool:
        """Take the users' lock for good when it is free now and after a moment for a next user."""
        with suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fcntl.flock(lock, fcntl.LOCK_UN)
            pause.wait(LINGER_SECONDS)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False


def configuration(server: Embedded) -> dict[str, str]:
    """PostgreSQL settings sized for this machine; small defaults cost half the speed."""
    memory = memory_megabytes()
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
        # Containers often come with 64 MB of shared memory, too little for a parallel query.
        "dynamic_shared_memory_type": "posix" if shared_memory_megabytes() >= 512 else "mmap",
    }


def processes() -> list[Path]:
    return [entry for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def is_inside(folder: Path, process: Path) -> bool:
    """Whether a process works in `folder`; raises PermissionError if it may not be asked."""
    try:
        return (process / "cwd").readlink() == folder.resolve()
    except PermissionError:
        if process.stat().st_uid == folder.stat().st_uid:
            raise
        return False
    except (FileNotFoundError, ProcessLookupError):
        return False


def memory_megabytes() -> int:
    """The memory of this machine, or of the container where that is less."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with suppress(OSError, ValueError):
        memory = min(memory, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return memory // 2**20


def shared_memory_megabytes() -> int:
    with suppress(OSError):
        space = os.statvfs("/dev/shm")  # noqa: S108 (asked for its size)
        return space.f_frsize * space.f_blocks // 2**20
    return 0


def main() -> int:
    try:
        print(Keeper(Embedded(Path(sys.argv[1]))).run())  # noqa: T201 (read by config.postgres)
    except (PostgresError, OSError, subprocess.SubprocessError) as error:
        print(error, flush=True)  # noqa: T201 (read by config.postgres)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
