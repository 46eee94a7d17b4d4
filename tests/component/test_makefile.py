"""The Makefile installs each environment once, also if it is run twice at the same time."""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.paths import ROOT

WAITING = "waiting for another make, which installs into .venv"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout whose environment .venv needs no packages, so that nothing is downloaded."""
    for name in ("Makefile", "requirements/lock.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("layer/requirements.txt", "requirements/local.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    return tmp_path


def start_make(checkout: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["make", ".venv/local.done", f"PYTHON={sys.executable}"],
        cwd=checkout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_of_two_first_runs_at_once_one_installs_and_the_other_waits(checkout: Path) -> None:
    runs = [start_make(checkout), start_make(checkout)]
    outputs = [run.communicate(timeout=120) for run in runs]
    assert [run.returncode for run in runs] == [0, 0], outputs
    assert (checkout / ".venv" / "local.done").exists()
    assert sum(stdout.count("installing requirements/local.txt") for stdout, _ in outputs) == 1
    assert any(WAITING in stderr for _, stderr in outputs)


def test_a_run_that_waited_installs_what_the_other_one_left(checkout: Path) -> None:
    lock = checkout / "build" / ".venv.lock"
    lock.parent.mkdir()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        run = start_make(checkout)
        assert run.stderr
        assert run.stderr.readline().strip() == WAITING
        assert not (checkout / ".venv").exists()
    # The other run was killed.
    run.communicate(timeout=120)
    assert run.returncode == 0
    assert (checkout / ".venv" / "local.done").exists()
