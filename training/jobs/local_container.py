"""The inside of SageMaker's training containers, made in a folder of this machine: folders, configuration, variables.

The job's folder replaces /opt/ml.
Source: Amazon SageMaker AI Developer Guide, "How Amazon SageMaker AI Provides Training Information"; SageMaker Python
SDK 3, the container driver that sets the variables.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from training.jobs.recipe import CONTAINER, Recipe

HOST = "algo-1"
MASTER_PORT = 7777
CODE = "input/data/code"
FOLDERS = ("input/config", "input/data", "model", "checkpoints", "output/data")
RESOURCES: dict[str, Any] = {
    "current_host": HOST,
    "current_instance_type": "local",
    "hosts": [HOST],
    "network_interface_name": "lo",
}
# The variables that SM_TRAINING_ENV repeats, without their prefix SM_ and in lower case.
IN_TRAINING_ENV = (
    *("SM_CURRENT_HOST", "SM_CURRENT_INSTANCE_TYPE", "SM_HOSTS", "SM_MASTER_ADDR", "SM_MASTER_PORT"),
    *("SM_INPUT_DIR", "SM_INPUT_DATA_DIR", "SM_INPUT_CONFIG_DIR", "SM_MODEL_DIR", "SM_OUTPUT_DATA_DIR"),
    *("SM_LOG_LEVEL", "SM_NETWORK_INTERFACE_NAME", "SM_NUM_CPUS", "SM_NUM_GPUS", "SM_NUM_NEURONS"),
)


def create_folders(recipe: Recipe, data: Path, root: Path) -> None:
    """Creates the job's folder with the code, links to the channels and the configuration files.

    data: the folder that `python -m training prepare` wrote.
    root: the job's folder. It may exist already, with the checkpoints of an earlier run.
    """
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    shutil.copytree(CONTAINER, root / CODE, dirs_exist_ok=True)
    for channel, path in recipe.channels.items():
        link = root / "input/data" / channel
        link.unlink(missing_ok=True)
        link.symlink_to((data / path).resolve())
    files: dict[str, Any] = {
        "hyperparameters": {name: str(value) for name, value in recipe.hyperparameters.items()},
        "inputdataconfig": input_data_config(recipe),
        "resourceconfig": RESOURCES,
    }
    for name, content in files.items():
        (root / "input/config" / f"{name}.json").write_text(json.dumps(content, indent=2) + "\n")


def input_data_config(recipe: Recipe) -> dict[str, dict[str, str]]:
    """Returns the content of inputdataconfig.json: how each channel's data arrives."""
    channel = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    return dict.fromkeys(recipe.channels, channel)


def environment_variables(recipe: Recipe, root: Path, gpus: int) -> dict[str, str]:
    """Returns the variables that SageMaker's containers set, with paths below the job's folder.

    root: the job's folder.
    gpus: how many CUDA devices there are.
    """
    root = root.resolve()
    hyperparameters = dict(recipe.hyperparameters)
    channels = {name: root / "input/data" / name for name in recipe.channels}
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
        "SM_SOURCE_DIR": root / CODE,
        "SM_ENTRY_SCRIPT": recipe.script,
        **{f"SM_CHANNEL_{name.upper()}": folder for name, folder in channels.items()},
        "SM_CHANNELS": list(channels),
        **{f"SM_HP_{name.replace('-', '_').upper()}": value for name, value in hyperparameters.items()},
        "SM_HPS": hyperparameters,
        "SM_CURRENT_HOST": HOST,
        "SM_CURRENT_INSTANCE_TYPE": RESOURCES["current_instance_type"],
        "SM_HOSTS": [HOST],
        "SM_NETWORK_INTERFACE_NAME": RESOURCES["network_interface_name"],
        "SM_HOST_COUNT": 1,
        "SM_CURRENT_HOST_RANK": 0,
        "SM_NUM_CPUS": os.cpu_count(),
        "SM_NUM_GPUS": gpus,
        "SM_NUM_NEURONS": 0,
        "SM_RESOURCE_CONFIG": RESOURCES,
        "SM_INPUT_DATA_CONFIG": input_data_config(recipe),
    }
    values["SM_TRAINING_ENV"] = {
        "channel_input_dirs": {name: str(folder) for name, folder in channels.items()},
        "hyperparameters": hyperparameters,
        "input_data_config": values["SM_INPUT_DATA_CONFIG"],
        "job_name": root.name,
        "resource_config": RESOURCES,
        **{
            name.removeprefix("SM_").lower(): str(values[name]) if isinstance(values[name], Path) else values[name]
            for name in IN_TRAINING_ENV
        },
    }
    return {"TRAINING_JOB_NAME": root.name, **{name: as_text(value) for name, value in values.items()}}


def as_text(value: Any) -> str:
    """Returns the value of a variable: paths and text as they are, anything else as JSON."""
    if isinstance(value, str | Path):
        return str(value)
    return json.dumps(value)


def count_gpus() -> int:
    """Returns how many CUDA devices nvidia-smi lists. SageMaker's containers count them in the same way."""
    try:
        listed = subprocess.run(["nvidia-smi", "--list-gpus"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())
