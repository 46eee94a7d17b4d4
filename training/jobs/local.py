"""A recipe run on this machine, with the folders and variables of SageMaker's training containers, and no Docker.

The job's folder is what /opt/ml is there: input (configuration, channels, code), model, checkpoints, output. Beside
them lie job.json, what is known of the job, and log.txt, what it wrote; output/model.tar.gz is its model.
Source: Amazon SageMaker AI Developer Guide, "How Amazon SageMaker AI Provides Training Information"; SageMaker Python
SDK 3, the container driver that sets the variables.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from training.jobs import metrics
from training.jobs.launch import CONTAINER
from training.jobs.metrics import Epochs
from training.jobs.recipe import Recipe
from training.jobs.status import Job

HOST, MASTER_PORT = "algo-1", 7777


def run(recipe: Recipe, data: Path, root: Path, progress: Callable[[Epochs], None]) -> Job:
    """Runs the recipe's script in the job's folder, root, until it ends; progress: told of each epoch.

    Where the folder has checkpoints, the job goes on from them. Ctrl-C stops it as SageMaker stops a job: it may write
    its model first. Raises ValueError where the recipe has no script, or the data lacks a channel.
    """
    if not recipe.script:
        raise ValueError(f"{recipe.name} runs SageMaker's own algorithm, which only SageMaker has; leave out --local")
    for channel, path in recipe.channels.items():
        if not (data / path).exists():
            raise ValueError(f"{data / path}, the channel {channel}, is missing; `python -m training prepare` makes it")
    resources = lay_out(recipe, data, root)
    began = time.monotonic()
    with (root / "log.txt").open("a") as log:
        process = subprocess.Popen(
            command(recipe, resources["gpus"]),
            cwd=root / "input/data/code",
            env={**os.environ, **environment(recipe, root, resources)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # Ctrl-C reaches this process alone, which passes it on as SageMaker would.
            start_new_session=True,
        )
        stopped = follow(process, log, progress)
    status = "Stopped" if stopped else "Failed" if process.returncode else "Completed"
    spent = time.monotonic() - began + seconds_before(root)
    write_archive(root)
    about = {
        "name": root.name,
        "recipe": recipe.name,
        "status": status,
        "hyperparameters": {name: str(value) for name, value in recipe.hyperparameters.items()},
        "seconds": round(spent, 1),
    }
    (root / "job.json").write_text(json.dumps(about, indent=2) + "\n")
    return read(root)


def follow(process: subprocess.Popen[str], log: Any, progress: Callable[[Epochs], None]) -> bool:
    """Passes lines on until the process ends; → whether it was told to by Ctrl-C or SIGTERM."""
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    before = {which: signal.signal(which, stop) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        with process:
            for line in process.stdout or ():
                log.write(line)
                log.flush()
                if epochs := metrics.read([line]):
                    progress(epochs)
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)
    return stopped


def lay_out(recipe: Recipe, data: Path, root: Path) -> dict[str, Any]:
    """Makes the job's folders; → its resources, as resourceconfig.json has them, and `gpus`, how many there are."""
    for folder in ("input/config", "input/data", "model", "checkpoints", "output/data"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copytree(CONTAINER, root / "input/data/code", dirs_exist_ok=True)
    for channel, path in recipe.channels.items():
        link = root / "input/data" / channel
        link.unlink(missing_ok=True)
        link.symlink_to((data / path).resolve())
    resources = {
        "current_host": HOST,
        "current_instance_type": "local",
        "hosts": [HOST],
        "network_interface_name": "lo",
    }
    configuration: dict[str, Any] = {
        "hyperparameters": {name: str(value) for name, value in recipe.hyperparameters.items()},
        "inputdataconfig": channels(recipe),
        "resourceconfig": resources,
    }
    for name, value in configuration.items():
        (root / "input/config" / f"{name}.json").write_text(json.dumps(value, indent=2) + "\n")
    return {**resources, "gpus": gpus()}


def channels(recipe: Recipe) -> dict[str, dict[str, str]]:
    form = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    return dict.fromkeys(recipe.channels, form)


def environment(recipe: Recipe, root: Path, resources: Mapping[str, Any]) -> dict[str, str]:
    """The variables of SageMaker's containers, with the job's folder in the place of /opt/ml."""
    root = root.resolve()
    hyperparameters = dict(recipe.hyperparameters)
    resource_config = {name: value for name, value in resources.items() if name != "gpus"}
    values: dict[str, Any] = {
        "SM_MODEL_DIR": root / "model",
        "SM_INPUT_DIR": root / "input",
        "SM_INPUT_DATA_DIR": root / "input/data",
        "SM_INPUT_CONFIG_DIR": root / "input/config",
        "SM_OUTPUT_DIR": root / "output",
        "SM_OUTPUT_FAILURE": root / "output/failure",
        "SM_OUTPUT_DATA_DIR": root / "output/data",
        "SM_LOG_LEVEL": 20,
        "SM_MASTER_ADDR": HOST,
        "SM_MASTER_PORT": MASTER_PORT,
        "SM_SOURCE_DIR": root / "input/data/code",
        "SM_ENTRY_SCRIPT": recipe.script,
        **{f"SM_CHANNEL_{name.upper()}": root / "input/data" / name for name in recipe.channels},
        "SM_CHANNELS": list(recipe.channels),
        **{f"SM_HP_{name.replace('-', '_').upper()}": value for name, value in hyperparameters.items()},
        "SM_HPS": hyperparameters,
        "SM_CURRENT_HOST": HOST,
        "SM_CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "SM_HOSTS": [HOST],
        "SM_NETWORK_INTERFACE_NAME": resources["network_interface_name"],
        "SM_HOST_COUNT": 1,
        "SM_CURRENT_HOST_RANK": 0,
        "SM_NUM_CPUS": os.cpu_count(),
        "SM_NUM_GPUS": resources["gpus"],
        "SM_NUM_NEURONS": 0,
        "SM_RESOURCE_CONFIG": resource_config,
        "SM_INPUT_DATA_CONFIG": channels(recipe),
    }
    # The one variable that holds most of the others, by names of its own.
    values["SM_TRAINING_ENV"] = {
        "channel_input_dirs": {name: str(values[f"SM_CHANNEL_{name.upper()}"]) for name in recipe.channels},
        "hyperparameters": hyperparameters,
        "input_data_config": values["SM_INPUT_DATA_CONFIG"],
        "job_name": root.name,
        "resource_config": resource_config,
        **{
            name.removeprefix("SM_").lower(): value if isinstance(value, int | list) else str(value)
            for name, value in values.items()
            if name in IN_TRAINING_ENV
        },
    }
    return {"TRAINING_JOB_NAME": root.name, **{name: text(value) for name, value in values.items()}}


IN_TRAINING_ENV = (
    *("SM_CURRENT_HOST", "SM_CURRENT_INSTANCE_TYPE", "SM_HOSTS", "SM_MASTER_ADDR", "SM_MASTER_PORT"),
    *("SM_INPUT_DIR", "SM_INPUT_DATA_DIR", "SM_INPUT_CONFIG_DIR", "SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"),
    *("SM_LOG_LEVEL", "SM_NETWORK_INTERFACE_NAME", "SM_NUM_CPUS", "SM_NUM_GPUS", "SM_NUM_NEURONS"),
)


def text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, Path) else json.dumps(value)


