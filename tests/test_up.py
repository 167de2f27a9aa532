"""`manage.py up` with all its real processes."""

from __future__ import annotations

import http.cookiejar
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.postgres import Embedded
from tests.installation import ROOT, Installation

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def prepared() -> Iterator[Path]:
    """A data folder that has been up once."""
    with tempfile.TemporaryDirectory() as folder:
        for _ in running(Path(folder)):
            pass
        yield Path(folder)


@pytest.fixture
def short_lived(prepared: Path) -> Iterator[Installation]:
    """Everything running and ready, for a test that ends it."""
    yield from running(prepared)


@pytest.fixture(scope="module")
def long_lived() -> Iterator[Installation]:
    with tempfile.TemporaryDirectory() as folder:
        yield from running(Path(folder))


@pytest.fixture
def up(long_lived: Installation) -> Installation:
    """Everything running and ready, shared by the tests that leave it so."""
    long_lived.wait_for_beat()
    long_lived.output = ""
    return long_lived


def running(folder: Path) -> Iterator[Installation]:
    installation = Installation(folder)
    installation.start()
    try:
        installation.wait_for("Stop      Ctrl-C", 180)
        yield installation
    finally:
        installation.stop()
    assert installation.wait(installation.is_gone), installation.processes()


def login(installation: Installation, password: str) -> str:
    """The address reached by logging in as the administrator."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    address = f"http://localhost:{installation.port}/admin/login/?next=/admin/password_change/"
    with browser.open(address, timeout=10) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    form = {"username": "admin", "password": password, "csrfmiddlewaretoken": token[1]}
    with browser.open(address, urllib.parse.urlencode(form).encode(), timeout=10) as page:
        return urllib.parse.urlsplit(str(page.url)).path


def test_the_first_start_prints_a_password_that_opens_the_admin_and_the_next_does_not(
    tmp_path: Path,
) -> None:
    installation = Installation(tmp_path / "data")
    installation.start()
    installation.wait_for("Stop      Ctrl-C", 180)
    found = re.search(r"Password  (\S+)", installation.output)
    assert found
    assert f"http://localhost:{installation.port}/admin/" in installation.output
    assert login(installation, "wrong") == "/admin/login/"
    assert login(installation, found[1]) == "/admin/password_change/"

    status, page = installation.get("/admin/login/")
    assert status == 200
    sheet = re.search(r'href="(/static/[^"]+\.css)"', page)
    assert sheet
    assert installation.get(sheet[1])[0] == 200

    assert installation.stop() == 0
    assert installation.is_gone()
    everything = subprocess.run(
        ["grep", "-rlF", found[1], tmp_path], capture_output=True, text=True, check=False
    )
    assert everything.stdout == ""

    stamp = tmp_path / "data" / "static" / ".fingerprint"
    collected = stamp.stat().st_mtime_ns
    again = Installation(tmp_path / "data")
    again.start()
    again.wait_for("Stop      Ctrl-C")
    assert "Password" not in again.output
    assert stamp.stat().st_mtime_ns == collected
    assert again.stop(signal.SIGTERM) == 0
    assert again.is_gone()


def test_stopped_workers_are_replaced(up: Installation) -> None:
    workers = up.pids("qcluster")
    # The first is the main process, the second its guard.
    for pid in workers[2:]:
        os.kill(pid, signal.SIGSTOP)
    up.wait_for("workers: no worker has executed a task for", 30)
    up.wait_for("workers has stopped; restart number", 30)
    up.wait_for_beat()
    assert not set(workers) & set(up.pids("qcluster"))


def test_work_goes_on_after_idle_workers_were_killed(up: Installation) -> None:
    for pid in up.pids("qcluster")[2:]:
        os.kill(pid, signal.SIGKILL)
    up.wait_for_beat()


def test_a_killed_cluster_leaves_no_orphans_and_comes_back(up: Installation) -> None:
    workers = up.pids("qcluster")
    os.kill(workers[0], signal.SIGKILL)
    up.wait_for("workers ended (killed by SIGKILL); restart number", 10)
    up.wait_for_beat()
    assert not set(workers) & set(up.pids("qcluster"))


def test_a_killed_database_comes_back_and_work_goes_on(up: Installation) -> None:
    pid = Embedded(up.folder / "postgres").postmaster_pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert up.wait(lambda: up.last_beat() != "", 30)
    up.wait_for_beat()
    assert up.wait(lambda: up.get("/admin/login/")[0] == 200, 15)


def test_a_killed_keeper_is_replaced(up: Installation) -> None:
    home = up.folder / "postgres"
    lock = Embedded(home).keeper_lock
    before = lock.read_text()
    os.kill(int(before), signal.SIGKILL)
    assert up.wait(lambda: lock.read_text() != before, 15)
    assert up.wait(Embedded(home).has_keeper, 15)


@pytest.mark.parametrize("command", ["manage.py ticker", "gunicorn"])
def test_any_other_dead_program_stops_all(short_lived: Installation, command: str) -> None:
    os.kill(short_lived.pids(command)[0], signal.SIGKILL)
    assert short_lived.process is not None
    assert short_lived.process.wait(timeout=60) == 1
    assert "ended (killed by SIGKILL); stopping the others." in short_lived.output
    assert short_lived.is_gone()


def test_nothing_is_left_when_the_supervisor_is_killed(short_lived: Installation) -> None:
    assert short_lived.process is not None
    short_lived.process.kill()
    assert short_lived.wait(short_lived.is_gone, 45), short_lived.processes()


def test_a_port_in_use_is_said_in_one_line(prepared: Path) -> None:
    installation = Installation(prepared)
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.port))
        other.listen()
        done = subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=installation.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    port = installation.port
    assert done.stderr == (f"Port {port} is in use. Choose another one: PORT={port + 1} make run\n")
    assert (done.returncode, done.stdout) == (1, "")


def test_an_address_that_does_not_exist_is_said_in_one_line(prepared: Path) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "up"],
        cwd=ROOT,
        env=Installation(prepared).environment | {"BIND": "no.such.host.invalid"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == "BIND='no.such.host.invalid': there is no such address.\n"
    assert done.returncode == 1
