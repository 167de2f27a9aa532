"""HubSpot's JavaScript library in a process of node, called from Python."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.installation import ROOT

SOURCE = ROOT / "tests/js"
FOLDER = ROOT / "var/js"
FILES = ("package.json", "package-lock.json")


def install() -> Path:
    """The folder with the packages of tests/js; they come anew when the lock file has changed."""
    installed = FOLDER / "package-lock.json"
    is_there = (FOLDER / "node_modules/.package-lock.json").exists() and installed.exists()
    if not is_there or installed.read_bytes() != (SOURCE / "package-lock.json").read_bytes():
        FOLDER.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy(SOURCE / name, FOLDER / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"npm ci failed:\n{done.stdout}\n{done.stderr}"
    return FOLDER / "node_modules"


class JavaScriptError(Exception):
    """What the library threw."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['name']} {error['code']}: {error['message']}")
        self.name: str = error["name"]
        self.code: int | None = error["code"]
        self.body: Any = error["body"]


@dataclass
class JavaScript:
    """The library, connected to a server."""

    process: subprocess.Popen[str]

    @staticmethod
    def start() -> JavaScript:
        process = subprocess.Popen(
            ["node", str(SOURCE / "bridge.js")],
            env={"PATH": os.environ["PATH"], "NODE_PATH": str(install())},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return JavaScript(process)

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def connect(self, base_url: str, secret: str, retries: int = 0) -> None:
        self._say({"connect": {"basePath": base_url, "accessToken": secret, "retries": retries}})

    def __call__(self, call: str, *args: Any) -> Any:
        """The result of a call such as `crm.contacts.basicApi.create`; raises JavaScriptError."""
        return self._say({"call": call, "args": args})

    def _say(self, words: dict[str, Any]) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "node has ended"
        said = json.loads(line)
        if "error" in said:
            raise JavaScriptError(said["error"])
        return said["result"]
