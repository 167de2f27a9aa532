"""The supervisor with real programs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
#: A supervisor over the programs that a test writes; `python(code)` makes a command.
DRIVER = """
import sys
from config.supervisor import Program, Supervisor
def python(code):
    return [sys.executable, "-c", code]
WAIT = "import signal, sys; signal.signal(15, lambda *_: sys.exit('told')); print('on'); signal.pause()"
DEAF = "import signal; signal.signal(15, signal.SIG_IGN); print('on'); [signal.pause() for _ in iter(int, 1)]"
supervisor = Supervisor([{programs}])
{more}
sys.exit(supervisor.run())
"""
Run = Callable[..., "Running"]


class Running:
    """A supervisor in a process of its own, and all it has written so far."""

    def __init__(self, programs: str, more: str = "") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", DRIVER.format(programs=programs, more=more)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []

    def until(self, text: str) -> None:
        """Read on until a line contains `text`."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(bare(line))
            if text in line:
                return
        raise AssertionError(f"{text!r} did not come; only: {self.lines}")

    def end(self) -> int:
        assert self.process.stdout is not None
        self.lines += [bare(line) for line in self.process.stdout]
        return self.process.wait(timeout=30)


def bare(line: str) -> str:
    """Without the time before it and the padding of the name."""
    return re.sub(r"^\S+ (\w+) +\|", r"\1 |", line.rstrip("\n"))


@pytest.fixture
def run() -> Iterator[Run]:
    started: list[Running] = []

    def start(programs: str, more: str = "") -> Running:
        started.append(Running(programs, more))
        return started[-1]

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()
        assert running.process.stdout is not None
        running.process.stdout.close()


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def wait_until_gone(pid: int) -> None:
    pause = threading.Event()
    deadline = time.monotonic() + 10
    while is_alive(pid):
        assert time.monotonic() < deadline, f"process {pid} lives on"
        pause.wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_and_is_no_failure(run: Run, number: signal.Signals) -> None:
    running = run(
        "Program(name='one', command=python(WAIT)), Program(name='b', command=python(WAIT))"
    )
    running.until("on")
    running.until("on")
    running.process.send_signal(number)
    assert running.end() == 0
    assert sorted(running.lines[:2]) == ["b | on", "one | on"]
    assert running.lines[2] == "up | Stopping; Ctrl-C again stops at once."
    assert sorted(running.lines[3:]) == ["b | told", "one | told"]


def test_the_end_of_one_program_is_the_end_of_all(run: Run) -> None:
    running = run(
        "Program(name='a', command=python(WAIT)),"
        "Program(name='b', command=python('import sys; sys.exit(3)'))"
    )
    assert running.end() == 1
    assert "up | b ended (exit code 3); stopping the others." in running.lines


def test_a_program_that_is_to_be_restarted_comes_back(run: Run, tmp_path: Path) -> None:
    running = run(
        "Program(name='a', command=python('import os; print(os.getpid()); ' + WAIT), is_restarted=True)"
    )
    running.until("on")
    first = int(running.lines[0].removeprefix("a | "))
    os.kill(first, signal.SIGKILL)
    running.until("on")
    assert running.lines[2] == "up | a ended (killed by SIGKILL); restart number 1."
    assert int(running.lines[3].removeprefix("a | ")) != first
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 0


def test_a_program_that_keeps_dying_is_started_less_and_less_often(run: Run) -> None:
    begun = time.monotonic()
    running = run("Program(name='a', command=python(''), is_restarted=True)")
    running.until("restart number 4")
    # At once after the first end, but then a second later, and two.
    assert time.monotonic() - begun >= 3
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 0


def test_what_a_dead_program_leaves_behind_is_killed(run: Run) -> None:
    fork = "import os, signal; child = os.fork(); child and os.write(1, b'%d\\n' % child); signal.pause()"
    running = run(f"Program(name='a', command=python({fork!r}), is_restarted=True)")
    running.until("")
    left = int(running.lines[0].removeprefix("a | "))
    main = int(Path(f"/proc/{left}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(main, signal.SIGKILL)
    wait_until_gone(left)


def test_a_complaint_restarts_the_whole_group_even_if_it_does_not_listen(run: Run) -> None:
    deaf_family = "import os; os.fork(); os.write(1, b'%d\\n' % os.getpid()); exec({DEAF!r})"
    running = run(
        f"Program(name='a', command=python(f{deaf_family!r}), is_restarted=True,"
        " complaint=lambda seconds: 'it is silent' if seconds > 1 else '', complaint_seconds=1)"
    )
    for _ in range(4):
        running.until("")
    pids = [int(line[4:]) for line in running.lines if line[4:].isdecimal()]
    assert len(pids) == 2
    running.until("restarting it")
    assert running.lines[-1] == "up | a: it is silent; restarting it."
    running.until("restart number")
    assert running.lines[-1] == "up | a has stopped; restart number 1."
    for pid in pids:
        wait_until_gone(pid)


def test_a_program_over_its_time_is_killed(run: Run) -> None:
    running = run("Program(name='a', command=python(DEAF), stop_seconds=1)")
    running.until("on")
    running.process.send_signal(signal.SIGTERM)
    assert running.end() == 0


def test_a_second_ctrl_c_does_not_wait(run: Run) -> None:
    running = run("Program(name='a', command=python(DEAF), stop_seconds=600)")
    running.until("on")
    running.process.send_signal(signal.SIGINT)
    running.until("Stopping")
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 0


def test_what_the_others_need_stops_after_them(run: Run) -> None:
    slow = "import signal, sys, time; signal.signal(15, lambda *_: (time.sleep(0.5), sys.exit('told'))); print('on'); signal.pause()"
    running = run(
        f"Program(name='b', command=python(WAIT), stops_last=True), Program(name='a', command=python({slow!r}))"
    )
    running.until("on")
    running.until("on")
    running.process.send_signal(signal.SIGINT)
    assert running.end() == 0
    assert running.lines[-2:] == ["a | told", "b | told"]


def test_programs_stop_when_the_supervisor_is_killed(run: Run) -> None:
    running = run("Program(name='a', command=python('import os; print(os.getpid()); ' + WAIT))")
    running.until("on")
    running.process.kill()
    wait_until_gone(int(running.lines[0].removeprefix("a | ")))


def test_programs_stop_when_nobody_reads_their_output(run: Run) -> None:
    chatty = "import time\nwhile True: print(1); time.sleep(0.1)"
    running = run(f"Program(name='a', command=python({chatty!r}))")
    running.until("1")
    assert running.process.stdout is not None
    running.process.stdout.close()
    assert running.process.wait(timeout=10) == 1


def test_the_last_line_needs_no_end(run: Run) -> None:
    running = run("Program(name='a', command=python('print(\"no end\", end=\"\")'))")
    running.end()
    assert "a | no end" in running.lines


def test_chores_are_done_between_looks(run: Run) -> None:
    running = run(
        "Program(name='a', command=python(WAIT))",
        more="supervisor.chores.append(lambda: supervisor.say('up', 'chore'))",
    )
    running.until("chore")
    running.until("chore")


def test_output_closed_by_a_living_program_costs_nothing(run: Run) -> None:
    silent = "import os, signal; print('on', flush=True); os.close(1); os.close(2); signal.pause()"
    running = run(f"Program(name='a', command=python({silent!r}))")
    running.until("on")
    before = os.times()
    threading.Event().wait(1)
    used = cpu_seconds(running.process.pid)
    threading.Event().wait(1)
    assert before
    assert cpu_seconds(running.process.pid) - used < 0.2


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
