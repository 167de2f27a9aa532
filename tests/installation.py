"""An installation for tests: a data folder with `manage.py up` on it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from config.postgres import Embedded, binary

ROOT = Path(__file__).resolve().parent.parent
STALE_SECONDS = 6


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        assert isinstance(port, int)
        return port


class Installation:
    """A data folder with `up` on it, on ports of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.more = environment
        self.port = free_port()
        self.output = ""
        self.process: subprocess.Popen[str] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "COHORT_DATA_DIR": str(self.folder),
            "PORT": str(self.port),
            "MAILBOX_PORT": str(free_port()),
            "HEARTBEAT_STALE_SECONDS": str(STALE_SECONDS),
            "WORKERS": "1",
            "WEB_WORKERS": "1",
            "DEMO": "no",
        } | self.more

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._read, args=[self.process], daemon=True).start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.output += line
        process.stdout.close()

    def wait_for(self, text: str, seconds: float = 60) -> None:
        assert self.wait(lambda: text in self.output, seconds), f"no {text!r} in:\n{self.output}"

    def wait(self, is_so: Callable[[], bool], seconds: float = 60) -> bool:
        pause = threading.Event()
        deadline = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > deadline:
                return False
            pause.wait(0.1)
        return True

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Stop it unless it has ended; returns the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=90)

    def query(self, statement: str) -> str:
        server = Embedded(self.folder / "postgres")
        command = [str(binary("psql")), "-XAtq", "-U", "cohort", "-d", "cohort", "-c", statement]
        command += ["-h", str(server.socket_directory)]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def last_beat(self) -> str:
        return self.query("SELECT answered_at FROM workflows_doorbell WHERE name = 'beat/0'")

    def wait_for_beat(self, seconds: float = 45) -> None:
        """Wait until a worker executes a task that was not executed before."""
        before = self.last_beat()
        assert self.wait(lambda: self.last_beat() not in {"", before}, seconds), self.output

    def processes(self) -> dict[int, str]:
        """Everything that `up` has started, by process id: the command line."""
        found = {}
        mark = f"COHORT_DATA_DIR={self.folder}\0".encode()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdecimal():
                continue
            try:
                if mark in (entry / "environ").read_bytes():
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                    found[int(entry.name)] = line
            except (PermissionError, FileNotFoundError, ProcessLookupError):
                continue
        return found

    def pids(self, command: str) -> list[int]:
        """Processes of a command, parents before children."""
        return sorted(pid for pid, line in self.processes().items() if command in line)

    def is_gone(self) -> bool:
        server = Embedded(self.folder / "postgres")
        is_database_gone = not server.has_keeper() and server.postmaster_pid() is None
        return is_database_gone and not self.processes()

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}{path}", timeout=10) as page:
                return page.status, page.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode(errors="replace")
