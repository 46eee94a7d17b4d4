"""A job on this machine whose process is ended from outside: nothing runs on, and the job can be shown and resumed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.small_recipe import SMALL
from training.jobs.local_record import is_running, read_local_job

ROOT = Path(__file__).parents[3]
EPOCHS = 30
# Seconds that an epoch, or the end of a script, can take while other tests run.
PATIENCE = 120


def start(jobs: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "training", "launch", *arguments, "--local", "--jobs", str(jobs)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def options(data: Path) -> list[str]:
    settings = {**SMALL, "epochs": EPOCHS, "votes": 0}
    return ["resnet", "--data", str(data), *(word for n, v in settings.items() for word in ("--set", f"{n}={v}"))]


def wait_for(condition: "Iterator[bool]") -> None:
    deadline = time.monotonic() + PATIENCE
    for holds in condition:
        if holds:
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)


def epochs_of(jobs: Path) -> Iterator[bool]:
    """Whether the only job of a folder has ended its second epoch."""
    while True:
        folders = list(jobs.glob("*/job.json"))
        yield bool(folders) and len(read_local_job(folders[0].parent).epochs) >= 2


def has_ended(root: Path) -> Iterator[bool]:
    while True:
        yield not is_running(root)


def interrupt(jobs: Path, data: Path, number: int) -> Path:
    """Starts a job, ends its process with a signal during an epoch, and returns the job's folder when nothing runs."""
    process = start(jobs, *options(data))
    wait_for(epochs_of(jobs))
    [root] = jobs.iterdir()
    assert read_local_job(root).status == "InProgress"
    os.kill(process.pid, number)
    process.communicate(timeout=PATIENCE)
    wait_for(has_ended(root))
    return root


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def test_an_interrupted_job_leaves_no_process_and_is_resumed_with_its_own_options(
    number: signal.Signals, prepared_data: Path, tmp_path: Path
) -> None:
    root = interrupt(tmp_path, prepared_data, number)
    stopped = read_local_job(root)
    assert stopped.status == "Stopped"
    assert 2 <= len(stopped.epochs) < EPOCHS
    assert "stopped by SIGTERM" in (root / "log.txt").read_text()
    # After SIGKILL nobody packs the model; the next run does.
    assert bool(stopped.artifact) == (number != signal.SIGKILL)

    resumed = start(tmp_path, "--resume", root.name)
    printed, _ = resumed.communicate(timeout=PATIENCE)
    assert resumed.returncode == 0, printed
    job = read_local_job(root)
    assert (job.status, sorted(job.epochs)) == ("Completed", list(range(1, EPOCHS + 1)))
    assert job.artifact


def test_a_resume_that_is_refused_changes_nothing(prepared_data: Path, tmp_path: Path) -> None:
    root = interrupt(tmp_path, prepared_data, signal.SIGTERM)
    before = (root / "job.json").read_bytes()
    for arguments, reason in (
        (["resnet"], "RECIPE: a job resumes with its own recipe, options and data"),
        (["--data", "elsewhere"], "--data: a job resumes with its own recipe, options and data"),
        (["--set", "width=16"], "--set width: a job resumes with its own recipe, options and data"),
        (["--set", "epochs=99"], f"has not completed its {EPOCHS} epochs yet: resume it without --set first"),
    ):
        refused = start(tmp_path, *arguments, "--resume", root.name)
        printed, _ = refused.communicate(timeout=PATIENCE)
        assert refused.returncode == 1
        assert reason in printed
    assert (root / "job.json").read_bytes() == before


def test_a_job_that_runs_is_not_started_a_second_time(prepared_data: Path, tmp_path: Path) -> None:
    first = start(tmp_path, *options(prepared_data))
    wait_for(epochs_of(tmp_path))
    [root] = tmp_path.iterdir()
    second = start(tmp_path, "--resume", root.name)
    printed, _ = second.communicate(timeout=PATIENCE)
    first.terminate()
    first.communicate(timeout=PATIENCE)
    assert second.returncode == 1
    assert f"{root.name} is running already" in " ".join(printed.split())
    assert read_local_job(root).status == "Stopped"
