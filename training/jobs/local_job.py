"""Runs a recipe's script on this machine as SageMaker would run it, without Docker.

A job's folder has the layout of /opt/ml in SageMaker's training containers: input (configuration, channels, code),
model, checkpoints, output. It also holds job.json, the job's status, recipe and data, and log.txt, everything that the
script printed. The trained model is output/model.tar.gz.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import TextIO

from training.jobs.job import TrainingJob
from training.jobs.local_container import CODE, count_gpus, create_folders, environment_variables
from training.jobs.local_record import (
    LOG,
    RECORD,
    earlier_seconds,
    read_local_job,
    running,
    write_artifact,
    write_job,
    write_record,
)
from training.jobs.metrics import EpochProgress, MetricsByEpoch, parse_metrics, parse_progress
from training.jobs.prepared_data import option_that_writes
from training.jobs.recipe import Recipe
from training.jobs.soft_labels import missing_soft_labels, soft_labels_path

SUPERVISOR = Path(__file__).with_name("supervisor.py")
# Seconds between two looks at the script's log.
LOOK = 0.1
# Ctrl-C, a stop by a program, and a closed terminal.
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_local_job(
    recipe: Recipe,
    data: Path,
    root: Path,
    on_epoch: Callable[[MetricsByEpoch], None],
    on_progress: Callable[[EpochProgress], None] = lambda _: None,
) -> TrainingJob:
    """Runs the recipe's script until it ends, and returns the job.

    data: the folder that `python -m training prepare` wrote.
    root: the job's folder. If it has checkpoints, training resumes from them.
    on_epoch: is called with the metrics of each epoch that ends.
    on_progress: is called now and then within an epoch.

    Ctrl-C, SIGTERM and a closed terminal stop the job as SageMaker stops one: the script may write its model first. If
    this process is killed, the script is stopped too, and the job can be resumed. If the script refuses to resume, for
    instance because the data has changed, the record of the job stays as it was.
    Raises ValueError if the recipe has no script, if the data lacks a channel, or if the job is running already.
    """
    require_script(recipe)
    require_channels(recipe, data)
    root.mkdir(parents=True, exist_ok=True)
    with running(root) as lock:
        create_folders(recipe, data, root)
        before = earlier_seconds(root)
        record = (root / RECORD).read_text() if (root / RECORD).exists() else None
        epochs = read_local_job(root).epochs if record else {}
        write_job(recipe, data, "InProgress", before, root)
        gpus = count_gpus()
        start = time.monotonic()
        with (root / LOG).open("a") as log, (root / LOG).open() as written:
            written.seek(0, os.SEEK_END)
            process = subprocess.Popen(
                [sys.executable, SUPERVISOR, *script_command(recipe, gpus)],
                cwd=root / CODE,
                env={**os.environ, **environment_variables(recipe, root, gpus)},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[lock],
                # Ctrl-C must reach this process only. It passes SIGTERM on, as SageMaker does.
                start_new_session=True,
            )
            stopped = follow_process(process, written, on_epoch, on_progress)
        status = "Stopped" if stopped else exit_status(process.returncode)
        write_artifact(root)
        write_job(recipe, data, status, before + time.monotonic() - start, root)
        job = read_local_job(root)
        if record and status == "Failed" and job.epochs == epochs:
            write_record(root, record)
    return job


def require_script(recipe: Recipe) -> None:
    """Raises ValueError if the recipe has no script: the built-in algorithm is not ours."""
    if not recipe.script:
        raise ValueError(
            f"{recipe.name} runs SageMaker's built-in algorithm, which runs only on SageMaker: leave out --local"
        )


def require_channels(recipe: Recipe, data: Path) -> None:
    """Raises ValueError if the data lacks a channel, or soft labels that the recipe learns."""
    for channel, path in recipe.channels.items():
        if not (data / path).exists():
            raise ValueError(
                f"{data / path} is missing, which channel {channel} reads: create it with `python -m training "
                f"prepare{option_that_writes(path)}`"
            )
    soft_labels = soft_labels_path(recipe)
    if soft_labels and not (data / soft_labels).exists():
        raise ValueError(missing_soft_labels(str(data / soft_labels)))


def follow_process(
    process: subprocess.Popen[bytes],
    log: TextIO,
    on_epoch: Callable[[MetricsByEpoch], None],
    on_progress: Callable[[EpochProgress], None],
) -> bool:
    """Reads the script's log until the script ends. Returns whether a signal to this process stopped it.

    The script writes into the file itself, so its log is complete even if this process is killed.
    """
    stopped = False

    def stop(_: int, __: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    handlers = {number: signal.signal(number, stop) for number in STOPPING}
    try:
        with process:
            for line in lines_until_end(process, log):
                if epochs := parse_metrics([line]):
                    on_epoch(epochs)
                elif progress := parse_progress(line):
                    on_progress(progress)
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return stopped


def lines_until_end(process: subprocess.Popen[bytes], log: TextIO) -> Iterator[str]:
    """Yields each line that is written into a log, until the process has ended and all lines were read."""
    begun = ""
    while True:
        has_ended = process.poll() is not None
        while part := log.readline():
            begun += part
            if begun.endswith("\n"):
                yield begun
                begun = ""
        if has_ended:
            break
        time.sleep(LOOK)
    if begun:
        yield begun


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