def command(recipe: Recipe, gpus: int) -> list[str]:
    """The script with its hyperparameters as options; through torchrun, where the recipe is data parallel."""
    options = [text for name, value in recipe.hyperparameters.items() for text in (f"--{name}", str(value))]
    started = [sys.executable, "-u"]
    if recipe.compute.data_parallel:
        started += ["-m", "torch.distributed.run", f"--nproc-per-node={gpus or os.cpu_count()}"]
        started += [f"--master-port={free_port()}"]
    return [*started, str(recipe.script), *options]


def gpus() -> int:
    """How many CUDA devices nvidia-smi lists, as SageMaker's containers count them."""
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def write_archive(root: Path) -> None:
    """The model's folder → output/model.tar.gz, as SageMaker leaves it in S3; nothing, where there is no model yet."""
    model = root / "model"
    if not any(model.iterdir()):
        return
    with tarfile.open(root / "output/model.tar.gz.new", "w:gz") as archive:
        for path in sorted(model.rglob("*")):
            if path.is_file():
                archive.add(path, path.relative_to(model), filter=everyones)
    (root / "output/model.tar.gz.new").replace(root / "output/model.tar.gz")


def everyones(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Whoever serves the model may read it, and nothing of this machine's users is told."""
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o644, 0, 0, "", ""
    return member


def seconds_before(root: Path) -> float:
    return read(root).seconds if (root / "job.json").exists() else 0.0


def read(root: Path) -> Job:
    """A job of this machine, from its folder. Raises ValueError where there is none."""
    if not (root / "job.json").exists():
        raise ValueError(f"{root} holds no job that has ended")
    about = json.loads((root / "job.json").read_text())
    archive = root / "output/model.tar.gz"
    lines = (root / "log.txt").read_text().splitlines()
    return Job(
        name=about["name"],
        status=about["status"],
        detail=next((line for line in reversed(lines) if line.strip()), "") if about["status"] == "Failed" else "",
        hyperparameters=about["hyperparameters"],
        epochs=metrics.read(lines),
        seconds=about["seconds"],
        artifact=str(archive) if archive.exists() else None,
        checkpoints=str(root / "checkpoints"),
    )
