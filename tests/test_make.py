from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config import capabilities

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """As much of a fresh clone as it takes to look for Python."""
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "manage.py"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def python_that_says(answer: str, folder: Path) -> Path:
    """A program that answers every question like a Python does that is not the right one."""
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


def make(checkout: Path, python: Path | str, **arguments: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "run", f"PYTHON={python}"],
        cwd=checkout,
        # Not what `make test` hands down to the makes below it.
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        **arguments,
    )


@pytest.mark.parametrize("answer", ["echo", "exit 1"])
def test_another_python_is_refused_in_one_line(answer: str, checkout: Path) -> None:
    done = make(checkout, python_that_says(answer, checkout))
    assert done.returncode == 2
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert line.endswith(
        "*** Cohort needs Python 3.11. Install it, or name it: make PYTHON=/path/to/python3.11."
        "  Stop."
    )
    assert not (checkout / ".venv").exists()


def test_no_python_at_all_is_said_in_one_line(checkout: Path) -> None:
    [line] = make(checkout, "/nowhere/python").stderr.splitlines()
    assert "Cohort needs Python 3.11." in line


def test_a_python_without_venv_is_told_what_it_lacks(checkout: Path) -> None:
    answer = 'case "$2" in *ensurepip*) exit 1;; *) echo True;; esac'
    [line] = make(checkout, python_that_says(answer, checkout)).stderr.splitlines()
    assert "lacks the module venv; on Debian: apt install python3.11-venv" in line


def test_a_folder_that_may_not_be_written_is_named(checkout: Path) -> None:
    python = python_that_says("echo True", checkout)
    checkout.chmod(0o555)
    plain_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        plain_user = capabilities.Account(65534, 65534, may_pass_folders=True).popen_arguments()
    [line] = make(checkout, python, **plain_user).stderr.splitlines()
    assert f"Cannot write the folder {checkout}: it needs room for .venv" in line


def test_the_command_line_refuses_another_python(checkout: Path) -> None:
    code = (
        "import runpy, sys; sys.version_info = (3, 12, 1, 'final', 0); sys.version = '3.12.1 (x)';"
        " sys.argv = ['manage.py', 'up']; runpy.run_path('manage.py', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "Cohort needs Python 3.11; this is 3.12.1.\n")


def test_the_command_line_without_its_packages_says_how_to_get_them(checkout: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-I", "manage.py", "up"],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (
        1,
        "The package django is missing: use `make run`, or .venv/bin/python.\n",
    )
