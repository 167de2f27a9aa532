"""Redis carries the doorbells where REDIS_URL is set; losing it costs latency, nothing else."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from tests.installation import Installation

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="redis-server is not installed here"
    ),
]


class Server:
    """A Redis on a socket in a folder of its own, keeping nothing."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None
        self.client = redis.Redis(unix_socket_path=str(self.socket))

    def start(self) -> None:
        command = ["redis-server", "--port", "0", "--save", "", "--unixsocket", str(self.socket)]
        self.process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.socket.parent
        )

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()


@pytest.fixture
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory() as folder:
        made = Server(Path(folder))
        made.start()
        yield made
        made.kill()
        made.client.close()


@pytest.fixture
def up(server: Server, tmp_path: Path) -> Iterator[Installation]:
    installation = Installation(tmp_path, REDIS_URL=f"unix://{server.socket}")
    installation.start()
    try:
        installation.wait_for("Stop      Ctrl-C", 180)
        yield installation
    finally:
        code = installation.stop()
    assert code == 0
    assert installation.wait(installation.is_gone), installation.processes()


def test_work_goes_on_after_redis_lost_everything_and_after_it_was_away(
    up: Installation, server: Server
) -> None:
    up.wait_for_beat()
    assert up.query("SELECT count(*) FROM django_q_ormq") == "0"
    server.client.flushall()
    up.wait_for_beat()
    server.kill()
    up.wait_for("The queue does not answer", 30)
    server.start()
    up.wait_for_beat(60)
    assert up.get("/admin/login/")[0] == 200
