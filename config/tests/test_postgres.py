"""The embedded PostgreSQL with real processes: it runs while somebody uses it, and no longer."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config import capabilities, keeper, postgres
from config.postgres import Embedded

pytestmark = pytest.mark.processes

ROOT = Path(__file__).resolve().parent.parent.parent
HOLD = """
import sys
from pathlib import Path
from config import postgres
try:
    postgres.ensure_running(Path(sys.argv[1]))
except postgres.PostgresError as error:
    sys.exit(str(error))
print("ready", flush=True)
sys.stdin.read()
"""
Start = Callable[..., subprocess.Popen[str]]


def plain_user() -> dict[str, Any]:
    """Arguments for subprocess: not root, but able to reach a Python that lives below /root."""
    if os.geteuid() != 0:
        return {}
    return capabilities.Account(65534, 65534, may_pass_folders=True).popen_arguments()


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """A data folder as initdb makes it, to be copied: that is quicker."""
    folder = Path(tempfile.mkdtemp())
    made = keeper.Keeper(Embedded(folder))
    made._initialise()
    yield made.server.data
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def homes() -> Iterator[list[Path]]:
    """All homes of the session; in the end no server of any may be left."""
    found: list[Path] = []
    yield found
    for home in found:
        wait_until(lambda home=home: is_down(home))  # type: ignore[misc]


@pytest.fixture
def make_home(template: Path, tmp_path: Path, homes: list[Path]) -> Callable[[str], Path]:
    def make(name: str) -> Path:
        home = tmp_path / name
        home.mkdir(parents=True)
        subprocess.run(["cp", "-a", template, home / "data"], check=True)
        homes.append(home)
        return home

    return make


@pytest.fixture
def home(make_home: Callable[[str], Path]) -> Path:
    return make_home("postgres")


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a process that uses the server of a home until its input is closed."""
    started: list[subprocess.Popen[str]] = []

    def run(home: Path, **arguments: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(home)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            **arguments,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool], seconds: float = 20) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it did not happen in time"
        pause.wait(0.05)


def is_ready(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line or process.stderr is None, process.stderr.read()
    return line == "ready\n"


def leave(process: subprocess.Popen[str]) -> None:
    process.communicate("")


def is_down(home: Path) -> bool:
    server = Embedded(home)
    return not server.has_keeper() and not (server.data / "postmaster.pid").exists()


def query(home: Path, statement: str) -> str:
    command = [str(postgres.binary("psql")), "-XAtq", "-U", postgres.SUPERUSER]
    command += ["-h", str(Embedded(home).socket_directory), "-d", postgres.DATABASE]
    done = subprocess.run(
        command, input=statement, capture_output=True, encoding="utf-8", check=False
    )
    return done.stdout.strip()


def server_pid(home: Path) -> int:
    pid = Embedded(home).postmaster_pid()
    assert pid is not None
    return pid


def keeper_pid(home: Path) -> int:
    return int(Embedded(home).keeper_lock.read_text())


def test_many_processes_that_start_at_once_share_one_new_server(
    tmp_path: Path, start: Start
) -> None:
    home = tmp_path / "new"
    users = [start(home) for _ in range(4)]
    assert [is_ready(user) for user in users] == [True] * 4
    assert query(home, "SELECT current_database(), version() LIKE 'PostgreSQL 18%'") == "cohort|t"
    for user in users:
        leave(user)
    wait_until(lambda: is_down(home))


def test_the_server_stops_with_its_last_user(home: Path, start: Start) -> None:
    first, last = start(home), start(home)
    assert is_ready(first)
    assert is_ready(last)
    leave(first)
    pause = threading.Event()
    pause.wait(keeper.LINGER_SECONDS * 2)
    assert Embedded(home).is_accepting()
    leave(last)
    wait_until(lambda: is_down(home))


def test_the_server_stops_when_its_last_user_is_killed(home: Path, start: Start) -> None:
    user = start(home)
    assert is_ready(user)
    user.kill()
    wait_until(lambda: is_down(home))


def test_a_next_command_finds_the_server_still_running(home: Path, start: Start) -> None:
    first = start(home)
    assert is_ready(first)
    pid = server_pid(home)
    leave(first)
    second = start(home)
    assert is_ready(second)
    assert server_pid(home) == pid


def test_a_killed_server_comes_back_with_its_data(home: Path, start: Start) -> None:
    assert is_ready(start(home))
    query(home, "CREATE TABLE kept AS SELECT 7 AS number")
    before = server_pid(home)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: query(home, "SELECT number FROM kept") == "7")
    assert server_pid(home) != before


def test_the_next_user_adopts_the_server_of_a_killed_keeper(home: Path, start: Start) -> None:
    first = start(home)
    assert is_ready(first)
    before = server_pid(home)
    os.kill(keeper_pid(home), signal.SIGKILL)
    second = start(home)
    assert is_ready(second)
    assert server_pid(home) == before
    leave(first)
    leave(second)
    wait_until(lambda: is_down(home))


