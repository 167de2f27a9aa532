"""The real background processes on the test database, for tests that watch or kill them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).resolve().parent.parent


def environment(smtp_port: int) -> dict[str, str]:
    """What a child process needs to work on the test database and mail to a test server."""
    database = connection.settings_dict
    query = f"?host={quote(str(database['HOST']))}" if str(database["HOST"]).startswith("/") else ""
    host = "" if query else f"{database['HOST']}:{database['PORT'] or 5432}"
    user = quote(str(database["USER"]))
    return {
        "PATH": os.environ["PATH"],
        "COHORT_DATA_DIR": str(settings.DATA_DIR),
        "DATABASE_URL": f"postgresql://{user}@{host}/{database['NAME']}{query}",
        "EMAIL_URL": f"smtp://127.0.0.1:{smtp_port}",
        "WORKERS": "2",
        "LOG_LEVEL": "WARNING",
    }


class Workers:
    """One qcluster and one ticker, each in a process group of its own."""

    def __init__(self, smtp_port: int, log: Path) -> None:
        self._environment = environment(smtp_port)
        self._log = log
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        for command in ("qcluster", "ticker"):
            self._start(command)

    def _start(self, command: str) -> None:
        with self._log.open("ab") as log:
            self._running[command] = subprocess.Popen(
                [sys.executable, "manage.py", command],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self, command: str) -> None:
        """SIGKILL the whole process group, as an operator's kill -9 or the kernel would."""
        process = self._running.pop(command)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)

    def restart(self, command: str) -> None:
        self.kill(command)
        self._start(command)

    def children(self) -> list[int]:
        """The processes below the qcluster's main one."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self._running["qcluster"].pid)],
            capture_output=True,
            text=True,
            check=False,
        )
        mains = [int(word) for word in listed.stdout.split()]
        below = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", ",".join(map(str, mains)) or "0"],
            capture_output=True,
            text=True,
            check=False,
        )
        return mains + [int(word) for word in below.stdout.split()]

    def stop(self) -> None:
        for command in list(self._running):
            self.kill(command)


def wait_until(is_so: Callable[[], bool], seconds: float, what: str) -> None:
    """Look twice a second; fails after `seconds` with `what` was awaited."""
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"After {seconds} s still waiting for {what}."
        pause.wait(0.5)
