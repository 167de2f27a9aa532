"""Running programs side by side in one terminal: prefixed output, watches, one way to stop.

Every program gets a process group of its own, so Ctrl-C reaches the supervisor alone, which then
asks each program's main process to stop; what is left of a group after its time is killed.
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from types import FrameType

from config import capabilities

LOOK_SECONDS = 0.2
#: A program that keeps dying is started again at once, then after 1, 2, 4 ... seconds, at most:
LONGEST_PAUSE = 30.0
#: One that ran so long has recovered.
RECOVERED_SECONDS = 15.0
COLOURS = (36, 33, 35, 32, 34)


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run, and what its end means."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    #: What it may take to stop when asked to.
    stop_seconds: float = 35.0
    #: Started again when it dies; the death of any other program stops all.
    is_restarted: bool = False
    #: Asked now and then with the seconds since the start: why it has to be restarted, or "".
    complaint: Callable[[float], str] | None = None
    complaint_seconds: float = 10.0
    #: Stops after the others, because they need it.
    stops_last: bool = False


class Child:
    """One program, through all its restarts."""

    def __init__(self, program: Program, say: Callable[[str, str], None]) -> None:
        self.program = program
        self.restarts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        #: When its time to stop is over; None while it is not asked to.
        self.kill_at: float | None = None
        self.start_at = 0.0
        #: It has closed its output.
        self.is_silent = False
        self._pause = 0.0
        self._rest = b""
        self._say = say

    @property
    def is_running(self) -> bool:
        return self.process is not None

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.program.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Should the supervisor be killed, its programs stop as if asked to. (It has one thread.)
            preexec_fn=lambda: capabilities.die_with_parent(signal.SIGTERM),  # noqa: PLW1509
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | dict(self.program.environment),
        )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)
        self.started = time.monotonic()
        self.kill_at = None
        self.is_silent = False

    def ask_to_stop(self, seconds: float) -> None:
        """SIGTERM to the main process alone: django-q2 hangs if its workers get it too."""
        if self.process is not None and self.kill_at is None:
            self.kill_at = time.monotonic() + seconds
            self.process.terminate()

    def reap(self) -> int | None:
        """Kill what is over its time; returns the exit code once the program has ended."""
        if self.process is None:
            return None
        if self.kill_at is not None and time.monotonic() >= self.kill_at:
            self.kill()
        code = self.process.poll()
        if code is None:
            return None
        # Whatever the main process left behind would go on working.
        self.kill()
        self.read()
        self._flush()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    def kill(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def plan_restart(self) -> None:
        """Have it started again, soon or, if it keeps dying, later."""
        now = time.monotonic()
        if now - self.started > RECOVERED_SECONDS:
            self._pause = 0.0
        self.start_at = now + self._pause
        self._pause = min(max(1.0, self._pause * 2), LONGEST_PAUSE)
        self.restarts += 1

    def read(self) -> None:
        """Pass on the lines it has written."""
        if self.process is None or self.process.stdout is None:
            return
        while chunk := self.process.stdout.read(65536):
            *lines, self._rest = (self._rest + chunk).split(b"\n")
            for line in lines:
                self._say(self.program.name, line.decode(errors="replace"))
        self.is_silent = chunk == b""

    def _flush(self) -> None:
        if self._rest:
            self._say(self.program.name, self._rest.decode(errors="replace"))
            self._rest = b""


class Supervisor:
    """Runs programs until one that must not die does, or until it is told to stop."""

    def __init__(self, programs: Sequence[Program]) -> None:
        self._width = max(len(name) for name in ["up", *(program.name for program in programs)])
        self._is_colourful = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        names = [program.name for program in programs]
        self._colours = dict(zip(names, COLOURS * len(names), strict=False))
        self.children = [Child(program, self.say) for program in programs]
        #: Called between looks; what the owner wants done besides.
        self.chores: list[Callable[[], None]] = []
        self._signals = 0
        self._next_complaints = 0.0

    def say(self, name: str, text: str) -> None:
        """Write one line of a program, its name before it."""
        prefix = f"{time.strftime('%H:%M:%S')} {name:<{self._width}} |"
        if self._is_colourful:
            prefix = f"\033[{self._colours.get(name, 1)}m{prefix}\033[0m"
        print(prefix, text.rstrip("\r"), flush=True)  # noqa: T201 (its terminal)

    def run(self) -> int:
        """Start all, look after them, stop all; returns the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        code = 1
        try:
            for child in self.children:
                child.start()
            code = self._look_after()
            self._stop_all()
        except BrokenPipeError:
            # Nobody reads any more; what is left to say goes nowhere.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._stop_all()
        finally:
            for child in self.children:
                child.kill()
        return code

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._signals += 1

    def _look_after(self) -> int:
        while not self._signals:
            self._wait()
            for child in self.children:
                if not self._is_well(child):
                    return 1
            for chore in self.chores:
                chore()
            if time.monotonic() >= self._next_complaints:
                self._next_complaints = time.monotonic() + 1
                self._complain()
        self.say("up", "Stopping; Ctrl-C again stops at once.")
        return 0

    def _is_well(self, child: Child) -> bool:
        """Restart `child` where that is called for; False when its end is the end of all."""
        if not child.is_running:
            if time.monotonic() >= child.start_at:
                child.start()
            return True
        was_asked = child.kill_at is not None
        code = child.reap()
        if code is None:
            return True
        name = child.program.name
        if not child.program.is_restarted:
            self.say("up", f"{name} ended ({describe(code)}); stopping the others.")
            return False
        child.plan_restart()
        how = "has stopped" if was_asked else f"ended ({describe(code)})"
        self.say("up", f"{name} {how}; restart number {child.restarts}.")
        return True

    def _complain(self) -> None:
        for child in self.children:
            ask = child.program.complaint
            if ask is None or not child.is_running or child.kill_at is not None:
                continue
            reason = ask(time.monotonic() - child.started)
            if reason:
                self.say("up", f"{child.program.name}: {reason}; restarting it.")
                child.ask_to_stop(child.program.complaint_seconds)

    def _stop_all(self) -> None:
        for is_last in (False, True):
            stopping = [child for child in self.children if child.program.stops_last is is_last]
            for child in stopping:
                child.ask_to_stop(child.program.stop_seconds)
            while any(child.is_running for child in stopping):
                self._wait()
                for child in stopping:
                    if self._signals > 1:
                        child.kill()
                    child.reap()

    def _wait(self) -> None:
        """Pass on output until the next look."""
        with selectors.DefaultSelector() as selector:
            for child in self.children:
                if child.process and child.process.stdout and not child.is_silent:
                    selector.register(child.process.stdout, selectors.EVENT_READ, child)
            for key, _ in selector.select(LOOK_SECONDS):
                key.data.read()


def describe(code: int) -> str:
    """An exit code in words."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
