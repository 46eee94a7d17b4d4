"""Runs a recipe's script on this machine as SageMaker would run it, without Docker.

A job's folder has the layout of /opt/ml in SageMaker's training containers: input (configuration, channels, code),
model, checkpoints, output. It also holds job.json, the job's status and hyperparameters, and log.txt, everything that
the script printed. The trained model is output/model.tar.gz.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from training.jobs.job import TrainingJob
from training.jobs.local_container import CODE, count_gpus, create_folders, environment_variables
from training.jobs.metrics import MetricsByEpoch, parse_metrics
from training.jobs.recipe import Recipe

ARTIFACT = "output/model.tar.gz"


def run_local_job(recipe: Recipe, data: Path, root: Path, on_epoch: Callable[[MetricsByEpoch], None]) -> TrainingJob:
    """Runs the recipe's script until it ends, and returns the job.

    data: the folder that `python -m training prepare` wrote.
    root: the job's folder. If it has checkpoints, training resumes from them.
    on_epoch: is called with the metrics of each epoch that ends.

    Ctrl-C and SIGTERM stop the job as SageMaker stops one: the script may write its model first.
    Raises ValueError if the recipe has no script, or if the data lacks a channel.
    """
    if not recipe.script:
        raise ValueError(
            f"{recipe.name} runs SageMaker's built-in algorithm, which runs only on SageMaker: leave out --local"
        )
    for channel, path in recipe.channels.items():
        if not (data / path).exists():
            raise ValueError(
                f"{data / path} is missing, which channel {channel} reads: create it with `python -m training prepare`"
            )
    create_folders(recipe, data, root)
    gpus = count_gpus()
    start = time.monotonic()
    with (root / "log.txt").open("a") as log:
        process = subprocess.Popen(
            script_command(recipe, gpus),
            cwd=root / CODE,
            env={**os.environ, **environment_variables(recipe, root, gpus)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C must reach this process only. It passes SIGTERM on, as SageMaker does.
            start_new_session=True,
        )
        stopped = follow_process(process, log, on_epoch)
    status = "Stopped" if stopped else exit_status(process.returncode)
    seconds = time.monotonic() - start + earlier_seconds(root)
    write_artifact(root)
    write_job(recipe, status, seconds, root)
    return read_local_job(root)


def follow_process(process: subprocess.Popen[str], log: TextIO, on_epoch: Callable[[MetricsByEpoch], None]) -> bool:
    """Copies the script's output to the log until the script ends.

    Returns whether Ctrl-C or SIGTERM stopped it.
    """
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    handlers = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with process:
            for line in process.stdout or ():
                log.write(line)
                log.flush()
                if epochs := parse_metrics([line]):
                    on_epoch(epochs)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return stopped


def exit_status(returncode: int) -> str:
    return "Failed" if returncode else "Completed"


def script_command(recipe: Recipe, gpus: int) -> list[str]:
    """Returns the command that runs the script, with the hyperparameters as its options.

    A data-parallel recipe runs through torchrun: one process per GPU, or per processor if there is no GPU.
    """
    command = [sys.executable, "-u"]
    if recipe.compute.data_parallel:
        command += ["-m", "torch.distributed.run", f"--nproc-per-node={gpus or os.cpu_count()}"]
        command += [f"--master-port={find_free_port()}"]
    command.append(str(recipe.script))
    for name, value in recipe.hyperparameters.items():
        command += [f"--{name}", str(value)]
    return command


def find_free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def write_artifact(root: Path) -> None:
    """Packs the model folder into output/model.tar.gz, as SageMaker does. Does nothing if the folder is empty."""
    model = root / "model"
    if not any(model.iterdir()):
        return
    temporary = root / f"{ARTIFACT}.new"
    with tarfile.open(temporary, "w:gz") as archive:
        for path in sorted(model.rglob("*")):
            if path.is_file():
                archive.add(path, path.relative_to(model), filter=without_owner)
    temporary.replace(root / ARTIFACT)


def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Makes an archive's file readable for every user, and removes the names of this machine's users from it."""
    member.mode = 0o644
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


def write_job(recipe: Recipe, status: str, seconds: float, root: Path) -> None:
    """Writes job.json, which `read_local_job` reads."""
    content = {
        "name": root.name,
        "recipe": recipe.name,
        "status": status,
        "hyperparameters": {name: str(value) for name, value in recipe.hyperparameters.items()},
        "seconds": round(seconds, 1),
    }
    (root / "job.json").write_text(json.dumps(content, indent=2) + "\n")


def earlier_seconds(root: Path) -> float:
    """Returns how long the runs took that were stopped before this one."""
    return read_local_job(root).seconds if (root / "job.json").exists() else 0.0


def read_local_job(root: Path) -> TrainingJob:
    """Reads a job that ran on this machine from its folder. Raises ValueError if the folder has no job that ended."""
    if not (root / "job.json").exists():
        raise ValueError(f"{root} has no job.json: it is not the folder of a job that has ended")
    content = json.loads((root / "job.json").read_text())
    lines = (root / "log.txt").read_text().splitlines()
    last_line = next((line for line in reversed(lines) if line.strip()), "")
    artifact = root / ARTIFACT
    return TrainingJob(
        name=content["name"],
        status=content["status"],
        detail=last_line if content["status"] == "Failed" else "",
        hyperparameters=content["hyperparameters"],
        epochs=parse_metrics(lines),
        seconds=content["seconds"],
        artifact=str(artifact) if artifact.exists() else None,
        checkpoints=str(root / "checkpoints"),
    )