def test_an_adopted_server_that_is_killed_comes_back(home: Path, start: Start) -> None:
    assert is_ready(start(home))
    os.kill(keeper_pid(home), signal.SIGKILL)
    assert is_ready(start(home))
    os.kill(server_pid(home), signal.SIGKILL)
    wait_until(lambda: query(home, "SELECT 1") == "1")


def test_everything_killed_at_once_starts_again_with_its_data(home: Path, start: Start) -> None:
    user = start(home)
    assert is_ready(user)
    query(home, "CREATE TABLE kept AS SELECT 7 AS number")
    for pid in (keeper_pid(home), server_pid(home), user.pid):
        os.kill(pid, signal.SIGKILL)
    assert is_ready(start(home))
    assert query(home, "SELECT number FROM kept") == "7"


def test_two_homes_have_two_servers(make_home: Callable[[str], Path], start: Start) -> None:
    one, other = make_home("one"), make_home("other")
    assert is_ready(start(one))
    assert is_ready(start(other))
    query(one, "CREATE TABLE mine ()")
    assert query(other, "SELECT to_regclass('mine') IS NULL") == "t"
    assert server_pid(one) != server_pid(other)


@pytest.mark.parametrize(
    ("_case", "name"),
    [
        ("too long for the path of a socket", "x" * 120),
        ("PostgreSQL splits lists at commas", "a,b"),
        ("quotes end a setting", 'it\'s "here"'),
        ("spaces", "my data"),
        ("not ASCII", "données"),
    ],
)
def test_any_folder_will_do(
    _case: str, name: str, make_home: Callable[[str], Path], start: Start
) -> None:
    home = make_home(name)
    user = start(home)
    assert is_ready(user)
    assert query(home, "SELECT 1") == "1"


def test_a_folder_closed_to_others_stays_closed_and_serves(
    make_home: Callable[[str], Path], start: Start, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    home = make_home("closed")
    assert is_ready(start(home))
    assert query(home, "SELECT 1") == "1"
    assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_a_plain_user_runs_it_in_a_folder_of_their_own(start: Start) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "postgres"
        home.mkdir()
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            os.chown(home, 65534, 65534)
        user = start(home, **plain_user())
        assert is_ready(user)
        assert Embedded(home).data.owner() == home.owner()
        assert query(home, "SELECT 1") == "1"
        leave(user)
        wait_until(lambda: is_down(home))


def test_a_folder_that_may_not_be_written_is_named_in_one_line(start: Start) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        user = start(Path(folder) / "postgres", **plain_user())
        _, message = user.communicate()
        assert message == (
            f"Cannot write the database folder {folder}/postgres: Permission denied. "
            "Set COHORT_DATA_DIR to a folder you may write.\n"
        )
        assert user.returncode == 1


def test_half_a_data_folder_is_never_taken_for_one(tmp_path: Path, start: Start) -> None:
    home = tmp_path / "postgres"
    half = home / f"{keeper.NEW_DATA}1"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")
    assert is_ready(start(home))
    assert not half.exists()


def test_a_leftover_pid_of_somebody_else_does_not_matter(home: Path, start: Start) -> None:
    pidfile = home / "data" / "postmaster.pid"
    pidfile.write_text(f"{os.getpid()}\n{home}/data\n")
    assert Embedded(home).postmaster_pid() is None
    assert is_ready(start(home))
    assert server_pid(home) != os.getpid()


def test_damaged_data_is_reported_in_one_line(home: Path, start: Start) -> None:
    (home / "data" / "PG_VERSION").write_text("12\n")
    user = start(home)
    _, message = user.communicate()
    assert message.startswith("PostgreSQL did not start: ")
    assert "database files are incompatible with server" in message
    assert message.count("\n") == 1
    assert user.returncode == 1


def test_a_socket_folder_that_somebody_else_put_there_is_refused(
    make_home: Callable[[str], Path], start: Start, tmp_path: Path
) -> None:
    home = make_home("x" * 120)
    directory = Embedded(home).socket_directory
    directory.symlink_to(tmp_path)
    try:
        user = start(home)
        _, message = user.communicate()
        assert message == f"{directory} belongs to somebody else; remove it.\n"
    finally:
        directory.unlink()


def test_releasing_the_last_hold_waits_until_the_server_is_down(home: Path) -> None:
    postgres.ensure_running(home)
    assert Embedded(home).is_accepting()
    postgres.release(home)
    assert is_down(home)


def test_releasing_the_last_hold_stops_a_server_whose_keeper_was_killed(home: Path) -> None:
    postgres.ensure_running(home)
    os.kill(keeper_pid(home), signal.SIGKILL)
    wait_until(lambda: not Embedded(home).has_keeper())
    postgres.release(home)
    assert is_down(home)


def test_releasing_one_hold_of_two_does_not_wait(home: Path, start: Start) -> None:
    assert is_ready(start(home))
    postgres.ensure_running(home)
    begun = time.monotonic()
    postgres.release(home)
    # Waiting for the server to stop would take 20 s.
    assert time.monotonic() - begun < 10
    assert Embedded(home).is_accepting()
